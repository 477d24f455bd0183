/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of certificates that devices make, and hashes that only the store's owner can make.
 */
#include "cert_lab.h"

#include <string.h>

#include "certferry/digest.h"

static void
a_sketch_tells_key_thumbprint_and_whether_it_is_its_own(void **state)
{
    X509 *ca =
        lab_x509(&(struct lab_spec){.cn = "ca", .pkey = lab_key("P-256"), .extensions = lab_ca});
    X509 *leaf = lab_x509(&(struct lab_spec){
        .cn = "pc1", .pkey = lab_key("RSA"), .issuer = ca, .issuer_pkey = lab_key("P-256")});
    X509 *const both[] = {ca, leaf};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(both); i++) {
        cf_own(cf_buf) der = lab_to_der(both[i]);
        cf_own(cf_cert) cert = lab_to_cf(both[i]);
        struct cf_cert_sketch sketch = {0};
        struct cf_err err = {0};

        assert_ok(cf_cert_sketch(cf_buf_bytes(der), &sketch, &err), err);
        assert_string_equal(sketch.thumbprint, cf_cert_thumbprint(cert));
        assert_int_equal(sketch.is_self_issued, i == 0);
        assert_true(cf_buf_len(sketch.spki) > 0);
        cf_cert_sketch_done(&sketch);
        assert_null(sketch.spki);
    }
    X509_free(ca);
    X509_free(leaf);
}

static void
odd_serial_numbers_do_not_matter(void **state)
{
    X509 *x509 = lab_x509(&(struct lab_spec){.cn = "pc1", .pkey = lab_key("P-256")});
    BIGNUM *number = BN_new();
    struct cf_cert_sketch sketch = {0};
    cf_own(cf_cert) cert = NULL;
    struct cf_err err = {0};

    (void)state;
    assert_int_equal(BN_set_bit(number, 33 * 8 - 2), 1);
    assert_non_null(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)));
    assert_true(X509_sign(x509, lab_key("P-256"), EVP_sha256()) > 0);
    cf_own(cf_buf) der = lab_to_der(x509);
    assert_int_not_equal(cf_cert_parse(cf_buf_bytes(der), &cert, NULL), CF_OK);
    assert_ok(cf_cert_sketch(cf_buf_bytes(der), &sketch, &err), err);
    cf_cert_sketch_done(&sketch);
    BN_free(number);
    X509_free(x509);
}

static void
what_is_no_certificate_has_no_sketch(void **state)
{
    X509 *x509 = lab_x509(&(struct lab_spec){.cn = "pc1", .pkey = lab_key("P-256")});
    cf_own(cf_buf) der = lab_to_der(x509);
    struct cf_bytes bytes = cf_buf_bytes(der);

    (void)state;
    for (size_t len = 0; len < bytes.len; len += 11) {
        struct cf_cert_sketch sketch = {0};

        assert_int_equal(cf_cert_sketch(cf_bytes_of(bytes.data, len), &sketch, NULL),
                         CF_E_ENCODING);
        assert_null(sketch.spki);
    }
    static uint8_t large[CF_CERT_DER_MAX + 1];
    struct cf_cert_sketch sketch = {0};
    assert_int_equal(cf_cert_sketch(cf_bytes_of(large, sizeof large), &sketch, NULL), CF_E_LIMIT);
    X509_free(x509);
}

static void
a_keyed_hash_depends_on_key_label_and_data(void **state)
{
    static const struct {
        const char *key, *label, *data;
    } rows[] = {
        {"0123456789abcdef0123456789abcdef", "one", "x"},
        {"0123456789abcdef0123456789abcdeF", "one", "x"},
        {"0123456789abcdef0123456789abcdef", "two", "x"},
        {"0123456789abcdef0123456789abcdef", "one", "y"},
    };
    uint8_t digest[CF_COUNT(rows)][CF_SHA256_LEN];
    uint8_t again[CF_SHA256_LEN];
    struct cf_err err = {0};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(rows); i++) {
        cf_own(cf_secret) key = NULL;

        assert_ok(cf_secret_copy(rows[i].key, 32, &key, &err), err);
        assert_ok(
            cf_hmac_derived(key, rows[i].label, cf_bytes_of(rows[i].data, 1), digest[i], &err),
            err);
        assert_ok(cf_hmac_derived(key, rows[i].label, cf_bytes_of(rows[i].data, 1), again, &err),
                  err);
        assert_memory_equal(digest[i], again, sizeof again);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(digest[i], digest[k], sizeof again);
    }
    cf_own(cf_secret) brief = NULL;
    assert_ok(cf_secret_copy("short", 5, &brief, &err), err);
    assert_int_equal(cf_hmac_derived(brief, "one", cf_bytes_of("x", 1), again, &err), CF_E_BUG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sketch_tells_key_thumbprint_and_whether_it_is_its_own),
        cmocka_unit_test(odd_serial_numbers_do_not_matter),
        cmocka_unit_test(what_is_no_certificate_has_no_sketch),
        cmocka_unit_test(a_keyed_hash_depends_on_key_label_and_data),
    };

    return cmocka_run_group_tests_name("cert_sketch", tests, lab_setup, lab_teardown);
}
