/* SPDX-License-Identifier: Apache-2.0 */
/* test_scep_check - signatures and attributes: what holds, and what is answered when it does not.
 */
#include <string.h>

#include "scep_kit.h"

#define SCEP_OID "2.16.840.1.113733.1.9"

static enum cf_rc
check(const struct cf_scep_message *message, enum cf_scep_fail_info *ret_fail_info,
      struct cf_err *err)
{
    *ret_fail_info = (enum cf_scep_fail_info)99;
    return cf_scep_message_check(message, ret_fail_info, err);
}

static void
signatures_with_each_digest_hold(void **state)
{
    const EVP_MD *digests[] = {EVP_md5(),    EVP_sha1(),   EVP_sha224(),
                               EVP_sha256(), EVP_sha384(), EVP_sha512()};
    struct cf_err err;
    enum cf_scep_fail_info fail_info;

    (void)state;
    for (unsigned i = 0; i < CF_COUNT(digests); i++) {
        cf_own(cf_scep_message) message = kit_parsed(&(struct kit_spec){.md = digests[i]});
        assert_ok(check(message, &fail_info, &err), err);
        assert_int_equal(cf_scep_message_digest(message), i);
    }
}

static X509_ALGOR *
signature_algorithm(CMS_SignerInfo *signer)
{
    X509_ALGOR *algorithm = NULL;
    CMS_SignerInfo_get0_algs(signer, NULL, NULL, NULL, &algorithm);
    return algorithm;
}

static X509_ALGOR *
digest_algorithm(CMS_SignerInfo *signer)
{
    X509_ALGOR *algorithm = NULL;
    CMS_SignerInfo_get0_algs(signer, NULL, NULL, &algorithm, NULL);
    return algorithm;
}

static void
say_sha256_with_rsa(CMS_SignerInfo *signer)
{
    X509_ALGOR_set0(signature_algorithm(signer), OBJ_nid2obj(NID_sha256WithRSAEncryption),
                    V_ASN1_NULL, NULL);
}

static void
leave_parameters_away(CMS_SignerInfo *signer)
{
    X509_ALGOR_set0(signature_algorithm(signer), OBJ_nid2obj(NID_rsaEncryption), V_ASN1_UNDEF,
                    NULL);
    X509_ALGOR_set0(digest_algorithm(signer), OBJ_nid2obj(NID_sha256), V_ASN1_UNDEF, NULL);
}

static void
add_null_parameters(CMS_SignerInfo *signer)
{
    X509_ALGOR_set0(digest_algorithm(signer), OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL);
}

static void
add_attributes_of_others(CMS_SignerInfo *signer)
{
    static const char *const oids[] = {"1.2.840.113549.1.9.52", "1.3.6.1.4.1.311.13.2.2",
                                       SCEP_OID ".8"};

    for (size_t i = 0; i < CF_COUNT(oids); i++) {
        ASN1_OBJECT *object = OBJ_txt2obj(oids[i], 1);
        CMS_signed_add1_attr_by_OBJ(signer, object, V_ASN1_OCTET_STRING, "x", 1);
        ASN1_OBJECT_free(object);
    }
}

static void
the_usual_ways_to_write_it_hold(void **state)
{
    void (*const ways[])(CMS_SignerInfo *) = {say_sha256_with_rsa, leave_parameters_away,
                                              add_null_parameters, add_attributes_of_others};
    struct cf_err err;
    enum cf_scep_fail_info fail_info;

    (void)state;
    for (size_t i = 0; i < CF_COUNT(ways); i++) {
        cf_own(cf_scep_message) message = kit_parsed(&(struct kit_spec){.add = ways[i]});
        assert_ok(check(message, &fail_info, &err), err);
    }
}

static void
ec_keys_sign_too(void **state)
{
    static const char *const curves[] = {"P-256", "P-384", "P-521"};
    const EVP_MD *digests[] = {EVP_sha256(), EVP_sha384(), EVP_sha512()};
    struct cf_err err;
    enum cf_scep_fail_info fail_info;

    (void)state;
    for (size_t i = 0; i < CF_COUNT(curves); i++) {
        EVP_PKEY *pkey = lab_key(curves[i]);
        X509 *x509 = lab_x509(&(struct lab_spec){.cn = "ec", .pkey = pkey});
        cf_own(cf_scep_message) message =
            kit_parsed(&(struct kit_spec){.signer = x509, .signer_key = pkey, .md = digests[i]});
        assert_ok(check(message, &fail_info, &err), err);
        assert_false(cf_scep_message_signer_is_rsa(message));
        X509_free(x509);
    }
}

