/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_test.h"

#include <stdio.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "../../../src/pki/internal.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { HAS_SANITIZER = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { HAS_SANITIZER = 1 };
#else
enum { HAS_SANITIZER = 0 };
#endif
#else
enum { HAS_SANITIZER = 0 };
#endif

static const struct cf_bytes AAD = {(const uint8_t *)"request-1", 9};
static struct cf_secret *store_key;

static int
setup(void **state)
{
    return pki_setup(state) || cf_secret_random(32, &store_key, NULL) != CF_OK ? -1 : 0;
}

static int
teardown(void **state)
{
    store_key = cf_secret_free(store_key);
    return pki_teardown(state);
}

static struct cf_buf *
sealed_key(enum cf_key_kind kind, struct cf_buf **ret_spki)
{
    struct cf_err err = {0};
    cf_own(cf_key) key = NULL;
    struct cf_buf *sealed = NULL;

    assert_ok(cf_key_generate(kind, &key, &err), err);
    if (ret_spki)
        assert_ok(cf_key_spki(key, ret_spki, &err), err);
    assert_ok(cf_key_seal(key, store_key, AAD, &sealed, &err), err);
    return sealed;
}

static void
a_sealed_key_comes_back_the_same(void **state)
{
    static const enum cf_key_kind KINDS[] = {CF_KEY_RSA_2048, CF_KEY_P256, CF_KEY_P384};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(KINDS); i++) {
        struct cf_err err = {0};
        cf_own(cf_buf) spki = NULL;
        cf_own(cf_buf) spki_back = NULL;
        cf_own(cf_key) back = NULL;
        cf_own(cf_buf) sealed = sealed_key(KINDS[i], &spki);
        assert_ok(cf_key_unseal(cf_buf_bytes(sealed), store_key, AAD, &back, &err), err);
        assert_int_equal(cf_key_kind_of(back), KINDS[i]);
        assert_ok(cf_key_spki(back, &spki_back, &err), err);
        assert_true(cf_bytes_equal(cf_buf_bytes(spki), cf_buf_bytes(spki_back)));
    }
}

static void
two_seals_of_one_key_differ(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_key) key = NULL;
    cf_own(cf_buf) a = NULL;
    cf_own(cf_buf) b = NULL;

    (void)state;
    assert_ok(cf_key_generate(CF_KEY_P256, &key, &err), err);
    assert_ok(cf_key_seal(key, store_key, AAD, &a, &err), err);
    assert_ok(cf_key_seal(key, store_key, AAD, &b, &err), err);
    assert_false(cf_bytes_equal(cf_buf_bytes(a), cf_buf_bytes(b)));
}

static void
a_change_at_any_byte_is_found(void **state)
{
    cf_own(cf_buf) sealed = sealed_key(CF_KEY_P256, NULL);
    size_t len = cf_buf_len(sealed);
    uint8_t *copy = malloc(len);

    (void)state;
    assert_non_null(copy);
    for (size_t i = 0; i < len; i++) {
        for (unsigned bit = 0; bit < 8; bit += 7) {
            struct cf_key *key = NULL;
            memcpy(copy, cf_buf_bytes(sealed).data, len);
            copy[i] = (uint8_t)(copy[i] ^ 1U << bit);
            enum cf_rc rc = cf_key_unseal(cf_bytes_of(copy, len), store_key, AAD, &key, NULL);
            if (rc != CF_E_CRYPTO && !(i < 2 && rc == CF_E_ENCODING))
                fail_msg("byte %zu bit %u: %s", i, bit, cf_rc_name(rc));
            assert_null(key);
        }
    }
    free(copy);
}

static void
another_kind_in_the_header_is_found(void **state)
{
    cf_own(cf_buf) sealed = sealed_key(CF_KEY_P256, NULL);
    uint8_t copy[512];
    struct cf_key *key = NULL;

    (void)state;
    assert_true(cf_buf_len(sealed) <= sizeof copy);
    memcpy(copy, cf_buf_bytes(sealed).data, cf_buf_len(sealed));
    for (uint8_t kind = 0; kind < CF_KEY_KIND_MAX_; kind++) {
        copy[1] = kind;
        if (kind != CF_KEY_P256)
            assert_rc(
                cf_key_unseal(cf_bytes_of(copy, cf_buf_len(sealed)), store_key, AAD, &key, NULL),
                CF_E_CRYPTO);
    }
}

