/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_sid - a directory takes a SID for the account that logs on, whatever the names say.
 *
 * A device writes its CSR itself, so a SID in it is believed only where the directory says the same
 * of the certificate's account. Without a directory the management service may vouch for one among
 * the alternative names, which it compares with the profile; it does not look at the extension.
 */
#include <string.h>

#include "policy_internal.h"
#include "scep.h"

static enum cf_rc
check_one(struct cf_work *work, const char *sid, bool is_extension, struct cf_err *err)
{
    const struct cf_account *account = NULL;

    if (cf_grant_sid_mode(&work->ask.grant) == CF_SID_OFF)
        return cf_fail(err, CF_E_POLICY,
                       "CSR: has a SID, which security_identifier = off of the CA or template "
                       "forbids");
    if (!work->site->directory) {
        if (!is_extension && work->scep->profile->challenge == CF_SCEP_INTUNE)
            return CF_OK;
        return cf_fail(err, CF_E_POLICY,
                       "CSR: has the SID %.60s, and without a [directory] nobody can tell whose it "
                       "is",
                       sid);
    }
    enum cf_rc rc = cf_facts_need_account(&work->ask.facts, false, &account, err);
    if (rc == CF_E_FACT) {
        (void)cf_scep_reword(err);
        err->rc = CF_E_POLICY;
        return cf_err_prefix(err, "CSR: has a SID");
    }
    CF_TRY(rc);
    if (strcmp(account->sid, sid) != 0)
        return cf_fail(err, CF_E_POLICY,
                       "CSR: has the SID %.60s, and the directory says %.60s of this account", sid,
                       account->sid);
    return CF_OK;
}

enum cf_rc
cf_scep_check_sid(struct cf_work *work, struct cf_err *err)
{
    const struct cf_csr *csr = work->scep->csr;
    const struct cf_san *san = cf_csr_san(csr);
    struct cf_err fault = {0};
    enum cf_rc rc = CF_OK;

    if (cf_csr_sid(csr))
        rc = check_one(work, cf_csr_sid(csr), true, &fault);
    for (size_t i = 0; rc == CF_OK && i < cf_san_count(san); i++) {
        const char *sid = cf_sid_of_name(san, i);

        if (sid)
            rc = check_one(work, sid, false, &fault);
    }
    if (rc != CF_OK && err)
        *err = fault;
    return rc;
}
