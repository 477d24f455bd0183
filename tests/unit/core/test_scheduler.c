/* SPDX-License-Identifier: Apache-2.0 */
/* The scheduler with real threads, ticked by hand, from the offer of a request to its result. */
#include "unit/core/core_kit.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { REQUESTS = 50, REVOKED = 10, ROUNDS_MAX = 20000, TROUBLE_MAX = 600, TICK_MS = 20 };

static void
offer_all(struct core_kit *kit)
{
    for (int i = 0; i < REQUESTS; i++) {
        char context[16];

        snprintf(context, sizeof context, "r%d", i);
        cf_own_str json = core_request(kit, context, NULL);
        fake_cloud_offer(kit->cloud, json);
    }
}

static bool
has_result(struct core_kit *kit, char prefix, int i, const char *part)
{
    char context[16];

    snprintf(context, sizeof context, "%c%d", prefix, i);
    cf_own_str result = fake_cloud_result(kit->cloud, context);
    return result && strstr(result, part);
}

static int
count_results(struct core_kit *kit, char prefix, int n, const char *part)
{
    int found = 0;

    for (int i = 0; i < n; i++)
        found += has_result(kit, prefix, i, part);
    return found;
}

typedef void round_fn(struct core_kit *kit, unsigned round);

/* For whoever has to find out why nothing goes on. */
static void
print_duties(struct core_kit *kit)
{
    for (unsigned duty = 0; duty < CF_DUTY_MAX_; duty++) {
        const struct duty_run *run = &kit->scheduler->duty[duty];

        print_message("%s: running %d, kicked %d, failures %u, due in %lld ms, %s\n",
                      cf_duty_name((enum cf_duty)duty), run->running, run->kicked, run->failures,
                      (long long)(run->next_ms - cf_clock_monotonic_ms(kit->clock)),
                      run->last_error.text);
    }
    print_message("in flight %u\n", cf_scheduler_in_flight(kit->scheduler));
}

static void
run_until(struct core_kit *kit, char prefix, int n, const char *part, round_fn *each)
{
    for (unsigned round = 0; round < ROUNDS_MAX; round++) {
        uint64_t delay_ms = 0;

        cf_scheduler_tick(kit->scheduler, &delay_ms);
        usleep(1000);
        cf_clock_fake_advance(kit->clock, TICK_MS);
        if (each)
            each(kit, round);
        if (round % 20 == 0 && count_results(kit, prefix, n, part) == n)
            return;
    }
    print_duties(kit);
    fail_msg("%d of %d results have come", count_results(kit, prefix, n, part), n);
}

static void
expect_once_each(struct core_kit *kit)
{
    for (int i = 0; i < REQUESTS; i++) {
        char context[16];

        snprintf(context, sizeof context, "r%d", i);
        assert_int_equal(core_ledger(kit, context), 1);
    }
    assert_int_equal(kit->ca->n_changed, 0);
}

static void
fifty_requests_come_to_their_results_and_some_are_revoked(void **state)
{
    struct core_kit *kit = *state;

    core_start_scheduler(kit, 2);
    offer_all(kit);
    run_until(kit, 'r', REQUESTS, "\"status\":\"issued\"", NULL);
    expect_once_each(kit);
    assert_int_equal(kit->ca->n_submits, REQUESTS);

    for (int i = 0; i < REVOKED; i++) {
        char context[16], of[16];

        snprintf(context, sizeof context, "v%d", i);
        snprintf(of, sizeof of, "r%d", i);
        cf_own_str json = core_revocation(kit, context, of);
        fake_cloud_offer_revocation(kit->cloud, json);
    }
    run_until(kit, 'v', REVOKED, "\"succeeded\":true", NULL);
    assert_int_equal(kit->ca->n_revokes, REVOKED);
    cf_pool_stop(kit->pool);
    assert_int_equal(cf_scheduler_in_flight(kit->scheduler), 0);
}

