/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "cert_lab.h"
#include "certferry/text.h"

static X509 *root, *issuing;
static struct cf_trust *trust; /* root and issuing, no pins */

static struct cf_trust *
make_trust(X509 *const *roots, size_t n_roots, const char *pins)
{
    struct cf_err err;
    struct cf_trust *ret = NULL;
    cf_own(cf_buf) pem = lab_pem(roots, n_roots);

    assert_ok(cf_trust_new(cf_buf_bytes(pem), cf_bytes_of(pins, strlen(pins)), &ret, &err), err);
    return ret;
}

static int
setup(void **state)
{
    if (lab_setup(state) != 0)
        return -1;
    root =
        lab_x509(&(struct lab_spec){.cn = "root", .pkey = lab_key("P-384"), .extensions = lab_ca});
    issuing = lab_x509(&(struct lab_spec){.cn = "issuing",
                                          .pkey = lab_key("P-256"),
                                          .extensions = lab_ca,
                                          .issuer = root,
                                          .issuer_pkey = lab_key("P-384")});
    trust = make_trust((X509 *[]){root, issuing}, 2, "");
    return 0;
}

static int
teardown(void **state)
{
    X509_free(root);
    X509_free(issuing);
    trust = cf_trust_free(trust);
    return lab_teardown(state);
}

/* A device certificate of the issuing CA; fields of `spec` that are set win. */
static struct cf_cert *
device(struct lab_spec spec)
{
    if (!spec.cn)
        spec.cn = "Device-1";
    if (!spec.pkey)
        spec.pkey = lab_key("RSA");
    if (!spec.extensions)
        spec.extensions = lab_device;
    if (!spec.issuer) {
        spec.issuer = issuing;
        spec.issuer_pkey = lab_key("P-256");
    }
    return lab_cert(&spec);
}

static enum cf_rc
check(const struct cf_trust *with, const struct cf_cert *cert, const char *id, struct cf_err *err)
{
    return cf_trust_check_recipient(with, cert, &id, 1, LAB_NOW_MS, err);
}

static void
refused(struct lab_spec spec, const char *id, const char *text)
{
    struct cf_err err;
    cf_own(cf_cert) cert = device(spec);
    assert_int_equal(check(trust, cert, id, &err), CF_E_RECIPIENT);
    assert_contains(err.text, text);
}

static void
accepted(struct lab_spec spec, const char *id)
{
    struct cf_err err;
    cf_own(cf_cert) cert = device(spec);
    assert_ok(check(trust, cert, id, &err), err);
}

static void
takes_rsa_and_curves_of_the_root(void **state)
{
    (void)state;
    accepted((struct lab_spec){0}, "device-1");
    accepted((struct lab_spec){.pkey = lab_key("P-256")}, "device-1");
    accepted((struct lab_spec){.pkey = lab_key("P-384")}, "DEVICE-1");
}

static void
a_certificate_of_a_stranger_is_refused(void **state)
{
    X509 *twin =
        lab_x509(&(struct lab_spec){.cn = "issuing", .pkey = lab_key("RSA"), .extensions = lab_ca});
    (void)state;
    refused((struct lab_spec){.issuer = twin, .issuer_pkey = lab_key("RSA")}, "device-1", "root");
    X509_free(twin);

    struct cf_err err;
    cf_own(cf_cert) self_signed = lab_cert(
        &(struct lab_spec){.cn = "device-1", .pkey = lab_key("RSA"), .extensions = lab_device});
    assert_int_equal(check(trust, self_signed, "device-1", &err), CF_E_RECIPIENT);
}

