/* SPDX-License-Identifier: Apache-2.0 */
/* test_scep_parse - what devices write is read, whoever wrote it and how. */
#include <string.h>

#include "scep_kit.h"

static void
everything_it_says_is_read(void **state)
{
    int64_t at_ms = 0;
    cf_own(cf_scep_message) message =
        kit_parsed(&(struct kit_spec){.type = CF_SCEP_RENEWAL_REQ,
                                      .transaction = "SSCEP transactionId=+/",
                                      .md = EVP_sha512(),
                                      .cipher = EVP_aes_256_cbc(),
                                      .signed_at_s = LAB_NOW_MS / 1000});
    cf_own(cf_buf) device = lab_to_der(kit_device());

    (void)state;
    assert_int_equal(cf_scep_message_type(message), CF_SCEP_RENEWAL_REQ);
    assert_string_equal(cf_scep_message_transaction(message), "SSCEP transactionId=+/");
    assert_int_equal(cf_scep_message_sender_nonce(message).len, 16);
    assert_int_equal(cf_scep_message_digest(message), CF_SCEP_SHA512);
    assert_int_equal(cf_scep_message_cipher(message), CF_SCEP_AES256);
    assert_int_equal(cf_scep_message_transport(message), CF_SCEP_PKCS1);
    assert_true(cf_scep_message_signing_time(message, &at_ms));
    assert_int_equal(at_ms, LAB_NOW_MS);
    assert_true(cf_bytes_equal(cf_scep_message_signer(message), cf_buf_bytes(device)));
    assert_true(cf_scep_message_signer_is_rsa(message));
    assert_int_equal(cf_scep_message_signer_bits(message), 2048);
    assert_contains(cf_scep_message_recipients(message), "CN=Kit CA / ");

    unsigned char *spki = NULL;
    int len = i2d_PUBKEY(lab_key("RSA"), &spki);
    assert_true(
        cf_bytes_equal(cf_scep_message_signer_spki(message), cf_bytes_of(spki, (size_t)len)));
    OPENSSL_free(spki);
}

static void
names_are_those_of_the_protocol(void **state)
{
    (void)state;
    assert_string_equal(cf_scep_message_type_name(CF_SCEP_PKCS_REQ), "PKCSReq");
    assert_string_equal(cf_scep_message_type_name(CF_SCEP_GET_CRL), "GetCRL");
    assert_null(cf_scep_message_type_name((enum cf_scep_message_type)4));
    assert_string_equal(cf_scep_fail_info_name(CF_SCEP_BAD_CERT_ID), "badCertId");
    assert_string_equal(cf_scep_digest_name(CF_SCEP_SHA256), "SHA-256");
    assert_string_equal(cf_scep_cipher_name(CF_SCEP_DES3), "DES-EDE3-CBC");
    assert_string_equal(cf_scep_cipher_name(CF_SCEP_CIPHER_OTHER), "another cipher");
}

static void
ber_is_read_as_the_der_it_stands_for(void **state)
{
    struct cf_err err;
    enum cf_scep_fail_info fail_info;

    (void)state;
    for (int is_streamed = 0; is_streamed <= 1; is_streamed++) {
        cf_own(cf_buf) der = kit_message(&(struct kit_spec){.is_streamed = is_streamed == 1});
        cf_own(cf_buf) ber = kit_to_ber(cf_buf_bytes(der));
        cf_own(cf_scep_message) message = kit_parse(cf_buf_bytes(ber));
        cf_own(cf_secret) content = NULL;

        assert_memory_equal(cf_buf_bytes(ber).data, "\x30\x80\x06\x09", 4);
        assert_ok(cf_scep_message_check(message, &fail_info, &err), err);
        assert_ok(cf_scep_message_open(message, kit_ras(), KIT_RAS, &content, &err), err);
        assert_string_equal(cf_secret_data(content), KIT_CONTENT);
    }
}

/* The certificate in it stays as the device made it, to the byte. */
static void
ber_around_a_certificate_does_not_change_it(void **state)
{
    cf_own(cf_buf) device = lab_to_der(kit_device());
    cf_own(cf_buf) der = kit_message(&(struct kit_spec){0});
    cf_own(cf_buf) ber = kit_to_ber(cf_buf_bytes(der));
    cf_own(cf_scep_message) message = kit_parse(cf_buf_bytes(ber));

    (void)state;
    assert_true(cf_bytes_equal(cf_scep_message_signer(message), cf_buf_bytes(device)));
}

