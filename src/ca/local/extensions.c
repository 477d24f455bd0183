/* SPDX-License-Identifier: Apache-2.0 */
/* extensions - those of RFC 5280 that an issued certificate gets, built from values, not text. */
#include <string.h>

#include "certferry/sid.h"
#include "local.h"

static enum cf_rc
add(X509 *cert, int nid, void *value, bool critical, struct cf_err *err)
{
    if (X509_add1_ext_i2d(cert, nid, value, critical, X509V3_ADD_DEFAULT) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "extension %s", OBJ_nid2ln(nid));
    return CF_OK;
}

static enum cf_rc
add_key_ids(const struct local_ca *ca, X509 *cert, struct cf_err *err)
{
    cf_own_ossl(AUTHORITY_KEYID) authority = AUTHORITY_KEYID_new();
    cf_own_ossl(ASN1_OCTET_STRING) subject = ASN1_OCTET_STRING_new();
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (!authority || !subject)
        return cf_fail_oom(err);
    /* SHA-1 names the key here (RFC 5280 section 4.2.1.2 method 1); nothing rests on it. */
    if (X509_pubkey_digest(cert, EVP_sha1(), digest, &len) != 1 ||
        ASN1_OCTET_STRING_set(subject, digest, (int)len) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "subject key identifier");
    CF_TRY(add(cert, NID_subject_key_identifier, subject, false, err));
    authority->keyid = ASN1_OCTET_STRING_dup(ca->key_id);
    if (!authority->keyid)
        return cf_fail_oom(err);
    return add(cert, NID_authority_key_identifier, authority, false, err);
}

enum cf_rc
cf_local_add_basics(const struct local_ca *ca, X509 *cert, struct cf_err *err)
{
    cf_own_ossl(BASIC_CONSTRAINTS) constraints = BASIC_CONSTRAINTS_new();

    if (!constraints)
        return cf_fail_oom(err);
    CF_TRY(add(cert, NID_basic_constraints, constraints, true, err));
    return add_key_ids(ca, cert, err);
}

static enum cf_rc
add_key_usage(X509 *cert, unsigned key_usage, struct cf_err *err)
{
    cf_own_ossl(ASN1_BIT_STRING) bits = ASN1_BIT_STRING_new();

    if (!bits)
        return cf_fail_oom(err);
    for (int bit = 0; bit <= 8; bit++) {
        if (key_usage & (1u << bit) && ASN1_BIT_STRING_set_bit(bits, bit, 1) != 1)
            return cf_fail_oom(err);
    }
    return add(cert, NID_key_usage, bits, true, err);
}

enum cf_rc
cf_local_add_usage(X509 *cert, unsigned key_usage, const char *const *eku, size_t n_eku,
                   struct cf_err *err)
{
    if (key_usage)
        CF_TRY(add_key_usage(cert, key_usage, err));
    if (n_eku == 0)
        return CF_OK;

    cf_own_ossl(EXTENDED_KEY_USAGE) list = sk_ASN1_OBJECT_new_null();
    if (!list)
        return cf_fail_oom(err);
    for (size_t i = 0; i < n_eku; i++) {
        ASN1_OBJECT *oid = OBJ_txt2obj(eku[i], 1);
        if (!oid || sk_ASN1_OBJECT_push(list, oid) <= 0) {
            ASN1_OBJECT_free(oid);
            return cf_fail_openssl(err, CF_E_CRYPTO, "extended key usage %s", eku[i]);
        }
    }
    return add(cert, NID_ext_key_usage, list, false, err);
}

enum cf_rc
cf_local_add_san(X509 *cert, const struct cf_san *san, bool critical, struct cf_err *err)
{
    cf_own(cf_buf) der = NULL;

    if (cf_san_count(san) == 0)
        return CF_OK;
    CF_TRY(cf_san_der(san, &der, err));
    struct cf_bytes bytes = cf_buf_bytes(der);
    const unsigned char *at = bytes.data;
    cf_own_ossl(GENERAL_NAMES) names = d2i_GENERAL_NAMES(NULL, &at, (long)bytes.len);
    if (!names)
        return cf_fail_openssl(err, CF_E_CRYPTO, "subject alternative name");
    return add(cert, NID_subject_alt_name, names, critical, err);
}

