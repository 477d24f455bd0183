/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_scep_open - contents are decrypted however they were encrypted, and whatever is wrong with
 * one gives one error.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "scep_kit.h"

enum { KEY_LEN = 256 };

static void
assert_opens(const struct kit_spec *spec, const char *content)
{
    struct cf_err err;
    cf_own(cf_secret) got = NULL;
    cf_own(cf_scep_message) message = kit_parsed(spec);

    assert_ok(cf_scep_message_open(message, kit_ras(), KIT_RAS, &got, &err), err);
    assert_int_equal(cf_secret_len(got), strlen(content));
    assert_string_equal(cf_secret_data(got), content);
}

static void
every_cipher_and_transport_opens(void **state)
{
    const EVP_CIPHER *ciphers[] = {EVP_aes_128_cbc(), EVP_aes_192_cbc(), EVP_aes_256_cbc(),
                                   EVP_des_ede3_cbc()};
    const EVP_MD *oaeps[] = {NULL, EVP_sha1(), EVP_sha256(), EVP_sha384(), EVP_sha512()};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(ciphers); i++) {
        for (size_t k = 0; k < CF_COUNT(oaeps); k++)
            assert_opens(&(struct kit_spec){.cipher = ciphers[i], .oaep = oaeps[k]}, KIT_CONTENT);
    }
    /* As Java's default has it. */
    assert_opens(&(struct kit_spec){.oaep = EVP_sha256(), .mgf1 = EVP_sha1()}, KIT_CONTENT);
}

static void
contents_of_each_length_open(void **state)
{
    char content[40];

    (void)state;
    for (size_t len = 1; len < sizeof content; len++) {
        memset(content, 'a', sizeof content);
        content[len] = '\0';
        assert_opens(&(struct kit_spec){.content = cf_bytes_of(content, len)}, content);
    }
}

static void
either_of_the_keys_opens(void **state)
{
    (void)state;
    assert_opens(&(struct kit_spec){.recipient = kit_ra_x509(KIT_SIGNING)}, KIT_CONTENT);
    assert_opens(&(struct kit_spec){.recipient = kit_ra_x509(KIT_ENCRYPTION)}, KIT_CONTENT);
}

static void
for_somebody_else_is_told_whom(void **state)
{
    struct cf_err err;
    struct cf_secret *none = NULL;
    cf_own(cf_scep_message) message = kit_parsed(&(struct kit_spec){.recipient = kit_device()});

    (void)state;
    assert_int_equal(cf_scep_message_open(message, kit_ras(), KIT_RAS, &none, &err),
                     CF_E_NOT_FOUND);
    assert_contains(err.text, "CN=device / ");
    assert_int_equal(cf_scep_message_open(message, kit_ras(), 0, &none, &err), CF_E_NOT_FOUND);
    assert_null(none);
}

static void
ciphers_that_are_not_there_are_named_as_such(void **state)
{
    struct cf_err err;
    struct cf_secret *none = NULL;
    cf_own(cf_scep_message) message =
        kit_parsed(&(struct kit_spec){.cipher = EVP_camellia_128_cbc()});

    (void)state;
    assert_int_equal(cf_scep_message_cipher(message), CF_SCEP_CIPHER_OTHER);
    assert_int_equal(cf_scep_message_open(message, kit_ras(), KIT_RAS, &none, &err),
                     CF_E_UNSUPPORTED);
    assert_null(none);
}

/* Where the encrypted key is in the envelope of a 2048-bit key. */
static uint8_t *
encrypted_key(uint8_t *envelope, size_t len)
{
    static const uint8_t head[] = {0x04, 0x82, 0x01, 0x00};
    uint8_t *at = memmem(envelope, len, head, sizeof head);

    assert_non_null(at);
    return at + sizeof head;
}

/* The padded block that becomes the encrypted key in place of the right one. */
static uint8_t block[KEY_LEN];

