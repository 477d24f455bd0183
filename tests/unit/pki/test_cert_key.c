/* SPDX-License-Identifier: Apache-2.0 */
#include "cert_lab.h"

#include <string.h>

#include <openssl/pem.h>

#include "certferry/secret.h"

static enum cf_rc
check_text(const struct cf_cert *cert, const char *text, struct cf_err *err)
{
    cf_own(cf_secret) pem = NULL;

    assert_ok(cf_secret_copy(text, strlen(text), &pem, err), *err);
    return cf_cert_check_key(cert, pem, err);
}

/* write is OpenSSL's: PKCS#8 or the older form of each kind of key. */
static enum cf_rc
check_key(const struct cf_cert *cert, EVP_PKEY *key, bool is_traditional, const char *passphrase,
          struct cf_err *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    int ok = is_traditional
                 ? PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL)
                 : PEM_write_bio_PKCS8PrivateKey(
                       bio, key, passphrase ? EVP_aes_256_cbc() : NULL, passphrase,
                       passphrase ? (int)strlen(passphrase) : 0, NULL, NULL);
    assert_int_equal(ok, 1);
    assert_int_equal(BIO_write(bio, "", 1), 1);
    (void)BIO_get_mem_data(bio, &data);
    enum cf_rc rc = check_text(cert, data, err);
    BIO_free(bio);
    return rc;
}

static void
a_key_of_any_kind_and_form_is_known_by_its_certificate(void **state)
{
    (void)state;
    static const char *const KIND[] = {"RSA", "P-256", "P-384"};

    for (size_t i = 0; i < CF_COUNT(KIND); i++) {
        struct lab_spec spec = {.cn = "key", .pkey = lab_key(KIND[i])};
        cf_own(cf_cert) cert = lab_cert(&spec);
        struct cf_err err = {0};

        assert_ok(check_key(cert, lab_key(KIND[i]), false, NULL, &err), err);
        assert_ok(check_key(cert, lab_key(KIND[i]), true, NULL, &err), err);
        assert_int_equal(check_key(cert, lab_key(KIND[(i + 1) % 3]), false, NULL, &err),
                         CF_E_MISMATCH);
    }
}

static void
another_key_of_the_same_kind_is_another_key(void **state)
{
    (void)state;
    struct lab_spec spec = {.cn = "key", .pkey = lab_key("P-256")};
    cf_own(cf_cert) cert = lab_cert(&spec);
    EVP_PKEY *other = lab_fresh_key("P-256", 256);
    struct cf_err err = {0};

    assert_int_equal(check_key(cert, other, false, NULL, &err), CF_E_MISMATCH);
    assert_string_equal(err.text, "the private key is not that of the certificate");
    EVP_PKEY_free(other);
}

static void
what_is_no_readable_key_is_told(void **state)
{
    (void)state;
    struct lab_spec spec = {.cn = "key", .pkey = lab_key("P-256")};
    cf_own(cf_cert) cert = lab_cert(&spec);
    struct cf_err err = {0};

    assert_int_equal(check_key(cert, lab_key("P-256"), false, "pass", &err), CF_E_UNSUPPORTED);
    assert_contains(err.text, "encrypted");
    assert_int_equal(check_text(cert, "nothing", &err), CF_E_ENCODING);
    assert_int_equal(
        check_text(cert, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", &err),
        CF_E_ENCODING);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_of_any_kind_and_form_is_known_by_its_certificate),
        cmocka_unit_test(another_key_of_the_same_kind_is_another_key),
        cmocka_unit_test(what_is_no_readable_key_is_told),
    };
    return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
