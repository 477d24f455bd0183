/* SPDX-License-Identifier: Apache-2.0 */
#include "csr_test.h"

#include <openssl/core_names.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static struct cf_key *key;

static int
setup(void **state)
{
    return pki_setup(state) || cf_key_generate(CF_KEY_P256, &key, NULL) != CF_OK ? -1 : 0;
}

static int
teardown(void **state)
{
    key = cf_key_free(key);
    return pki_teardown(state);
}

static void
a_request_is_read_as_it_was_built(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_buf) der = test_csr(key);
    cf_own(cf_csr) csr = NULL;
    cf_own(cf_san) san = test_san();
    cf_own(cf_buf) spki = NULL;
    bool is_rsa = true;

    (void)state;
    assert_ok(cf_csr_parse(cf_buf_bytes(der), &csr, &err), err);
    assert_dn_text(cf_csr_subject(csr), "CN=Test User (TestCompany\\, LLC),OU=x+OU=y,C=DE");
    assert_true(cf_san_equal(cf_csr_san(csr), san));
    assert_int_equal(cf_csr_key_usage(csr), CF_KU_DIGITAL_SIGNATURE | CF_KU_KEY_ENCIPHERMENT);
    assert_int_equal(cf_csr_n_eku(csr), 2);
    assert_string_equal(cf_csr_eku(csr, 0), TEST_EKU[0]);
    assert_string_equal(cf_csr_eku(csr, 1), TEST_EKU[1]);
    assert_null(cf_csr_eku(csr, 2));
    assert_string_equal(cf_csr_template_name(csr), "Gerät");
    assert_string_equal(cf_csr_sid(csr), TEST_SID);
    assert_int_equal(cf_csr_key_bits(csr, &is_rsa), 256);
    assert_false(is_rsa);
    assert_ok(cf_key_spki(key, &spki, &err), err);
    assert_true(cf_bytes_equal(cf_csr_spki(csr), cf_buf_bytes(spki)));
}

static void
a_request_without_extensions_has_none(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_dn) subject = test_subject("CN=x");
    cf_own(cf_buf) der = NULL;
    cf_own(cf_csr) csr = NULL;
    struct cf_csr_spec spec = {.subject = subject};

    (void)state;
    assert_ok(cf_csr_build(key, &spec, &der, &err), err);
    assert_ok(cf_csr_parse(cf_buf_bytes(der), &csr, &err), err);
    assert_int_equal(cf_san_count(cf_csr_san(csr)), 0);
    assert_int_equal(cf_csr_key_usage(csr), 0);
    assert_int_equal(cf_csr_n_eku(csr), 0);
    assert_null(cf_csr_template_name(csr));
    assert_null(cf_csr_template_oid(csr));
    assert_null(cf_csr_sid(csr));
}

static void
a_template_goes_by_its_identifier_in_place_of_its_name(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_dn) subject = test_subject("CN=x");
    cf_own(cf_buf) der = NULL;
    cf_own(cf_csr) csr = NULL;
    struct cf_csr_spec spec = {.subject = subject,
                               .template_name = "WebServer",
                               .template_oid = "1.3.6.1.4.1.311.21.8.1234567.16777214.1.2"};

    (void)state;
    assert_ok(cf_csr_build(key, &spec, &der, &err), err);
    assert_ok(cf_csr_parse(cf_buf_bytes(der), &csr, &err), err);
    assert_string_equal(cf_csr_template_oid(csr), spec.template_oid);
    assert_null(cf_csr_template_name(csr));
    der = cf_buf_free(der);
    spec.template_oid = "1.3..6";
    assert_rc(cf_csr_build(key, &spec, &der, &err), CF_E_RANGE);
    assert_contains(err.text, "1.3..6");
}

static void
a_change_at_any_byte_is_found(void **state)
{
    cf_own(cf_buf) der = test_csr(key);
    size_t len = cf_buf_len(der);
    uint8_t *copy = malloc(len + 1);

    (void)state;
    assert_non_null(copy);
    for (size_t i = 0; i < len; i++) {
        struct cf_csr *csr = NULL;
        memcpy(copy, cf_buf_bytes(der).data, len);
        copy[i] ^= 0x04;
        enum cf_rc rc = cf_csr_parse(cf_bytes_of(copy, len), &csr, NULL);
        if (rc == CF_OK)
            fail_msg("byte %zu can be changed", i);
        assert_null(csr);
    }
    free(copy);
}