static void
encrypt_block(uint8_t *envelope, size_t len)
{
    EVP_PKEY *pkey = X509_get0_pubkey(kit_ra_x509(KIT_ENCRYPTION));
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
    size_t out_len = KEY_LEN;

    assert_true(EVP_PKEY_encrypt_init(context) > 0 &&
                EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) > 0);
    assert_true(
        EVP_PKEY_encrypt(context, encrypted_key(envelope, len), &out_len, block, sizeof block) > 0);
    EVP_PKEY_CTX_free(context);
}

/* 0, type, nonzero octets, 0, key. */
static void
fill_block(size_t key_len, uint8_t type)
{
    memset(block, 0x77, sizeof block);
    block[0] = 0;
    block[1] = type;
    block[KEY_LEN - key_len - 1] = 0;
}

static void
flip_key(uint8_t *envelope, size_t len)
{
    encrypted_key(envelope, len)[100] ^= 1;
}

static void
key_above_modulus(uint8_t *envelope, size_t len)
{
    memset(encrypted_key(envelope, len), 0xff, KEY_LEN);
}

static void
key_of_zeros(uint8_t *envelope, size_t len)
{
    memset(encrypted_key(envelope, len), 0, KEY_LEN);
}

static void
wrong_block_type(uint8_t *envelope, size_t len)
{
    fill_block(16, 1);
    encrypt_block(envelope, len);
}

static void
wrong_first_octet(uint8_t *envelope, size_t len)
{
    fill_block(16, 2);
    block[0] = 1;
    encrypt_block(envelope, len);
}

static void
no_separator(uint8_t *envelope, size_t len)
{
    fill_block(16, 2);
    block[KEY_LEN - 17] = 0x77;
    encrypt_block(envelope, len);
}

static void
early_separator(uint8_t *envelope, size_t len)
{
    fill_block(16, 2);
    block[5] = 0;
    encrypt_block(envelope, len);
}

static void
long_key(uint8_t *envelope, size_t len)
{
    fill_block(24, 2);
    encrypt_block(envelope, len);
}

static void
short_key(uint8_t *envelope, size_t len)
{
    fill_block(5, 2);
    encrypt_block(envelope, len);
}

/* Well padded, but it is not the key: the content turns out wrong only. */
static void
another_key(uint8_t *envelope, size_t len)
{
    fill_block(16, 2);
    encrypt_block(envelope, len);
}

/* The last but one block of the content: its padding turns out wrong. */
static void
flip_padding(uint8_t *envelope, size_t len)
{
    envelope[len - 17] ^= 0x40;
}

/* Made by a cipher without blocks, and said to be of one with them. */
static void
say_cbc(uint8_t *envelope, size_t len)
{
    static const uint8_t cfb[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x04};
    uint8_t *at = memmem(envelope, len, cfb, sizeof cfb);

    assert_non_null(at);
    at[8] = 0x02;
}

static void
whatever_is_wrong_gives_one_error(void **state)
{
    static void (*const edits[])(uint8_t *, size_t) = {
        flip_key,          key_above_modulus, key_of_zeros,    wrong_block_type,
        wrong_first_octet, no_separator,      early_separator, long_key,
        short_key,         another_key,       flip_padding};
    char content[80];

    (void)state;
    memset(content, 'c', sizeof content);
    for (int is_oaep = 0; is_oaep <= 1; is_oaep++) {
        char text[CF_ERR_TEXT_MAX + 1] = "";
        for (size_t i = 0; i < CF_COUNT(edits); i++) {
            struct cf_err err;
            struct cf_secret *none = NULL;
            cf_own(cf_scep_message) message =
                kit_parsed(&(struct kit_spec){.edit = edits[i],
                                              .oaep = is_oaep ? EVP_sha256() : NULL,
                                              .content = cf_bytes_of(content, 79)});
            enum cf_rc rc = cf_scep_message_open(message, kit_ras(), KIT_RAS, &none, &err);
            /* One wrong key in 256 makes something that looks padded; it is not the content. */
            if (rc == CF_OK) {
                assert_false(cf_secret_len(none) == 79 &&
                             memcmp(cf_secret_data(none), content, 79) == 0);
                cf_secret_free(none);
                continue;
            }
            assert_int_equal(rc, CF_E_CRYPTO);
            assert_null(none);
            if (*text)
                assert_string_equal(err.text, text);
            snprintf(text, sizeof text, "%s", err.text);
            assert_int_equal(err.native, 0);
        }
    }
}

