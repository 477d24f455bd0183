/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/breaker.h"

#include <string.h>

#include "unit/base/unit.h"

static struct cf_breaker breaker;
static struct cf_clock *clock_;
static struct cf_err err;

static int
setup(void **state)
{
    (void)state;
    clock_ = cf_clock_fake_new(1000000);
    cf_breaker_init(&breaker, clock_, 30000, 200000);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    cf_breaker_done(&breaker);
    clock_ = cf_clock_fake_free(clock_);
    return 0;
}

static void
call_ends(enum cf_breaker_verdict verdict, enum cf_rc rc)
{
    struct cf_err own = {0};
    bool is_probe = false;

    assert_ok(cf_breaker_enter(&breaker, &is_probe, &err), err);
    if (verdict == CF_BREAKER_FAILS)
        (void)cf_fail(&own, rc, "what happened");
    cf_breaker_leave(&breaker, is_probe, verdict, verdict == CF_BREAKER_FAILS ? &own : NULL);
}

static void
fails(void)
{
    call_ends(CF_BREAKER_FAILS, CF_E_CA_DOWN);
}

static void
works(void)
{
    call_ends(CF_BREAKER_WORKS, CF_OK);
}

static void
refuses_with(enum cf_rc rc)
{
    bool is_probe;

    assert_rc(cf_breaker_enter(&breaker, &is_probe, &err), rc);
    assert_string_equal(err.text, "what happened");
}

static void
failures_keep_others_back_until_the_time_has_come(void **state)
{
    (void)state;
    assert_false(cf_breaker_is_open(&breaker));
    assert_int_equal(cf_breaker_left_ms(&breaker), 0);
    assert_true(cf_breaker_room(&breaker) == SIZE_MAX);
    fails();
    assert_true(cf_breaker_is_open(&breaker));
    assert_int_equal(cf_breaker_room(&breaker), 0);
    assert_int_equal(cf_breaker_left_ms(&breaker), 30000);
    refuses_with(CF_E_CA_DOWN);
    assert_int_equal(err.retry_after_s, 30);
    cf_clock_fake_advance(clock_, 29999);
    refuses_with(CF_E_CA_DOWN);
    assert_int_equal(err.retry_after_s, 1);
    cf_clock_fake_advance(clock_, 1);
    assert_false(cf_breaker_is_open(&breaker));
    assert_int_equal(cf_breaker_room(&breaker), 1);
    works();
    assert_true(cf_breaker_room(&breaker) == SIZE_MAX);
    works();
}

static void
a_failure_that_somebody_has_to_repair_is_told_as_such(void **state)
{
    (void)state;
    call_ends(CF_BREAKER_FAILS, CF_E_AUTH);
    refuses_with(CF_E_AUTH);
    assert_int_equal(err.fault, CF_FAULT_CONFIG);
}

static void
fails_again_after(int64_t wait_ms)
{
    cf_clock_fake_advance(clock_, wait_ms - 1);
    refuses_with(CF_E_CA_DOWN);
    cf_clock_fake_advance(clock_, 1);
    fails();
}

static void
each_failure_in_a_row_doubles_the_wait_up_to_the_most(void **state)
{
    (void)state;
    fails();
    fails_again_after(30000);
    fails_again_after(60000);
    fails_again_after(120000);
    for (int i = 0; i < 100; i++)
        fails_again_after(200000);
    cf_clock_fake_advance(clock_, 200000);
    works();
    fails();
    fails_again_after(30000);
}

static void
calls_that_fail_together_count_as_one(void **state)
{
    bool is_probe[3];
    struct cf_err down = {0};

    (void)state;
    (void)cf_fail(&down, CF_E_CA_DOWN, "what happened");
    for (size_t i = 0; i < CF_COUNT(is_probe); i++)
        assert_ok(cf_breaker_enter(&breaker, &is_probe[i], &err), err);
    for (size_t i = 0; i < CF_COUNT(is_probe); i++)
        cf_breaker_leave(&breaker, is_probe[i], CF_BREAKER_FAILS, &down);
    fails_again_after(30000);
}

static void
only_one_tries_while_it_is_down(void **state)
{
    bool is_probe = false, other;
    struct cf_err down = {0};

    (void)state;
    fails();
    cf_clock_fake_advance(clock_, 30000);
    assert_ok(cf_breaker_enter(&breaker, &is_probe, &err), err);
    assert_true(is_probe);
    assert_rc(cf_breaker_enter(&breaker, &other, &err), CF_E_CA_DOWN);
    assert_true(cf_breaker_is_open(&breaker));
    (void)cf_fail(&down, CF_E_CA_DOWN, "what happened");
    cf_breaker_leave(&breaker, is_probe, CF_BREAKER_FAILS, &down);
    refuses_with(CF_E_CA_DOWN);
}

static void
a_try_that_learned_nothing_lets_the_next_one_try(void **state)
{
    (void)state;
    fails();
    cf_clock_fake_advance(clock_, 30000);
    call_ends(CF_BREAKER_UNKNOWN, CF_E_STOPPED);
    call_ends(CF_BREAKER_UNKNOWN, CF_E_OOM);
    works();
    works();
}

static void
a_wait_of_zero_keeps_nobody_back(void **state)
{
    (void)state;
    cf_breaker_done(&breaker);
    cf_breaker_init(&breaker, clock_, 0, 0);
    for (int i = 0; i < 3; i++)
        fails();
    works();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(failures_keep_others_back_until_the_time_has_come),
        TEST(a_failure_that_somebody_has_to_repair_is_told_as_such),
        TEST(each_failure_in_a_row_doubles_the_wait_up_to_the_most),
        TEST(calls_that_fail_together_count_as_one),
        TEST(only_one_tries_while_it_is_down),
        TEST(a_try_that_learned_nothing_lets_the_next_one_try),
        TEST(a_wait_of_zero_keeps_nobody_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