static void
keys_that_take_long_to_verify_with_are_refused(void **state)
{
    (void)state;
    for (int is_rsa = 0; is_rsa <= 1; is_rsa++) {
        struct cf_err err;
        enum cf_scep_fail_info fail_info;
        EVP_PKEY *pkey = lab_slow_key(is_rsa);
        X509 *x509 = lab_x509(&(struct lab_spec){.cn = "slow", .pkey = pkey});
        cf_own(cf_scep_message) message =
            kit_parsed(&(struct kit_spec){.signer = x509, .signer_key = pkey});
        assert_int_equal(check(message, &fail_info, &err), is_rsa ? CF_E_LIMIT : CF_E_UNSUPPORTED);
        assert_int_equal(fail_info, CF_SCEP_BAD_ALG);
        assert_contains(err.text, "SCEP message: its signer: a public key ");
        X509_free(x509);
        EVP_PKEY_free(pkey);
    }
}

static void
say_pss(CMS_SignerInfo *signer)
{
    X509_ALGOR_set0(signature_algorithm(signer), OBJ_nid2obj(NID_rsassaPss), V_ASN1_UNDEF, NULL);
}

static void
say_other_digest_in_signature(CMS_SignerInfo *signer)
{
    X509_ALGOR_set0(signature_algorithm(signer), OBJ_nid2obj(NID_sha1WithRSAEncryption),
                    V_ASN1_NULL, NULL);
}

static void
say_unknown_signature(CMS_SignerInfo *signer)
{
    X509_ALGOR_set0(signature_algorithm(signer), OBJ_txt2obj("2.16.840.1.101.3.4.3.17", 1),
                    V_ASN1_UNDEF, NULL);
}

static void
say_unknown_digest(CMS_SignerInfo *signer)
{
    X509_ALGOR_set0(digest_algorithm(signer), OBJ_txt2obj("1.2.3.4", 1), V_ASN1_UNDEF, NULL);
}

static void
say_ripemd(CMS_SignerInfo *signer)
{
    X509_ALGOR_set0(digest_algorithm(signer), OBJ_nid2obj(NID_ripemd160), V_ASN1_UNDEF, NULL);
}

static void
algorithms_that_cannot_be_verified_are_bad_alg(void **state)
{
    void (*const ways[])(CMS_SignerInfo *) = {say_pss, say_other_digest_in_signature,
                                              say_unknown_signature, say_unknown_digest,
                                              say_ripemd};
    struct cf_err err;
    enum cf_scep_fail_info fail_info;

    (void)state;
    for (size_t i = 0; i < CF_COUNT(ways); i++) {
        cf_own(cf_scep_message) message = kit_parsed(&(struct kit_spec){.add = ways[i]});
        assert_int_equal(check(message, &fail_info, &err), CF_E_UNSUPPORTED);
        assert_int_equal(fail_info, CF_SCEP_BAD_ALG);
    }
}

/* An algorithm that nobody knows yet, in the certificate. */
static void
keys_of_another_kind_are_bad_alg(void **state)
{
    static const uint8_t rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
                                  0x01, 0x01, 0x05, 0x00, 0x03, 0x82};
    uint8_t bytes[16 * 1024];
    struct cf_err err;
    enum cf_scep_fail_info fail_info;
    cf_own(cf_buf) der = kit_message(&(struct kit_spec){0});
    size_t len = cf_buf_len(der);

    (void)state;
    assert_true(len <= sizeof bytes);
    memcpy(bytes, cf_buf_bytes(der).data, len);
    uint8_t *at = memmem(bytes, len, rsa, sizeof rsa);
    assert_non_null(at);
    at[8] = 0x7f;
    cf_own(cf_scep_message) message = kit_parse(cf_bytes_of(bytes, len));
    assert_int_equal(check(message, &fail_info, &err), CF_E_UNSUPPORTED);
    assert_int_equal(fail_info, CF_SCEP_BAD_ALG);
    assert_false(cf_scep_message_signer_is_rsa(message));
    assert_int_equal(cf_scep_message_signer_bits(message), 0);
}

