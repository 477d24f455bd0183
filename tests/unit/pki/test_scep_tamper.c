/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_scep_tamper - a message with any octet changed, or cut off anywhere, is none that was
 * signed: nothing that is read of it and passes its check differs from the original.
 */
#include <stdlib.h>
#include <string.h>

#include "scep_kit.h"

/* EC signs small messages fast. */
static struct cf_buf *
small_message(X509 **ret_signer)
{
    X509 *x509 = lab_x509(&(struct lab_spec){.cn = "s", .pkey = lab_key("P-256")});
    struct cf_buf *der =
        kit_message(&(struct kit_spec){.signer = x509, .signer_key = lab_key("P-256")});

    *ret_signer = x509;
    return der;
}

/* A key can be written in more than one way. */
static bool
is_same_key(struct cf_bytes a, struct cf_bytes b)
{
    const unsigned char *at_a = a.data, *at_b = b.data;
    EVP_PKEY *one = d2i_PUBKEY(NULL, &at_a, (long)a.len);
    EVP_PKEY *other = d2i_PUBKEY(NULL, &at_b, (long)b.len);
    bool is_same = one && other && EVP_PKEY_eq(one, other) == 1;

    EVP_PKEY_free(one);
    EVP_PKEY_free(other);
    return is_same;
}

/* What the signature holds for. */
static void
assert_same(const struct cf_scep_message *message, const struct cf_scep_message *original)
{
    struct cf_err err;
    cf_own(cf_secret) content = NULL;

    assert_int_equal(cf_scep_message_type(message), cf_scep_message_type(original));
    assert_string_equal(cf_scep_message_transaction(message),
                        cf_scep_message_transaction(original));
    assert_true(cf_bytes_equal(cf_scep_message_sender_nonce(message),
                               cf_scep_message_sender_nonce(original)));
    assert_true(
        is_same_key(cf_scep_message_signer_spki(message), cf_scep_message_signer_spki(original)));
    assert_string_equal(cf_scep_message_recipients(message), cf_scep_message_recipients(original));
    assert_ok(cf_scep_message_open(message, kit_ras(), KIT_RAS, &content, &err), err);
    assert_string_equal(cf_secret_data(content), KIT_CONTENT);
}

static bool
is_known(enum cf_rc rc)
{
    return rc == CF_OK || rc == CF_E_ENCODING || rc == CF_E_LIMIT || rc == CF_E_CRYPTO ||
           rc == CF_E_UNSUPPORTED || rc == CF_E_FIELD || rc == CF_E_NOT_FOUND;
}

static void
try_one(struct cf_bytes bytes, const struct cf_scep_message *original)
{
    struct cf_err err;
    enum cf_scep_fail_info fail_info = (enum cf_scep_fail_info)99;
    cf_own(cf_scep_message) message = NULL;

    enum cf_rc rc = cf_scep_message_parse(bytes, &message, &err);
    assert_true(is_known(rc));
    assert_int_equal(rc == CF_OK, message != NULL);
    if (rc != CF_OK)
        return;
    rc = cf_scep_message_check(message, &fail_info, &err);
    assert_true(is_known(rc));
    if (rc == CF_OK)
        assert_same(message, original);
    else
        assert_non_null(cf_scep_fail_info_name(fail_info));
}

static void
no_octet_can_be_changed(void **state)
{
    static const uint8_t changes[] = {0x01, 0x80, 0xff};
    X509 *x509 = NULL;
    cf_own(cf_buf) der = small_message(&x509);
    cf_own(cf_scep_message) original = kit_parse(cf_buf_bytes(der));
    size_t len = cf_buf_len(der);
    uint8_t *copy = malloc(len);

    (void)state;
    assert_non_null(copy);
    memcpy(copy, cf_buf_bytes(der).data, len);
    for (size_t i = 0; i < len; i++) {
        for (size_t k = 0; k < CF_COUNT(changes); k++) {
            copy[i] ^= changes[k];
            try_one(cf_bytes_of(copy, len), original);
            copy[i] ^= changes[k];
        }
    }
    free(copy);
    X509_free(x509);
}

static void
no_piece_of_it_is_a_message(void **state)
{
    X509 *x509 = NULL;
    cf_own(cf_buf) der = small_message(&x509);
    cf_own(cf_buf) ber = kit_to_ber(cf_buf_bytes(der));
    const struct cf_bytes wholes[] = {cf_buf_bytes(der), cf_buf_bytes(ber)};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(wholes); i++) {
        for (size_t len = 0; len < wholes[i].len; len++) {
            struct cf_err err;
            struct cf_scep_message *none = NULL;
            uint8_t *exact = malloc(len > 0 ? len : 1);
            assert_non_null(exact);
            if (len > 0)
                memcpy(exact, wholes[i].data, len);
            assert_int_equal(cf_scep_message_parse(cf_bytes_of(exact, len), &none, &err),
                             CF_E_ENCODING);
            free(exact);
        }
    }
    X509_free(x509);
}

/* The envelope with any octet changed by whoever signs it, and all answers to that. */

static size_t change_at;

static void
change_octet(uint8_t *envelope, size_t len)
{
    envelope[change_at % len] ^= 0x21;
}

static void
changed_envelopes_are_opened_by_nobody(void **state)
{
    X509 *x509 = lab_x509(&(struct lab_spec){.cn = "s", .pkey = lab_key("P-256")});
    unsigned n_opened = 0;

    (void)state;

    for (change_at = 0; change_at < 520; change_at += 3) {
        struct cf_err err;
        cf_own(cf_secret) content = NULL;
        cf_own(cf_scep_message) message = kit_parsed(&(struct kit_spec){
            .signer = x509, .signer_key = lab_key("P-256"), .edit = change_octet});
        enum cf_rc rc = cf_scep_message_open(message, kit_ras(), KIT_RAS, &content, &err);
        assert_true(is_known(rc));
        n_opened += rc == CF_OK;
    }
    /* The versions, and the first block by way of the IV. */
    assert_true(n_opened < 60);
    X509_free(x509);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_octet_can_be_changed),
        cmocka_unit_test(no_piece_of_it_is_a_message),
        cmocka_unit_test(changed_envelopes_are_opened_by_nobody),
    };
    return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
