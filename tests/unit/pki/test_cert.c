/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cert_lab.h"
#include "certferry/text.h"

static void
facts_are_those_of_the_openssl_command(void **state)
{
    char dir[64], thumbprint[128];
    X509 *x509 = lab_x509(
        &(struct lab_spec){.cn = "device-1", .pkey = lab_key("P-256"), .extensions = lab_device});
    cf_own(cf_cert) cert = lab_to_cf(x509);
    cf_own(cf_buf) pem = lab_pem(&x509, 1);

    (void)state;
    lab_dir(dir);
    lab_write(dir, "c.pem", cf_buf_bytes(pem));
    lab_sh_ok(
        dir, "openssl x509 -in c.pem -noout -serial | sed 's/serial=//' | tr -d '\\n' >serial;"
             "openssl x509 -in c.pem -noout -fingerprint -sha1 | sed 's/.*=//' | tr -d ':\\n' >fp");
    cf_own(cf_buf) serial = lab_read(dir, "serial");
    cf_own(cf_buf) fingerprint = lab_read(dir, "fp");
    lab_remove_dir(dir);
    assert_string_equal(cf_cert_serial(cert), cf_buf_str(serial));
    assert_string_equal(cf_cert_thumbprint(cert), cf_buf_str(fingerprint));

    uint8_t sha256[32];
    cf_cert_sha256(cert, sha256);
    cf_text_hex(cf_bytes_of(sha256, 32), false, thumbprint, sizeof thumbprint);
    assert_int_equal(strlen(thumbprint), 64);
    assert_string_equal(cf_dn_find(cf_cert_subject(cert), "2.5.4.3"), "device-1");
    assert_string_equal(cf_dn_find(cf_cert_issuer(cert), "2.5.4.3"), "device-1");
    assert_int_equal(cf_cert_not_before_ms(cert), LAB_NOW_MS - LAB_DAY_MS);
    assert_int_equal(cf_cert_not_after_ms(cert), LAB_NOW_MS + 365 * LAB_DAY_MS);
    assert_false(cf_cert_is_ca(cert));
    assert_false(cf_cert_key_is_rsa(cert));
    assert_int_equal(cf_cert_key_bits(cert), 256);
    X509_free(x509);
}

static void
a_serial_with_a_high_bit_has_no_sign_octet(void **state)
{
    X509 *x509 = lab_x509(&(struct lab_spec){.cn = "a", .pkey = lab_key("P-256")});
    (void)state;
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), UINT64_C(0x80000000000000ff));
    X509_sign(x509, lab_key("P-256"), EVP_sha256());
    cf_own(cf_cert) cert = lab_to_cf(x509);
    assert_string_equal(cf_cert_serial(cert), "80000000000000FF");
    X509_free(x509);
}

static void
times_after_2049_and_before_1970_are_read(void **state)
{
    cf_own(cf_cert) cert =
        lab_cert(&(struct lab_spec){.cn = "a",
                                    .pkey = lab_key("P-256"),
                                    .not_before_ms = INT64_C(-599616000000),  /* 1951-01-01 */
                                    .not_after_ms = INT64_C(4107542399000)}); /* 2100-02-28 */
    (void)state;
    assert_int_equal(cf_cert_not_before_ms(cert), INT64_C(-599616000000));
    assert_int_equal(cf_cert_not_after_ms(cert), INT64_C(4107542399000));
}

static void
a_negative_serial_is_refused(void **state)
{
    struct cf_cert *cert = NULL;
    struct cf_err err;
    X509 *x509 = lab_x509(&(struct lab_spec){.cn = "a", .pkey = lab_key("P-256")});

    (void)state;
    ASN1_INTEGER_set_int64(X509_get_serialNumber(x509), -5);
    X509_sign(x509, lab_key("P-256"), EVP_sha256());
    cf_own(cf_buf) der = lab_to_der(x509);
    assert_int_equal(cf_cert_parse(cf_buf_bytes(der), &cert, &err), CF_E_ENCODING);
    assert_contains(err.text, "negative");
    assert_null(cert);
    X509_free(x509);
}

static void
bytes_before_the_end_or_after_it_are_refused(void **state)
{
    struct cf_cert *cert = NULL;
    struct cf_err err;
    X509 *x509 = lab_x509(&(struct lab_spec){.cn = "a", .pkey = lab_key("P-256")});
    cf_own(cf_buf) der = lab_to_der(x509);
    struct cf_bytes bytes = cf_buf_bytes(der);
    uint8_t longer[2048];

    (void)state;
    memcpy(longer, bytes.data, bytes.len);
    longer[bytes.len] = 0;
    assert_int_equal(cf_cert_parse(cf_bytes_of(longer, bytes.len + 1), &cert, &err), CF_E_ENCODING);
    assert_contains(err.text, "1 bytes follow");
    for (size_t len = 0; len < bytes.len; len += 7)
        assert_int_equal(cf_cert_parse(cf_bytes_of(bytes.data, len), &cert, &err), CF_E_ENCODING);
    assert_null(cert);
    X509_free(x509);
}

