/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/core/core_kit.h"

#include "core/backoff.h"

static void
doubles_with_each_attempt_and_takes_off_at_most_half(void **state)
{
    (void)state;
    for (uint32_t attempt = 0; attempt < 10; attempt++) {
        uint64_t full = 1000ULL << attempt;

        for (int i = 0; i < 200; i++)
            assert_in_range(cf_backoff_ms(1000, 1 << 30, attempt, NULL), full / 2, full);
    }
}

static void
never_passes_the_maximum(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        assert_in_range(cf_backoff_ms(1000, 60000, 50, NULL), 30000, 60000);
        assert_in_range(cf_backoff_ms(1000, 60000, UINT32_MAX, NULL), 30000, 60000);
        assert_in_range(cf_backoff_ms(1000, 500, 0, NULL), 250, 500);
        assert_in_range(cf_backoff_ms(0, 60000, 0, NULL), 0, 1);
        assert_int_equal(cf_backoff_ms(0, 0, 3, NULL), 0);
    }
}

static void
waits_spread_out(void **state)
{
    uint64_t least = UINT64_MAX, most = 0;

    (void)state;
    for (int i = 0; i < 300; i++) {
        uint64_t delay = cf_backoff_ms(10000, 60000, 0, NULL);
        least = delay < least ? delay : least;
        most = delay > most ? delay : most;
    }
    assert_true(most - least > 2500);
}

static void
what_the_peer_asked_for_is_not_undercut(void **state)
{
    struct cf_err err = {0};

    (void)state;
    cf_fail(&err, CF_E_THROTTLED, "slow down");
    err.retry_after_s = 120;
    for (uint32_t attempt = 0; attempt < 5; attempt++)
        assert_int_equal(cf_backoff_ms(1000, 60000, attempt, &err), 120000);
    err.retry_after_s = 1;
    assert_in_range(cf_backoff_ms(10000, 60000, 0, &err), 5000, 10000);
    err.retry_after_s = -1;
    assert_in_range(cf_backoff_ms(1000, 60000, 0, &err), 500, 1000);
}

static void
a_configuration_fault_waits_long_at_once(void **state)
{
    struct cf_err err = {0};

    (void)state;
    cf_fail(&err, CF_E_CA_CONFIG, "no such CA");
    assert_in_range(cf_backoff_ms(1000, 60000, 0, &err), 30000, 60000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles_with_each_attempt_and_takes_off_at_most_half),
        cmocka_unit_test(never_passes_the_maximum),
        cmocka_unit_test(waits_spread_out),
        cmocka_unit_test(what_the_peer_asked_for_is_not_undercut),
        cmocka_unit_test(a_configuration_fault_waits_long_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
