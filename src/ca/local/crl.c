/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crl - what lies in the CRL file, and when it has to be replaced.
 *
 * The store says what is revoked, the file says what the world was told. Both are compared at
 * open, so that a crash between the two is made good without anybody asking.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "certferry/file.h"
#include "local.h"

enum { CRL_FILE_MAX = 256 * 1024 * 1024 };

static pthread_mutex_t publishing = PTHREAD_MUTEX_INITIALIZER;

void
cf_local_crl_lock(void)
{
    pthread_mutex_lock(&publishing);
}

void
cf_local_crl_unlock(void)
{
    pthread_mutex_unlock(&publishing);
}

void
cf_local_crl_done(struct local_ca *ca)
{
    X509_CRL_free(ca->crl.crl);
    ca->crl.crl = NULL;
}

static enum cf_rc
read_number(X509_CRL *crl, uint64_t *ret_number, struct cf_err *err)
{
    int critical = 0;
    cf_own_ossl(ASN1_INTEGER) number = X509_CRL_get_ext_d2i(crl, NID_crl_number, &critical, NULL);

    *ret_number = 0;
    if (number && ASN1_INTEGER_get_uint64(ret_number, number) != 1)
        return cf_fail_openssl(err, CF_E_CONFIG, "CRL number out of range");
    return CF_OK;
}

static enum cf_rc
take_over(struct local_ca *ca, struct cf_bytes content, struct cf_err *err)
{
    const char *path = ca->settings->crl_file;
    const unsigned char *at = content.data;
    cf_own_ossl(X509_CRL) crl = d2i_X509_CRL(NULL, &at, (long)content.len);

    if (!crl || at != content.data + content.len)
        return cf_fail_openssl(err, CF_E_CONFIG,
                               "crl_file %s: exists and is not a CRL in DER: name another "
                               "file or remove this one",
                               path);
    if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(ca->cert)) != 0)
        return cf_fail(err, CF_E_CONFIG,
                       "crl_file %s: holds the CRL of another CA: each CA needs a file of its own",
                       path);
    /* Signed by the key this CA had before: readers have to get a new one. */
    if (X509_CRL_verify(crl, ca->key) != 1)
        return CF_OK;
    CF_TRY(read_number(crl, &ca->crl.number, err));
    CF_TRY(cf_local_time_to_ms(X509_CRL_get0_lastUpdate(crl), &ca->crl.this_update_ms, err));
    CF_TRY(cf_local_time_to_ms(X509_CRL_get0_nextUpdate(crl), &ca->crl.next_update_ms, err));
    ca->crl.crl = cf_give(crl);
    return CF_OK;
}

enum cf_rc
cf_local_crl_load(struct local_ca *ca, struct cf_err *err)
{
    const char *path = ca->settings->crl_file;
    cf_own(cf_buf) content = NULL;

    if (!path)
        return cf_fail(err, CF_E_CONFIG, "crl_file is not set: it names the CRL to publish");
    if (ca->settings->crl_lifetime_ms < 1000 ||
        ca->settings->crl_overlap_ms >= ca->settings->crl_lifetime_ms)
        return cf_fail(err, CF_E_CONFIG, "crl_overlap must be shorter than crl_lifetime");
    if (access(path, F_OK) < 0 && errno == ENOENT)
        return CF_OK;
    CF_TRY(cf_file_read(path, CRL_FILE_MAX, &content, err));
    return take_over(ca, cf_buf_bytes(content), err);
}

int64_t
cf_local_crl_due_ms(const struct local_ca *ca)
{
    int64_t now = cf_clock_now_ms(ca->env.clock);

    /* One from the future was made while the clock was wrong: nobody accepts it. */
    if (!ca->crl.crl || ca->crl.this_update_ms > now || access(ca->settings->crl_file, F_OK) < 0)
        return 0;
    int64_t due = ca->crl.next_update_ms - (int64_t)ca->settings->crl_overlap_ms;
    return due > now ? due : 0;
}

bool
cf_local_crl_may_drop(const struct local_ca *ca, const struct cf_ca_record *record)
{
    /* RFC 5280 section 3.3: an entry stays until one CRL was published after the certificate's
     * end. The CRL in the file is that one when it is younger than end and revocation. */
    return ca->crl.crl && record->not_after_ms < ca->crl.this_update_ms &&
           record->revoked_ms < ca->crl.this_update_ms;
}

bool
cf_local_crl_covers(const struct local_ca *ca, const struct cf_ca_record *record)
{
    cf_own_ossl(ASN1_INTEGER) serial = NULL;
    X509_REVOKED *entry = NULL;

    if (!ca->crl.crl)
        return false;
    if (cf_local_crl_may_drop(ca, record))
        return true;
    return cf_serial_to_asn1(record->serial, &serial, NULL) == CF_OK &&
           X509_CRL_get0_by_serial(ca->crl.crl, &entry, serial) == 1;
}

struct completeness {
    struct local_ca *ca;
    bool is_complete;
};

static enum cf_rc
compare_record(void *arg, const struct cf_ca_record *record, struct cf_err *err)
{
    struct completeness *state = arg;

    (void)err;
    state->is_complete = state->is_complete && cf_local_crl_covers(state->ca, record);
    return CF_OK;
}

enum cf_rc
cf_local_crl_is_complete(struct local_ca *ca, bool *ret_complete, struct cf_err *err)
{
    struct cf_store *store = ca->env.store;
    struct completeness state = {.ca = ca, .is_complete = true};

    CF_TRY(
        store->ops->ca_each(store, ca->settings->name, CF_CA_REVOKED, compare_record, &state, err));
    *ret_complete = state.is_complete;
    return CF_OK;
}

enum cf_rc
cf_local_upkeep(struct cf_ca *base, int64_t *ret_next_ms, struct cf_err *err)
{
    struct local_ca *ca = (struct local_ca *)base;
    enum cf_rc rc = CF_OK;

    if (cf_local_is_stopped(ca))
        return cf_fail(err, CF_E_STOPPED, "%s", cf_rc_text(CF_E_STOPPED));
    cf_local_crl_lock();
    int64_t due = cf_local_crl_due_ms(ca);
    if (due == 0) {
        rc = cf_local_crl_publish(ca, err);
        due = cf_local_crl_due_ms(ca);
    }
    cf_local_crl_unlock();
    if (rc == CF_OK)
        *ret_next_ms = due;
    return rc;
}

enum cf_rc
cf_local_crl(struct cf_ca *base, struct cf_buf **ret_crl, struct cf_err *err)
{
    struct local_ca *ca = (struct local_ca *)base;
    unsigned char *der = NULL;
    int len = 0;

    cf_local_crl_lock();
    if (ca->crl.crl)
        len = i2d_X509_CRL(ca->crl.crl, &der);
    cf_local_crl_unlock();
    if (!der && len == 0)
        return cf_fail(err, CF_E_NOT_FOUND, "ca %s: there is no CRL yet", ca->settings->name);
    return cf_buf_from_ossl(der, len, ret_crl, err);
}
