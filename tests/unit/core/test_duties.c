/* SPDX-License-Identifier: Apache-2.0 */
/* The standing duties: dispatch, pending, maintenance, heartbeat, keys, upkeep. */
#include "unit/core/core_kit.h"

#include <unistd.h>

static int
setup(void **state)
{
    core_setup(state);
    core_start_scheduler(*state, 1);
    return 0;
}

static uint64_t
run(struct core_kit *kit, cf_duty_fn *duty)
{
    struct cf_err err = {0};
    uint64_t next_ms = UINT64_MAX;

    assert_ok(duty(kit->scheduler, kit->site, &next_ms, &err), err);
    assert_true(next_ms <= CF_DUTY_NEVER_MS);
    return next_ms;
}

static void
settle(struct core_kit *kit)
{
    for (int i = 0; i < 2000 && cf_scheduler_in_flight(kit->scheduler) > 0; i++)
        usleep(5000);
    assert_int_equal(cf_scheduler_in_flight(kit->scheduler), 0);
}

static void
dispatch_gives_back_what_an_earlier_life_had_claimed(void **state)
{
    struct core_kit *kit = *state;
    struct cf_items items = {0};
    struct cf_err err = {0};
    int64_t now = cf_clock_now_ms(kit->clock);

    core_receive_good(kit, "r1");
    assert_ok(kit->store->ops->claim(kit->store, kit->site->owner, CF_STATE_BIT(CF_STATE_RECEIVED),
                                     1u << CF_KIND_PKCS, NULL, 0, now, now + CF_CLAIM_MS, 1, &items,
                                     &err),
              err);
    cf_items_done(&items);
    run(kit, cf_duty_dispatch);
    settle(kit);
    assert_state(kit, "r1", CF_STATE_WRAPPED);
}

static void
dispatch_comes_again_when_the_next_item_is_due(void **state)
{
    struct core_kit *kit = *state;

    run(kit, cf_duty_dispatch);
    core_receive_good(kit, "r1");
    kit->ca->fail = CF_E_CA_DOWN;
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_KEYED);
    assert_in_range(run(kit, cf_duty_dispatch), 1, CORE_MIN_MS);
}

static void
an_outcome_that_the_store_did_not_take_is_not_tried_again_at_once(void **state)
{
    struct core_kit *kit = *state;

    run(kit, cf_duty_dispatch);
    core_receive_good(kit, "r1");
    cf_fake_store_fail_next_of(kit->store, "commit", CF_E_DISK_FULL);
    run(kit, cf_duty_dispatch);
    settle(kit);
    assert_int_equal(kit->log.n[CF_EV_STORE_FAILED], 1);
    assert_int_equal(cf_metric_get(CF_M_STORE_ERRORS), 1);
    assert_state(kit, "r1", CF_STATE_RECEIVED);

    assert_true(run(kit, cf_duty_dispatch) <= CORE_MIN_MS);
    settle(kit);
    assert_state(kit, "r1", CF_STATE_RECEIVED);
    cf_clock_fake_advance(kit->clock, CORE_MIN_MS);
    run(kit, cf_duty_dispatch);
    settle(kit);
    assert_state(kit, "r1", CF_STATE_WRAPPED);
    assert_int_equal(kit->log.n[CF_EV_STORE_RECOVERED], 1);
    assert_int_equal(core_ledger(kit, "r1"), 1);
}

static void
a_claim_that_ran_out_is_not_given_back_for_its_next_holder(void **state)
{
    struct core_kit *kit = *state;
    struct cf_item *first = NULL, *second = NULL;
    struct cf_err err = {0};

    core_receive_good(kit, "r1");
    for (int i = 0; i < 2; i++) { /* both under our own name */
        int64_t now = cf_clock_now_ms(kit->clock);

        assert_ok(kit->store->ops->claim_one(kit->store, kit->site->owner, CF_KIND_PKCS, "r1", now,
                                             now + CF_CLAIM_MS, i ? &second : &first, &err),
                  err);
        if (i == 0)
            cf_clock_fake_advance(kit->clock, CF_CLAIM_MS + 1);
    }
    cf_scheduler_start_work(kit->scheduler, kit->site, first);
    settle(kit);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_int_equal(item->claimed_until_ms, second->claimed_until_ms);
    assert_int_equal(kit->ca->n_submits, 0);
    cf_item_free(second);
}