static void
an_envelope_may_be_in_ber_inside_der(void **state)
{
    struct cf_err err;
    cf_own(cf_secret) content = NULL;
    cf_own(cf_scep_message) message = kit_parsed(&(struct kit_spec){.is_streamed = true});

    (void)state;
    assert_ok(cf_scep_message_open(message, kit_ras(), KIT_RAS, &content, &err), err);
    assert_string_equal(cf_secret_data(content), KIT_CONTENT);
}

static void
signers_and_recipients_are_found_by_key_identifier_too(void **state)
{
    static const struct lab_extension with_key_id[] = {{"subjectKeyIdentifier", "hash"},
                                                       {NULL, NULL}};
    struct cf_err err;
    enum cf_scep_fail_info fail_info;
    cf_own(cf_secret) content = NULL;
    X509 *device = lab_x509(
        &(struct lab_spec){.cn = "ski", .pkey = lab_key("RSA"), .extensions = with_key_id});
    cf_own(cf_scep_message) message = kit_parsed(&(struct kit_spec){
        .signer = device, .signer_by_key_id = true, .recipient_by_key_id = true});

    (void)state;
    assert_ok(cf_scep_message_check(message, &fail_info, &err), err);
    assert_contains(cf_scep_message_recipients(message), "key identifier ");
    assert_ok(cf_scep_message_open(message, kit_ras(), KIT_RAS, &content, &err), err);
    X509_free(device);
}

/* 33 octets of serial number, times as nobody should write them, a critical key identifier. */
static void
odd_certificates_sign_as_well_as_others(void **state)
{
    struct cf_err err;
    enum cf_scep_fail_info fail_info;
    X509 *x509 = lab_x509(&(struct lab_spec){.cn = "odd", .pkey = lab_key("RSA")});
    BIGNUM *number = BN_new();

    (void)state;
    assert_int_equal(BN_set_bit(number, 263), 1);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509));
    BN_free(number);
    assert_int_equal(ASN1_GENERALIZEDTIME_set_string(X509_getm_notBefore(x509), "20260101000000Z"),
                     1);
    assert_int_equal(ASN1_GENERALIZEDTIME_set_string(X509_getm_notAfter(x509), "19700101000000Z"),
                     1);
    X509V3_CTX context;
    X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_nconf(NULL, &context, "subjectKeyIdentifier", "hash");
    X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
    extension = X509V3_EXT_nconf(NULL, &context, "authorityKeyIdentifier", "keyid:always");
    X509_EXTENSION_set_critical(extension, 1);
    X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
    assert_true(X509_sign(x509, lab_key("RSA"), EVP_sha1()) > 0);

    cf_own(cf_scep_message) message = kit_parsed(&(struct kit_spec){.signer = x509});
    assert_ok(cf_scep_message_check(message, &fail_info, &err), err);
    cf_own(cf_buf) der = lab_to_der(x509);
    assert_true(cf_bytes_equal(cf_scep_message_signer(message), cf_buf_bytes(der)));
    X509_free(x509);
}

static void
transactions_are_texts_of_any_type(void **state)
{
    static const int types[] = {V_ASN1_PRINTABLESTRING, V_ASN1_UTF8STRING, V_ASN1_IA5STRING};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(types); i++) {
        cf_own(cf_scep_message) message =
            kit_parsed(&(struct kit_spec){.transaction = "b64+/==", .transaction_type = types[i]});
        assert_string_equal(cf_scep_message_transaction(message), "b64+/==");
    }
    char longest[CF_SCEP_TRANSACTION_MAX + 2];
    struct cf_scep_message *none = NULL;
    struct cf_err err;
    memset(longest, 'a', sizeof longest);
    longest[CF_SCEP_TRANSACTION_MAX] = '\0';
    cf_own(cf_scep_message) message = kit_parsed(&(struct kit_spec){.transaction = longest});
    assert_string_equal(cf_scep_message_transaction(message), longest);
    longest[CF_SCEP_TRANSACTION_MAX] = 'a';
    longest[CF_SCEP_TRANSACTION_MAX + 1] = '\0';
    cf_own(cf_buf) der = kit_message(&(struct kit_spec){.transaction = longest});
    assert_int_equal(cf_scep_message_parse(cf_buf_bytes(der), &none, &err), CF_E_LIMIT);
    assert_null(none);
}

