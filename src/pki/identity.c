/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity - making a key with its self-signed certificate, and signing assertions with it.
 */
#include "identity_internal.h"

#include <string.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "certferry/text.h"

enum {
    START_BEFORE_MS = 5 * 60 * 1000, /* for peers whose clock is behind ours */
    SERIAL_LEN = 16,
    RSA_BITS_MIN = 2048,
    P256_LEN = 32,
    SIGNATURE_MAX = 2048 /* RSA of 16384 bits */
};

/* 9999-12-31T23:59:59Z: certificates can say no later time. */
#define TIME_MAX_S INT64_C(253402300799)

struct cf_identity *
cf_identity_free(struct cf_identity *identity)
{
    if (!identity)
        return NULL;
    EVP_PKEY_free(identity->pkey);
    cf_cert_free(identity->cert);
    free(identity);
    return NULL;
}

enum cf_rc
cf_identity_check_key(const EVP_PKEY *pkey, struct cf_err *err)
{
    bool is_rsa = false;
    unsigned bits = cf_pkey_bits(pkey, &is_rsa);
    char group[64] = "";

    if (is_rsa && bits >= RSA_BITS_MIN)
        return CF_OK;
    if (!is_rsa && bits == 256 && EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) == 1 &&
        strcmp(group, "prime256v1") == 0)
        return CF_OK;
    ERR_clear_error();
    return cf_fail(err, CF_E_UNSUPPORTED,
                   "identity: the key is neither RSA of %d bits or more nor P-256", RSA_BITS_MIN);
}

static enum cf_rc
set_validity(X509 *x509, int64_t now_ms, uint64_t lifetime_ms, struct cf_err *err)
{
    int64_t start_s = (now_ms - START_BEFORE_MS) / 1000;

    if (lifetime_ms == 0 || lifetime_ms / 1000 > (uint64_t)(TIME_MAX_S - start_s))
        return cf_fail(err, CF_E_RANGE, "identity: the lifetime is zero or ends after 9999");
    /* ASN1_TIME_adj keeps to RFC 5280: UTCTime before 2050. */
    if (!ASN1_TIME_adj(X509_getm_notBefore(x509), (time_t)start_s, 0, 0) ||
        !ASN1_TIME_adj(X509_getm_notAfter(x509), (time_t)(start_s + (int64_t)(lifetime_ms / 1000)),
                       0, 0))
        return cf_fail_openssl(err, CF_E_CRYPTO, "identity: validity");
    return CF_OK;
}

static enum cf_rc
set_serial(X509 *x509, struct cf_err *err)
{
    cf_own(cf_secret) random = NULL;
    uint8_t der[2 + SERIAL_LEN] = {V_ASN1_INTEGER, SERIAL_LEN};

    CF_TRY(cf_secret_random(SERIAL_LEN, &random, err));
    memcpy(der + 2, cf_secret_data(random), SERIAL_LEN);
    der[2] = (uint8_t)((der[2] & 0x7f) | 0x40); /* positive, and always 16 octets */

    const unsigned char *at = der;
    ASN1_INTEGER *serial = d2i_ASN1_INTEGER(NULL, &at, sizeof der);
    int ok = serial ? X509_set_serialNumber(x509, serial) : 0;
    ASN1_INTEGER_free(serial);
    return ok == 1 ? CF_OK : cf_fail_openssl(err, CF_E_CRYPTO, "identity: serial number");
}

static enum cf_rc
add_extensions(X509 *x509, struct cf_err *err)
{
    cf_own_extension_stack stack = NULL;
    uint8_t key_id[EVP_MAX_MD_SIZE];
    unsigned key_id_len = 0;

    CF_TRY(cf_extensions_add_key_usage(&stack, CF_KU_DIGITAL_SIGNATURE, err));
    for (int i = 0; i < sk_X509_EXTENSION_num(stack); i++) {
        if (X509_add_ext(x509, sk_X509_EXTENSION_value(stack, i), -1) != 1)
            return cf_fail_openssl(err, CF_E_CRYPTO, "identity: key usage");
    }

    BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
    int ok = constraints ? X509_add1_ext_i2d(x509, NID_basic_constraints, constraints, 1, 0) : 0;
    BASIC_CONSTRAINTS_free(constraints);
    if (ok != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "identity: basic constraints");

    if (X509_pubkey_digest(x509, EVP_sha1(), key_id, &key_id_len) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "identity: key identifier");
    cf_own_ossl(ASN1_OCTET_STRING) ski = ASN1_OCTET_STRING_new();
    if (!ski || ASN1_OCTET_STRING_set(ski, key_id, (int)key_id_len) != 1 ||
        X509_add1_ext_i2d(x509, NID_subject_key_identifier, ski, 0, 0) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "identity: key identifier");
    return CF_OK;
}

