/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cert_lab.h"

static const char TYPE[] = "tls-server-end-point:";

static struct cf_buf *
der_signed_with(const EVP_MD *digest)
{
    X509 *x509 =
        lab_x509(&(struct lab_spec){.cn = "ces.example", .pkey = lab_key("RSA"), .md = digest});
    struct cf_buf *der = lab_to_der(x509);

    X509_free(x509);
    return der;
}

static void
assert_bound_by(const EVP_MD *signed_with, const EVP_MD *hashed_with)
{
    cf_own(cf_buf) der = der_signed_with(signed_with);
    cf_own(cf_buf) binding = NULL;
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    assert_int_equal(cf_cert_endpoint_binding(cf_buf_bytes(der), &binding, NULL), CF_OK);
    assert_int_equal(
        EVP_Digest(cf_buf_bytes(der).data, cf_buf_len(der), hash, &len, hashed_with, NULL), 1);
    assert_int_equal(cf_buf_len(binding), sizeof TYPE - 1 + len);
    assert_memory_equal(cf_buf_bytes(binding).data, TYPE, sizeof TYPE - 1);
    assert_memory_equal(cf_buf_bytes(binding).data + sizeof TYPE - 1, hash, len);
}

static void
a_server_is_named_by_the_hash_of_its_certificates_signature(void **state)
{
    (void)state;
    assert_bound_by(EVP_sha256(), EVP_sha256());
    assert_bound_by(EVP_sha384(), EVP_sha384());
    assert_bound_by(EVP_sha512(), EVP_sha512());
}

static void
a_weak_hash_gives_way_to_sha256(void **state)
{
    (void)state;
    assert_bound_by(EVP_sha1(), EVP_sha256());
}

static void
what_is_no_certificate_names_nobody(void **state)
{
    cf_own(cf_buf) der = der_signed_with(EVP_sha256());
    struct cf_bytes bytes = cf_buf_bytes(der);
    struct cf_buf *binding = NULL;
    uint8_t more[4096] = {0};

    (void)state;
    assert_true(bytes.len < sizeof more);
    memcpy(more, bytes.data, bytes.len);
    assert_int_equal(cf_cert_endpoint_binding(cf_bytes_of(more, bytes.len + 1), &binding, NULL),
                     CF_E_ENCODING);
    assert_int_equal(cf_cert_endpoint_binding(cf_bytes_of(more, bytes.len - 1), &binding, NULL),
                     CF_E_ENCODING);
    assert_int_equal(cf_cert_endpoint_binding(cf_bytes_of("", 0), &binding, NULL), CF_E_ENCODING);
    assert_null(binding);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_is_named_by_the_hash_of_its_certificates_signature),
        cmocka_unit_test(a_weak_hash_gives_way_to_sha256),
        cmocka_unit_test(what_is_no_certificate_names_nobody),
    };
    return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
