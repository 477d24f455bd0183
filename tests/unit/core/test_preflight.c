/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/core/core_kit.h"

#include <string.h>
#include <unistd.h>

#include "unit/core/core_ca.h"

enum { ROUNDS_MAX = 10000 };

static const struct cf_finding MISSING = {.severity = CF_FINDING_ERROR,
                                          .subject = "ca corp",
                                          .text = "the template is not published",
                                          .remedy = "publish it on the CA"};
static const struct cf_finding WIDE = {.severity = CF_FINDING_WARNING,
                                       .subject = "ca corp template Device",
                                       .text = "everybody may enroll"};
static const struct cf_finding FINE = {
    .severity = CF_FINDING_OK, .subject = "ca corp", .text = "answers"};

static bool
is_running(struct core_kit *kit)
{
    pthread_mutex_lock(&kit->scheduler->lock);
    bool is_running = kit->scheduler->preflight_is_running;
    pthread_mutex_unlock(&kit->scheduler->lock);
    return is_running;
}

static void
start_sweep(struct core_kit *kit, uint64_t *ret_next_ms)
{
    struct cf_err err = {0};

    assert_ok(cf_duty_preflight(kit->scheduler, kit->site, ret_next_ms, &err), err);
}

static void
sweep(struct core_kit *kit)
{
    uint64_t next_ms = 0;

    start_sweep(kit, &next_ms);
    assert_int_equal(next_ms, 6 * 60 * 60 * 1000);
    for (unsigned i = 0; i < ROUNDS_MAX && is_running(kit); i++)
        usleep(1000);
    assert_false(is_running(kit));
}

static unsigned
told(struct core_kit *kit, enum cf_event event)
{
    pthread_mutex_lock(&kit->log.lock);
    unsigned n = kit->log.n[event];
    pthread_mutex_unlock(&kit->log.lock);
    return n;
}

static void
assert_counts(struct core_kit *kit, const char *ca, unsigned errors, unsigned warnings)
{
    struct cf_preflight_counts counts = {.errors = 99, .warnings = 99};

    cf_scheduler_preflight(kit->scheduler, ca, &counts);
    assert_int_equal(counts.errors, errors);
    assert_int_equal(counts.warnings, warnings);
}

static void
each_finding_is_told_once_until_it_was_mended(void **state)
{
    struct core_kit *kit = *state;

    core_start_scheduler(kit, 2);
    kit->ca->findings[0] = FINE;
    kit->ca->findings[1] = MISSING;
    kit->ca->findings[2] = WIDE;
    assert_counts(kit, "corp", 0, 0);
    sweep(kit);
    sweep(kit);
    assert_counts(kit, "corp", 1, 1);
    assert_counts(kit, "other", 0, 0);
    assert_int_equal(told(kit, CF_EV_CA_PREFLIGHT_FAILED), 1);
    assert_int_equal(told(kit, CF_EV_CA_PREFLIGHT_WARNING), 1);
    assert_string_equal(kit->log.last[CF_EV_CA_PREFLIGHT_FAILED],
                        "CA corp: the template is not published; publish it on the CA");
    assert_string_equal(kit->log.last[CF_EV_CA_PREFLIGHT_WARNING],
                        "CA corp template Device: everybody may enroll");

    kit->ca->findings[1] = FINE;
    sweep(kit);
    assert_counts(kit, "corp", 0, 1);
    kit->ca->findings[1] = MISSING;
    sweep(kit);
    assert_int_equal(told(kit, CF_EV_CA_PREFLIGHT_FAILED), 2);
    assert_int_equal(told(kit, CF_EV_CA_PREFLIGHT_WARNING), 1);
    assert_int_equal(kit->ca->n_checks, 4);
}

static void
a_check_that_breaks_off_is_a_finding_and_mends_nothing(void **state)
{
    struct core_kit *kit = *state;

    core_start_scheduler(kit, 2);
    kit->ca->findings[0] = MISSING;
    sweep(kit);
    kit->ca->findings[0] = FINE;
    kit->ca->fail_check = CF_E_CA_DOWN;
    sweep(kit);
    sweep(kit);
    assert_counts(kit, "corp", 2, 0);
    assert_int_equal(told(kit, CF_EV_CA_PREFLIGHT_FAILED), 2);
    kit->ca->findings[0] = MISSING;
    kit->ca->fail_check = CF_OK;
    sweep(kit);
    assert_counts(kit, "corp", 1, 0);
    assert_int_equal(told(kit, CF_EV_CA_PREFLIGHT_FAILED), 2);
}

static void
the_same_words_about_another_ca_are_news(void **state)
{
    struct core_kit *kit = *state;
    struct core_ca *other = core_add_ca(kit);

    core_start_scheduler(kit, 2);
    kit->ca->findings[0] = MISSING;
    other->findings[0] = MISSING;
    sweep(kit);
    assert_int_equal(told(kit, CF_EV_CA_PREFLIGHT_FAILED), 2);
}

static void
a_ca_that_does_not_answer_keeps_nobody_from_checking_the_next(void **state)
{
    struct core_kit *kit = *state;
    struct core_ca *other = core_add_ca(kit);
    uint64_t next_ms = 0;

    kit->site->settings->io_workers = 8;
    other->findings[0] = MISSING;
    core_start_scheduler(kit, 4);
    kit->ca->holds_checks = true;
    core_ca_hold(kit->ca, true);
    start_sweep(kit, &next_ms);
    for (unsigned i = 0; i < ROUNDS_MAX && told(kit, CF_EV_CA_PREFLIGHT_FAILED) == 0; i++)
        usleep(1000);
    assert_int_equal(told(kit, CF_EV_CA_PREFLIGHT_FAILED), 1);

    /* It is not asked once more meanwhile. */
    start_sweep(kit, &next_ms);
    assert_int_equal(next_ms, 60 * 1000);
    core_ca_hold(kit->ca, false);
    cf_pool_stop(kit->pool);
    kit->pool = cf_pool_free(kit->pool);
    assert_false(is_running(kit));
    assert_int_equal(kit->ca->n_checks, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        core_test(each_finding_is_told_once_until_it_was_mended),
        core_test(a_check_that_breaks_off_is_a_finding_and_mends_nothing),
        core_test(the_same_words_about_another_ca_are_news),
        core_test(a_ca_that_does_not_answer_keeps_nobody_from_checking_the_next),
    };

    return cmocka_run_group_tests(tests, core_group_setup, core_group_teardown);
}
