/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revoke - first the record, then the CRL: CF_OK only when both are on disk.
 *
 * When the CRL cannot be written the revocation stays recorded and the call fails as something to
 * be tried again. The next call finds the record revoked and the CRL without it, publishes, and
 * answers CF_OK, as the call before could not. Once the CRL has it, the answer is CF_E_CONFLICT.
 */
#include <string.h>

#include "local.h"

/* RFC 5280 section 5.3.1 has no 7; removeFromCRL (8) is for delta CRLs and takes nothing back. */
static enum cf_rc
check_reason(int reason, struct cf_err *err)
{
    if (reason == CRL_REASON_REMOVE_FROM_CRL)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "revocation reason 8 (removeFromCRL): a revocation is not taken back");
    if (reason < CRL_REASON_UNSPECIFIED || reason > CRL_REASON_AA_COMPROMISE || reason == 7)
        return cf_fail(err, CF_E_RANGE, "revocation reason %d: 0 to 6, 9 and 10 are defined",
                       reason);
    return CF_OK;
}

static enum cf_rc
find(const struct local_ca *ca, const char *serial, const struct cf_ca_revocation *revocation,
     struct cf_ca_record **ret_record, struct cf_err *err)
{
    struct cf_store *store = ca->env.store;
    cf_own(cf_ca_record) record = NULL;

    enum cf_rc rc = store->ops->ca_get(store, ca->settings->name, serial, NULL, &record, err);
    if (rc != CF_OK && rc != CF_E_NOT_FOUND)
        return rc;
    bool is_ours = rc == CF_OK && record->cert &&
                   (record->status == CF_CA_ISSUED || record->status == CF_CA_REVOKED);
    /* The same number from another issuer is another certificate. */
    if (is_ours && revocation->cert.len > 0)
        is_ours = cf_bytes_equal(revocation->cert, cf_buf_bytes(record->cert));
    if (!is_ours)
        return cf_fail(err, CF_E_NOT_FOUND, "ca %s: no certificate with the serial number %s",
                       ca->settings->name, serial);
    *ret_record = cf_give(record);
    return CF_OK;
}

/* Publishes unless another thread's CRL has the record already. */
static enum cf_rc
publish(struct local_ca *ca, const struct cf_ca_record *record, bool *ret_was_covered,
        struct cf_err *err)
{
    cf_local_crl_lock();
    bool is_covered = cf_local_crl_covers(ca, record);
    enum cf_rc rc = is_covered ? CF_OK : cf_local_crl_publish(ca, err);
    cf_local_crl_unlock();

    *ret_was_covered = is_covered;
    if (rc == CF_OK || cf_rc_fault(rc) == CF_FAULT_TRANSIENT)
        return rc;
    /* The revocation is recorded: whatever keeps the CRL from the disk, it is worth trying again.
     */
    return cf_local_turn(err, CF_E_IO);
}

enum cf_rc
cf_local_revoke(struct cf_ca *base, const struct cf_ca_revocation *revocation, struct cf_err *err)
{
    struct local_ca *ca = (struct local_ca *)base;
    struct cf_store *store = ca->env.store;
    cf_own(cf_ca_record) record = NULL;
    char serial[CF_SERIAL_TEXT_SIZE];
    bool is_covered = false;

    if (cf_local_is_stopped(ca))
        return cf_fail(err, CF_E_STOPPED, "%s", cf_rc_text(CF_E_STOPPED));
    CF_TRY(check_reason(revocation->reason, err));
    CF_TRY(cf_serial_normalize(revocation->serial, serial, err));
    CF_TRY(find(ca, serial, revocation, &record, err));
    if (record->status == CF_CA_ISSUED) {
        int64_t now = cf_clock_now_ms(ca->env.clock);
        record->status = CF_CA_REVOKED;
        record->revoked_ms = revocation->revoked_ms > 0 ? revocation->revoked_ms : now;
        record->revocation_reason = revocation->reason;
        enum cf_rc rc = store->ops->ca_update(store, record, CF_CA_ISSUED, err);
        if (rc == CF_OK)
            return publish(ca, record, &is_covered, err);
        if (rc != CF_E_CONFLICT)
            return rc;
        /* Another thread was faster; what it wrote counts. */
        record = cf_ca_record_free(record);
        CF_TRY(find(ca, serial, revocation, &record, err));
    }
    CF_TRY(publish(ca, record, &is_covered, err));
    if (is_covered)
        return cf_fail(err, CF_E_CONFLICT, "ca %s: the certificate %s was revoked before",
                       ca->settings->name, serial);
    return CF_OK;
}
