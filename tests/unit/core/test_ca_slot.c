/* SPDX-License-Identifier: Apache-2.0 */
/* How many may be at a CA at once, and that one in trouble is nobody else's. */
#include "unit/core/core_kit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit/core/core_ca.h"

enum { OF_SLOW = 40, OF_OTHER = 20, WORKERS = 4, ROUNDS_MAX = 20000, TICK_MS = 20 };

static struct cf_err failure;

static const struct cf_err *
failed(enum cf_rc rc)
{
    cf_fail(&failure, rc, "as the test wants it");
    return &failure;
}

static void
no_more_calls_are_under_way_than_are_allowed(void **state)
{
    struct core_kit *kit = *state;
    struct cf_ca_slot *slot = &kit->site->cas[0];
    struct cf_ca_call call[3] = {0};
    struct cf_err err = {0};

    core_ca_limit(kit, 2, 0, 0);
    assert_ok(cf_ca_call_begin(slot, &call[0], &err), err);
    assert_ok(cf_ca_call_begin(slot, &call[1], &err), err);
    assert_rc(cf_ca_call_begin(slot, &call[2], &err), CF_E_CA_BUSY);
    assert_contains(err.text, "max_parallel = 2");
    assert_null(call[2].slot);
    uint64_t wait = cf_ca_slot_wait_ms(slot, &err);
    assert_true(wait > 0 && wait <= 1000);
    cf_ca_call_end(&call[0], CF_OK, NULL);
    cf_ca_call_end(&call[0], CF_OK, NULL);
    assert_ok(cf_ca_call_begin(slot, &call[2], &err), err);
    cf_ca_call_cancel(&call[1]);
    cf_ca_call_cancel(&call[2]);
    assert_int_equal(atomic_load(&slot->in_use), 0);
    assert_false(atomic_load(&slot->unhealthy));
}

static void
nobody_waits_over_a_second_for_a_place(void **state)
{
    struct core_kit *kit = *state;
    struct cf_ca_slot *slot = &kit->site->cas[0];
    struct cf_ca_call call = {0}, other = {0};
    struct cf_err err = {0};

    core_ca_limit(kit, 1, 0, 0);
    assert_ok(cf_ca_call_begin(slot, &call, &err), err);
    for (int i = 0; i < 1000; i++) {
        assert_rc(cf_ca_call_begin(slot, &other, &err), CF_E_CA_BUSY);
        assert_true(cf_ca_slot_wait_ms(slot, &err) <= 1000);
    }
    cf_ca_call_end(&call, CF_OK, NULL);
}

static void
a_place_is_kept_until_its_call_has_begun_or_is_given_up(void **state)
{
    struct core_kit *kit = *state;
    struct cf_ca_slot *slot = &kit->site->cas[0];
    struct cf_ca_call call[3] = {0};
    struct cf_err err = {0};
    uint64_t wait_ms = 7;

    core_ca_limit(kit, 2, 0, 0);
    assert_int_equal(cf_ca_slot_places(slot, &wait_ms), 2);
    cf_ca_call_expect(slot, &call[0]);
    assert_int_equal(cf_ca_slot_places(slot, &wait_ms), 1);
    assert_int_equal(wait_ms, 7);
    assert_ok(cf_ca_call_begin(slot, &call[1], &err), err);
    assert_int_equal(cf_ca_slot_places(slot, &wait_ms), 0);
    assert_true(wait_ms > 0 && wait_ms <= 1000);
    cf_ca_call_expect(slot, &call[2]); /* full: nothing is kept */
    assert_null(call[2].slot);
    assert_rc(cf_ca_call_begin(slot, &call[2], &err), CF_E_CA_BUSY);

    assert_ok(cf_ca_call_begin(slot, &call[0], &err), err);
    assert_int_equal(atomic_load(&slot->in_use), 2);
    assert_int_equal(atomic_load(&slot->kept), 0);
    cf_ca_call_end(&call[0], CF_OK, NULL);
    cf_ca_call_expect(slot, &call[2]);
    cf_ca_call_cancel(&call[2]);
    cf_ca_call_cancel(&call[2]);
    cf_ca_call_cancel(&call[1]);
    assert_int_equal(atomic_load(&slot->in_use), 0);
    assert_int_equal(atomic_load(&slot->kept), 0);
}

