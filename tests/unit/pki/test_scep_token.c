/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_scep_token - a registration authority whose key is in a PKCS#11 token: it opens, answers and
 * asks for its certificate as one in a file does.
 */
#include <string.h>

#include "scep_kit.h"
#include "token_lab.h"

#define URI "pkcs11:token=t;object=ra"

static char dir[64];

static int
setup(void **state)
{
    if (kit_setup(state) != 0)
        return -1;
    lab_dir(dir);
    token_lab_configure(dir);
    return 0;
}

static int
teardown(void **state)
{
    lab_remove_dir(dir);
    return kit_teardown(state);
}

static bool
has_token(void)
{
    return token_lab_has_token(dir, "ra");
}

static struct cf_key *
open_key(void)
{
    struct cf_err err;
    struct cf_key *key = NULL;
    cf_own(cf_secret) right = token_lab_secret("1234");

    assert_ok(cf_key_open_token(URI, right, &key, &err), err);
    return key;
}

/* The wrong PIN comes first: a token that is logged in takes any. */
static void
keys_are_found_by_uri_and_pin(void **state)
{
    struct cf_err err = {0};
    struct cf_key *none = NULL;
    cf_own(cf_secret) wrong = token_lab_secret("4321");
    cf_own(cf_secret) right = token_lab_secret("1234");

    (void)state;
    if (!has_token())
        skip();
    assert_int_equal(cf_key_open_token(URI, wrong, &none, &err), CF_E_AUTH);
    assert_null(strstr(err.text, "4321"));
    assert_int_equal(cf_key_open_token("pkcs11:token=t;object=nothing", right, &none, &err),
                     CF_E_NOT_FOUND);
    assert_int_equal(cf_key_open_token("file:/etc/passwd", right, &none, &err), CF_E_CONFIG);
    assert_null(none);
    cf_own(cf_key) key = open_key();
    assert_int_equal(cf_key_kind_of(key), CF_KEY_RSA_2048);

    cf_own(cf_buf) spki = NULL;
    unsigned char *own = NULL;
    assert_ok(cf_key_spki(key, &spki, &err), err);
    int len = i2d_PUBKEY(lab_key("RSA"), &own);
    assert_true(cf_bytes_equal(cf_buf_bytes(spki), cf_bytes_of(own, (size_t)len)));
    OPENSSL_free(own);
}

static void
a_key_in_a_token_is_not_sealed(void **state)
{
    struct cf_err err;
    struct cf_buf *none = NULL;
    cf_own(cf_secret) store_key = NULL;

    (void)state;
    if (!has_token())
        skip();
    cf_own(cf_key) key = open_key();
    assert_ok(cf_secret_random(32, &store_key, &err), err);
    assert_int_equal(cf_key_seal(key, store_key, cf_bytes_of("x", 1), &none, &err),
                     CF_E_UNSUPPORTED);
    assert_null(none);
}

static void
a_key_in_a_token_signs_requests(void **state)
{
    struct cf_err err;
    cf_own(cf_dn) subject = cf_dn_new();
    cf_own(cf_buf) der = NULL;
    cf_own(cf_csr) csr = NULL;

    (void)state;
    if (!has_token())
        skip();
    cf_own(cf_key) key = open_key();
    assert_ok(cf_dn_append(subject, "CN", "RA", &err), err);
    assert_ok(cf_csr_build(key, &(struct cf_csr_spec){.subject = subject}, &der, &err), err);
    assert_ok(cf_csr_parse(cf_buf_bytes(der), &csr, &err), err);
}

