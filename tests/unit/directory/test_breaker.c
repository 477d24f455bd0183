/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/breaker.h"

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
    cf_breaker_init(&breaker, clock_, 30000);
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
call_ends_with(enum cf_rc rc)
{
    struct cf_err own = {0};
    bool is_probe = false;

    assert_ok(cf_breaker_enter(&breaker, &is_probe, &err), err);
    if (rc != CF_OK)
        (void)cf_fail(&own, rc, "what happened");
    cf_breaker_leave(&breaker, is_probe, rc, &own);
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
    call_ends_with(CF_E_DIRECTORY_DOWN);
    refuses_with(CF_E_DIRECTORY_DOWN);
    assert_int_equal(err.retry_after_s, 30);
    cf_clock_fake_advance(clock_, 29999);
    refuses_with(CF_E_DIRECTORY_DOWN);
    assert_int_equal(err.retry_after_s, 1);
    cf_clock_fake_advance(clock_, 1);
    call_ends_with(CF_OK);
    call_ends_with(CF_OK);
}

static void
a_refused_password_is_not_tried_again_at_once(void **state)
{
    (void)state;
    call_ends_with(CF_E_AUTH);
    refuses_with(CF_E_AUTH);
    assert_int_equal(err.fault, CF_FAULT_CONFIG);
}

static void
only_one_tries_while_it_is_down(void **state)
{
    bool is_probe = false, other;
    struct cf_err down = {0};

    (void)state;
    call_ends_with(CF_E_DIRECTORY_DOWN);
    cf_clock_fake_advance(clock_, 30000);
    assert_ok(cf_breaker_enter(&breaker, &is_probe, &err), err);
    assert_true(is_probe);
    assert_rc(cf_breaker_enter(&breaker, &other, &err), CF_E_DIRECTORY_DOWN);
    (void)cf_fail(&down, CF_E_DIRECTORY_DOWN, "what happened");
    cf_breaker_leave(&breaker, is_probe, CF_E_DIRECTORY_DOWN, &down);
    refuses_with(CF_E_DIRECTORY_DOWN);
}

static void
a_stopped_try_lets_the_next_one_try(void **state)
{
    (void)state;
    call_ends_with(CF_E_DIRECTORY_DOWN);
    cf_clock_fake_advance(clock_, 30000);
    call_ends_with(CF_E_STOPPED);
    call_ends_with(CF_E_OOM);
    call_ends_with(CF_OK);
}

static void
answers_that_find_nothing_are_answers(void **state)
{
    (void)state;
    call_ends_with(CF_E_NOT_FOUND);
    call_ends_with(CF_E_CONFLICT);
    call_ends_with(CF_E_PROTOCOL);
    call_ends_with(CF_E_UNSUPPORTED);
    call_ends_with(CF_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(failures_keep_others_back_until_the_time_has_come),
        TEST(a_refused_password_is_not_tried_again_at_once),
        TEST(only_one_tries_while_it_is_down),
        TEST(a_stopped_try_lets_the_next_one_try),
        TEST(answers_that_find_nothing_are_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
