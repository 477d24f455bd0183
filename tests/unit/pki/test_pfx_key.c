/* SPDX-License-Identifier: Apache-2.0 */
/* test_pfx_key - PFX files that are whole, and whose keys were made to do harm. */
#include <string.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/pkcs12.h>

#include "cert_lab.h"
#include "certferry/key.h"
#include "certferry/pfx.h"

enum { DER_SIZE = 256 * 1024 };

/* Numbers of these bits, all of them set, as a SEQUENCE of INTEGERs. */
static size_t
numbers(const int *bits, size_t n, uint8_t *ret)
{
    static uint8_t body[DER_SIZE];
    uint8_t *at = body, *out = ret;

    for (size_t i = 0; i < n; i++) {
        BIGNUM *number = BN_new();
        assert_true(BN_rand(number, bits[i], BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD));
        ASN1_INTEGER *integer = BN_to_ASN1_INTEGER(number, NULL);
        assert_true((size_t)(at - body) + (size_t)bits[i] / 8 + 16 < sizeof body);
        assert_true(i2d_ASN1_INTEGER(integer, &at) > 0);
        ASN1_INTEGER_free(integer);
        BN_free(number);
    }
    ASN1_put_object(&out, 1, (int)(at - body), V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
    memcpy(out, body, (size_t)(at - body));
    return (size_t)(out - ret) + (size_t)(at - body);
}

static PKCS8_PRIV_KEY_INFO *
pkcs8(int nid, ASN1_STRING *take_params, const uint8_t *key, size_t len)
{
    PKCS8_PRIV_KEY_INFO *info = PKCS8_PRIV_KEY_INFO_new();

    assert_true(PKCS8_pkey_set0(info, OBJ_nid2obj(nid), 0,
                                take_params ? V_ASN1_SEQUENCE : V_ASN1_NULL, take_params,
                                OPENSSL_memdup(key, len), (int)len));
    return info;
}

/* A file with the password "secret" around key and certificate. */
static struct cf_buf *
pfx(PKCS8_PRIV_KEY_INFO *take_info, EVP_PKEY *certified)
{
    X509 *cert = lab_x509(&(struct lab_spec){.cn = "c", .pkey = certified});
    STACK_OF(PKCS12_SAFEBAG) *bags = sk_PKCS12_SAFEBAG_new_null();
    STACK_OF(PKCS7) *parts = NULL;
    unsigned char *der = NULL;

    PKCS12_SAFEBAG *bag =
        PKCS12_SAFEBAG_create_pkcs8_encrypt(NID_aes_256_cbc, "secret", -1, NULL, 0, 1, take_info);
    assert_true(bag && sk_PKCS12_SAFEBAG_push(bags, bag) && PKCS12_add_cert(&bags, cert));
    assert_true(PKCS12_add_safe(&parts, bags, -1, 0, NULL));
    PKCS12 *file = PKCS12_add_safes(parts, 0);
    assert_true(file && PKCS12_set_mac(file, "secret", -1, NULL, 0, 1, EVP_sha256()));
    int len = i2d_PKCS12(file, &der);
    assert_true(len > 0);
    struct cf_buf *buf = cf_buf_copy(cf_bytes_of(der, (size_t)len));
    assert_non_null(buf);
    OPENSSL_free(der);
    PKCS12_free(file);
    sk_PKCS7_pop_free(parts, PKCS7_free);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    PKCS8_PRIV_KEY_INFO_free(take_info);
    X509_free(cert);
    return buf;
}

/* As an import does it, and soon; the text of the error, or NULL. */
static enum cf_rc
bring(PKCS8_PRIV_KEY_INFO *take_info, EVP_PKEY *certified, struct cf_err *err)
{
    cf_own(cf_buf) file = pfx(take_info, certified);
    cf_own(cf_secret) password = NULL;
    cf_own(cf_pfx_content) content = NULL;
    cf_own(cf_buf) again = NULL;
    time_t start = time(NULL);

    *err = (struct cf_err){0};
    assert_ok(cf_secret_copy("secret", 6, &password, err), *err);
    enum cf_rc rc = cf_pfx_open(cf_buf_bytes(file), password, &content, err);
    if (rc == CF_OK)
        rc = cf_pfx_rebuild(content, CF_PFX_MODERN, 2048, password, NULL, &again, err);
    assert_true(time(NULL) - start <= 3);
    return rc;
}

static size_t
der_of(const EVP_PKEY *pkey, uint8_t *ret)
{
    uint8_t *at = ret;
    int len = i2d_PrivateKey(pkey, &at);

    assert_true(len > 0);
    return (size_t)len;
}

static void
a_key_that_takes_days_to_decode_is_not_decoded(void **state)
{
    static const int params[] = {400000, 399000, 399000}, secret = 399000;
    static uint8_t der[DER_SIZE];
    struct cf_err err;

    (void)state;
    ASN1_STRING *parameters = ASN1_STRING_new();
    assert_true(ASN1_STRING_set(parameters, der, (int)numbers(params, 3, der)));
    uint8_t *at = der;
    size_t head = numbers(&secret, 1, der);
    /* Without the SEQUENCE around it. */
    while (*at != V_ASN1_INTEGER)
        at++;
    PKCS8_PRIV_KEY_INFO *dsa = pkcs8(NID_dsa, parameters, at, head - (size_t)(at - der));
    assert_int_equal(bring(dsa, lab_key("RSA"), &err), CF_E_UNSUPPORTED);
    assert_contains(err.text, "neither RSA nor");
}

static void
a_key_that_fills_the_secure_heap_is_refused_and_not_tried_again(void **state)
{
    static const int bits[] = {2, 2047, 17, 2047, 400000, 400000, 400000, 400000, 40000};
    static uint8_t der[DER_SIZE];
    struct cf_err err;
    size_t before = cf_pki_secure_heap_used();

    (void)state;
    size_t len = numbers(bits, CF_COUNT(bits), der);
    assert_int_equal(bring(pkcs8(NID_rsaEncryption, NULL, der, len), lab_key("RSA"), &err),
                     CF_E_LIMIT);
    assert_int_equal(err.fault, CF_FAULT_REQUEST);
    assert_int_equal(cf_pki_secure_heap_used(), before);
}

/* In the DER of an RSA key of 2048 bits, the modulus begins after the heads of the SEQUENCE and of
 * itself and the version. */
enum { MODULUS_AT = 4 + 3 + 4, MODULUS_LEN = 257, EC_SECRET_AT = 7, EC_SECRET_LEN = 32 };

static void
a_key_that_only_says_it_is_the_certificates_is_refused(void **state)
{
    uint8_t mine[4096], other[4096];
    struct cf_err err;
    EVP_PKEY *fresh = lab_fresh_key("RSA", 2048);
    EVP_PKEY *fresh_ec = lab_fresh_key("P-256", 0);

    (void)state;
    size_t len = der_of(lab_key("RSA"), mine);
    assert_int_equal(bring(pkcs8(NID_rsaEncryption, NULL, mine, len), lab_key("RSA"), &err), CF_OK);
    size_t other_len = der_of(fresh, other);
    memcpy(other + MODULUS_AT, mine + MODULUS_AT, MODULUS_LEN);
    assert_int_equal(bring(pkcs8(NID_rsaEncryption, NULL, other, other_len), lab_key("RSA"), &err),
                     CF_E_MISMATCH);
    assert_contains(err.text, "private key");

    ASN1_OBJECT *curve = OBJ_nid2obj(NID_X9_62_prime256v1);
    for (int is_wrong = 0; is_wrong <= 1; is_wrong++) {
        len = der_of(lab_key("P-256"), mine);
        (void)der_of(fresh_ec, other);
        if (is_wrong)
            memcpy(mine + EC_SECRET_AT, other + EC_SECRET_AT, EC_SECRET_LEN);
        PKCS8_PRIV_KEY_INFO *info = PKCS8_PRIV_KEY_INFO_new();
        assert_true(PKCS8_pkey_set0(info, OBJ_nid2obj(NID_X9_62_id_ecPublicKey), 0, V_ASN1_OBJECT,
                                    curve, OPENSSL_memdup(mine, len), (int)len));
        assert_int_equal(bring(info, lab_key("P-256"), &err), is_wrong ? CF_E_MISMATCH : CF_OK);
    }
    EVP_PKEY_free(fresh);
    EVP_PKEY_free(fresh_ec);
}

static void
primes_larger_than_the_modulus_are_refused_before_they_are_used(void **state)
{
    static uint8_t der[DER_SIZE];
    uint8_t mine[4096];
    struct cf_err err;
    static const int bits[] = {7, 2048, 17, 2047, 16000, 16000, 16000, 16000, 8000};

    (void)state;
    (void)der_of(lab_key("RSA"), mine);
    size_t len = numbers(bits, CF_COUNT(bits), der);
    /* Version 0, the certificate's modulus and its exponent of 65537. */
    memcpy(der + 4, "\x02\x01\x00", 3);
    memcpy(der + MODULUS_AT, mine + MODULUS_AT, MODULUS_LEN + 5);
    assert_int_equal(bring(pkcs8(NID_rsaEncryption, NULL, der, len), lab_key("RSA"), &err),
                     CF_E_MISMATCH);
    assert_contains(err.text, "do not make a key");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_that_takes_days_to_decode_is_not_decoded),
        cmocka_unit_test(a_key_that_fills_the_secure_heap_is_refused_and_not_tried_again),
        cmocka_unit_test(a_key_that_only_says_it_is_the_certificates_is_refused),
        cmocka_unit_test(primes_larger_than_the_modulus_are_refused_before_they_are_used),
    };
    return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