static void
a_key_in_a_token_opens_and_answers(void **state)
{
    const EVP_MD *oaeps[] = {NULL, EVP_sha1(), EVP_sha256()};
    struct cf_err err;

    (void)state;
    if (!has_token())
        skip();
    cf_own(cf_key) key = open_key();
    X509 *x509 = lab_x509(&(struct lab_spec){.cn = "RA", .pkey = lab_key("RSA")});
    cf_own(cf_cert) cert = lab_to_cf(x509);
    const struct cf_scep_ra ra = {.cert = cert, .key = key};
    for (size_t i = 0; i < CF_COUNT(oaeps); i++) {
        struct kit_answer answer;
        cf_own(cf_secret) content = NULL;
        cf_own(cf_buf) der = NULL;
        cf_own(cf_scep_message) message =
            kit_parsed(&(struct kit_spec){.recipient = x509, .oaep = oaeps[i]});
        assert_ok(cf_scep_message_open(message, &ra, 1, &content, &err), err);
        assert_string_equal(cf_secret_data(content), KIT_CONTENT);
        assert_ok(cf_scep_reply_build(message, &ra,
                                      &(struct cf_scep_reply){.status = CF_SCEP_SUCCESS,
                                                              .certs = cf_cert_der(cert),
                                                              .now_ms = LAB_NOW_MS},
                                      &der, &err),
                  err);
        kit_read_answer(cf_buf_bytes(der), kit_device(), lab_key("RSA"), &answer);
        assert_string_equal(answer.status, "0");
        kit_answer_done(&answer);
    }
    X509_free(x509);
}

static uint8_t *
encrypted_key(uint8_t *envelope, size_t len)
{
    static const uint8_t head[] = {0x04, 0x82, 0x01, 0x00};
    uint8_t *at = memmem(envelope, len, head, sizeof head);

    assert_non_null(at);
    return at + sizeof head;
}

static void
flip_key(uint8_t *envelope, size_t len)
{
    encrypted_key(envelope, len)[100] ^= 1;
}

static void
key_above_modulus(uint8_t *envelope, size_t len)
{
    memset(encrypted_key(envelope, len), 0xff, 256);
}

/* A token that is gone is no wrong request: it is the last test that has one. */
static void
what_is_wrong_with_a_message_is_told_from_a_token_that_is_gone(void **state)
{
    static void (*const edits[])(uint8_t *, size_t) = {flip_key, key_above_modulus};
    const EVP_MD *oaeps[] = {NULL, EVP_sha256()};
    struct cf_err err;

    (void)state;
    if (!has_token())
        skip();
    cf_own(cf_key) key = open_key();
    X509 *x509 = lab_x509(&(struct lab_spec){.cn = "RA", .pkey = lab_key("RSA")});
    cf_own(cf_cert) cert = lab_to_cf(x509);
    const struct cf_scep_ra ra = {.cert = cert, .key = key};
    for (size_t i = 0; i < CF_COUNT(edits); i++) {
        for (size_t k = 0; k < CF_COUNT(oaeps); k++) {
            cf_own(cf_secret) content = NULL;
            cf_own(cf_scep_message) message = kit_parsed(
                &(struct kit_spec){.recipient = x509, .oaep = oaeps[k], .edit = edits[i]});
            enum cf_rc rc = cf_scep_message_open(message, &ra, 1, &content, &err);
            assert_true(
                rc == CF_E_CRYPTO ||
                (rc == CF_OK && strcmp((const char *)cf_secret_data(content), KIT_CONTENT) != 0));
        }
    }
    lab_sh_ok(dir, "find tokens -name '*.object' -delete");
    for (size_t k = 0; k < CF_COUNT(oaeps); k++) {
        struct cf_secret *none = NULL;
        struct cf_buf *no_answer = NULL;
        cf_own(cf_scep_message) message =
            kit_parsed(&(struct kit_spec){.recipient = x509, .oaep = oaeps[k]});
        assert_int_equal(cf_scep_message_open(message, &ra, 1, &none, &err), CF_E_IO);
        assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
        assert_null(none);
        assert_int_equal(cf_scep_reply_build(message, &ra,
                                             &(struct cf_scep_reply){.status = CF_SCEP_PENDING,
                                                                     .now_ms = LAB_NOW_MS},
                                             &no_answer, &err),
                         CF_E_IO);
        assert_null(no_answer);
    }
    X509_free(x509);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_found_by_uri_and_pin),
        cmocka_unit_test(a_key_in_a_token_is_not_sealed),
        cmocka_unit_test(a_key_in_a_token_signs_requests),
        cmocka_unit_test(a_key_in_a_token_opens_and_answers),
        cmocka_unit_test(what_is_wrong_with_a_message_is_told_from_a_token_that_is_gone),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