static void
a_request_cut_or_lengthened_is_refused(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_buf) der = test_csr(key);
    size_t len = cf_buf_len(der);
    uint8_t *copy = calloc(1, CF_CSR_DER_MAX + 1);
    struct cf_csr *csr = NULL;

    (void)state;
    assert_non_null(copy);
    memcpy(copy, cf_buf_bytes(der).data, len);
    for (size_t n = 0; n < len; n++)
        assert_rc(cf_csr_parse(cf_bytes_of(copy, n), &csr, &err), CF_E_ENCODING);
    assert_rc(cf_csr_parse(cf_bytes_of(copy, len + 1), &csr, &err), CF_E_ENCODING);
    assert_rc(cf_csr_parse(cf_bytes_of(copy, CF_CSR_DER_MAX + 1), &csr, &err), CF_E_LIMIT);
    assert_null(csr);
    free(copy);
}

/* ---- requests that cf_csr_build does not make ---- */

struct odd {
    EVP_PKEY *pkey;
    X509_REQ *req;
};

static struct odd
odd_request(EVP_PKEY *take_pkey)
{
    struct odd odd = {.pkey = take_pkey, .req = X509_REQ_new()};

    assert_non_null(odd.pkey);
    assert_non_null(odd.req);
    assert_true(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(odd.req), "CN", MBSTRING_ASC,
                                           (const unsigned char *)"x", -1, -1, 0));
    assert_true(X509_REQ_set_pubkey(odd.req, odd.pkey));
    return odd;
}

static enum cf_rc
parse_odd(struct odd odd, const EVP_MD *digest, struct cf_err *err)
{
    unsigned char *der = NULL;
    cf_own(cf_csr) csr = NULL;

    assert_true(X509_REQ_sign(odd.req, odd.pkey, digest) > 0);
    int len = i2d_X509_REQ(odd.req, &der);
    assert_true(len > 0);
    enum cf_rc rc = cf_csr_parse(cf_bytes_of(der, (size_t)len), &csr, err);
    OPENSSL_free(der);
    X509_REQ_free(odd.req);
    EVP_PKEY_free(odd.pkey);
    return rc;
}

static void
add_extension(X509_REQ *req, int attribute, const char *name, const char *value, int times)
{
    STACK_OF(X509_EXTENSION) *stack = sk_X509_EXTENSION_new_null();

    for (int i = 0; i < times; i++)
        sk_X509_EXTENSION_push(stack, X509V3_EXT_conf(NULL, NULL, name, value));
    assert_true(X509_REQ_add_extensions_nid(req, stack, attribute));
    sk_X509_EXTENSION_pop_free(stack, X509_EXTENSION_free);
}

static void
a_template_with_its_versions_is_read(void **state)
{
    struct cf_err err = {0};
    struct odd odd = odd_request(EVP_EC_gen("P-256"));

    (void)state;
    add_extension(odd.req, NID_ext_req, "1.3.6.1.4.1.311.21.7", "DER:300B06022A0302016402020309",
                  1);
    assert_ok(parse_odd(odd, EVP_sha256(), &err), err);
}

static void
two_extension_requests_are_refused(void **state)
{
    struct cf_err err = {0};
    struct odd odd = odd_request(EVP_EC_gen("P-256"));

    (void)state;
    add_extension(odd.req, NID_ext_req, "subjectAltName", "DNS:good.example", 1);
    add_extension(odd.req, NID_ms_ext_req, "subjectAltName", "DNS:evil.example", 1);
    assert_rc(parse_odd(odd, EVP_sha256(), &err), CF_E_ENCODING);
    assert_contains(err.text, "extension request");
}

static void
an_extension_present_twice_is_refused(void **state)
{
    struct cf_err err = {0};
    struct odd odd = odd_request(EVP_EC_gen("P-256"));

    (void)state;
    add_extension(odd.req, NID_ext_req, "subjectAltName", "DNS:good.example", 2);
    assert_rc(parse_odd(odd, EVP_sha256(), &err), CF_E_ENCODING);
    assert_contains(err.text, "subject alternative name");
}

static void
two_security_identifiers_are_refused(void **state)
{
    struct cf_err err = {0};
    struct odd odd = odd_request(EVP_EC_gen("P-256"));

    (void)state;
    add_extension(odd.req, NID_ext_req, "1.3.6.1.4.1.311.25.2",
                  "DER:301aa018060a2b060104018237190201a00a0408532d312d352d3138", 2);
    assert_rc(parse_odd(odd, EVP_sha256(), &err), CF_E_ENCODING);
    assert_contains(err.text, "security identifier extension present twice");
}

