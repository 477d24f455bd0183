/* SPDX-License-Identifier: Apache-2.0 */
/* issued - what a CA answered with: on record, and compared with what was asked. */
#include "issued.h"

#include <stdlib.h>
#include <string.h>

#include "certferry/text.h"
#include "ledger.h"
#include "scep.h"
#include "seal.h"

/* Clocks of CA and connector differ, and a CA may round up to whole days. */
#define VALIDITY_SLACK_MS (INT64_C(26) * 60 * 60 * 1000)

/* The entry that a renewal replaces, if it is ours; another connector may have issued it. */
static enum cf_rc
link_renewed(struct cf_work *work, struct cf_ledger_entry *entry, struct cf_err *err)
{
    cf_own(cf_ledger_entry) renewed = NULL;

    if (work->scep) {
        entry->renews_id = work->scep->renewed ? work->scep->renewed->id : 0;
        return CF_OK;
    }
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

enum cf_rc
cf_issued_enter(struct cf_work *work, const struct cf_cert *cert, struct cf_err *err)
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

/* No certificate outlives its CA's. */
static enum cf_rc
check_end(const struct cf_cert *cert, const struct cf_cert *issuer, struct cf_err *err)
{
    char issued[CF_TEXT_TIME_SIZE], limit[CF_TEXT_TIME_SIZE];

    if (cf_cert_not_after_ms(cert) <= cf_cert_not_after_ms(issuer))
        return CF_OK;
    cf_text_from_time(cf_cert_not_after_ms(cert), issued);
    cf_text_from_time(cf_cert_not_after_ms(issuer), limit);
    return cf_fail(err, CF_E_MISMATCH, "notAfter: the CA's own certificate ends '%s', issued '%s'",
                   limit, issued);
}

enum cf_rc
cf_issued_check(struct cf_work *work, const struct cf_cert *cert, const struct cf_chain *chain,
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
        /* A device may leave to the template what it is for; our own CSRs say it. */
        .key_usage = work->scep ? grant->template_settings->key_usage : 0,
        .eku = work->scep ? grant->eku : NULL,
        .n_eku = work->scep ? grant->n_eku : 0,
    };
    CF_TRY(cf_cert_check_issued(cert, &expectation, err));
    if (work->scep)
        return check_end(cert, cf_chain_at(chain, 0), err);
    return cf_seal_check_root(&work->ask.request->profile, cf_seal_root(chain), work->item->ca,
                              err);
}