static void
validity_is_that_of_now(void **state)
{
    (void)state;
    refused((struct lab_spec){.not_after_ms = LAB_NOW_MS}, "device-1", "expired");
    refused((struct lab_spec){.not_before_ms = LAB_NOW_MS + 1000}, "device-1", "not valid before");

    /* The issuer's as well. */
    struct cf_err err;
    cf_own(cf_cert) cert = device((struct lab_spec){.not_after_ms = LAB_NOW_MS + 900 * LAB_DAY_MS});
    const char *id = "device-1";
    assert_int_equal(
        cf_trust_check_recipient(trust, cert, &id, 1, LAB_NOW_MS + 500 * LAB_DAY_MS, &err),
        CF_E_RECIPIENT);
    assert_contains(err.text, "expired");
}

static void
keys_and_usages_that_cannot_receive_are_refused(void **state)
{
    static const struct lab_extension signing[] = {{"keyUsage", "digitalSignature"}, {NULL, NULL}};
    static const struct lab_extension transport[] = {{"keyUsage", "keyEncipherment"}, {NULL, NULL}};
    static const struct lab_extension agreement[] = {{"keyUsage", "keyAgreement"}, {NULL, NULL}};
    static const struct lab_extension none[] = {{NULL, NULL}};
    EVP_PKEY *small = lab_fresh_key("RSA", 1024);
    EVP_PKEY *edwards = lab_fresh_key("ED25519", 0);

    (void)state;
    refused((struct lab_spec){.pkey = small}, "device-1", "1024 bits");
    refused((struct lab_spec){.pkey = lab_key("P-521")}, "device-1", "P-384");
    refused((struct lab_spec){.pkey = lab_key("secp256k1")}, "device-1", "P-384");
    refused((struct lab_spec){.pkey = edwards}, "device-1", "P-384");
    refused((struct lab_spec){.extensions = lab_ca}, "device-1", "CA certificate");
    refused((struct lab_spec){.extensions = signing}, "device-1", "keyEncipherment");
    refused((struct lab_spec){.extensions = agreement}, "device-1", "keyEncipherment");
    refused((struct lab_spec){.extensions = transport, .pkey = lab_key("P-256")}, "device-1",
            "keyAgreement");
    accepted((struct lab_spec){.extensions = none}, "device-1");
    accepted((struct lab_spec){.extensions = transport}, "device-1");
    accepted((struct lab_spec){.extensions = agreement, .pkey = lab_key("P-256")}, "device-1");
    EVP_PKEY_free(small);
    EVP_PKEY_free(edwards);
}

/* With an exponent of one, what is sealed can be read by everybody. */
static void
an_rsa_key_that_does_not_encrypt_is_refused(void **state)
{
    static const BN_ULONG exponents[] = {1, 2, 65536};
    BIGNUM *n = NULL;

    (void)state;
    assert_int_equal(EVP_PKEY_get_bn_param(lab_key("RSA"), OSSL_PKEY_PARAM_RSA_N, &n), 1);
    for (size_t i = 0; i < sizeof exponents / sizeof exponents[0]; i++) {
        EVP_PKEY *pkey = NULL;
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
        OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
        BIGNUM *e = BN_new();

        assert_int_equal(BN_set_word(e, exponents[i]), 1);
        assert_int_equal(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n), 1);
        assert_int_equal(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e), 1);
        OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
        assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
        assert_int_equal(EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params), 1);
        refused((struct lab_spec){.pkey = pkey}, "device-1", "public exponent");
        OSSL_PARAM_free(params);
        OSSL_PARAM_BLD_free(builder);
        EVP_PKEY_CTX_free(context);
        EVP_PKEY_free(pkey);
        BN_free(e);
    }
    BN_free(n);
}

static void
a_weak_signature_in_the_chain_is_refused(void **state)
{
    (void)state;
    refused((struct lab_spec){.md = EVP_sha1()}, "device-1", "root");
}

