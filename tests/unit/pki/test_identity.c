/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include "cert_lab.h"
#include "certferry/identity.h"

static struct cf_identity *
generate(enum cf_key_kind kind)
{
    struct cf_err err;
    struct cf_identity *identity = NULL;
    assert_ok(cf_identity_generate(kind, "certferry test", LAB_NOW_MS, (uint64_t)(30 * LAB_DAY_MS),
                                   &identity, &err),
              err);
    return identity;
}

static void
the_certificate_says_what_was_ordered(void **state)
{
    cf_own(cf_identity) identity = generate(CF_KEY_P256);
    const struct cf_cert *cert = cf_identity_cert(identity);
    char dir[64];

    (void)state;
    assert_string_equal(cf_dn_find(cf_cert_subject(cert), "2.5.4.3"), "certferry test");
    assert_true(cf_dn_equal(cf_cert_subject(cert), cf_cert_issuer(cert)));
    assert_int_equal(cf_cert_not_before_ms(cert), LAB_NOW_MS - 5 * 60 * 1000);
    assert_int_equal(cf_cert_not_after_ms(cert), LAB_NOW_MS - 5 * 60 * 1000 + 30 * LAB_DAY_MS);
    assert_false(cf_cert_is_ca(cert));
    assert_int_equal(strlen(cf_cert_serial(cert)), 32);

    struct cf_err err;
    cf_own(cf_buf) pem = NULL;
    assert_ok(cf_identity_cert_pem(identity, &pem, &err), err);
    lab_dir(dir);
    lab_write(dir, "c.pem", cf_buf_bytes(pem));
    lab_sh_ok(dir, "openssl verify -no_check_time -CAfile c.pem -partial_chain c.pem && "
                   "openssl x509 -in c.pem -noout -text | grep -A1 'Key Usage: critical' | "
                   "grep -qx ' *Digital Signature'");
    lab_remove_dir(dir);
}

static void
impossible_orders_are_refused(void **state)
{
    struct cf_identity *identity = NULL;
    struct cf_err err;

    (void)state;
    assert_int_equal(cf_identity_generate(CF_KEY_P384, "a", LAB_NOW_MS, 1000, &identity, &err),
                     CF_E_UNSUPPORTED);
    assert_int_equal(cf_identity_generate(CF_KEY_P256, "a", LAB_NOW_MS, 0, &identity, &err),
                     CF_E_RANGE);
    assert_int_equal(
        cf_identity_generate(CF_KEY_P256, "a", LAB_NOW_MS, UINT64_MAX, &identity, &err),
        CF_E_RANGE);
    assert_int_equal(cf_identity_generate(CF_KEY_P256, "", LAB_NOW_MS, 1000, &identity, &err),
                     CF_E_RANGE);
    assert_null(identity);
}

static struct cf_secret *
secret_of(const char *text, size_t len)
{
    struct cf_err err;
    struct cf_secret *secret = NULL;
    assert_ok(cf_secret_copy(text, len, &secret, &err), err);
    return secret;
}

static void
pem_is_read_back_in_any_order_and_by_openssl(void **state)
{
    struct cf_err err;
    cf_own(cf_identity) identity = generate(CF_KEY_P256);
    cf_own(cf_secret) pem = NULL;
    cf_own(cf_identity) again = NULL;
    cf_own(cf_identity) reordered = NULL;
    char dir[64], text[8192];

    (void)state;
    assert_ok(cf_identity_pem(identity, &pem, &err), err);
    assert_ok(cf_identity_parse(pem, &again, &err), err);
    assert_string_equal(cf_cert_thumbprint(cf_identity_cert(again)),
                        cf_cert_thumbprint(cf_identity_cert(identity)));

    const char *key = (const char *)cf_secret_data(pem);
    const char *cert = strstr(key, "-----BEGIN CERTIFICATE");
    assert_non_null(cert);
    snprintf(text, sizeof text, "some words\n%s%.*s", cert, (int)(cert - key), key);
    cf_own(cf_secret) turned = secret_of(text, strlen(text));
    assert_ok(cf_identity_parse(turned, &reordered, &err), err);

    lab_dir(dir);
    lab_write(dir, "i.pem", cf_bytes_of(key, cf_secret_len(pem)));
    lab_sh_ok(dir, "openssl pkey -in i.pem -check -noout && openssl pkey -in i.pem -pubout >a && "
                   "openssl x509 -in i.pem -noout -pubkey >b && cmp a b && "
                   "openssl pkey -in i.pem >c && head -n $(wc -l <c) i.pem | cmp - c");
    lab_remove_dir(dir);
}

static void
refused(const char *text, enum cf_rc rc, const char *part)
{
    struct cf_err err;
    struct cf_identity *identity = NULL;
    cf_own(cf_secret) pem = secret_of(text, strlen(text));

    assert_int_equal(cf_identity_parse(pem, &identity, &err), rc);
    assert_contains(err.text, part);
    assert_null(identity);
}