static enum cf_rc
self_sign(EVP_PKEY *pkey, const char *common_name, int64_t now_ms, uint64_t lifetime_ms,
          struct cf_cert **ret_cert, struct cf_err *err)
{
    cf_own(cf_dn) dn = cf_dn_new();
    cf_own_ossl(X509_NAME) name = NULL;
    cf_own_ossl(X509) x509 = X509_new();
    if (!dn || !x509)
        return cf_fail_oom(err);

    CF_TRY(cf_dn_append(dn, "CN", common_name, err));
    CF_TRY(cf_dn_to_x509_name(dn, &name, err));
    if (X509_set_version(x509, X509_VERSION_3) != 1 || X509_set_subject_name(x509, name) != 1 ||
        X509_set_issuer_name(x509, name) != 1 || X509_set_pubkey(x509, pkey) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "identity: certificate");
    CF_TRY(set_serial(x509, err));
    CF_TRY(set_validity(x509, now_ms, lifetime_ms, err));
    CF_TRY(add_extensions(x509, err));
    if (X509_sign(x509, pkey, EVP_sha256()) <= 0)
        return cf_fail_openssl(err, CF_E_CRYPTO, "identity: the certificate cannot be signed");

    unsigned char *der = NULL;
    cf_own(cf_buf) buf = NULL;
    int len = i2d_X509(x509, &der);
    CF_TRY(cf_buf_from_ossl(der, len, &buf, err));
    return cf_cert_parse(cf_buf_bytes(buf), ret_cert, err);
}

enum cf_rc
cf_identity_generate(enum cf_key_kind kind, const char *common_name, int64_t now_ms,
                     uint64_t lifetime_ms, struct cf_identity **ret_identity, struct cf_err *err)
{
    cf_own(cf_key) key = NULL;
    cf_own(cf_identity) identity = calloc(1, sizeof *identity);
    if (!identity)
        return cf_fail_oom(err);

    if (!cf_key_kind_is_rsa(kind) && kind != CF_KEY_P256)
        return cf_fail(err, CF_E_UNSUPPORTED, "identity: a key of kind %s cannot sign assertions",
                       cf_key_kind_name(kind));
    CF_TRY(cf_key_generate(kind, &key, err));
    if (EVP_PKEY_up_ref(key->pkey) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "identity: key");
    identity->pkey = key->pkey;
    CF_TRY(self_sign(identity->pkey, common_name, now_ms, lifetime_ms, &identity->cert, err));

    *ret_identity = cf_give(identity);
    return CF_OK;
}

const struct cf_cert *
cf_identity_cert(const struct cf_identity *identity)
{
    return identity->cert;
}

/* RFC 7518 section 3.4 wants both numbers at full length, not the DER that OpenSSL makes. */
static enum cf_rc
flat_ecdsa(const uint8_t *der, size_t len, uint8_t ret[2 * P256_LEN], struct cf_err *err)
{
    const unsigned char *at = der;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)len);
    bool ok = signature && BN_bn2binpad(ECDSA_SIG_get0_r(signature), ret, P256_LEN) == P256_LEN &&
              BN_bn2binpad(ECDSA_SIG_get0_s(signature), ret + P256_LEN, P256_LEN) == P256_LEN;

    ECDSA_SIG_free(signature);
    return ok ? CF_OK : cf_fail_openssl(err, CF_E_CRYPTO, "identity: signature");
}

enum cf_rc
cf_identity_sign_jws(const struct cf_identity *identity, struct cf_bytes signing_input,
                     const char **ret_alg, struct cf_buf **ret_signature, struct cf_err *err)
{
    bool is_rsa = identity->cert->key_is_rsa;
    uint8_t signature[SIGNATURE_MAX], flat[2 * P256_LEN];
    size_t len = sizeof signature;
    EVP_PKEY_CTX *key_context = NULL;

    cf_own_ossl(EVP_MD_CTX) context = EVP_MD_CTX_new();
    if (!context)
        return cf_fail_oom(err);
    if (EVP_DigestSignInit(context, &key_context, EVP_sha256(), NULL, identity->pkey) != 1 ||
        (is_rsa && (EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) <= 0 ||
                    EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST) <= 0)) ||
        EVP_DigestSign(context, signature, &len, signing_input.data, signing_input.len) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "identity: the assertion cannot be signed");
    if (!is_rsa)
        CF_TRY(flat_ecdsa(signature, len, flat, err));

    struct cf_buf *copy =
        cf_buf_copy(is_rsa ? cf_bytes_of(signature, len) : cf_bytes_of(flat, sizeof flat));
    if (!copy)
        return cf_fail_oom(err);
    *ret_alg = is_rsa ? "PS256" : "ES256";
    *ret_signature = copy;
    return CF_OK;
}
