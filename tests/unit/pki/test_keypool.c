/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_test.h"

#include <pthread.h>
#include <stdatomic.h>

#include <openssl/crypto.h>

#include "certferry/keypool.h"

static struct cf_clock *clock_now;

static int
setup(void **state)
{
    clock_now = cf_clock_fake_new(1000);
    return clock_now ? pki_setup(state) : -1;
}

static int
teardown(void **state)
{
    clock_now = cf_clock_fake_free(clock_now);
    return pki_teardown(state);
}

static struct cf_keypool_options
options_of(unsigned n_p256, unsigned n_p384)
{
    struct cf_keypool_options options = {.max_age_ms = 1000, .clock = clock_now};

    options.size[CF_KEY_P256] = n_p256;
    options.size[CF_KEY_P384] = n_p384;
    return options;
}

static struct cf_keypool *
pool_of(unsigned n_p256, unsigned n_p384)
{
    struct cf_err err = {0};
    struct cf_keypool *pool = NULL;
    struct cf_keypool_options options = options_of(n_p256, n_p384);

    assert_ok(cf_keypool_new(&options, &pool, &err), err);
    return pool;
}

/* Fills to the end; number of calls that said there was more. */
static unsigned
fill(struct cf_keypool *pool)
{
    struct cf_err err = {0};
    unsigned n = 0;

    for (bool more = true; more; n++)
        assert_ok(cf_keypool_fill_one(pool, &more, &err), err);
    return n;
}

static bool
take(struct cf_keypool *pool, enum cf_key_kind kind)
{
    struct cf_err err = {0};
    cf_own(cf_key) key = NULL;
    bool from_pool = false;

    assert_ok(cf_keypool_take(pool, kind, &key, &from_pool, &err), err);
    assert_int_equal(cf_key_kind_of(key), kind);
    return from_pool;
}

static void
ready_keys_are_given_and_then_keys_are_made(void **state)
{
    cf_own(cf_keypool) pool = pool_of(2, 0);

    (void)state;
    assert_true(cf_keypool_wants_keys(pool));
    assert_int_equal(fill(pool), 2);
    assert_false(cf_keypool_wants_keys(pool));
    assert_int_equal(cf_keypool_count(pool, CF_KEY_P256), 2);
    assert_true(take(pool, CF_KEY_P256));
    assert_true(take(pool, CF_KEY_P256));
    assert_false(take(pool, CF_KEY_P256));
    assert_false(take(pool, CF_KEY_P384));
    assert_int_equal(cf_keypool_count(pool, CF_KEY_P256), 0);
}

static void
no_two_takes_give_the_same_key(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_keypool) pool = pool_of(2, 0);
    cf_own(cf_key) a = NULL;
    cf_own(cf_key) b = NULL;
    cf_own(cf_buf) a_spki = NULL;
    cf_own(cf_buf) b_spki = NULL;

    (void)state;
    fill(pool);
    assert_ok(cf_keypool_take(pool, CF_KEY_P256, &a, NULL, &err), err);
    assert_ok(cf_keypool_take(pool, CF_KEY_P256, &b, NULL, &err), err);
    assert_ok(cf_key_spki(a, &a_spki, &err), err);
    assert_ok(cf_key_spki(b, &b_spki, &err), err);
    assert_false(cf_bytes_equal(cf_buf_bytes(a_spki), cf_buf_bytes(b_spki)));
}

static void
aged_keys_are_destroyed_not_used(void **state)
{
    cf_own(cf_keypool) pool = pool_of(1, 0);

    (void)state;
    fill(pool);
    cf_clock_fake_advance(clock_now, 1000);
    assert_true(take(pool, CF_KEY_P256));
    fill(pool);
    cf_clock_fake_advance(clock_now, 1001);
    assert_true(cf_keypool_wants_keys(pool));
    assert_int_equal(cf_keypool_count(pool, CF_KEY_P256), 0);
    assert_false(take(pool, CF_KEY_P256));
}

static void
a_jump_of_the_wall_clock_ages_nothing(void **state)
{
    cf_own(cf_keypool) pool = pool_of(1, 0);

    (void)state;
    fill(pool);
    cf_clock_fake_set_wall(clock_now, INT64_C(4000000000000));
    assert_true(take(pool, CF_KEY_P256));
}

static void
the_neediest_kind_is_filled_first(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_keypool) pool = pool_of(4, 1);
    bool more;

    (void)state;
    fill(pool);
    assert_true(take(pool, CF_KEY_P256)); /* a quarter is missing */
    assert_true(take(pool, CF_KEY_P384)); /* all is missing */
    assert_ok(cf_keypool_fill_one(pool, &more, &err), err);
    assert_true(more);
    assert_int_equal(cf_keypool_count(pool, CF_KEY_P384), 1);
    assert_int_equal(cf_keypool_count(pool, CF_KEY_P256), 3);
}

static void
smaller_sizes_destroy_the_surplus(void **state)
{
    cf_own(cf_keypool) pool = pool_of(3, 1);
    struct cf_keypool_options options = options_of(1, 0);

    (void)state;
    fill(pool);
    size_t used = cf_pki_secure_heap_used();
    cf_keypool_configure(pool, &options);
    assert_int_equal(cf_keypool_count(pool, CF_KEY_P256), 1);
    assert_int_equal(cf_keypool_count(pool, CF_KEY_P384), 0);
    assert_true(cf_pki_secure_heap_used() < used);
    assert_false(cf_keypool_wants_keys(pool));
}