static void
a_place_is_left_for_a_revocation_that_found_none(void **state)
{
    struct core_kit *kit = *state;
    struct cf_ca_slot *slot = &kit->site->cas[0];
    struct cf_ca_call call[2] = {0};
    struct cf_err err = {0};
    uint64_t wait_ms = 0;

    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    core_ca_limit(kit, 2, 0, 0);
    cf_own_str json = core_revocation(kit, "v1", "r1");
    core_receive(kit, CF_KIND_REVOCATION, "v1", json);
    cf_ca_call_expect(slot, &call[0]);
    cf_ca_call_expect(slot, &call[1]);
    assert_ok(core_run(kit, CF_KIND_REVOCATION, "v1", &err), err);
    assert_int_equal(kit->ca->n_revokes, 0);
    cf_ca_call_cancel(&call[0]);
    assert_int_equal(cf_ca_slot_places(slot, &wait_ms), 0);
    assert_true(wait_ms > 0 && wait_ms <= 1000);
    cf_clock_fake_advance(kit->clock, 1000);
    assert_ok(core_run(kit, CF_KIND_REVOCATION, "v1", &err), err);
    assert_int_equal(kit->ca->n_revokes, 1);
    assert_int_equal(cf_ca_slot_places(slot, &wait_ms), 1);

    cf_ca_slot_want(slot, true); /* who does not come is not waited for */
    assert_int_equal(cf_ca_slot_places(slot, &wait_ms), 0);
    cf_clock_fake_advance(kit->clock, 2000);
    assert_int_equal(cf_ca_slot_places(slot, &wait_ms), 1);
    cf_ca_call_cancel(&call[1]);
}

static void
while_calls_are_kept_back_there_is_no_place_and_then_one(void **state)
{
    struct core_kit *kit = *state;
    struct cf_ca_slot *slot = &kit->site->cas[0];
    struct cf_ca_call call = {0}, kept = {0};
    struct cf_err err = {0};
    uint64_t wait_ms = 0;

    core_ca_limit(kit, 0, 5000, 60000);
    assert_true(cf_ca_slot_places(slot, &wait_ms) == SIZE_MAX);
    assert_ok(cf_ca_call_begin(slot, &call, &err), err);
    cf_ca_call_expect(slot, &kept);
    cf_ca_call_end(&call, CF_E_CA_DOWN, failed(CF_E_CA_DOWN));
    assert_int_equal(cf_ca_slot_places(slot, &wait_ms), 0);
    assert_int_equal(wait_ms, 5000);
    assert_rc(cf_ca_call_begin(slot, &kept, &err), CF_E_CA_DOWN);
    assert_null(kept.slot);
    assert_int_equal(atomic_load(&slot->in_use), 0);
    assert_int_equal(atomic_load(&slot->kept), 0);

    cf_clock_fake_advance(kit->clock, 5000);
    assert_int_equal(cf_ca_slot_places(slot, &wait_ms), 1);
    cf_ca_call_expect(slot, &kept);
    assert_int_equal(cf_ca_slot_places(slot, &wait_ms), 0); /* the probe is on its way */
    assert_true(wait_ms > 0 && wait_ms <= 1000);
    assert_ok(cf_ca_call_begin(slot, &kept, &err), err);
    assert_true(kept.is_probe);
    assert_int_equal(cf_ca_slot_places(slot, &wait_ms), 0);
    cf_ca_call_end(&kept, CF_OK, NULL);
    assert_true(cf_ca_slot_places(slot, &wait_ms) == SIZE_MAX);
}