/* A CA that takes longer than a claim lasts, or a clock that is set forward meanwhile. */
static void
a_claim_holds_for_as_long_as_its_worker_is_busy(void **state)
{
    struct core_kit *kit = *state;
    struct cf_items items = {0};
    struct cf_err err = {0};

    (void)run(kit, cf_duty_dispatch);
    core_receive_good(kit, "r1");
    int64_t now = cf_clock_now_ms(kit->clock);
    assert_ok(kit->store->ops->claim(kit->store, kit->site->owner,
                                     cf_machine_work_states(CF_KIND_PKCS), 1u << CF_KIND_PKCS, NULL,
                                     0, now, now + CF_CLAIM_MS, 1, &items, &err),
              err);
    assert_int_equal(items.n, 1);
    assert_true(cf_in_flight_enter(kit->scheduler, items.item[0]));
    cf_clock_fake_advance(kit->clock, 7 * CF_CLAIM_MS);
    (void)run(kit, cf_duty_dispatch);
    assert_int_equal(cf_scheduler_in_flight(kit->scheduler), 1);
    assert_int_equal(kit->ca->n_submits, 0);

    /* What the worker did in all that time still counts. */
    const struct cf_change change = {.item = items.item[0], .from = items.item[0]->state};
    assert_ok(kit->store->ops->commit(kit->store, kit->site->owner, &change, 1, &err), err);
    cf_in_flight_leave(kit->scheduler, items.item[0]->id);
    cf_items_done(&items);
}

/* The worker's next step claims by the new clock, which is far behind what was noted. */
static void
a_claim_holds_when_the_clock_is_set_back(void **state)
{
    struct core_kit *kit = *state;
    struct cf_item *item = NULL;
    struct cf_err err = {0};

    (void)run(kit, cf_duty_dispatch);
    core_receive_good(kit, "r1");
    int64_t now = cf_clock_now_ms(kit->clock);
    assert_ok(kit->store->ops->claim_one(kit->store, kit->site->owner, CF_KIND_PKCS, "r1", now,
                                         now + CF_CLAIM_MS, &item, &err),
              err);
    assert_true(cf_in_flight_enter(kit->scheduler, item));
    now -= KIT_DAY_MS;
    cf_clock_fake_set_wall(kit->clock, now);
    item->due_ms = now;
    item->claimed_until_ms = now + CF_CLAIM_MS;
    const struct cf_change change = {.item = item, .from = item->state, .keep_claim = true};
    assert_ok(kit->store->ops->commit(kit->store, kit->site->owner, &change, 1, &err), err);
    cf_clock_fake_advance(kit->clock, CF_CLAIM_MS + 1);
    (void)run(kit, cf_duty_dispatch);
    assert_int_equal(cf_scheduler_in_flight(kit->scheduler), 1);
    assert_int_equal(kit->ca->n_submits, 0);
    cf_in_flight_leave(kit->scheduler, item->id);
    cf_item_free(item);
}

static void
a_claim_to_give_back_later_is_kept_while_its_worker_is_leaving(void **state)
{
    struct core_kit *kit = *state;
    struct cf_item *item = NULL;
    struct cf_err err = {0};

    (void)run(kit, cf_duty_dispatch);
    core_receive_good(kit, "r1");
    int64_t now = cf_clock_now_ms(kit->clock);
    assert_ok(kit->store->ops->claim_one(kit->store, kit->site->owner, CF_KIND_PKCS, "r1", now,
                                         now + CF_CLAIM_MS, &item, &err),
              err);
    assert_true(cf_in_flight_enter(kit->scheduler, item));
    kit->scheduler->orphan[kit->scheduler->n_orphans++] = (struct cf_orphan){
        .id = item->id, .from_ms = cf_clock_monotonic_ms(kit->clock) + CORE_MIN_MS};
    assert_in_range(run(kit, cf_duty_dispatch), 1, CORE_MIN_MS);
    cf_in_flight_leave(kit->scheduler, item->id);
    cf_item_free(item);
    cf_clock_fake_advance(kit->clock, CORE_MIN_MS);
    (void)run(kit, cf_duty_dispatch);
    settle(kit);
    assert_state(kit, "r1", CF_STATE_WRAPPED);
}

