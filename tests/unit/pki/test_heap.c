/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_test.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

static void
a_heap_of_a_wrong_size_is_refused(void **state)
{
    struct cf_err err = {0};

    (void)state;
    assert_rc(cf_pki_init(0, &err), CF_E_RANGE);
    assert_rc(cf_pki_init(1000000, &err), CF_E_RANGE);
    assert_contains(err.text, "power of two");
}

/* In a child, because a limit does not bind root and a process has one heap in its life. */
static int
init_without_lockable_memory(void)
{
    struct cf_err err = {0};
    struct rlimit none = {0};

    if (setrlimit(RLIMIT_MEMLOCK, &none) < 0 || (getuid() == 0 && setuid(65534) < 0))
        return 2;
    enum cf_rc rc = cf_pki_init(1 << 16, &err);
    if (rc == CF_OK)
        return 2; /* a sanitizer has taken mlock over */
    return rc == CF_E_PERMISSION && strstr(err.text, "RLIMIT_MEMLOCK") ? 0 : 1;
}

static void
a_heap_that_cannot_be_locked_names_the_limit(void **state)
{
    int status = -1;

    (void)state;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(init_without_lockable_memory());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 2)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void
a_second_heap_is_refused(void **state)
{
    struct cf_err err = {0};

    (void)state;
    assert_ok(cf_pki_init(TEST_HEAP_LEN, &err), err);
    assert_rc(cf_pki_init(TEST_HEAP_LEN, &err), CF_E_BUG);
    cf_pki_done();
    assert_ok(cf_pki_init(TEST_HEAP_LEN, &err), err);
}

static void
a_full_heap_is_an_error_and_no_crash(void **state)
{
    static void *blocks[TEST_HEAP_LEN / 32];
    size_t n = 0;
    struct cf_err err = {0};
    cf_own(cf_key) first = NULL;
    cf_own(cf_key) again = NULL;

    (void)state;
    assert_ok(cf_key_generate(CF_KEY_RSA_2048, &first, &err), err);
    for (size_t len = 1 << 16; len >= 32; len /= 2) {
        while (n < CF_COUNT(blocks) && (blocks[n] = OPENSSL_secure_malloc(len)))
            n++;
    }
    for (unsigned kind = 0; kind < CF_KEY_KIND_MAX_; kind++) {
        struct cf_key *key = NULL;
        assert_rc(cf_key_generate((enum cf_key_kind)kind, &key, &err), CF_E_OOM);
        assert_contains(err.text, "secure heap");
        assert_null(key);
    }
    cf_own(cf_secret) store_key = NULL;
    struct cf_buf *sealed = NULL;
    assert_ok(cf_secret_random(32, &store_key, &err), err);
    assert_rc(cf_key_seal(first, store_key, cf_bytes_of("", 0), &sealed, &err), CF_E_OOM);
    assert_null(sealed);
    while (n > 0)
        OPENSSL_secure_free(blocks[--n]);
    assert_ok(cf_key_generate(CF_KEY_P256, &again, &err), err);
}

static void
private_numbers_are_in_the_heap_and_gone_when_freed(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_key) key = NULL;

    (void)state;
    size_t before = cf_pki_secure_heap_used();
    assert_ok(cf_key_generate(CF_KEY_RSA_2048, &key, &err), err);
    assert_true(cf_pki_secure_heap_used() >= before + 256 + 5 * 128);
    key = cf_key_free(key);
    assert_int_equal(cf_pki_secure_heap_used(), before);
}

static void
every_kind_is_what_its_name_says(void **state)
{
    static const struct {
        enum cf_key_kind kind;
        const char *name;
        const char *type;
        int bits;
    } CASES[] = {
        {CF_KEY_RSA_2048, "rsa2048", "RSA", 2048},
        {CF_KEY_RSA_3072, "rsa3072", "RSA", 3072},
        {CF_KEY_P256, "p256", "EC", 256},
        {CF_KEY_P384, "p384", "EC", 384},
    };
    struct cf_err err = {0};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        cf_own(cf_key) key = NULL;
        cf_own(cf_buf) spki = NULL;
        enum cf_key_kind kind = CASES[i].kind;
        assert_string_equal(cf_key_kind_name(kind), CASES[i].name);
        assert_ok(cf_key_generate(kind, &key, &err), err);
        assert_int_equal(cf_key_kind_of(key), kind);
        assert_int_equal(cf_key_kind_bits(kind), CASES[i].bits);
        assert_ok(cf_key_spki(key, &spki, &err), err);
        const unsigned char *at = cf_buf_bytes(spki).data;
        EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)cf_buf_len(spki));
        assert_non_null(pkey);
        assert_true(EVP_PKEY_is_a(pkey, CASES[i].type));
        assert_int_equal(EVP_PKEY_get_bits(pkey), CASES[i].bits);
        if (cf_key_kind_is_rsa(kind)) {
            BIGNUM *e = NULL;
            assert_true(EVP_PKEY_get_bn_param(pkey, "e", &e));
            assert_true(BN_is_word(e, 65537));
            BN_free(e);
        }
        EVP_PKEY_free(pkey);
    }
    struct cf_key *none = NULL;
    assert_rc(cf_key_generate(CF_KEY_KIND_MAX_, &none, &err), CF_E_BUG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_heap_of_a_wrong_size_is_refused),
        cmocka_unit_test(a_heap_that_cannot_be_locked_names_the_limit),
        cmocka_unit_test(a_second_heap_is_refused),
        cmocka_unit_test(a_full_heap_is_an_error_and_no_crash),
        cmocka_unit_test(private_numbers_are_in_the_heap_and_gone_when_freed),
        cmocka_unit_test(every_kind_is_what_its_name_says),
    };
    return cmocka_run_group_tests(tests, NULL, pki_teardown);
}
