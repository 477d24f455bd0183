/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <time.h>

#include "certferry/clock.h"
#include "certferry/metrics.h"

static void
the_real_clock_tells_the_time_of_the_system(void **state)
{
    (void)state;
    const struct cf_clock *clock = cf_clock_real();
    int64_t now_ms = (int64_t)time(NULL) * 1000;
    int64_t start_ms = cf_clock_monotonic_ms(clock);

    assert_in_range(cf_clock_now_ms(clock), now_ms - 2000, now_ms + 10000);
    assert_true(cf_clock_monotonic_ms(clock) >= start_ms);
}

static void
a_fake_clock_moves_only_when_told(void **state)
{
    (void)state;
    struct cf_clock *clock = cf_clock_fake_new(5000);
    int64_t start_ms = cf_clock_monotonic_ms(clock);

    assert_int_equal(cf_clock_now_ms(clock), 5000);
    cf_clock_fake_advance(clock, 250);
    assert_int_equal(cf_clock_now_ms(clock), 5250);
    assert_int_equal(cf_clock_monotonic_ms(clock) - start_ms, 250);
    cf_clock_fake_free(clock);
}

static void
a_jump_of_the_wall_clock_leaves_the_monotonic_one_alone(void **state)
{
    (void)state;
    struct cf_clock *clock = cf_clock_fake_new(5000);
    int64_t start_ms = cf_clock_monotonic_ms(clock);

    cf_clock_fake_set_wall(clock, 1000);
    assert_int_equal(cf_clock_now_ms(clock), 1000);
    assert_int_equal(cf_clock_monotonic_ms(clock), start_ms);
    assert_null(cf_clock_fake_free(clock));
    assert_null(cf_clock_fake_free(NULL));
}

static void
counters_count_and_are_named(void **state)
{
    (void)state;
    cf_metric_reset_all();
    cf_metric_add(CF_M_CA_ERRORS, 2);
    cf_metric_add(CF_M_CA_ERRORS, 3);
    assert_int_equal(cf_metric_get(CF_M_CA_ERRORS), 5);
    assert_int_equal(cf_metric_get(CF_M_STORE_ERRORS), 0);
    assert_string_equal(cf_metric_name(CF_M_CA_ERRORS), "caErrors");
    cf_metric_reset_all();
    assert_int_equal(cf_metric_get(CF_M_CA_ERRORS), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_real_clock_tells_the_time_of_the_system),
        cmocka_unit_test(a_fake_clock_moves_only_when_told),
        cmocka_unit_test(a_jump_of_the_wall_clock_leaves_the_monotonic_one_alone),
        cmocka_unit_test(counters_count_and_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
