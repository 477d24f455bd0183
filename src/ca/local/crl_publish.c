/* SPDX-License-Identifier: Apache-2.0 */
/* crl_publish - a CRL version 2 of all that is revoked, signed and put in its file. */
#include "certferry/file.h"
#include "certferry/text.h"
#include "local.h"

enum { CRL_MODE = 0644 };

struct build {
    struct local_ca *ca;
    X509_CRL *crl;
    int64_t now_ms;
};

static enum cf_rc
add_reason(X509_REVOKED *entry, int reason, struct cf_err *err)
{
    /* RFC 5280 section 5.3.1: "unspecified" is said by leaving the extension out. */
    if (reason == CRL_REASON_UNSPECIFIED)
        return CF_OK;
    cf_own_ossl(ASN1_ENUMERATED) value = ASN1_ENUMERATED_new();
    if (!value || ASN1_ENUMERATED_set(value, reason) != 1 ||
        X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, value, 0, X509V3_ADD_DEFAULT) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "CRL entry");
    return CF_OK;
}

static enum cf_rc
add_record(void *arg, const struct cf_ca_record *record, struct cf_err *err)
{
    struct build *build = arg;
    cf_own_ossl(X509_REVOKED) entry = NULL;
    cf_own_ossl(ASN1_INTEGER) serial = NULL;
    cf_own_ossl(ASN1_TIME) revoked = NULL;

    if (cf_local_crl_may_drop(build->ca, record))
        return CF_OK;
    int64_t revoked_ms = record->revoked_ms < build->now_ms ? record->revoked_ms : build->now_ms;
    entry = X509_REVOKED_new();
    CF_TRY(cf_serial_to_asn1(record->serial, &serial, err));
    CF_TRY(cf_local_time_from_ms(revoked_ms, &revoked, err));
    if (!entry || X509_REVOKED_set_serialNumber(entry, serial) != 1 ||
        X509_REVOKED_set_revocationDate(entry, revoked) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "CRL entry");
    CF_TRY(add_reason(entry, record->revocation_reason, err));
    if (X509_CRL_add0_revoked(build->crl, entry) != 1)
        return cf_fail_oom(err);
    (void)cf_give(entry);
    return CF_OK;
}

static enum cf_rc
add_extensions(const struct local_ca *ca, X509_CRL *crl, uint64_t number, struct cf_err *err)
{
    cf_own_ossl(AUTHORITY_KEYID) authority = AUTHORITY_KEYID_new();
    cf_own_ossl(ASN1_INTEGER) value = ASN1_INTEGER_new();

    if (!authority || !value || ASN1_INTEGER_set_uint64(value, number) != 1)
        return cf_fail_oom(err);
    authority->keyid = ASN1_OCTET_STRING_dup(ca->key_id);
    if (!authority->keyid)
        return cf_fail_oom(err);
    if (X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, authority, 0,
                              X509V3_ADD_DEFAULT) != 1 ||
        X509_CRL_add1_ext_i2d(crl, NID_crl_number, value, 0, X509V3_ADD_DEFAULT) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "CRL extensions");
    return CF_OK;
}

static enum cf_rc
set_head(const struct local_ca *ca, X509_CRL *crl, int64_t now_ms, struct cf_err *err)
{
    cf_own_ossl(ASN1_TIME) from = NULL;
    cf_own_ossl(ASN1_TIME) until = NULL;

    CF_TRY(cf_local_time_from_ms(now_ms, &from, err));
    CF_TRY(cf_local_time_from_ms(now_ms + (int64_t)ca->settings->crl_lifetime_ms, &until, err));
    if (X509_CRL_set_version(crl, X509_CRL_VERSION_2) != 1 ||
        X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->cert)) != 1 ||
        X509_CRL_set1_lastUpdate(crl, from) != 1 || X509_CRL_set1_nextUpdate(crl, until) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "CRL");
    return CF_OK;
}

static enum cf_rc
sign(const struct local_ca *ca, X509_CRL *crl, struct cf_buf **ret_der, struct cf_err *err)
{
    unsigned char *der = NULL;

    if (X509_CRL_sort(crl) != 1 || X509_CRL_sign(crl, ca->key, cf_local_digest(ca->key)) <= 0)
        return cf_fail_openssl(err, CF_E_CA_CONFIG, "ca %s: cannot sign a CRL", ca->settings->name);
    int len = i2d_X509_CRL(crl, &der);
    return cf_buf_from_ossl(der, len, ret_der, err);
}

enum cf_rc
cf_local_crl_publish(struct local_ca *ca, struct cf_err *err)
{
    struct cf_store *store = ca->env.store;
    struct build build = {.ca = ca, .now_ms = cf_clock_now_ms(ca->env.clock)};
    cf_own_ossl(X509_CRL) crl = X509_CRL_new();
    cf_own(cf_buf) der = NULL;
    uint64_t number = 0;

    if (!crl)
        return cf_fail_oom(err);
    build.crl = crl;
    CF_TRY(set_head(ca, crl, build.now_ms, err));
    CF_TRY(store->ops->ca_each(store, ca->settings->name, CF_CA_REVOKED, add_record, &build, err));
    CF_TRY(store->ops->ca_crl_number(store, ca->settings->name, &number, err));
    /* A store brought back from a backup counts from an older number than the world has seen. */
    if (number <= ca->crl.number)
        number = ca->crl.number + 1;
    CF_TRY(add_extensions(ca, crl, number, err));
    CF_TRY(sign(ca, crl, &der, err));
    if (cf_file_publish(ca->settings->crl_file, cf_buf_bytes(der), CRL_MODE, err) != CF_OK)
        return cf_err_prefix(err, "crl_file of ca %s", ca->settings->name);

    X509_CRL_free(ca->crl.crl);
    ca->crl.crl = cf_give(crl);
    ca->crl.number = number;
    ca->crl.this_update_ms = build.now_ms / 1000 * 1000;
    ca->crl.next_update_ms = (build.now_ms + (int64_t)ca->settings->crl_lifetime_ms) / 1000 * 1000;
    return CF_OK;
}
