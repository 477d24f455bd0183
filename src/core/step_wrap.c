/* SPDX-License-Identifier: Apache-2.0 */
/* wrap: the certificate is compared with what was asked, and key and certificate leave sealed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger.h"
#include "seal.h"

/* Clocks of CA and connector differ, and a CA may round up to whole days. */
#define VALIDITY_SLACK_MS (INT64_C(26) * 60 * 60 * 1000)

/* The entry that a renewal replaces, if it is ours; another connector may have issued it. */
static enum cf_rc
link_renewed(struct cf_work *work, struct cf_ledger_entry *entry, struct cf_err *err)
{
    cf_own(cf_ledger_entry) renewed = NULL;

    if (work->ask.request->type != CF_REQUEST_RENEW)
        return CF_OK;
    CF_TRY(cf_ledger_find_meant(work, &renewed, err));
    if (!renewed)
        return CF_OK;
    /* Entries of earlier versions have a user also where the certificate is the device's. */
    bool is_device = work->ask.request->profile.is_device;
    const char *user_name = is_device ? renewed->user_name : entry->user_name;
    if (strcmp(renewed->context, entry->context) != 0 &&
        cf_ledger_is_same_holder(renewed, entry->device_id, user_name))
        entry->renews_id = renewed->id;
    return CF_OK;
}

static enum cf_rc
make_ledger_entry(struct cf_work *work, const struct cf_cert *cert, struct cf_err *err)
{
    const struct cf_item *item = work->item;
    cf_own(cf_ledger_entry) entry = calloc(1, sizeof *entry);
    if (!entry)
        return cf_fail_oom(err);

    CF_TRY(cf_replace_text(&entry->context, item->context, err));
    CF_TRY(cf_replace_text(&entry->ca, item->ca, err));
    CF_TRY(cf_replace_text(&entry->template_name, item->template_name, err));
    CF_TRY(cf_replace_text(&entry->device_id, item->device_id, err));
    /* A device's certificate is nobody's, whoever uses the device. */
    CF_TRY(cf_replace_text(&entry->user_name,
                           work->ask.request->profile.is_device ? NULL : item->user_name, err));
    CF_TRY(cf_replace_text(&entry->profile_id, work->ask.request->profile.id, err));
    CF_TRY(cf_dn_text(cf_cert_subject(cert), &entry->subject, err));
    CF_TRY(cf_dn_text(cf_cert_issuer(cert), &entry->issuer, err));
    CF_TRY(cf_replace_text(&entry->serial, cf_cert_serial(cert), err));
    CF_TRY(cf_replace_text(&entry->thumbprint, cf_cert_thumbprint(cert), err));
    entry->not_before_ms = cf_cert_not_before_ms(cert);
    entry->not_after_ms = cf_cert_not_after_ms(cert);
    entry->issued_ms = cf_clock_now_ms(work->site->clock);
    entry->renewal_threshold_percent = work->ask.request->profile.renewal_threshold_percent;
    entry->cert = cf_buf_copy(cf_cert_der(cert));
    if (!entry->cert)
        return cf_fail_oom(err);
    CF_TRY(link_renewed(work, entry, err));

    cf_ledger_entry_free(work->issued);
    work->issued = cf_give(entry);
    return CF_OK;
}

static enum cf_rc
check_issued(struct cf_work *work, const struct cf_cert *cert, const struct cf_chain *chain,
             struct cf_err *err)
{
    cf_own(cf_csr) csr = NULL;
    const struct cf_grant *grant = &work->ask.grant;
    const struct cf_ca_slot *slot = cf_site_ca(work->site, work->item->ca);
    uint64_t validity = cf_template_validity_ms(grant->template_settings, grant->validity_ms);

    CF_TRY(cf_csr_parse(cf_buf_bytes(work->item->csr), &csr, err));

    const struct cf_cert_expectation expectation = {
        .csr = csr,
        .chain = chain,
        .now_ms = cf_clock_now_ms(work->site->clock),
        .not_after_max_ms = validity > 0 ? cf_clock_now_ms(work->site->clock) + (int64_t)validity +
                                               VALIDITY_SLACK_MS
                                         : 0,
        .validity_remedy = slot ? slot->ca->ops->validity_remedy : NULL,
        .sid_may_be_missing = !grant->ca->sid_must_be_kept,
    };
    CF_TRY(cf_cert_check_issued(cert, &expectation, err));
    return cf_seal_check_root(&work->ask.request->profile, cf_seal_root(chain), work->item->ca,
                              err);
}

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
    CF_TRY(check_issued(work, cert, chain, err));
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
    CF_TRY(make_ledger_entry(work, cert, err));
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