static void
what_cannot_be_answered_is_not_parsed(void **state)
{
    static const struct kit_spec specs[] = {
        {.transaction = ""},
        {.transaction = "a\nb"},
        {.transaction = "a\xff"},
        {.transaction = "4711", .transaction_type = V_ASN1_OCTET_STRING},
        {.type = -1},
    };
    static const char *const parts[] = {"transactionID", "printable", "printable", "not a text",
                                        "messageType"};
    struct cf_err err;

    (void)state;
    for (size_t i = 0; i < CF_COUNT(specs); i++) {
        struct cf_scep_message *none = NULL;
        cf_own(cf_buf) der = kit_message(&specs[i]);
        assert_int_equal(cf_scep_message_parse(cf_buf_bytes(der), &none, &err), CF_E_ENCODING);
        assert_contains(err.text, parts[i]);
        assert_null(none);
    }
}

static void
what_is_no_message_is_refused(void **state)
{
    static const char *const texts[] = {"", "x", "\x30\x80", "\x30\x03\x02\x01\x01",
                                        "<html>not found</html>"};
    struct cf_err err;
    struct cf_scep_message *none = NULL;
    cf_own(cf_buf) der = kit_message(&(struct kit_spec){0});

    (void)state;
    for (size_t i = 0; i < CF_COUNT(texts); i++)
        assert_int_equal(
            cf_scep_message_parse(cf_bytes_of(texts[i], strlen(texts[i])), &none, &err),
            CF_E_ENCODING);
    /* Something behind it. */
    cf_own(cf_buf) longer = cf_buf_new(cf_buf_len(der) + 1);
    assert_ok(cf_buf_append(longer, cf_buf_bytes(der).data, cf_buf_len(der), &err), err);
    assert_ok(cf_buf_append(longer, "x", 1, &err), err);
    assert_int_equal(cf_scep_message_parse(cf_buf_bytes(longer), &none, &err), CF_E_ENCODING);
    assert_contains(err.text, "follow");
}

static void
sizes_and_depths_are_limited(void **state)
{
    static uint8_t large[CF_SCEP_MESSAGE_MAX + 1];
    static uint8_t deep[64 * 1024];
    struct cf_err err;
    struct cf_scep_message *none = NULL;

    (void)state;
    assert_int_equal(cf_scep_message_parse(cf_bytes_of(large, sizeof large), &none, &err),
                     CF_E_LIMIT);
    for (size_t i = 0; i < sizeof deep; i += 2)
        memcpy(deep + i, "\x30\x80", 2);
    assert_int_equal(cf_scep_message_parse(cf_bytes_of(deep, sizeof deep), &none, &err),
                     CF_E_LIMIT);
    assert_contains(err.text, "nested");
}

static void
content_that_is_no_envelope_can_be_answered(void **state)
{
    static const char *const contents[] = {"hello", "\x30\x80", "\x30\x03\x02\x01\x01"};
    struct cf_err err;
    enum cf_scep_fail_info fail_info = CF_SCEP_BAD_TIME;
    struct cf_secret *none = NULL;

    (void)state;
    for (size_t i = 0; i < CF_COUNT(contents); i++) {
        cf_own(cf_scep_message) message = kit_parsed(
            &(struct kit_spec){.envelope = cf_bytes_of(contents[i], strlen(contents[i]))});
        assert_int_equal(cf_scep_message_check(message, &fail_info, &err), CF_E_FIELD);
        assert_int_equal(fail_info, CF_SCEP_BAD_REQUEST);
        assert_contains(err.text, "EnvelopedData");
        assert_int_equal(cf_scep_message_open(message, kit_ras(), KIT_RAS, &none, &err),
                         CF_E_NOT_FOUND);
        assert_string_equal(cf_scep_message_recipients(message), "");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_it_says_is_read),
        cmocka_unit_test(names_are_those_of_the_protocol),
        cmocka_unit_test(ber_is_read_as_the_der_it_stands_for),
        cmocka_unit_test(ber_around_a_certificate_does_not_change_it),
        cmocka_unit_test(an_envelope_may_be_in_ber_inside_der),
        cmocka_unit_test(signers_and_recipients_are_found_by_key_identifier_too),
        cmocka_unit_test(odd_certificates_sign_as_well_as_others),
        cmocka_unit_test(transactions_are_texts_of_any_type),
        cmocka_unit_test(what_cannot_be_answered_is_not_parsed),
        cmocka_unit_test(what_is_no_message_is_refused),
        cmocka_unit_test(sizes_and_depths_are_limited),
        cmocka_unit_test(content_that_is_no_envelope_can_be_answered),
    };
    return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