static void
another_keys_signature_is_bad_message_check(void **state)
{
    struct cf_err err;
    enum cf_scep_fail_info fail_info;
    EVP_PKEY *other = lab_fresh_key("RSA", 2048);
    X509 *x509 = lab_x509(&(struct lab_spec){.cn = "thrown away", .pkey = other});
    /* The certificate is replaced by one of the same name and number for the device's key. */
    X509 *replaced = X509_dup(x509);
    X509_set_pubkey(replaced, lab_key("RSA"));
    assert_true(X509_sign(replaced, lab_key("RSA"), EVP_sha256()) > 0);

    (void)state;
    cf_own(cf_buf) der = kit_message(&(struct kit_spec){.signer = x509, .signer_key = other});
    cf_own(cf_buf) from = lab_to_der(x509);
    cf_own(cf_buf) to = lab_to_der(replaced);
    assert_int_equal(cf_buf_len(from), cf_buf_len(to));
    uint8_t bytes[16 * 1024];
    memcpy(bytes, cf_buf_bytes(der).data, cf_buf_len(der));
    uint8_t *at = memmem(bytes, cf_buf_len(der), cf_buf_bytes(from).data, cf_buf_bytes(from).len);
    assert_non_null(at);
    memcpy(at, cf_buf_bytes(to).data, cf_buf_len(to));
    cf_own(cf_scep_message) message = kit_parse(cf_bytes_of(bytes, cf_buf_len(der)));
    assert_int_equal(check(message, &fail_info, &err), CF_E_CRYPTO);
    assert_int_equal(fail_info, CF_SCEP_BAD_MESSAGE_CHECK);
    X509_free(x509);
    X509_free(replaced);
    EVP_PKEY_free(other);
}

static void
add_wrong_digest(CMS_SignerInfo *signer)
{
    uint8_t digest[32] = {1};
    CMS_signed_add1_attr_by_NID(signer, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING, digest,
                                sizeof digest);
}

static void
another_content_is_bad_message_check(void **state)
{
    struct cf_err err;
    enum cf_scep_fail_info fail_info;
    cf_own(cf_scep_message) message = kit_parsed(&(struct kit_spec){.add = add_wrong_digest});

    (void)state;
    assert_int_equal(check(message, &fail_info, &err), CF_E_CRYPTO);
    assert_int_equal(fail_info, CF_SCEP_BAD_MESSAGE_CHECK);
    assert_contains(err.text, "content");
}

static void
add_text(CMS_SignerInfo *signer, const char *oid, int type, const char *text)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    CMS_signed_add1_attr_by_OBJ(signer, object, type, text, (int)strlen(text));
    ASN1_OBJECT_free(object);
}

static void
add_other_transaction(CMS_SignerInfo *signer)
{
    add_text(signer, SCEP_OID ".7", V_ASN1_PRINTABLESTRING, "0815");
}

static void
add_other_type(CMS_SignerInfo *signer)
{
    add_text(signer, SCEP_OID ".2", V_ASN1_PRINTABLESTRING, "17");
}

static void
add_other_nonce(CMS_SignerInfo *signer)
{
    add_text(signer, SCEP_OID ".5", V_ASN1_OCTET_STRING, "0123456789abcdef");
}

static void
add_second_value(CMS_SignerInfo *signer)
{
    ASN1_OBJECT *object = OBJ_txt2obj(SCEP_OID ".5", 1);
    int at = CMS_signed_get_attr_by_OBJ(signer, object, -1);

    X509_ATTRIBUTE_set1_data(CMS_signed_get_attr(signer, at), V_ASN1_OCTET_STRING,
                             "0123456789abcdef", 16);
    ASN1_OBJECT_free(object);
}

static void
add_content_type(CMS_SignerInfo *signer)
{
    CMS_signed_add1_attr_by_NID(signer, NID_pkcs9_contentType, V_ASN1_OBJECT,
                                OBJ_nid2obj(NID_pkcs7_enveloped), -1);
}

static void
add_time_that_is_none(CMS_SignerInfo *signer)
{
    add_text(signer, "1.2.840.113549.1.9.5", V_ASN1_UTCTIME, "991399999999Z");
}

static void
attributes_that_are_no_good_are_bad_request(void **state)
{
    static const struct {
        struct kit_spec spec;
        const char *part;
    } cases[] = {
        {{.nonce_len = SIZE_MAX}, "no senderNonce"},
        {{.nonce_len = CF_SCEP_NONCE_MAX + 1}, "senderNonce"},
        {{.add = add_other_transaction}, "transactionID is there 2 times"},
        {{.add = add_other_type}, "messageType is there 2 times"},
        {{.add = add_other_nonce}, "senderNonce is there 2 times"},
        {{.add = add_second_value}, "senderNonce has more than one value"},
        {{.add = add_content_type}, "contentType"},
        {{.add = add_time_that_is_none}, "signingTime"},
    };
    struct cf_err err;
    enum cf_scep_fail_info fail_info;

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        cf_own(cf_scep_message) message = kit_parsed(&cases[i].spec);
        assert_int_equal(check(message, &fail_info, &err), CF_E_FIELD);
        assert_int_equal(fail_info, CF_SCEP_BAD_REQUEST);
        assert_contains(err.text, cases[i].part);
    }
}

