/* SPDX-License-Identifier: Apache-2.0 */
/* wrap: the certificate is compared with what was asked, and key and certificate leave sealed. */
#include <stdio.h>
#include <string.h>

#include "issued.h"
#include "seal.h"

static enum cf_rc
need_key(struct cf_work *work, struct cf_err *err)
{
    const struct cf_item *item = work->item;

    if (work->key)
        return CF_OK;
    if (!item->sealed_key)
        return cf_fail(err, CF_E_BUG, "the private key of this request is gone");
    if (cf_key_unseal(cf_buf_bytes(item->sealed_key), work->site->store_key,
                      cf_bytes_of(item->context, strlen(item->context)), &work->key, err) == CF_OK)
        return CF_OK;
    /* Most likely another key_file than the one it was sealed with: not the request's fault. */
    if (err->rc == CF_E_CRYPTO)
        err->fault = CF_FAULT_CONFIG;
    return cf_err_prefix(err, "the private key cannot be opened with [store] key_file");
}

/* The copy from which the same certificate can be sealed to other devices, sealed to the connector
 * itself: whoever has the store alone has nothing. */
static enum cf_rc
keep_copy(struct cf_work *work, const struct cf_cert *cert, const struct cf_chain *chain,
          struct cf_err *err)
{
    cf_own(cf_secret) password = NULL;
    cf_own(cf_buf) pfx = NULL;

    if (!work->site->recovery)
        return CF_OK;
    const struct cf_seal_binding binding = {
        .request_context = work->item->context,
        .recipient = cf_identity_cert(work->site->recovery),
        .signer = work->site->signer,
        .now_ms = cf_clock_now_ms(work->site->clock),
    };
    work->recovery = cf_buf_free(work->recovery);
    CF_TRY(cf_pfx_password(&password, err));
    CF_TRY(cf_pfx_build(work->key, cert, chain, CF_PFX_MODERN, CF_PFX_ITERATIONS_MIN, password,
                        "certferry", &pfx, err));
    if (cf_cms_seal_pfx(cf_buf_bytes(pfx), password, &binding, CF_TRANSPORT_MODERN, &work->recovery,
                        err) != CF_OK)
        return cf_err_prefix(err, "copy for [recovery]");
    return CF_OK;
}

static enum cf_rc
wrap(struct cf_work *work, const struct cf_cert *cert, const struct cf_chain *chain,
     struct cf_err *err)
{
    cf_own(cf_secret) password = NULL;
    cf_own(cf_buf) pfx = NULL;
    char label[CF_LABEL_SIZE];

    cf_seal_label(work, label);
    CF_TRY(need_key(work, err));
    CF_TRY(cf_pfx_password(&password, err));
    CF_TRY(cf_pfx_build(work->key, cert, chain, work->ask.delivery.preset,
                        (unsigned)work->site->settings->pfx_iterations, password, label, &pfx,
                        err));
    CF_TRY(keep_copy(work, cert, chain, err));
    return cf_seal_result(work, pfx, password, cert, work->item->ca, cf_seal_root(chain), err);
}

static enum cf_rc
check_and_wrap(struct cf_work *work, const struct cf_cert *cert, struct cf_err *err)
{
    cf_own(cf_chain) chain = NULL;

    if (cf_chain_parse_der(cf_buf_bytes(work->item->chain), &chain, err) != CF_OK)
        return cf_err_prefix(err, "chain of CA %s", work->item->ca);
    CF_TRY(cf_work_need_ask(work, err));
    CF_TRY(cf_issued_check(work, cert, chain, err));
    return wrap(work, cert, chain, err);
}

enum cf_rc
cf_step_wrap(struct cf_work *work, struct cf_outcome *ret_outcome, struct cf_err *err)
{
    struct cf_item *item = work->item;
    cf_own(cf_cert) cert = NULL;

    (void)ret_outcome;
    if (cf_cert_parse(cf_buf_bytes(item->cert), &cert, err) != CF_OK)
        return cf_err_prefix(err, "answer of CA %s", item->ca);

    /* Before anything is judged: what the CA issued is on record even when it cannot be used. */
    CF_TRY(cf_work_need_request(work, err));
    CF_TRY(cf_issued_enter(work, cert, err));
    CF_TRY(cf_replace_text(&item->serial, cf_cert_serial(cert), err));
    enum cf_rc rc = check_and_wrap(work, cert, err);
    if (rc != CF_OK) {
        work->recovery = cf_buf_free(work->recovery);
        /* A copy can only be entered together with its certificate: both at the next try. */
        if (work->site->recovery && err->fault != CF_FAULT_REQUEST && err->fault != CF_FAULT_BUG)
            work->issued = cf_ledger_entry_free(work->issued);
        return rc;
    }

    work->key = cf_key_free(work->key);
    item->sealed_key = cf_buf_free(item->sealed_key);
    snprintf(work->note, sizeof work->note, "certificate %s sealed to the device (%s)",
             item->serial, cf_envelope_name(work->ask.delivery.envelope));
    return CF_OK;
}