static void
a_flush_destroys_all_and_the_pool_goes_on(void **state)
{
    cf_own(cf_keypool) pool = pool_of(3, 0);

    (void)state;
    fill(pool);
    size_t used = cf_pki_secure_heap_used();
    cf_keypool_flush(pool);
    assert_int_equal(cf_keypool_count(pool, CF_KEY_P256), 0);
    assert_true(cf_pki_secure_heap_used() < used);
    assert_int_equal(fill(pool), 3);
}

static void
a_size_over_the_limit_is_refused(void **state)
{
    struct cf_err err = {0};
    struct cf_keypool_options options = options_of(4097, 0);
    struct cf_keypool *pool = NULL;

    (void)state;
    assert_rc(cf_keypool_new(&options, &pool, &err), CF_E_RANGE);
    assert_contains(err.text, "p256");
    assert_null(pool);
}

static void
filling_stops_short_of_the_end_of_the_secure_heap(void **state)
{
    enum { BLOCK = 1 << 14 };
    void *blocks[TEST_HEAP_LEN / BLOCK];
    size_t n = 0;
    cf_own(cf_keypool) pool = pool_of(4096, 0);

    (void)state;
    while (cf_pki_secure_heap_used() + BLOCK <= TEST_HEAP_LEN / 4 * 3) {
        blocks[n] = OPENSSL_secure_malloc(BLOCK);
        assert_non_null(blocks[n++]);
    }
    fill(pool);
    unsigned count = cf_keypool_count(pool, CF_KEY_P256);
    assert_true(count > 0 && count < 4096);
    assert_true(cf_pki_secure_heap_used() < TEST_HEAP_LEN / 5 * 4);
    assert_false(cf_keypool_wants_keys(pool));
    /* There is room for the keys that requests need. */
    assert_false(take(pool, CF_KEY_P384));
    while (n > 0)
        OPENSSL_secure_free(blocks[--n]);
    assert_true(cf_keypool_wants_keys(pool));
}

/* ---- threads ---- */

enum { N_THREADS = 4, N_ROUNDS = 25 };

static atomic_uint n_from_pool;

static void *
worker(void *arg)
{
    struct cf_keypool *pool = arg;

    for (int i = 0; i < N_ROUNDS; i++) {
        cf_own(cf_key) key = NULL;
        bool from_pool = false;
        bool more;
        if (cf_keypool_take(pool, CF_KEY_P256, &key, &from_pool, NULL) != CF_OK ||
            cf_keypool_fill_one(pool, &more, NULL) != CF_OK)
            return pool;
        atomic_fetch_add(&n_from_pool, from_pool);
        (void)cf_keypool_wants_keys(pool);
    }
    return NULL;
}

static void
threads_take_fill_and_configure_at_once(void **state)
{
    cf_own(cf_keypool) pool = pool_of(8, 2);
    pthread_t threads[N_THREADS];

    (void)state;
    fill(pool);
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, worker, pool), 0);
    for (unsigned i = 0; i < N_ROUNDS; i++) {
        struct cf_keypool_options options = options_of(4 + i % 5, i % 3);
        cf_keypool_configure(pool, &options);
        if (i % 10 == 0)
            cf_keypool_flush(pool);
        cf_clock_fake_advance(clock_now, 50);
    }
    for (int i = 0; i < N_THREADS; i++) {
        void *failed = pool;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_true(atomic_load(&n_from_pool) > 0);
    struct cf_keypool_options last = options_of(2, 0);
    cf_keypool_configure(pool, &last);
    fill(pool);
    assert_int_equal(cf_keypool_count(pool, CF_KEY_P256), 2);
}

static void
concurrent_fillers_never_pass_the_size(void **state)
{
    cf_own(cf_keypool) pool = pool_of(3, 0);
    pthread_t threads[N_THREADS];

    (void)state;
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, worker, pool), 0);
    for (int i = 0; i < 200; i++)
        assert_true(cf_keypool_count(pool, CF_KEY_P256) <= 3);
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    fill(pool);
    assert_int_equal(cf_keypool_count(pool, CF_KEY_P256), 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ready_keys_are_given_and_then_keys_are_made),
        cmocka_unit_test(no_two_takes_give_the_same_key),
        cmocka_unit_test(aged_keys_are_destroyed_not_used),
        cmocka_unit_test(a_jump_of_the_wall_clock_ages_nothing),
        cmocka_unit_test(the_neediest_kind_is_filled_first),
        cmocka_unit_test(smaller_sizes_destroy_the_surplus),
        cmocka_unit_test(a_flush_destroys_all_and_the_pool_goes_on),
        cmocka_unit_test(a_size_over_the_limit_is_refused),
        cmocka_unit_test(filling_stops_short_of_the_end_of_the_secure_heap),
        cmocka_unit_test(threads_take_fill_and_configure_at_once),
        cmocka_unit_test(concurrent_fillers_never_pass_the_size),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
