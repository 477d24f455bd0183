/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of devices: what is read from them besides names. */
#include "csr_test.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static EVP_PKEY *ec_key;
static EVP_PKEY *rsa_key;

static int
setup(void **state)
{
    if (pki_setup(state))
        return -1;
    ec_key = EVP_EC_gen("P-256");
    rsa_key = EVP_RSA_gen(2048);
    return ec_key && rsa_key ? 0 : -1;
}

static int
teardown(void **state)
{
    EVP_PKEY_free(ec_key);
    EVP_PKEY_free(rsa_key);
    return pki_teardown(state);
}

static X509_REQ *
new_request(EVP_PKEY *key)
{
    X509_REQ *req = X509_REQ_new();

    assert_non_null(req);
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(req), "CN", MBSTRING_UTF8,
                                                (const unsigned char *)"pc1", -1, -1, 0),
                     1);
    assert_int_equal(X509_REQ_set_pubkey(req, key), 1);
    return req;
}

static void
add_challenge(X509_REQ *req, int type, const void *data, int len)
{
    assert_int_equal(X509_REQ_add1_attr_by_NID(req, NID_pkcs9_challengePassword, type, data, len),
                     1);
}

static enum cf_rc
sign_and_parse(X509_REQ *take_req, EVP_PKEY *key, const EVP_MD *md, struct cf_csr **ret_csr,
               struct cf_err *err)
{
    unsigned char *der = NULL;

    assert_true(X509_REQ_sign(take_req, key, md) > 0);
    int len = i2d_X509_REQ(take_req, &der);
    assert_true(len > 0);
    enum cf_rc rc = cf_csr_parse(cf_bytes_of(der, (size_t)len), ret_csr, err);
    OPENSSL_free(der);
    X509_REQ_free(take_req);
    return rc;
}

static void
assert_challenge(const struct cf_csr *csr, const char *text)
{
    const struct cf_secret *challenge = cf_csr_challenge(csr);

    assert_non_null(challenge);
    assert_int_equal(cf_secret_len(challenge), strlen(text));
    assert_memory_equal(cf_secret_data(challenge), text, strlen(text));
}

static void
a_challenge_is_read_from_any_string_type(void **state)
{
    static const struct {
        int type;
        const char *bytes;
        int len;
        const char *text;
    } rows[] = {
        {V_ASN1_PRINTABLESTRING, "abc", 3, "abc"},
        {V_ASN1_IA5STRING, "a@c", 3, "a@c"},
        {V_ASN1_UTF8STRING,
         "Stra\xc3\x9f"
         "e",
         7,
         "Stra\xc3\x9f"
         "e"},
        {V_ASN1_T61STRING, "\xe4", 1, "\xc3\xa4"},
        {V_ASN1_BMPSTRING, "\0a\0b", 4, "ab"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(rows); i++) {
        struct cf_err err = {0};
        cf_own(cf_csr) csr = NULL;
        X509_REQ *req = new_request(ec_key);

        add_challenge(req, rows[i].type, rows[i].bytes, rows[i].len);
        assert_ok(sign_and_parse(req, ec_key, EVP_sha256(), &csr, &err), err);
        assert_challenge(csr, rows[i].text);
    }
}

static void
a_long_challenge_is_read_and_a_longer_one_refused(void **state)
{
    static char text[CF_CSR_CHALLENGE_MAX + 2];
    struct cf_err err = {0};
    cf_own(cf_csr) csr = NULL;
    cf_own(cf_csr) other = NULL;

    (void)state;
    memset(text, 'A', CF_CSR_CHALLENGE_MAX + 1);
    X509_REQ *req = new_request(ec_key);
    add_challenge(req, V_ASN1_UTF8STRING, text, CF_CSR_CHALLENGE_MAX);
    assert_ok(sign_and_parse(req, ec_key, EVP_sha256(), &csr, &err), err);
    assert_int_equal(cf_secret_len(cf_csr_challenge(csr)), CF_CSR_CHALLENGE_MAX);

    req = new_request(ec_key);
    add_challenge(req, V_ASN1_UTF8STRING, text, CF_CSR_CHALLENGE_MAX + 1);
    assert_int_equal(sign_and_parse(req, ec_key, EVP_sha256(), &other, &err), CF_E_ENCODING);
}

static void
an_empty_challenge_is_none(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_csr) csr = NULL;
    cf_own(cf_csr) other = NULL;
    X509_REQ *req = new_request(ec_key);

    (void)state;
    add_challenge(req, V_ASN1_UTF8STRING, "", 0);
    assert_ok(sign_and_parse(req, ec_key, EVP_sha256(), &csr, &err), err);
    assert_null(cf_csr_challenge(csr));
    assert_ok(sign_and_parse(new_request(ec_key), ec_key, EVP_sha256(), &other, &err), err);
    assert_null(cf_csr_challenge(other));
}