static void
a_store_that_is_down_for_a_while_loses_nothing(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};
    uint64_t next_ms = 0;

    run(kit, cf_duty_dispatch);
    core_receive_good(kit, "r1");
    cf_fake_store_fail_all(kit->store, CF_E_STORE_BUSY);
    for (int i = 0; i < 3; i++) {
        assert_rc(cf_duty_dispatch(kit->scheduler, kit->site, &next_ms, &err), CF_E_STORE_BUSY);
        assert_rc(cf_duty_deliver(kit->scheduler, kit->site, &next_ms, &err), CF_E_STORE_BUSY);
        assert_rc(cf_duty_download(kit->scheduler, kit->site, &next_ms, &err), CF_E_STORE_BUSY);
        assert_rc(cf_duty_pending(kit->scheduler, kit->site, &next_ms, &err), CF_E_STORE_BUSY);
    }
    cf_fake_store_fail_all(kit->store, CF_OK);
    run(kit, cf_duty_dispatch);
    settle(kit);
    assert_state(kit, "r1", CF_STATE_WRAPPED);
}

static void
a_stop_in_the_middle_gives_the_work_back(void **state)
{
    struct core_kit *kit = *state;

    run(kit, cf_duty_dispatch);
    core_receive_good(kit, "r1");
    core_receive_good(kit, "r2");
    kit->ca->fail = CF_E_STOPPED;
    run(kit, cf_duty_dispatch);
    cf_pool_stop(kit->pool);
    assert_int_equal(cf_scheduler_in_flight(kit->scheduler), 0);
    for (int i = 0; i < 2; i++) {
        cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, i ? "r2" : "r1");
        assert_int_equal(item->claimed_until_ms, 0);
        assert_int_equal(item->attempts, 0);
        assert_true(CF_STATE_BIT(item->state) & cf_machine_work_states(CF_KIND_PKCS));
    }
    assert_int_equal(kit->log.n[CF_EV_STORE_FAILED], 0);
}

static void
work_that_outlives_its_lease_is_reported_pending(void **state)
{
    struct core_kit *kit = *state;
    struct cf_cloud_page page = {0};
    struct cf_err err = {0};
    cf_own_str waits = core_request(kit, "waits", NULL);
    cf_own_str down = core_request(kit, "down", NULL);

    fake_cloud_offer(kit->cloud, waits);
    fake_cloud_offer(kit->cloud, down);
    assert_ok(kit->site->cloud->ops->download(kit->site->cloud, 10, 0, &page, &err), err);
    cf_cloud_page_done(&page);
    core_receive(kit, CF_KIND_PKCS, "waits", waits);
    core_receive(kit, CF_KIND_PKCS, "down", down);
    kit->site->settings->templates[0]->approval = true;
    assert_int_equal(core_run_ok(kit, "waits"), CF_STATE_SUBMITTED);
    kit->ca->fail = CF_E_CA_DOWN;
    assert_int_equal(core_run_ok(kit, "down"), CF_STATE_KEYED);

    run(kit, cf_duty_heartbeat); /* leases of 300 s; those here last 600 */
    run(kit, cf_duty_pending);
    assert_int_equal(fake_cloud_uploads(kit->cloud, "waits"), 0);
    cf_clock_fake_advance(kit->clock, 500 * 1000);
    assert_true(run(kit, cf_duty_pending) <= 75000);
    assert_int_equal(fake_cloud_uploads(kit->cloud, "waits"), 1);
    assert_int_equal(fake_cloud_uploads(kit->cloud, "down"), 1);
    cf_own_str result = fake_cloud_result(kit->cloud, "waits");
    assert_contains(result, "\"status\":\"pending\"");
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "waits");
    assert_int_equal(item->lease_until_ms - cf_clock_now_ms(kit->clock), 300 * 1000);
    run(kit, cf_duty_pending);
    assert_int_equal(fake_cloud_uploads(kit->cloud, "waits"), 1);
}

static void
a_jump_of_the_clock_pulls_in_what_would_wait_for_days(void **state)
{
    struct core_kit *kit = *state;
    int64_t now = cf_clock_now_ms(kit->clock);

    run(kit, cf_duty_maintenance);
    core_receive_good(kit, "r1");
    kit->ca->fail = CF_E_CA_DOWN;
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_KEYED);
    cf_clock_fake_set_wall(kit->clock, now - 30 * KIT_DAY_MS);
    run(kit, cf_duty_maintenance);
    assert_int_equal(kit->log.n[CF_EV_CLOCK_JUMPED], 1);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_int_equal(item->due_ms, now - 30 * KIT_DAY_MS);
    assert_int_equal(item->claimed_until_ms, 0);
}

