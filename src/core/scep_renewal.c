/* SPDX-License-Identifier: Apache-2.0 */
/* scep_renewal - a message that is signed with a certificate of ours asks for its successor. */
#include <string.h>

#include "scep.h"

enum { SAME_THUMBPRINT_MAX = 8 };

/* Of this profile, so that no other kind of certificate stands for one of its challenges. */
static bool
is_signer(const struct cf_scep_ask *ask, const struct cf_ledger_entry *entry)
{
    return strcmp(entry->ca, ask->profile->ca) == 0 && entry->profile_id &&
           strcmp(entry->profile_id, ask->profile->name) == 0 &&
           cf_bytes_equal(cf_buf_bytes(entry->cert), cf_buf_bytes(ask->body.signer));
}

enum cf_rc
cf_scep_find_renewed(struct cf_work *work, struct cf_err *err)
{
    struct cf_scep_ask *ask = work->scep;
    struct cf_store *store = work->site->store;
    const struct cf_ledger_filter filter = {.thumbprint = ask->signer.thumbprint,
                                            .limit = SAME_THUMBPRINT_MAX};
    struct cf_ledger ledger = {0};

    if (ask->has_renewal)
        return CF_OK;
    CF_TRY(store->ops->ledger(store, &filter, &ledger, err));
    for (size_t i = 0; i < ledger.n && !ask->renewed; i++) {
        if (is_signer(ask, ledger.entry[i]))
            ask->renewed = cf_give(ledger.entry[i]);
    }
    cf_ledger_done(&ledger);
    ask->has_renewal = true;
    return CF_OK;
}

/* Compared as structures: whatever string types and order of names carried them. */
static enum cf_rc
check_identity(const struct cf_scep_ask *ask, struct cf_err *err)
{
    cf_own(cf_cert) cert = NULL;
    cf_own_str asked = NULL;

    CF_TRY(cf_cert_parse(cf_buf_bytes(ask->renewed->cert), &cert, err));
    if (!cf_dn_equal(cf_cert_subject(cert), cf_csr_subject(ask->csr))) {
        CF_TRY(cf_dn_text(cf_csr_subject(ask->csr), &asked, err));
        return cf_fail(err, CF_E_POLICY,
                       "CSR: subject '%.90s' is not '%.90s' of the certificate that is renewed",
                       asked, ask->renewed->subject);
    }
    if (!cf_san_equal(cf_cert_san(cert), cf_csr_san(ask->csr)))
        return cf_fail(err, CF_E_POLICY,
                       "CSR: its alternative names are not those of certificate %s, which is "
                       "renewed",
                       ask->renewed->serial);
    return CF_OK;
}

static enum cf_rc
check_window(const struct cf_scep_ask *ask, int64_t now, struct cf_err *err)
{
    const struct cf_ledger_entry *entry = ask->renewed;
    int64_t lifetime = entry->not_after_ms - entry->not_before_ms;
    int64_t left = entry->not_after_ms - now;
    int64_t window = (int64_t)ask->profile->renewal_window_percent;

    if (left <= lifetime / 100 * window)
        return CF_OK;
    return cf_fail(err, CF_E_POLICY,
                   "certificate %s still has %lld %% of its lifetime, and [scep-profile %.64s] "
                   "renewal_window allows renewal from %lld %%",
                   entry->serial, (long long)(left * 100 / (lifetime > 0 ? lifetime : 1)),
                   ask->profile->name, (long long)window);
}

static enum cf_rc
check_new(const struct cf_scep_ask *ask, struct cf_err *err)
{
    if (ask->body.type == CF_SCEP_RENEWAL_REQ)
        return cf_fail(err, CF_E_POLICY,
                       "a renewal, but not signed with a valid certificate that was issued here "
                       "for [scep-profile %.64s]; the device has to enroll anew",
                       ask->profile->name);
    /* Whoever has seen a CSR could send it as their own. */
    if (ask->signer.is_self_issued &&
        !cf_bytes_equal(cf_buf_bytes(ask->signer.spki), cf_csr_spki(ask->csr)))
        return cf_fail(err, CF_E_POLICY,
                       "the message is signed with another key than the one it wants certified");
    return CF_OK;
}

enum cf_rc
cf_scep_check_signer(struct cf_work *work, struct cf_err *err)
{
    struct cf_scep_ask *ask = work->scep;
    int64_t now = cf_clock_now_ms(work->site->clock);

    CF_TRY(cf_scep_find_renewed(work, err));
    if (ask->renewed && ask->renewed->revoked_ms > 0)
        return cf_fail(err, CF_E_POLICY, "signed with certificate %s, which is revoked",
                       ask->renewed->serial);
    /* What has expired stands for nothing any more. */
    if (ask->renewed && (ask->renewed->not_after_ms <= now || ask->renewed->not_before_ms > now))
        ask->renewed = cf_ledger_entry_free(ask->renewed);
    if (!ask->renewed)
        return check_new(ask, err);
    CF_TRY(check_identity(ask, err));
    return check_window(ask, now, err);
}
