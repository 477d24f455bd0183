/* SPDX-License-Identifier: Apache-2.0 */
/* scep record: the certificate is compared with what was asked, and put on record. */
#include <stdio.h>

#include "issued.h"
#include "scep.h"

enum cf_rc
cf_step_scep_record(struct cf_work *work, struct cf_outcome *ret_outcome, struct cf_err *err)
{
    struct cf_item *item = work->item;
    cf_own(cf_cert) cert = NULL;
    cf_own(cf_chain) chain = NULL;

    (void)ret_outcome;
    if (cf_cert_parse(cf_buf_bytes(item->cert), &cert, err) != CF_OK)
        return cf_err_prefix(err, "answer of CA %s", item->ca);
    CF_TRY(cf_scep_need_ask(work, err));
    if (work->scep->profile)
        CF_TRY(cf_scep_find_renewed(work, err));
    /* Before anything is judged: what the CA issued is on record even when it cannot be used. */
    CF_TRY(cf_issued_enter(work, cert, err));
    CF_TRY(cf_replace_text(&item->serial, cf_cert_serial(cert), err));
    if (cf_chain_parse_der(cf_buf_bytes(item->chain), &chain, err) != CF_OK)
        return cf_err_prefix(err, "chain of CA %s", item->ca);
    CF_TRY(cf_issued_check(work, cert, chain, err));
    snprintf(work->note, sizeof work->note, "certificate %s is what was asked for", item->serial);
    return CF_OK;
}