static void
no_flipped_bit_crashes_or_gives_the_same_hash(void **state)
{
    X509 *x509 =
        lab_x509(&(struct lab_spec){.cn = "a", .pkey = lab_key("P-256"), .extensions = lab_ca});
    cf_own(cf_buf) der = lab_to_der(x509);
    struct cf_bytes bytes = cf_buf_bytes(der);
    uint8_t changed[2048];

    (void)state;
    cf_own(cf_cert) original = lab_to_cf(x509);
    for (size_t i = 0; i < bytes.len; i++) {
        cf_own(cf_cert) cert = NULL;
        memcpy(changed, bytes.data, bytes.len);
        changed[i] ^= (uint8_t)(1 << i % 8);
        if (cf_cert_parse(cf_bytes_of(changed, bytes.len), &cert, NULL) == CF_OK)
            assert_string_not_equal(cf_cert_thumbprint(cert), cf_cert_thumbprint(original));
    }
    X509_free(x509);
}

static void
one_that_may_sign_certificates_is_a_ca(void **state)
{
    static const struct lab_extension sneaky[] = {{"keyUsage", "digitalSignature,keyCertSign"},
                                                  {NULL, NULL}};
    cf_own(cf_cert) with_constraints =
        lab_cert(&(struct lab_spec){.cn = "a", .pkey = lab_key("P-256"), .extensions = lab_ca});
    cf_own(cf_cert) with_usage_only =
        lab_cert(&(struct lab_spec){.cn = "a", .pkey = lab_key("P-256"), .extensions = sneaky});
    (void)state;
    assert_true(cf_cert_is_ca(with_constraints));
    assert_true(cf_cert_is_ca(with_usage_only));
}

static void
a_chain_survives_pem_and_der(void **state)
{
    struct cf_err err;
    X509 *two[2] = {
        lab_x509(&(struct lab_spec){.cn = "a", .pkey = lab_key("P-256"), .extensions = lab_ca}),
        lab_x509(&(struct lab_spec){.cn = "b", .pkey = lab_key("P-256"), .extensions = lab_ca})};
    cf_own(cf_chain) chain = lab_chain(two, 2);
    cf_own(cf_buf) pem = NULL;
    cf_own(cf_buf) der = NULL;
    cf_own(cf_chain) from_pem = NULL;
    cf_own(cf_chain) from_der = NULL;

    (void)state;
    assert_ok(cf_chain_pem(chain, &pem, &err), err);
    assert_ok(cf_chain_der(chain, &der, &err), err);
    assert_ok(cf_chain_parse_pem(cf_buf_bytes(pem), &from_pem, &err), err);
    assert_ok(cf_chain_parse_der(cf_buf_bytes(der), &from_der, &err), err);
    cf_own(cf_buf) openssl_pem = lab_pem(two, 2);
    assert_string_equal(cf_buf_str(pem), cf_buf_str(openssl_pem));
    assert_int_equal(cf_chain_count(from_pem), 2);
    assert_int_equal(cf_chain_count(from_der), 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(cf_cert_thumbprint(cf_chain_at(from_pem, i)),
                            cf_cert_thumbprint(cf_chain_at(from_der, i)));
        X509_free(two[i]);
    }
    assert_null(cf_chain_at(from_pem, 2));
}

static void
a_list_that_holds_anything_else_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "hello\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    };
    struct cf_chain *chain = NULL;
    (void)state;
    for (size_t i = 0; i < CF_COUNT(bad); i++)
        assert_int_equal(cf_chain_parse_pem(cf_bytes_of(bad[i], strlen(bad[i])), &chain, NULL),
                         CF_E_ENCODING);
    assert_int_equal(cf_chain_parse_der(cf_bytes_of("\x30\x82\xff\xff\x00", 5), &chain, NULL),
                     CF_E_ENCODING);
    assert_int_equal(cf_chain_parse_der(cf_bytes_of("\x30\x80\x00\x00", 4), &chain, NULL),
                     CF_E_ENCODING);
    assert_int_equal(cf_chain_parse_der(cf_bytes_of("", 0), &chain, NULL), CF_E_ENCODING);
    assert_null(chain);
}

static void
more_certificates_than_a_chain_has_are_refused(void **state)
{
    X509 *x509 = lab_x509(&(struct lab_spec){.cn = "a", .pkey = lab_key("P-256")});
    X509 *many[CF_CERT_CHAIN_MAX + 1];
    struct cf_chain *chain = NULL;

    (void)state;
    for (size_t i = 0; i < CF_COUNT(many); i++)
        many[i] = x509;
    cf_own(cf_buf) pem = lab_pem(many, CF_COUNT(many));
    assert_int_equal(cf_chain_parse_pem(cf_buf_bytes(pem), &chain, NULL), CF_E_LIMIT);
    assert_null(chain);
    X509_free(x509);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_are_those_of_the_openssl_command),
        cmocka_unit_test(a_serial_with_a_high_bit_has_no_sign_octet),
        cmocka_unit_test(times_after_2049_and_before_1970_are_read),
        cmocka_unit_test(a_negative_serial_is_refused),
        cmocka_unit_test(bytes_before_the_end_or_after_it_are_refused),
        cmocka_unit_test(no_flipped_bit_crashes_or_gives_the_same_hash),
        cmocka_unit_test(one_that_may_sign_certificates_is_a_ca),
        cmocka_unit_test(a_chain_survives_pem_and_der),
        cmocka_unit_test(a_list_that_holds_anything_else_is_refused),
        cmocka_unit_test(more_certificates_than_a_chain_has_are_refused),
    };
    return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