static void
keys_and_certificates_that_do_not_fit_are_refused(void **state)
{
    struct cf_err err;
    cf_own(cf_identity) one = generate(CF_KEY_P256);
    cf_own(cf_identity) two = generate(CF_KEY_P256);
    cf_own(cf_secret) pem = NULL;
    cf_own(cf_buf) one_cert = NULL;
    cf_own(cf_buf) two_cert = NULL;
    char text[16384], dir[64];

    (void)state;
    assert_ok(cf_identity_pem(one, &pem, &err), err);
    assert_ok(cf_identity_cert_pem(one, &one_cert, &err), err);
    assert_ok(cf_identity_cert_pem(two, &two_cert, &err), err);
    const char *both = (const char *)cf_secret_data(pem);
    int key_len = (int)(strstr(both, "-----BEGIN CERTIFICATE") - both);

    snprintf(text, sizeof text, "%.*s%s", key_len, both, cf_buf_str(two_cert));
    refused(text, CF_E_MISMATCH, "not that of the private key");
    snprintf(text, sizeof text, "%.*s", key_len, both);
    refused(text, CF_E_ENCODING, "no PEM block CERTIFICATE");
    refused(cf_buf_str(one_cert), CF_E_ENCODING, "no PEM block PRIVATE KEY");
    snprintf(text, sizeof text, "%s%s", both, cf_buf_str(one_cert));
    refused(text, CF_E_ENCODING, "more than one certificate");
    snprintf(text, sizeof text, "%.*s%s", key_len, both, both);
    refused(text, CF_E_ENCODING, "more than one private key");
    snprintf(text, sizeof text, "%.*s", key_len - 40, both);
    refused(text, CF_E_ENCODING, "broken");
    refused("x", CF_E_ENCODING, "PRIVATE KEY");
    refused("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", CF_E_ENCODING,
            "PKCS#8");

    lab_dir(dir);
    lab_write(dir, "k", cf_bytes_of(both, cf_secret_len(pem)));
    lab_sh_ok(dir, "openssl pkcs8 -topk8 -in k -passout pass:secret -out enc; "
                   "openssl pkey -in k -traditional -out trad; "
                   "openssl pkey -in k -traditional -aes128 -passout pass:secret -out tradenc; "
                   "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out p384");
    cf_own(cf_buf) encrypted = lab_read(dir, "enc");
    cf_own(cf_buf) traditional = lab_read(dir, "trad");
    cf_own(cf_buf) traditional_encrypted = lab_read(dir, "tradenc");
    cf_own(cf_buf) p384 = lab_read(dir, "p384");
    lab_remove_dir(dir);
    refused(cf_buf_str(encrypted), CF_E_UNSUPPORTED, "encrypted");
    refused(cf_buf_str(traditional), CF_E_UNSUPPORTED, "EC PRIVATE KEY");
    refused(cf_buf_str(traditional_encrypted), CF_E_UNSUPPORTED, "encrypted");
    refused(cf_buf_str(p384), CF_E_UNSUPPORTED, "P-256");
}

static void
es256_is_r_and_s_at_full_length(void **state)
{
    static const char input[] = "header.payload";
    struct cf_err err;
    cf_own(cf_identity) identity = generate(CF_KEY_P256);
    struct cf_bytes der = cf_cert_der(cf_identity_cert(identity));
    const unsigned char *at = der.data;
    X509 *x509 = d2i_X509(NULL, &at, (long)der.len);

    (void)state;
    for (int i = 0; i < 20; i++) {
        cf_own(cf_buf) signature = NULL;
        const char *alg = NULL;
        assert_ok(cf_identity_sign_jws(identity, cf_bytes_of(input, sizeof input - 1), &alg,
                                       &signature, &err),
                  err);
        assert_string_equal(alg, "ES256");
        assert_int_equal(cf_buf_len(signature), 64);

        const uint8_t *flat = cf_buf_bytes(signature).data;
        ECDSA_SIG *pair = ECDSA_SIG_new();
        ECDSA_SIG_set0(pair, BN_bin2bn(flat, 32, NULL), BN_bin2bn(flat + 32, 32, NULL));
        unsigned char *sig_der = NULL;
        int len = i2d_ECDSA_SIG(pair, &sig_der);
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, X509_get0_pubkey(x509));
        assert_int_equal(EVP_DigestVerify(context, sig_der, (size_t)len,
                                          (const unsigned char *)input, sizeof input - 1),
                         1);
        EVP_MD_CTX_free(context);
        OPENSSL_free(sig_der);
        ECDSA_SIG_free(pair);
    }
    X509_free(x509);
}

static void
ps256_is_verified_by_the_openssl_command(void **state)
{
    static const char input[] = "header.payload";
    struct cf_err err;
    cf_own(cf_identity) identity = generate(CF_KEY_RSA_2048);
    cf_own(cf_buf) signature = NULL;
    cf_own(cf_buf) pem = NULL;
    const char *alg = NULL;
    char dir[64];

    (void)state;
    assert_ok(cf_identity_sign_jws(identity, cf_bytes_of(input, sizeof input - 1), &alg, &signature,
                                   &err),
              err);
    assert_string_equal(alg, "PS256");
    assert_ok(cf_identity_cert_pem(identity, &pem, &err), err);
    lab_dir(dir);
    lab_write(dir, "c.pem", cf_buf_bytes(pem));
    lab_write(dir, "sig", cf_buf_bytes(signature));
    lab_write(dir, "in", cf_bytes_of(input, sizeof input - 1));
    lab_sh_ok(dir, "openssl x509 -in c.pem -noout -pubkey >pub && openssl dgst -sha256 "
                   "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 "
                   "-verify pub -signature sig in");
    lab_remove_dir(dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_certificate_says_what_was_ordered),
        cmocka_unit_test(impossible_orders_are_refused),
        cmocka_unit_test(pem_is_read_back_in_any_order_and_by_openssl),
        cmocka_unit_test(keys_and_certificates_that_do_not_fit_are_refused),
        cmocka_unit_test(es256_is_r_and_s_at_full_length),
        cmocka_unit_test(ps256_is_verified_by_the_openssl_command),
    };
    return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