static void
the_certificate_has_to_name_the_device(void **state)
{
    static const struct lab_extension dns[] = {{"subjectAltName", "DNS:dev-2.example.org"},
                                               {NULL, NULL}};
    static const struct lab_extension urn[] = {{"subjectAltName", "URI:urn:device:dev-3"},
                                               {NULL, NULL}};
    static const struct lab_extension scheme[] = {
        {"subjectAltName", "URI:DeviceId://dev-4,email:dev-5@example.org"}, {NULL, NULL}};

    (void)state;
    accepted((struct lab_spec){.extensions = dns}, "DEV-2.example.org");
    accepted((struct lab_spec){.extensions = urn}, "dev-3");
    accepted((struct lab_spec){.extensions = scheme}, "dev-4");
    refused((struct lab_spec){.extensions = scheme}, "dev-5", "does not name the device 'dev-5'");
    refused((struct lab_spec){.extensions = dns}, "dev-2", "dev-2");
    refused((struct lab_spec){0}, "device-2", "issued to 'CN=Device-1'");
    refused((struct lab_spec){0}, "", "does not name");
    refused((struct lab_spec){.cn = "device-1\xc3\xa4"}, "device-1", "does not name");

    struct cf_err err;
    cf_own(cf_cert) cert = device((struct lab_spec){0});
    const char *ids[] = {NULL, "x", "device-1"};
    assert_ok(cf_trust_check_recipient(trust, cert, ids, 3, LAB_NOW_MS, &err), err);
    assert_int_equal(cf_trust_check_recipient(trust, cert, ids, 2, LAB_NOW_MS, &err),
                     CF_E_RECIPIENT);
    assert_int_equal(cf_trust_check_recipient(trust, cert, NULL, 0, LAB_NOW_MS, &err),
                     CF_E_RECIPIENT);
}

static void
pin_line(const struct cf_cert *cert, const char *device_id, char line[160])
{
    uint8_t hash[32];
    char hex[65];
    cf_cert_spki_sha256(cert, hash);
    cf_text_hex(cf_bytes_of(hash, sizeof hash), false, hex, sizeof hex);
    snprintf(line, 160, "# known devices\n\n%s %s # a comment\r\n", hex, device_id);
}

static void
a_pin_stands_for_the_chain_and_with_a_device_for_the_name(void **state)
{
    struct cf_err err;
    char pins[160];
    cf_own(cf_cert) cert = lab_cert(
        &(struct lab_spec){.cn = "device-1", .pkey = lab_key("RSA"), .extensions = lab_device});

    (void)state;
    pin_line(cert, "", pins);
    cf_own(cf_trust) any = make_trust(NULL, 0, pins);
    assert_ok(check(any, cert, "device-1", &err), err);
    assert_int_equal(check(any, cert, "device-2", &err), CF_E_RECIPIENT);

    pin_line(cert, "Asset-9", pins);
    cf_own(cf_trust) bound = make_trust(NULL, 0, pins);
    assert_ok(check(bound, cert, "asset-9", &err), err);
    assert_int_equal(check(bound, cert, "device-1", &err), CF_E_RECIPIENT);
    assert_contains(err.text, "pinned to another device");

    cf_own(cf_cert) unknown = lab_cert(
        &(struct lab_spec){.cn = "device-1", .pkey = lab_key("P-256"), .extensions = lab_device});
    assert_int_equal(check(bound, unknown, "device-1", &err), CF_E_RECIPIENT);
    assert_contains(err.text, "not pinned");
}

static void
a_chain_does_not_help_a_key_pinned_to_another_device(void **state)
{
    struct cf_err err;
    char pins[160];
    cf_own(cf_cert) cert = device((struct lab_spec){0});

    (void)state;
    pin_line(cert, "device-7", pins);
    cf_own(cf_trust) both = make_trust((X509 *[]){root, issuing}, 2, pins);
    assert_int_equal(check(both, cert, "device-1", &err), CF_E_RECIPIENT);
    assert_contains(err.text, "another device");
}