static void
a_content_of_part_of_a_block_gives_the_same_error(void **state)
{
    static const size_t lens[] = {1, 15, 17, 79};
    struct cf_err err, expected;
    struct cf_secret *none = NULL;
    char content[79];

    (void)state;
    memset(content, 'c', sizeof content);
    cf_own(cf_scep_message) changed = kit_parsed(&(struct kit_spec){.edit = flip_padding});
    assert_int_equal(cf_scep_message_open(changed, kit_ras(), KIT_RAS, &none, &expected),
                     CF_E_CRYPTO);
    for (size_t i = 0; i < CF_COUNT(lens); i++) {
        cf_own(cf_scep_message) message =
            kit_parsed(&(struct kit_spec){.content = cf_bytes_of(content, lens[i]),
                                          .cipher = EVP_aes_128_cfb128(),
                                          .edit = say_cbc});
        assert_int_equal(cf_scep_message_cipher(message), CF_SCEP_AES128);
        assert_int_equal(cf_scep_message_open(message, kit_ras(), KIT_RAS, &none, &err),
                         CF_E_CRYPTO);
        assert_string_equal(err.text, expected.text);
        assert_null(none);
    }
}

/* What stands in for a key follows from the message: who asks again learns nothing. */
static void
the_same_broken_key_gives_the_same_content_each_time(void **state)
{
    struct cf_err err;
    unsigned n_padded = 0;

    (void)state;
    /* One in 256 has what looks like padding. */
    for (int i = 0; i < 10000 && n_padded == 0; i++) {
        cf_own(cf_buf) der = kit_message(&(struct kit_spec){.edit = wrong_block_type});
        cf_own(cf_scep_message) message = kit_parse(cf_buf_bytes(der));
        cf_own(cf_secret) first = NULL;
        if (cf_scep_message_open(message, kit_ras(), KIT_RAS, &first, &err) != CF_OK)
            continue;
        n_padded++;
        for (int k = 0; k < 3; k++) {
            cf_own(cf_secret) again = NULL;
            assert_ok(cf_scep_message_open(message, kit_ras(), KIT_RAS, &again, &err), err);
            assert_true(cf_secret_equal(first, again));
        }
    }
    assert_true(n_padded > 0);
}

/* The encrypted key of wrong_block_type with a zero in front. */
static uint8_t zero_led[KEY_LEN];

static void
find_zero_led(uint8_t *envelope, size_t len)
{
    fill_block(16, 1);
    do {
        for (size_t i = 3; i < 8 && ++block[i] == 0; i++)
            block[i] = 1;
        encrypt_block(envelope, len);
    } while (*encrypted_key(envelope, len) != 0);
    memcpy(zero_led, encrypted_key(envelope, len), KEY_LEN);
}

static uint8_t zero_led_envelope[4096];
static size_t zero_led_len;

static void
put_zero_led(uint8_t *envelope, size_t len)
{
    assert_true(len <= sizeof zero_led_envelope);
    memcpy(encrypted_key(envelope, len), zero_led, KEY_LEN);
    memcpy(zero_led_envelope, envelope, len);
    zero_led_len = len;
}

/* The length takes the octet that the number gives up. */
static void
leave_zero_away(uint8_t *envelope, size_t len)
{
    static const uint8_t head[] = {0x04, 0x83, 0x00, 0x00, KEY_LEN - 1};

    memcpy(encrypted_key(envelope, len) - 4, head, sizeof head);
}

