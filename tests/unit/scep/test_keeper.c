/* SPDX-License-Identifier: Apache-2.0 */
/* test_keeper - the thread that looks after keys, and those who use them meanwhile. */
#include <pthread.h>
#include <unistd.h>

#include "scep/keeper.h"
#include "unit/scep/ra_kit.h"

enum { READERS = 4, TRIES_MAX = 2000 };

static bool is_over;

static void *
use_keys(void *arg)
{
    struct ra_node *node = arg;

    while (!__atomic_load_n(&is_over, __ATOMIC_ACQUIRE)) {
        cf_own(cf_scep_keys) keys = NULL;
        cf_own(cf_scep_profiles) profiles = cf_scep_profile_cache_get(node->profiles);
        struct cf_bytes certs[CF_SCEP_BUNDLE_MAX];
        int64_t now = cf_clock_now_ms(ra_world.clock);

        if (cf_scep_keyring_keys(node->keyring, "corp", &keys, NULL) == CF_OK &&
            cf_scep_keys_bundle(keys, &profiles->cas[0], true, now, certs) != 3)
            return arg;
    }
    return NULL;
}

/* Time passes meanwhile. */
static bool
has_keys(struct ra_node *node, struct cf_scep_keeper *keeper, size_t n)
{
    for (unsigned i = 0; i < TRIES_MAX; i++) {
        if (ra_decrypters(node) == n)
            return true;
        usleep(10 * 1000);
        ra_advance(RA_ROUND_MS / 10);
        cf_scep_keeper_wake(keeper);
    }
    return false;
}

static void
keys_change_while_they_are_used(void **state)
{
    struct ra_node node;
    pthread_t reader[READERS];
    struct cf_scep_keeper *keeper = NULL;

    (void)state;
    __atomic_store_n(&is_over, false, __ATOMIC_RELEASE);
    ra_node_start(&node, "a", false);
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&reader[i], NULL, use_keys, &node), 0);
    assert_int_equal(cf_scep_keeper_new(node.profiles, node.keyring, &keeper, NULL), CF_OK);
    assert_true(has_keys(&node, keeper, 1));
    ra_advance(ra_world.validity_ms - 30 * LAB_DAY_MS);
    assert_true(has_keys(&node, keeper, 2));
    __atomic_store_n(&is_over, true, __ATOMIC_RELEASE);
    for (size_t i = 0; i < READERS; i++) {
        void *failed = NULL;

        pthread_join(reader[i], &failed);
        assert_null(failed);
    }
    cf_scep_keeper_free(keeper);
    assert_int_equal(ra_logged[CF_EV_SCEP_BACKEND_BACK], 1);
    assert_int_equal(ra_logged[CF_EV_SCEP_BACKEND_AWAY], 0);
    ra_node_stop(&node);
}

static void
a_keeper_ends_at_once_while_it_waits(void **state)
{
    struct ra_node node;
    struct cf_scep_keeper *keeper = NULL;

    (void)state;
    ra_node_start(&node, "a", false);
    assert_int_equal(cf_scep_keeper_new(node.profiles, node.keyring, &keeper, NULL), CF_OK);
    assert_true(has_keys(&node, keeper, 1));
    int64_t began = cf_clock_monotonic_ms(cf_clock_real());
    assert_null(cf_scep_keeper_free(keeper));
    assert_true(cf_clock_monotonic_ms(cf_clock_real()) - began < CF_SCEP_REFRESH_MS / 2);
    ra_node_stop(&node);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, ra_set_up, ra_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(keys_change_while_they_are_used),
        TEST(a_keeper_ends_at_once_while_it_waits),
    };

    return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