static void
an_extension_that_cannot_be_decoded_is_named(void **state)
{
    static const char *const CASES[][3] = {
        {"2.5.29.15", "DER:0500", "key usage"},
        {"2.5.29.15", "DER:0302078000", "key usage"},
        {"2.5.29.17", "DER:3003820261", "alternative names"},
        {"2.5.29.19", "DER:300301", "basic constraints"},
        {"2.5.29.37", "DER:06022A03", "extended key usage"},
        {"1.3.6.1.4.1.311.20.2", "DER:1E0100", "template name"},
        {"1.3.6.1.4.1.311.20.2", "DER:0500", "template name"},
        {"1.3.6.1.4.1.311.21.7", "DER:06022A03", "certificate template"},
        {"1.3.6.1.4.1.311.21.7", "DER:3000", "certificate template"},
        {"1.3.6.1.4.1.311.21.7", "DER:3003020101", "certificate template"},
        {"1.3.6.1.4.1.311.21.7", "DER:300706022A03040101", "certificate template"},
        {"1.3.6.1.4.1.311.21.7", "DER:300D06022A03020101020101020101", "certificate template"},
        {"1.3.6.1.4.1.311.21.7", "DER:300406022A0300", "certificate template"},
        {"1.3.6.1.4.1.311.25.2", "DER:0500", "security identifier"},
        {"1.3.6.1.4.1.311.25.2", "DER:3000", "security identifier"},
        {"1.3.6.1.4.1.311.25.2", "DER:3014a012060a2b060104018237190201a0040402532d",
         "security identifier"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_err err = {0};
        struct odd odd = odd_request(EVP_EC_gen("P-256"));
        add_extension(odd.req, NID_ext_req, CASES[i][0], CASES[i][1], 1);
        assert_rc(parse_odd(odd, EVP_sha256(), &err), CF_E_ENCODING);
        assert_contains(err.text, CASES[i][2]);
    }
}

static void
keys_that_are_neither_rsa_nor_ec_are_unsupported(void **state)
{
    struct cf_err err = {0};

    (void)state;
    assert_rc(parse_odd(odd_request(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")), NULL, &err),
              CF_E_UNSUPPORTED);
}

/* To verify on it could take as long as its sender likes. */
static void
a_key_on_a_curve_of_its_own_is_refused(void **state)
{
    struct cf_err err = {0};
    EVP_PKEY *pkey = EVP_EC_gen("P-256");

    (void)state;
    assert_int_equal(EVP_PKEY_set_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_ENCODING, "explicit"),
                     1);
    assert_rc(parse_odd(odd_request(pkey), NULL, &err), CF_E_UNSUPPORTED);
    assert_contains(err.text, "curve of its own");
}

static void
an_rsa_request_tells_its_size(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_key) rsa = NULL;
    cf_own(cf_csr) csr = NULL;
    bool is_rsa = false;

    (void)state;
    assert_ok(cf_key_generate(CF_KEY_RSA_2048, &rsa, &err), err);
    cf_own(cf_buf) der = test_csr(rsa);
    assert_ok(cf_csr_parse(cf_buf_bytes(der), &csr, &err), err);
    assert_int_equal(cf_csr_key_bits(csr, &is_rsa), 2048);
    assert_true(is_rsa);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_read_as_it_was_built),
        cmocka_unit_test(a_request_without_extensions_has_none),
        cmocka_unit_test(a_template_goes_by_its_identifier_in_place_of_its_name),
        cmocka_unit_test(a_template_with_its_versions_is_read),
        cmocka_unit_test(a_change_at_any_byte_is_found),
        cmocka_unit_test(a_request_cut_or_lengthened_is_refused),
        cmocka_unit_test(two_extension_requests_are_refused),
        cmocka_unit_test(an_extension_present_twice_is_refused),
        cmocka_unit_test(two_security_identifiers_are_refused),
        cmocka_unit_test(an_extension_that_cannot_be_decoded_is_named),
        cmocka_unit_test(keys_that_are_neither_rsa_nor_ec_are_unsupported),
        cmocka_unit_test(a_key_on_a_curve_of_its_own_is_refused),
        cmocka_unit_test(an_rsa_request_tells_its_size),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