static GENERAL_NAME *
uri_name(const char *uri)
{
    cf_own_ossl(GENERAL_NAME) name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();

    if (!name || !text || ASN1_STRING_set(text, uri, (int)strlen(uri)) != 1) {
        ASN1_IA5STRING_free(text);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, GEN_URI, text);
    return cf_give(name);
}

static enum cf_rc
add_crl_url(X509 *cert, const char *url, struct cf_err *err)
{
    cf_own_ossl(CRL_DIST_POINTS) points = CRL_DIST_POINTS_new();
    DIST_POINT *point = points ? DIST_POINT_new() : NULL;

    if (!point || sk_DIST_POINT_push(points, point) <= 0) {
        DIST_POINT_free(point);
        return cf_fail_oom(err);
    }
    point->distpoint = DIST_POINT_NAME_new();
    if (!point->distpoint)
        return cf_fail_oom(err);
    point->distpoint->type = 0;
    point->distpoint->name.fullname = GENERAL_NAMES_new();
    GENERAL_NAME *name = uri_name(url);
    if (!name || !point->distpoint->name.fullname ||
        sk_GENERAL_NAME_push(point->distpoint->name.fullname, name) <= 0) {
        GENERAL_NAME_free(name);
        return cf_fail_oom(err);
    }
    return add(cert, NID_crl_distribution_points, points, false, err);
}

static enum cf_rc
add_issuer_url(X509 *cert, const char *url, struct cf_err *err)
{
    cf_own_ossl(AUTHORITY_INFO_ACCESS) list = AUTHORITY_INFO_ACCESS_new();
    ACCESS_DESCRIPTION *access = list ? ACCESS_DESCRIPTION_new() : NULL;

    if (!access || sk_ACCESS_DESCRIPTION_push(list, access) <= 0) {
        ACCESS_DESCRIPTION_free(access);
        return cf_fail_oom(err);
    }
    ASN1_OBJECT_free(access->method);
    access->method = OBJ_nid2obj(NID_ad_ca_issuers);
    GENERAL_NAME_free(access->location);
    access->location = uri_name(url);
    if (!access->location)
        return cf_fail_oom(err);
    return add(cert, NID_info_access, list, false, err);
}

enum cf_rc
cf_local_add_pointers(const struct cf_ca_settings *settings, X509 *cert, struct cf_err *err)
{
    if (settings->crl_url)
        CF_TRY(add_crl_url(cert, settings->crl_url, err));
    if (settings->issuer_url)
        CF_TRY(add_issuer_url(cert, settings->issuer_url, err));
    return CF_OK;
}

/* An extension whose content is DER that we have; never critical. */
static enum cf_rc
add_der(X509 *cert, const char *oid_text, const char *name, struct cf_bytes der, struct cf_err *err)
{
    cf_own_ossl(ASN1_OCTET_STRING) value = ASN1_OCTET_STRING_new();
    cf_own_ossl(ASN1_OBJECT) oid = OBJ_txt2obj(oid_text, 1);

    if (!value || !oid || ASN1_OCTET_STRING_set(value, der.data, (int)der.len) != 1)
        return cf_fail_oom(err);
    cf_own_ossl(X509_EXTENSION) extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
    if (!extension || X509_add_ext(cert, extension, -1) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "%s", name);
    return CF_OK;
}

enum cf_rc
cf_local_add_template_name(X509 *cert, const char *name, struct cf_err *err)
{
    cf_own_ossl(ASN1_STRING) text = NULL;
    cf_own(cf_buf) buf = NULL;
    unsigned char *der = NULL;

    /* Windows reads this one as a BMPString only. */
    if (ASN1_mbstring_copy(&text, (const unsigned char *)name, (int)strlen(name), MBSTRING_UTF8,
                           B_ASN1_BMPSTRING) < 0)
        return cf_fail_openssl(err, CF_E_CRYPTO, "template name");
    int len = i2d_ASN1_BMPSTRING(text, &der);
    CF_TRY(cf_buf_from_ossl(der, len, &buf, err));
    return add_der(cert, "1.3.6.1.4.1.311.20.2", "template name", cf_buf_bytes(buf), err);
}

enum cf_rc
cf_local_add_sid(X509 *cert, const char *sid, struct cf_err *err)
{
    cf_own(cf_buf) der = NULL;

    CF_TRY(cf_sid_der(sid, &der, err));
    return add_der(cert, "1.3.6.1.4.1.311.25.2", "security identifier", cf_buf_bytes(der), err);
}