static void
a_jump_that_the_store_could_not_answer_is_found_again(void **state)
{
    struct core_kit *kit = *state;
    int64_t now = cf_clock_now_ms(kit->clock);
    struct cf_err err = {0};
    uint64_t next_ms = 0;

    (void)run(kit, cf_duty_maintenance);
    core_receive_good(kit, "r1");
    kit->ca->fail = CF_E_CA_DOWN;
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_KEYED);
    cf_clock_fake_set_wall(kit->clock, now - KIT_DAY_MS);
    cf_fake_store_fail_next_of(kit->store, "make_due", CF_E_STORE_BUSY);
    assert_rc(cf_duty_maintenance(kit->scheduler, kit->site, &next_ms, &err), CF_E_STORE_BUSY);
    (void)run(kit, cf_duty_maintenance);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_int_equal(item->due_ms, now - KIT_DAY_MS);
    assert_int_equal(kit->log.n[CF_EV_CLOCK_JUMPED], 1);
}

static void
a_jump_of_two_hours_does_not_cost_two_hours(void **state)
{
    struct core_kit *kit = *state;
    int64_t now = cf_clock_now_ms(kit->clock);

    run(kit, cf_duty_maintenance);
    core_receive_good(kit, "r1");
    kit->ca->fail = CF_E_CA_DOWN;
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_KEYED);
    cf_clock_fake_set_wall(kit->clock, now - KIT_DAY_MS / 12);
    run(kit, cf_duty_maintenance);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_int_equal(item->due_ms, now - KIT_DAY_MS / 12);
}

static void
a_jump_forward_is_noticed_and_a_minute_of_sleep_is_not(void **state)
{
    struct core_kit *kit = *state;

    run(kit, cf_duty_maintenance);
    cf_clock_fake_advance(kit->clock, 10 * KIT_DAY_MS); /* both clocks: no jump */
    run(kit, cf_duty_maintenance);
    cf_clock_fake_set_wall(kit->clock, cf_clock_now_ms(kit->clock) + 59000);
    run(kit, cf_duty_maintenance);
    assert_int_equal(kit->log.n[CF_EV_CLOCK_JUMPED], 0);
    cf_clock_fake_set_wall(kit->clock, cf_clock_now_ms(kit->clock) + KIT_DAY_MS);
    run(kit, cf_duty_maintenance);
    assert_int_equal(kit->log.n[CF_EV_CLOCK_JUMPED], 1);
}

static void
dispatch_pulls_in_at_the_start_what_a_jump_left_behind(void **state)
{
    struct core_kit *kit = *state;
    int64_t now = cf_clock_now_ms(kit->clock);

    core_receive_good(kit, "r1");
    cf_clock_fake_set_wall(kit->clock, now - 3 * KIT_DAY_MS);
    run(kit, cf_duty_dispatch);
    settle(kit);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_int_not_equal(item->state, CF_STATE_RECEIVED);
}

static void
prune_takes_old_results_and_leaves_the_ledger(void **state)
{
    struct core_kit *kit = *state;
    struct cf_item *item = NULL;
    struct cf_err err = {0};

    core_receive_good(kit, "r1");
    core_receive_good(kit, "r2");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    assert_int_equal(core_run_ok(kit, "r2"), CF_STATE_WRAPPED);
    int64_t now = cf_clock_now_ms(kit->clock);
    assert_ok(
        kit->store->ops->claim_one(kit->store, "w", CF_KIND_PKCS, "r1", now, now + 9, &item, &err),
        err);
    item->state = CF_STATE_DELIVERED;
    const struct cf_change change = {.item = item, .from = CF_STATE_WRAPPED};
    assert_ok(kit->store->ops->commit(kit->store, "w", &change, 1, &err), err);
    item = cf_item_free(item);

    run(kit, cf_duty_maintenance);
    assert_state(kit, "r1", CF_STATE_DELIVERED);
    cf_clock_fake_advance(kit->clock, 8 * KIT_DAY_MS);
    run(kit, cf_duty_maintenance);
    assert_rc(kit->store->ops->get(kit->store, CF_KIND_PKCS, "r1", &item, &err), CF_E_NOT_FOUND);
    assert_state(kit, "r2", CF_STATE_WRAPPED);
    assert_int_equal(core_ledger(kit, "r1"), 1);
}