static void
a_key_cut_or_lengthened_is_refused(void **state)
{
    cf_own(cf_buf) sealed = sealed_key(CF_KEY_P256, NULL);
    uint8_t copy[512] = {0};
    size_t len = cf_buf_len(sealed);

    (void)state;
    memcpy(copy, cf_buf_bytes(sealed).data, len);
    for (size_t n = 0; n <= len + 1; n++) {
        struct cf_key *key = NULL;
        if (n == len)
            continue;
        enum cf_rc rc = cf_key_unseal(cf_bytes_of(copy, n), store_key, AAD, &key, NULL);
        assert_rc(rc, n <= 30 ? CF_E_ENCODING : CF_E_CRYPTO);
        assert_null(key);
    }
}

static void
a_key_opens_only_with_its_own_aad_and_store_key(void **state)
{
    static const char *const AADS[] = {"request-2", "request-", "request-1 ", ""};
    struct cf_err err = {0};
    cf_own(cf_buf) sealed = sealed_key(CF_KEY_P256, NULL);
    struct cf_key *key = NULL;

    (void)state;
    for (size_t i = 0; i < CF_COUNT(AADS); i++) {
        struct cf_bytes aad = cf_bytes_of(AADS[i], strlen(AADS[i]));
        assert_rc(cf_key_unseal(cf_buf_bytes(sealed), store_key, aad, &key, &err), CF_E_CRYPTO);
    }
    cf_own(cf_secret) other = NULL;
    assert_ok(cf_secret_random(32, &other, &err), err);
    assert_rc(cf_key_unseal(cf_buf_bytes(sealed), other, AAD, &key, &err), CF_E_CRYPTO);
    cf_own(cf_secret) brief = NULL;
    assert_ok(cf_secret_random(16, &brief, &err), err);
    assert_rc(cf_key_unseal(cf_buf_bytes(sealed), brief, AAD, &key, &err), CF_E_BUG);
    assert_null(key);
}

/* ---- what is left in memory ---- */

enum { PATTERN_LEN = 32 };

/* Kept inverted, so that this copy is not found itself. */
static uint8_t inverted[PATTERN_LEN];

static void
remember_private_exponent(const struct cf_key *key)
{
    BIGNUM *d = BN_secure_new();
    uint8_t *bytes = OPENSSL_secure_malloc(256);

    assert_true(EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_D, &d));
    assert_int_equal(BN_bn2binpad(d, bytes, 256), 256);
    for (int i = 0; i < PATTERN_LEN; i++)
        inverted[i] = (uint8_t)~bytes[100 + i];
    OPENSSL_secure_clear_free(bytes, 256);
    BN_clear_free(d);
}

static unsigned
occurrences_in(const uint8_t *data, size_t len)
{
    unsigned n = 0;

    for (size_t i = 0; i + PATTERN_LEN <= len; i++) {
        size_t forward = 0;
        size_t backward = 0;
        while (forward < PATTERN_LEN && (data[i + forward] ^ inverted[forward]) == 0xff)
            forward++;
        while (backward < PATTERN_LEN &&
               (data[i + backward] ^ inverted[PATTERN_LEN - 1 - backward]) == 0xff)
            backward++;
        n += forward == PATTERN_LEN || backward == PATTERN_LEN;
    }
    return n;
}

static unsigned
occurrences_in_memory(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    unsigned n = 0;

    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        unsigned long begin = 0;
        unsigned long end = 0;
        char mode[8] = "";
        if (sscanf(line, "%lx-%lx %7s", &begin, &end, mode) == 3 && strncmp(mode, "rw", 2) == 0)
            n += occurrences_in((const uint8_t *)begin, end - begin);
    }
    fclose(maps);
    return n;
}

static void
a_freed_key_leaves_no_copy_in_memory(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_key) key = NULL;
    cf_own(cf_key) back = NULL;
    cf_own(cf_buf) sealed = NULL;

    (void)state;
    if (HAS_SANITIZER)
        skip();
    assert_ok(cf_key_generate(CF_KEY_RSA_2048, &key, &err), err);
    remember_private_exponent(key);
    assert_true(occurrences_in_memory() == 1);
    assert_ok(cf_key_seal(key, store_key, AAD, &sealed, &err), err);
    assert_true(occurrences_in_memory() == 1);
    key = cf_key_free(key);
    assert_true(occurrences_in_memory() == 0);
    assert_ok(cf_key_unseal(cf_buf_bytes(sealed), store_key, AAD, &back, &err), err);
    assert_true(occurrences_in_memory() == 1);
    back = cf_key_free(back);
    assert_true(occurrences_in_memory() == 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sealed_key_comes_back_the_same),
        cmocka_unit_test(two_seals_of_one_key_differ),
        cmocka_unit_test(a_change_at_any_byte_is_found),
        cmocka_unit_test(another_kind_in_the_header_is_found),
        cmocka_unit_test(a_key_cut_or_lengthened_is_refused),
        cmocka_unit_test(a_key_opens_only_with_its_own_aad_and_store_key),
        cmocka_unit_test(a_freed_key_leaves_no_copy_in_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