static void
two_challenges_are_refused(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_csr) csr = NULL;
    X509_REQ *req = new_request(ec_key);

    (void)state;
    X509_ATTRIBUTE *attribute = X509_ATTRIBUTE_create_by_NID(NULL, NID_pkcs9_challengePassword,
                                                             V_ASN1_UTF8STRING, "one", 3);
    assert_non_null(attribute);
    assert_int_equal(X509_ATTRIBUTE_set1_data(attribute, V_ASN1_UTF8STRING, "two", 3), 1);
    assert_int_equal(X509_REQ_add1_attr(req, attribute), 1);
    X509_ATTRIBUTE_free(attribute);
    assert_int_equal(sign_and_parse(req, ec_key, EVP_sha256(), &csr, &err), CF_E_ENCODING);
}

static void
a_challenge_that_is_no_text_is_refused(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_csr) csr = NULL;
    cf_own(cf_csr) other = NULL;
    X509_REQ *req = new_request(ec_key);

    (void)state;
    add_challenge(req, V_ASN1_OCTET_STRING, "abc", 3);
    assert_int_equal(sign_and_parse(req, ec_key, EVP_sha256(), &csr, &err), CF_E_ENCODING);
    req = new_request(ec_key);
    add_challenge(req, V_ASN1_UTF8STRING, "a\0b", 3);
    assert_int_equal(sign_and_parse(req, ec_key, EVP_sha256(), &other, &err), CF_E_ENCODING);
}

static void
the_hash_of_the_signature_is_told(void **state)
{
    const struct {
        EVP_PKEY *key;
        const EVP_MD *md;
        unsigned sha;
    } rows[] = {
        {rsa_key, EVP_md5(), 0},      {rsa_key, EVP_sha1(), 1},     {rsa_key, EVP_sha224(), 0},
        {rsa_key, EVP_sha256(), 256}, {rsa_key, EVP_sha384(), 384}, {rsa_key, EVP_sha512(), 512},
        {ec_key, EVP_sha1(), 1},      {ec_key, EVP_sha384(), 384},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(rows); i++) {
        struct cf_err err = {0};
        cf_own(cf_csr) csr = NULL;

        assert_ok(sign_and_parse(new_request(rows[i].key), rows[i].key, rows[i].md, &csr, &err),
                  err);
        assert_int_equal(cf_csr_signature_sha(csr), rows[i].sha);
    }
}

static void
the_hash_of_a_pss_signature_is_told(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_csr) csr = NULL;
    X509_REQ *req = new_request(rsa_key);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_ctx = NULL;
    unsigned char *der = NULL;

    (void)state;
    assert_int_equal(EVP_DigestSignInit(ctx, &key_ctx, EVP_sha384(), NULL, rsa_key), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(key_ctx, RSA_PKCS1_PSS_PADDING), 1);
    assert_true(X509_REQ_sign_ctx(req, ctx) > 0);
    int len = i2d_X509_REQ(req, &der);
    assert_ok(cf_csr_parse(cf_bytes_of(der, (size_t)len), &csr, &err), err);
    assert_int_equal(cf_csr_signature_sha(csr), 384);
    OPENSSL_free(der);
    EVP_MD_CTX_free(ctx);
    X509_REQ_free(req);
}

static X509_REQ *
new_request_with(int nid, const char *value)
{
    X509_REQ *req = new_request(ec_key);
    X509V3_CTX ctx;
    STACK_OF(X509_EXTENSION) *stack = NULL;

    X509V3_set_ctx_nodb(&ctx);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(extension);
    assert_non_null(X509v3_add_ext(&stack, extension, -1));
    assert_int_equal(X509_REQ_add_extensions(req, stack), 1);
    sk_X509_EXTENSION_pop_free(stack, X509_EXTENSION_free);
    X509_EXTENSION_free(extension);
    return req;
}