static void
only_what_the_others_would_meet_too_keeps_them_back(void **state)
{
    static const struct {
        enum cf_rc rc;
        bool opens;
    } CASES[] = {
        {CF_E_CA_DOWN, true},    {CF_E_NET, true},         {CF_E_TIMEOUT, true},
        {CF_E_TLS, true},        {CF_E_AUTH, true},        {CF_E_THROTTLED, true},
        {CF_E_CA_CONFIG, false}, {CF_E_REJECTED, false},   {CF_E_NOT_FOUND, false},
        {CF_E_CONFLICT, false},  {CF_E_PROTOCOL, false},   {CF_E_STOPPED, false},
        {CF_E_OOM, false},       {CF_E_STORE_BUSY, false}, {CF_E_POLICY, false},
    };
    struct core_kit *kit = *state;
    struct cf_ca_slot *slot = &kit->site->cas[0];

    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_ca_call call = {0};
        struct cf_err err = {0};
        core_ca_limit(kit, 0, 5000, 60000);
        assert_ok(cf_ca_call_begin(slot, &call, &err), err);
        cf_ca_call_end(&call, CASES[i].rc, failed(CASES[i].rc));
        if (cf_breaker_is_open(&slot->breaker) != CASES[i].opens)
            fail_msg("%s", cf_rc_name(CASES[i].rc));
    }
}

static void
a_request_kept_back_has_not_been_tried(void **state)
{
    struct core_kit *kit = *state;
    unsigned n_submits;

    core_ca_limit(kit, 0, 5000, 60000);
    core_receive_good(kit, "r1");
    core_receive_good(kit, "r2");
    kit->ca->fail = CF_E_CA_DOWN;
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_KEYED);
    n_submits = kit->ca->n_submits;
    unsigned n_waiting = kit->log.n[CF_EV_REQUEST_WAITING];

    assert_int_equal(core_run_ok(kit, "r2"), CF_STATE_KEYED);
    assert_int_equal(kit->ca->n_submits, n_submits);
    assert_int_equal(kit->log.n[CF_EV_REQUEST_WAITING], n_waiting);
    assert_int_equal(kit->log.n[CF_EV_CA_UNAVAILABLE], 1);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r2");
    assert_int_equal(item->attempts, 0);
    assert_int_equal(item->submits, 0);
    assert_int_equal(item->rc, CF_E_CA_DOWN);
    assert_contains(item->error, "as the test wants it");
    int64_t wait = item->due_ms - cf_clock_now_ms(kit->clock);
    assert_true(wait >= 5000 && wait <= 7000);

    kit->ca->fail = CF_OK;
    core_wait(kit, "r2");
    assert_int_equal(core_run_ok(kit, "r2"), CF_STATE_WRAPPED);
    cf_own(cf_item) done = core_item(kit, CF_KIND_PKCS, "r2");
    assert_null(done->error);
    assert_int_equal(kit->ca->n_repeats, 0);
    assert_int_equal(kit->log.n[CF_EV_CA_RECOVERED], 1);
}

static void
a_busy_ca_leaves_no_trace_on_the_request(void **state)
{
    struct core_kit *kit = *state;
    struct cf_ca_slot *slot = &kit->site->cas[0];
    struct cf_ca_call call = {0};
    struct cf_err err = {0};

    core_ca_limit(kit, 1, 0, 0);
    core_receive_good(kit, "r1");
    assert_ok(cf_ca_call_begin(slot, &call, &err), err);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_KEYED);
        core_wait(kit, "r1");
    }
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_int_equal(item->attempts, 0);
    assert_int_equal(item->submits, 0);
    assert_int_equal(item->rc, CF_OK);
    assert_null(item->error);
    assert_int_equal(kit->log.n[CF_EV_REQUEST_WAITING], 0);
    cf_ca_call_end(&call, CF_OK, NULL);
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    assert_int_equal(kit->ca->n_submits, 1);
    assert_int_equal(atomic_load(&slot->count[CF_CA_COUNT_SUBMITTED]), 1);
    assert_int_equal(atomic_load(&slot->count[CF_CA_COUNT_ISSUED]), 1);
    assert_int_equal(atomic_load(&slot->in_use), 0);
}

