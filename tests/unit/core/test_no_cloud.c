/* SPDX-License-Identifier: Apache-2.0 */
/* Duties for what is not there do not run, and begin when a reload brings it. */
#include "unit/core/core_kit.h"

#include <string.h>
#include <unistd.h>

enum { ROUNDS_MAX = 20000, TICK_MS = 500, ROUNDS = 300 };

static bool
has_rested(struct core_kit *kit)
{
    for (unsigned duty = 0; duty < CF_DUTY_MAX_; duty++) {
        struct cf_duty_status status;

        cf_scheduler_duty_status(kit->scheduler, (enum cf_duty)duty, &status);
        if (status.running || status.due_in_ms == 0)
            return false;
    }
    return true;
}

/* Far beyond every interval; each duty has run as often as it wants. */
static void
let_time_pass(struct core_kit *kit)
{
    uint64_t delay_ms = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned tries = 0;

        do {
            cf_scheduler_tick(kit->scheduler, &delay_ms);
            usleep(100);
            if (++tries > ROUNDS_MAX)
                fail_msg("duties do not come to rest");
        } while (!has_rested(kit));
        cf_clock_fake_advance(kit->clock, TICK_MS);
    }
}

static void
assert_calls(struct core_kit *kit, bool has_pkcs, bool has_cloud)
{
    static const struct {
        enum fake_cloud_call call;
        bool is_pkcs;
    } CALLS[] = {{FAKE_CLOUD_DOWNLOAD, true},
                 {FAKE_CLOUD_HEARTBEAT, true},
                 {FAKE_CLOUD_DOWNLOAD_REVOCATIONS, false},
                 {FAKE_CLOUD_UPKEEP, false}};

    for (size_t i = 0; i < CF_COUNT(CALLS); i++) {
        bool is_called = fake_cloud_calls(kit->cloud, CALLS[i].call) > 0;
        assert_int_equal(is_called, CALLS[i].is_pkcs ? has_pkcs : has_cloud);
    }
    for (unsigned duty = 0; duty < CF_DUTY_MAX_; duty++) {
        struct cf_duty_status status;
        cf_scheduler_duty_status(kit->scheduler, (enum cf_duty)duty, &status);
        assert_int_equal(status.failures, 0);
    }
}

static void
a_service_without_pkcs_is_asked_for_revocations_alone(void **state)
{
    struct core_kit *kit = *state;

    kit->site->settings->cloud.serves_pkcs = false;
    core_start_scheduler(kit, 2);
    fake_cloud_offer_revocation(kit->cloud, "{}");
    let_time_pass(kit);
    assert_calls(kit, false, true);
    assert_true(cf_scheduler_cloud_is_up(kit->scheduler));
}

static void
without_a_service_nobody_is_asked(void **state)
{
    struct core_kit *kit = *state;

    kit->site->settings->cloud.is_off = true;
    core_start_scheduler(kit, 2);
    let_time_pass(kit);
    assert_calls(kit, false, false);
    assert_false(cf_scheduler_cloud_is_up(kit->scheduler));
    assert_int_equal(cf_metric_get(CF_M_CLOUD_ERRORS), 0);
}

static void
what_came_while_it_was_served_stays_as_it_is(void **state)
{
    struct core_kit *kit = *state;

    kit->site->settings->cloud.serves_pkcs = false;
    core_receive_good(kit, "r1");
    core_start_scheduler(kit, 2);
    let_time_pass(kit);
    assert_state(kit, "r1", CF_STATE_RECEIVED);
    assert_int_equal(kit->ca->n_submits, 0);
}

static void
a_reload_that_brings_a_service_begins_at_once(void **state)
{
    struct core_kit *kit = *state;

    kit->site->settings->cloud.is_off = true;
    core_start_scheduler(kit, 2);
    let_time_pass(kit);
    assert_calls(kit, false, false);
    kit->site->settings->cloud.is_off = false;
    cf_scheduler_use_site(kit->scheduler, kit->site);
    let_time_pass(kit);
    assert_calls(kit, true, true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        core_test(a_service_without_pkcs_is_asked_for_revocations_alone),
        core_test(without_a_service_nobody_is_asked),
        core_test(what_came_while_it_was_served_stays_as_it_is),
        core_test(a_reload_that_brings_a_service_begins_at_once),
    };
    return cmocka_run_group_tests(tests, core_group_setup, core_group_teardown);
}