static void
a_pin_does_not_excuse_an_expired_certificate(void **state)
{
    struct cf_err err;
    char pins[160];
    cf_own(cf_cert) cert = device((struct lab_spec){.not_after_ms = LAB_NOW_MS - 1000});

    (void)state;
    pin_line(cert, "device-1", pins);
    cf_own(cf_trust) pinned = make_trust(NULL, 0, pins);
    assert_int_equal(check(pinned, cert, "device-1", &err), CF_E_RECIPIENT);
    assert_contains(err.text, "expired");
}

static void
an_intermediate_alone_is_an_anchor_and_beside_a_root_is_not(void **state)
{
    struct cf_err err;
    X509 *stranger = lab_x509(
        &(struct lab_spec){.cn = "stranger", .pkey = lab_key("RSA"), .extensions = lab_ca});
    cf_own(cf_cert) cert = device((struct lab_spec){0});

    (void)state;
    cf_own(cf_trust) alone = make_trust(&issuing, 1, "");
    assert_ok(check(alone, cert, "device-1", &err), err);
    cf_own(cf_trust) beside = make_trust((X509 *[]){issuing, stranger}, 2, "");
    assert_int_equal(check(beside, cert, "device-1", &err), CF_E_RECIPIENT);
    cf_own(cf_trust) without_helper = make_trust(&root, 1, "");
    assert_int_equal(check(without_helper, cert, "device-1", &err), CF_E_RECIPIENT);
    X509_free(stranger);
}

static void
broken_trust_files_are_refused_with_the_line(void **state)
{
    static const char hex[] = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
    struct cf_trust *ret = NULL;
    struct cf_err err;
    char pins[400];

    (void)state;
    static const char *const bad[] = {"%s a b\n", "%s0 a\n",  "z%.63s\n",
                                      "%.62s\n",  "%s\001\n", "%s a\001b\n"};
    for (size_t i = 0; i < CF_COUNT(bad); i++) {
        int len = snprintf(pins, sizeof pins, "# first\n%s x\n", hex);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(pins + len, sizeof pins - (size_t)len, bad[i], hex);
#pragma GCC diagnostic pop
        assert_int_equal(
            cf_trust_new(cf_bytes_of("", 0), cf_bytes_of(pins, strlen(pins)), &ret, &err),
            CF_E_SYNTAX);
        assert_contains(err.text, "line 3");
    }
    assert_int_equal(cf_trust_new(cf_bytes_of("", 0), cf_bytes_of("# none\n", 7), &ret, &err),
                     CF_E_CONFIG);
    assert_int_equal(cf_trust_new(cf_bytes_of("junk", 4), cf_bytes_of("", 0), &ret, &err),
                     CF_E_ENCODING);

    X509 *leaf = lab_x509(
        &(struct lab_spec){.cn = "leaf", .pkey = lab_key("P-256"), .extensions = lab_device});
    cf_own(cf_buf) pem = lab_pem(&leaf, 1);
    assert_int_equal(cf_trust_new(cf_buf_bytes(pem), cf_bytes_of("", 0), &ret, &err), CF_E_CONFIG);
    assert_contains(err.text, "CN=leaf");
    assert_null(ret);
    X509_free(leaf);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_rsa_and_curves_of_the_root),
        cmocka_unit_test(a_certificate_of_a_stranger_is_refused),
        cmocka_unit_test(validity_is_that_of_now),
        cmocka_unit_test(keys_and_usages_that_cannot_receive_are_refused),
        cmocka_unit_test(an_rsa_key_that_does_not_encrypt_is_refused),
        cmocka_unit_test(a_weak_signature_in_the_chain_is_refused),
        cmocka_unit_test(the_certificate_has_to_name_the_device),
        cmocka_unit_test(a_pin_stands_for_the_chain_and_with_a_device_for_the_name),
        cmocka_unit_test(a_chain_does_not_help_a_key_pinned_to_another_device),
        cmocka_unit_test(a_pin_does_not_excuse_an_expired_certificate),
        cmocka_unit_test(an_intermediate_alone_is_an_anchor_and_beside_a_root_is_not),
        cmocka_unit_test(broken_trust_files_are_refused_with_the_line),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