static void
a_revocation_waits_for_its_ca_without_being_tried(void **state)
{
    struct core_kit *kit = *state;
    struct cf_ca_slot *slot = &kit->site->cas[0];
    struct cf_ca_call call = {0};
    struct cf_err err = {0};

    core_ca_limit(kit, 1, 0, 0);
    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    cf_own_str json = core_revocation(kit, "v1", "r1");
    core_receive(kit, CF_KIND_REVOCATION, "v1", json);
    assert_ok(cf_ca_call_begin(slot, &call, &err), err);
    assert_ok(core_run(kit, CF_KIND_REVOCATION, "v1", &err), err);
    cf_own(cf_item) waiting = core_item(kit, CF_KIND_REVOCATION, "v1");
    assert_int_equal(waiting->state, CF_STATE_RECEIVED);
    assert_int_equal(waiting->attempts, 0);
    assert_true(waiting->due_ms > cf_clock_now_ms(kit->clock));
    assert_int_equal(kit->ca->n_revokes, 0);

    cf_ca_call_end(&call, CF_OK, NULL);
    cf_clock_fake_advance(kit->clock, 1000);
    assert_ok(core_run(kit, CF_KIND_REVOCATION, "v1", &err), err);
    assert_int_equal(kit->ca->n_revokes, 1);
    assert_int_equal(atomic_load(&slot->count[CF_CA_COUNT_REVOKED]), 1);
}

static void
a_revocation_that_is_refused_keeps_no_request_back(void **state)
{
    struct core_kit *kit = *state;
    struct cf_ca_slot *slot = &kit->site->cas[0];
    struct cf_ca_call call = {.is_revocation = true};
    struct cf_ca_call other = {.is_revocation = true};
    struct cf_err err = {0};

    core_ca_limit(kit, 0, 5000, 60000);
    assert_ok(cf_ca_call_begin(slot, &call, &err), err);
    cf_ca_call_end(&call, CF_E_AUTH, failed(CF_E_AUTH));
    assert_rc(cf_ca_call_begin(slot, &other, &err), CF_E_AUTH);
    assert_false(atomic_load(&slot->unhealthy));
    assert_false(cf_breaker_is_open(&slot->breaker));
    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);

    /* Nor does a revocation that was done say that issuing works. */
    kit->ca->fail = CF_E_CA_DOWN;
    core_receive_good(kit, "r2");
    assert_int_equal(core_run_ok(kit, "r2"), CF_STATE_KEYED);
    cf_clock_fake_advance(kit->clock, 5000);
    call = (struct cf_ca_call){.is_revocation = true};
    assert_ok(cf_ca_call_begin(slot, &call, &err), err);
    cf_ca_call_end(&call, CF_OK, NULL);
    assert_true(atomic_load(&slot->unhealthy));
}

/* ---- with threads ---- */

static void
offer(struct core_kit *kit, char prefix, int n, const char *host)
{
    for (int i = 0; i < n; i++) {
        char context[16];

        snprintf(context, sizeof context, "%c%d", prefix, i);
        cf_own_str json =
            core_request(kit, context, (const char *const[]){"certificationAuthority", host, NULL});
        fake_cloud_offer(kit->cloud, json);
    }
}

static int
count_results(struct core_kit *kit, char prefix, int n)
{
    int found = 0;

    for (int i = 0; i < n; i++) {
        char context[16];

        snprintf(context, sizeof context, "%c%d", prefix, i);
        cf_own_str result = fake_cloud_result(kit->cloud, context);
        found += result && strstr(result, "\"status\":\"issued\"") != NULL;
    }
    return found;
}