static void
the_keys_duty_fills_the_pool_and_then_rests(void **state)
{
    struct core_kit *kit = *state;
    struct cf_keypool_options options = {.max_age_ms = KIT_DAY_MS, .clock = kit->clock};

    options.size[CF_KEY_P256] = 3;
    cf_keypool_configure(kit->keypool, &options);
    assert_int_equal(run(kit, cf_duty_keys), 60000);
    assert_int_equal(cf_keypool_count(kit->keypool, CF_KEY_P256), 3);
    uint64_t n = cf_metric_get(CF_M_KEYS_GENERATED);
    run(kit, cf_duty_keys);
    assert_int_equal(cf_metric_get(CF_M_KEYS_GENERATED), n);

    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    assert_int_equal(cf_metric_get(CF_M_KEYS_FROM_POOL), 1);
    cf_pool_stop(kit->pool);
    run(kit, cf_duty_keys);
    assert_int_equal(cf_keypool_count(kit->keypool, CF_KEY_P256), 2);
}

static void
only_a_call_that_was_made_says_that_the_cloud_is_there(void **state)
{
    struct core_kit *kit = *state;

    kit->scheduler->has_started = true;
    run(kit, cf_duty_deliver);
    run(kit, cf_duty_pending);
    run(kit, cf_duty_acknowledge);
    assert_false(cf_scheduler_cloud_is_up(kit->scheduler));
    run(kit, cf_duty_heartbeat);
    assert_true(cf_scheduler_cloud_is_up(kit->scheduler));
    run(kit, cf_duty_download);
    run(kit, cf_duty_revocations);
    assert_int_equal(kit->log.n[CF_EV_CLOUD_CONNECTED], 1);
}

static void
upkeep_of_a_ca_that_fails_is_logged_and_comes_again_soon(void **state)
{
    struct core_kit *kit = *state;

    run(kit, cf_duty_ca_upkeep);
    assert_int_equal(kit->log.n[CF_EV_CRL_FAILED], 0);
    kit->ca->fail = CF_E_IO;
    assert_int_equal(run(kit, cf_duty_ca_upkeep), 60000);
    assert_int_equal(kit->log.n[CF_EV_CRL_FAILED], 1);
}

static void
news_of_the_credential_is_logged(void **state)
{
    struct core_kit *kit = *state;

    fake_cloud_set_news(kit->cloud, CF_CREDENTIAL_EXPIRING, "expires in 3 days", 1000);
    run(kit, cf_duty_credentials);
    assert_int_equal(kit->log.n[CF_EV_CREDENTIAL_EXPIRING], 1);
    assert_string_equal(kit->log.last[CF_EV_CREDENTIAL_EXPIRING], "expires in 3 days");
}

#define duty_test(name) cmocka_unit_test_setup_teardown(name, setup, core_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        duty_test(dispatch_gives_back_what_an_earlier_life_had_claimed),
        duty_test(dispatch_comes_again_when_the_next_item_is_due),
        duty_test(an_outcome_that_the_store_did_not_take_is_not_tried_again_at_once),
        duty_test(a_claim_that_ran_out_is_not_given_back_for_its_next_holder),
        duty_test(a_claim_holds_for_as_long_as_its_worker_is_busy),
        duty_test(a_claim_holds_when_the_clock_is_set_back),
        duty_test(a_claim_to_give_back_later_is_kept_while_its_worker_is_leaving),
        duty_test(a_store_that_is_down_for_a_while_loses_nothing),
        duty_test(a_stop_in_the_middle_gives_the_work_back),
        duty_test(work_that_outlives_its_lease_is_reported_pending),
        duty_test(a_jump_of_the_clock_pulls_in_what_would_wait_for_days),
        duty_test(a_jump_that_the_store_could_not_answer_is_found_again),
        duty_test(a_jump_of_two_hours_does_not_cost_two_hours),
        duty_test(a_jump_forward_is_noticed_and_a_minute_of_sleep_is_not),
        duty_test(dispatch_pulls_in_at_the_start_what_a_jump_left_behind),
        duty_test(prune_takes_old_results_and_leaves_the_ledger),
        duty_test(the_keys_duty_fills_the_pool_and_then_rests),
        duty_test(only_a_call_that_was_made_says_that_the_cloud_is_there),
        duty_test(upkeep_of_a_ca_that_fails_is_logged_and_comes_again_soon),
        duty_test(news_of_the_credential_is_logged),
    };

    return cmocka_run_group_tests(tests, core_group_setup, core_group_teardown);
}