/* Everything that can go wrong and pass, and people who look on. */
static void
make_trouble(struct core_kit *kit, unsigned round)
{
    static const char *const operations[] = {"commit", "claim", "receive", "release", "ledger"};
    struct cf_duty_status status;
    struct cf_err down = {0};

    /* A page that the store did not take is offered again when its lease is over. */
    if (round == TROUBLE_MAX)
        offer_all(kit);
    if (round >= TROUBLE_MAX)
        return;
    for (unsigned duty = 0; duty < CF_DUTY_MAX_; duty++)
        cf_scheduler_duty_status(kit->scheduler, (enum cf_duty)duty, &status);
    (void)cf_scheduler_in_flight(kit->scheduler);
    if (round % 7 == 0)
        cf_fake_store_fail_next_of(kit->store, operations[round / 7 % CF_COUNT(operations)],
                                   CF_E_STORE_BUSY);
    if (round % 31 == 0) {
        cf_fail(&down, CF_E_NET, "no route");
        fake_cloud_fail(kit->cloud, FAKE_CLOUD_UPLOAD, &down, 1);
        fake_cloud_lose_answers(kit->cloud, FAKE_CLOUD_UPLOAD, 1);
    }
    if (round % 11 == 0) {
        pthread_mutex_lock(&kit->ca->lock);
        kit->ca->fail = round % 2 ? CF_E_CA_DOWN : CF_E_TIMEOUT;
        kit->ca->fail_times = 1;
        pthread_mutex_unlock(&kit->ca->lock);
    }
    if (round % 50 == 49)
        cf_scheduler_use_site(kit->scheduler, kit->site);
}

static void
trouble_delays_them_and_doubles_none(void **state)
{
    struct core_kit *kit = *state;

    core_start_scheduler(kit, 2);
    offer_all(kit);
    run_until(kit, 'r', REQUESTS, "\"status\":\"issued\"", make_trouble);
    expect_once_each(kit);
    cf_pool_stop(kit->pool);
}

static void
tick(struct core_kit *kit, int n)
{
    for (int i = 0; i < n; i++) {
        uint64_t delay_ms = 0;

        cf_scheduler_tick(kit->scheduler, &delay_ms);
        usleep(1000);
        cf_clock_fake_advance(kit->clock, TICK_MS);
    }
}

static void
a_cloud_that_is_down_is_not_called_connected(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err down = {0};

    core_start_scheduler(kit, 2);
    cf_fail(&down, CF_E_NET, "no route");
    for (unsigned call = 0; call < FAKE_CLOUD_CALL_MAX_; call++)
        fake_cloud_fail(kit->cloud, (enum fake_cloud_call)call, &down, UINT_MAX);
    tick(kit, 300);
    cf_pool_stop(kit->pool);
    assert_false(cf_scheduler_cloud_is_up(kit->scheduler));
    assert_int_equal(kit->log.n[CF_EV_CLOUD_CONNECTED], 0);
    assert_true(kit->log.n[CF_EV_CLOUD_UNREACHABLE] > 1);
}

static void
a_stop_at_any_moment_leaves_no_claim_behind(void **state)
{
    struct core_kit *kit = *state;
    struct cf_item_filter filter = {.limit = 1000};
    struct cf_items items = {0};
    struct cf_err err = {0};

    core_start_scheduler(kit, 2);
    offer_all(kit);
    tick(kit, 30);
    __atomic_store_n(&kit->stop, 1, __ATOMIC_RELEASE);
    cf_pool_stop(kit->pool);
    assert_int_equal(cf_scheduler_in_flight(kit->scheduler), 0);
    assert_ok(kit->store->ops->list(kit->store, &filter, &items, &err), err);
    for (size_t i = 0; i < items.n; i++)
        assert_int_equal(items.item[i]->claimed_until_ms, 0);
    cf_items_done(&items);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        core_test(fifty_requests_come_to_their_results_and_some_are_revoked),
        core_test(trouble_delays_them_and_doubles_none),
        core_test(a_cloud_that_is_down_is_not_called_connected),
        core_test(a_stop_at_any_moment_leaves_no_claim_behind),
    };

    return cmocka_run_group_tests(tests, core_group_setup, core_group_teardown);
}
