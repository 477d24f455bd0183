/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/core/core_kit.h"

#include <string.h>

#include "certferry/expiry.h"

static int
setup(void **state)
{
    core_setup(state);
    core_start_scheduler(*state, 1);
    return 0;
}

static void
stages_begin_at_30_14_7_and_1_days(void **state)
{
    static const struct {
        int64_t left_ms;
        unsigned stage;
    } cases[] = {
        {31 * KIT_DAY_MS, 0},
        {30 * KIT_DAY_MS + 1, 0},
        {30 * KIT_DAY_MS, 1},
        {14 * KIT_DAY_MS + 1, 1},
        {14 * KIT_DAY_MS, 2},
        {7 * KIT_DAY_MS, 3},
        {KIT_DAY_MS + 1, 3},
        {KIT_DAY_MS, 4},
        {1, 4},
        {0, 5},
        {-KIT_DAY_MS, 5},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++)
        assert_int_equal(cf_expiry_stage(cases[i].left_ms), cases[i].stage);
}

static void
run(struct core_kit *kit)
{
    struct cf_err err = {0};
    uint64_t next_ms = 0;

    assert_ok(cf_duty_expiry(kit->scheduler, kit->site, &next_ms, &err), err);
    assert_true(next_ms > 0 && next_ms <= CF_DUTY_NEVER_MS);
}

struct ends {
    int64_t first_ms;
    unsigned n;
};

static void
find_first(void *arg, const char *what, const struct cf_cert *cert)
{
    struct ends *ends = arg;
    int64_t end = cf_cert_not_after_ms(cert);

    assert_true(what[0] != '\0');
    ends->n++;
    if (ends->first_ms == 0 || end < ends->first_ms)
        ends->first_ms = end;
}

static void
each_stage_is_told_of_once(void **state)
{
    static const int days_left[] = {40, 29, 29, 13, 6, 1, 1, -1, -1};
    static const unsigned entries[] = {0, 1, 1, 2, 3, 4, 4, 5, 5};
    struct core_kit *kit = *state;
    struct ends ends = {0};

    cf_expiry_each(kit->site, find_first, &ends);
    assert_true(ends.n >= 2); /* the CA and the signer at least */
    for (size_t i = 0; i < CF_COUNT(days_left); i++) {
        cf_clock_fake_set_wall(kit->clock, ends.first_ms - days_left[i] * KIT_DAY_MS);
        run(kit);
        /* Others may end in the same days; what is told is at least this, and nothing twice. */
        unsigned n = kit->log.n[CF_EV_CREDENTIAL_EXPIRING];
        assert_true(n >= entries[i]);
        run(kit);
        assert_int_equal(kit->log.n[CF_EV_CREDENTIAL_EXPIRING], n);
    }
    assert_non_null(strstr(kit->log.last[CF_EV_CREDENTIAL_EXPIRING], "expired on"));
}

static void
count(void *arg, const struct cf_finding *finding)
{
    unsigned *n = arg;

    assert_string_equal(finding->subject, "expiry");
    assert_true((finding->remedy == NULL) == (finding->severity == CF_FINDING_OK));
    n[finding->severity]++;
}

static void
check_warns_within_30_days_and_fails_within_7(void **state)
{
    struct core_kit *kit = *state;
    struct ends ends = {0};
    unsigned n[3] = {0};

    cf_expiry_check(kit->site, count, n);
    assert_int_equal(n[CF_FINDING_WARNING] + n[CF_FINDING_ERROR], 0);

    cf_expiry_each(kit->site, find_first, &ends);
    assert_int_equal(n[CF_FINDING_OK], ends.n);
    cf_clock_fake_set_wall(kit->clock, ends.first_ms - 20 * KIT_DAY_MS);
    cf_expiry_check(kit->site, count, n);
    assert_true(n[CF_FINDING_WARNING] > 0);
    assert_int_equal(n[CF_FINDING_ERROR], 0);
    cf_clock_fake_set_wall(kit->clock, ends.first_ms - 3 * KIT_DAY_MS);
    cf_expiry_check(kit->site, count, n);
    assert_true(n[CF_FINDING_ERROR] > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stages_begin_at_30_14_7_and_1_days),
        cmocka_unit_test_setup_teardown(each_stage_is_told_of_once, setup, core_teardown),
        cmocka_unit_test_setup_teardown(check_warns_within_30_days_and_fails_within_7, setup,
                                        core_teardown),
    };

    return cmocka_run_group_tests(tests, core_group_setup, core_group_teardown);
}