static void
what_cannot_be_told_is_refused(void **state)
{
    static const struct {
        int nid;
        const char *value;
        enum cf_rc rc;
    } rows[] = {
        {NID_subject_alt_name, "DNS:pc1.example.com", CF_OK},
        {NID_subject_alt_name, "DNS:pc1.example.com,IP:192.0.2.1", CF_E_POLICY},
        {NID_subject_alt_name, "RID:1.2.3", CF_E_POLICY},
        {NID_basic_constraints, "CA:FALSE", CF_OK},
        {NID_basic_constraints, "critical,CA:TRUE", CF_E_POLICY},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(rows); i++) {
        struct cf_err err = {0};
        cf_own(cf_csr) csr = NULL;

        assert_ok(sign_and_parse(new_request_with(rows[i].nid, rows[i].value), ec_key, EVP_sha256(),
                                 &csr, &err),
                  err);
        assert_int_equal(cf_csr_check_plain(csr, &err), rows[i].rc);
    }
}

static void
application_policies_have_to_be_the_usages(void **state)
{
    /* certificatePolicies syntax: { clientAuth } */
    static const unsigned char DER[] = {0x30, 0x0c, 0x30, 0x0a, 0x06, 0x08, 0x2b,
                                        0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02};
    static const char *const usages[] = {NULL, "clientAuth", "serverAuth", "clientAuth,serverAuth"};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(usages); i++) {
        struct cf_err err = {0};
        cf_own(cf_csr) csr = NULL;
        X509_REQ *req = new_request(ec_key);
        STACK_OF(X509_EXTENSION) *stack = NULL;
        ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.4.1.311.21.10", 1);
        ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();

        assert_int_equal(ASN1_OCTET_STRING_set(value, DER, sizeof DER), 1);
        X509_EXTENSION *policies = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
        assert_non_null(X509v3_add_ext(&stack, policies, -1));
        X509_EXTENSION_free(policies);
        if (usages[i]) {
            X509_EXTENSION *eku = X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage, usages[i]);
            assert_non_null(X509v3_add_ext(&stack, eku, -1));
            X509_EXTENSION_free(eku);
        }
        assert_int_equal(X509_REQ_add_extensions(req, stack), 1);
        sk_X509_EXTENSION_pop_free(stack, X509_EXTENSION_free);
        ASN1_OCTET_STRING_free(value);
        ASN1_OBJECT_free(oid);
        assert_ok(sign_and_parse(req, ec_key, EVP_sha256(), &csr, &err), err);
        assert_int_equal(cf_csr_check_plain(csr, &err), i == 1 ? CF_OK : CF_E_POLICY);
    }
}

static void
key_usage_in_either_attribute_is_told_from_none(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_csr) csr = NULL;
    cf_own(cf_csr) other = NULL;
    X509_REQ *req = new_request(ec_key);
    X509_EXTENSION *extension =
        X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, "critical,digitalSignature");
    STACK_OF(X509_EXTENSION) *stack = NULL;

    (void)state;
    assert_non_null(X509v3_add_ext(&stack, extension, -1));
    /* As Windows clients write it. */
    assert_int_equal(X509_REQ_add_extensions_nid(req, stack, NID_ms_ext_req), 1);
    sk_X509_EXTENSION_pop_free(stack, X509_EXTENSION_free);
    X509_EXTENSION_free(extension);
    assert_ok(sign_and_parse(req, ec_key, EVP_sha256(), &csr, &err), err);
    assert_true(cf_csr_has_key_usage(csr));
    assert_int_equal(cf_csr_key_usage(csr), CF_KU_DIGITAL_SIGNATURE);

    assert_ok(sign_and_parse(new_request(ec_key), ec_key, EVP_sha256(), &other, &err), err);
    assert_false(cf_csr_has_key_usage(other));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_challenge_is_read_from_any_string_type),
        cmocka_unit_test(a_long_challenge_is_read_and_a_longer_one_refused),
        cmocka_unit_test(an_empty_challenge_is_none),
        cmocka_unit_test(two_challenges_are_refused),
        cmocka_unit_test(a_challenge_that_is_no_text_is_refused),
        cmocka_unit_test(the_hash_of_the_signature_is_told),
        cmocka_unit_test(the_hash_of_a_pss_signature_is_told),
        cmocka_unit_test(what_cannot_be_told_is_refused),
        cmocka_unit_test(application_policies_have_to_be_the_usages),
        cmocka_unit_test(key_usage_in_either_attribute_is_told_from_none),
    };

    return cmocka_run_group_tests_name("csr_attributes", tests, setup, teardown);
}