static void
run_until_all_are_there(struct core_kit *kit, char prefix, int n)
{
    for (unsigned round = 0; round < ROUNDS_MAX; round++) {
        uint64_t delay_ms = 0;

        cf_scheduler_tick(kit->scheduler, &delay_ms);
        usleep(1000);
        cf_clock_fake_advance(kit->clock, TICK_MS);
        assert_true(core_ca_held(kit->ca) <= 2);
        if (round % 20 == 0 && count_results(kit, prefix, n) == n)
            return;
    }
    fail_msg("%d of %d results have come", count_results(kit, prefix, n), n);
}

static void
a_ca_that_hangs_does_not_hold_the_requests_of_another(void **state)
{
    struct core_kit *kit = *state;

    core_ca_limit(kit, 2, 0, 0);
    struct core_ca *other = core_add_ca(kit);
    core_start_scheduler(kit, WORKERS);
    core_ca_hold(kit->ca, true);
    offer(kit, 's', OF_SLOW, "\"ca.example.com\"");
    offer(kit, 'o', OF_OTHER, "\"other.example.com\"");
    run_until_all_are_there(kit, 'o', OF_OTHER);
    assert_int_equal(count_results(kit, 's', OF_SLOW), 0);
    assert_int_equal(other->n_submits, OF_OTHER);

    core_ca_hold(kit->ca, false);
    run_until_all_are_there(kit, 's', OF_SLOW);
    assert_int_equal(kit->ca->n_submits, OF_SLOW);
    assert_int_equal(kit->ca->n_repeats, 0);
    assert_int_equal(kit->ca->n_changed, 0);
    cf_pool_stop(kit->pool);
    assert_int_equal(atomic_load(&kit->site->cas[0].in_use), 0);
    assert_int_equal(atomic_load(&kit->site->cas[0].count[CF_CA_COUNT_ISSUED]), OF_SLOW);
}

static void
a_ca_that_is_gone_does_not_hold_the_requests_of_another(void **state)
{
    struct core_kit *kit = *state;

    core_ca_limit(kit, 2, 1000, 4000);
    (void)core_add_ca(kit);
    core_start_scheduler(kit, WORKERS);
    pthread_mutex_lock(&kit->ca->lock);
    kit->ca->fail = CF_E_CA_DOWN;
    pthread_mutex_unlock(&kit->ca->lock);
    offer(kit, 's', OF_SLOW, "\"ca.example.com\"");
    offer(kit, 'o', OF_OTHER, "\"other.example.com\"");
    run_until_all_are_there(kit, 'o', OF_OTHER);

    pthread_mutex_lock(&kit->ca->lock);
    kit->ca->fail = CF_OK;
    pthread_mutex_unlock(&kit->ca->lock);
    run_until_all_are_there(kit, 's', OF_SLOW);
    assert_int_equal(kit->ca->n_repeats, 0);
    cf_pool_stop(kit->pool);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        core_test(no_more_calls_are_under_way_than_are_allowed),
        core_test(nobody_waits_over_a_second_for_a_place),
        core_test(a_place_is_kept_until_its_call_has_begun_or_is_given_up),
        core_test(a_place_is_left_for_a_revocation_that_found_none),
        core_test(while_calls_are_kept_back_there_is_no_place_and_then_one),
        core_test(only_what_the_others_would_meet_too_keeps_them_back),
        core_test(a_request_kept_back_has_not_been_tried),
        core_test(a_busy_ca_leaves_no_trace_on_the_request),
        core_test(a_revocation_waits_for_its_ca_without_being_tried),
        core_test(a_revocation_that_is_refused_keeps_no_request_back),
        core_test(a_ca_that_hangs_does_not_hold_the_requests_of_another),
        core_test(a_ca_that_is_gone_does_not_hold_the_requests_of_another),
    };

    return cmocka_run_group_tests(tests, core_group_setup, core_group_teardown);
}