/* The nonce of every length there may be, and no time, are as good as others. */
static void
what_is_optional_may_be_missing(void **state)
{
    static const size_t lens[] = {1, 8, 16, 32, CF_SCEP_NONCE_MAX};
    struct cf_err err;
    enum cf_scep_fail_info fail_info;
    int64_t at_ms;

    (void)state;
    for (size_t i = 0; i < CF_COUNT(lens); i++) {
        cf_own(cf_scep_message) message = kit_parsed(&(struct kit_spec){.nonce_len = lens[i]});
        assert_ok(check(message, &fail_info, &err), err);
        assert_int_equal(cf_scep_message_sender_nonce(message).len, lens[i]);
        assert_false(cf_scep_message_signing_time(message, &at_ms));
    }
}

static void
names_and_numbers_in_requests_are_read(void **state)
{
    static const uint8_t both[] = {0x30, 0x2a, 0x30, 0x0d, 0x31, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55,
                                   0x04, 0x03, 0x0c, 0x02, 'C',  'A',  0x30, 0x19, 0x31, 0x17, 0x30,
                                   0x15, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x0e, 'd',  'e',  'v',
                                   'i',  'c',  'e',  '-',  '1',  '2',  '3',  '4',  '5',  '6',  '7'};
    static const uint8_t serial[] = {0x30, 0x14, 0x30, 0x0d, 0x31, 0x0b, 0x30, 0x09,
                                     0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x02, 'C',
                                     'A',  0x02, 0x03, 0x00, 0x8e, 0xad};
    struct cf_err err;
    struct cf_bytes issuer, subject;
    char number[CF_SERIAL_TEXT_SIZE];

    (void)state;
    assert_ok(
        cf_scep_parse_issuer_and_subject(cf_bytes_of(both, sizeof both), &issuer, &subject, &err),
        err);
    assert_int_equal(issuer.len, 15);
    assert_ptr_equal(issuer.data, both + 2);
    assert_int_equal(subject.len, 27);
    assert_ok(
        cf_scep_parse_issuer_and_serial(cf_bytes_of(serial, sizeof serial), &issuer, number, &err),
        err);
    assert_string_equal(number, "8EAD");
    for (size_t len = 0; len < sizeof both; len++)
        assert_int_equal(
            cf_scep_parse_issuer_and_subject(cf_bytes_of(both, len), &issuer, &subject, &err),
            CF_E_ENCODING);
    for (size_t len = 0; len < sizeof serial; len++)
        assert_int_equal(
            cf_scep_parse_issuer_and_serial(cf_bytes_of(serial, len), &issuer, number, &err),
            CF_E_ENCODING);
    assert_int_equal(
        cf_scep_parse_issuer_and_serial(cf_bytes_of(both, sizeof both), &issuer, number, &err),
        CF_E_ENCODING);
    uint8_t negative[sizeof serial];
    memcpy(negative, serial, sizeof serial);
    negative[19] = 0x80;
    assert_int_equal(cf_scep_parse_issuer_and_serial(cf_bytes_of(negative, sizeof negative),
                                                     &issuer, number, &err),
                     CF_E_ENCODING);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_with_each_digest_hold),
        cmocka_unit_test(the_usual_ways_to_write_it_hold),
        cmocka_unit_test(ec_keys_sign_too),
        cmocka_unit_test(keys_that_take_long_to_verify_with_are_refused),
        cmocka_unit_test(algorithms_that_cannot_be_verified_are_bad_alg),
        cmocka_unit_test(keys_of_another_kind_are_bad_alg),
        cmocka_unit_test(another_keys_signature_is_bad_message_check),
        cmocka_unit_test(another_content_is_bad_message_check),
        cmocka_unit_test(attributes_that_are_no_good_are_bad_request),
        cmocka_unit_test(what_is_optional_may_be_missing),
        cmocka_unit_test(names_and_numbers_in_requests_are_read),
    };
    return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