/* OAEP with its defaults, in as many octets. */
static void
say_oaep(uint8_t *envelope, size_t len)
{
    static const uint8_t rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05};
    uint8_t *at = memmem(envelope, len, rsa, sizeof rsa);

    assert_non_null(at);
    at[8] = 0x07;
    at[9] = 0x30;
}

/* A padding that is right gives the same key in both writings; so does one that is wrong. With OAEP
 * the right one of PKCS#1 v1.5 gives another key; so does the wrong one. */
static void
a_broken_key_written_otherwise_gives_what_a_good_one_would(void **state)
{
    static uint8_t said_oaep[sizeof zero_led_envelope];
    struct cf_err err;
    bool is_padded = false;

    (void)state;
    cf_buf_free(kit_message(&(struct kit_spec){.edit = find_zero_led}));
    for (int i = 0; i < 10000 && !is_padded; i++) {
        cf_own(cf_scep_message) whole = kit_parsed(&(struct kit_spec){.edit = put_zero_led});
        cf_own(cf_secret) first = NULL;
        cf_own(cf_secret) second = NULL;
        cf_own(cf_secret) third = NULL;
        if (cf_scep_message_open(whole, kit_ras(), KIT_RAS, &first, &err) != CF_OK)
            continue;
        is_padded = true;
        memcpy(said_oaep, zero_led_envelope, zero_led_len);
        say_oaep(said_oaep, zero_led_len);
        leave_zero_away(zero_led_envelope, zero_led_len);
        cf_own(cf_scep_message) shorter = kit_parsed(
            &(struct kit_spec){.envelope = cf_bytes_of(zero_led_envelope, zero_led_len)});
        assert_ok(cf_scep_message_open(shorter, kit_ras(), KIT_RAS, &second, &err), err);
        assert_true(cf_secret_equal(first, second));
        cf_own(cf_scep_message) oaep =
            kit_parsed(&(struct kit_spec){.envelope = cf_bytes_of(said_oaep, zero_led_len)});
        assert_int_equal(cf_scep_message_transport(oaep), CF_SCEP_OAEP);
        if (cf_scep_message_open(oaep, kit_ras(), KIT_RAS, &third, &err) == CF_OK)
            assert_false(cf_secret_equal(first, third));
    }
    assert_true(is_padded);
}

static void
too_much_content_is_refused_by_its_length(void **state)
{
    struct cf_err err;
    struct cf_secret *none = NULL;
    size_t len = CF_SECRET_MAX + 1;
    enum cf_scep_fail_info fail_info = CF_SCEP_BAD_TIME;
    uint8_t *content = calloc(1, len);

    (void)state;
    cf_own(cf_scep_message) message =
        kit_parsed(&(struct kit_spec){.content = cf_bytes_of(content, len)});
    assert_int_equal(cf_scep_message_check(message, &fail_info, &err), CF_E_LIMIT);
    assert_int_equal(fail_info, CF_SCEP_BAD_REQUEST);
    assert_int_equal(cf_scep_message_open(message, kit_ras(), KIT_RAS, &none, &err), CF_E_LIMIT);
    assert_null(none);
    free(content);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cipher_and_transport_opens),
        cmocka_unit_test(contents_of_each_length_open),
        cmocka_unit_test(either_of_the_keys_opens),
        cmocka_unit_test(for_somebody_else_is_told_whom),
        cmocka_unit_test(ciphers_that_are_not_there_are_named_as_such),
        cmocka_unit_test(whatever_is_wrong_gives_one_error),
        cmocka_unit_test(a_content_of_part_of_a_block_gives_the_same_error),
        cmocka_unit_test(the_same_broken_key_gives_the_same_content_each_time),
        cmocka_unit_test(a_broken_key_written_otherwise_gives_what_a_good_one_would),
        cmocka_unit_test(too_much_content_is_refused_by_its_length),
    };
    return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
