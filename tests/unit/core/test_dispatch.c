/* SPDX-License-Identifier: Apache-2.0 */
/* A backlog at a CA that cannot serve it is left where it is, and nobody waits behind it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit/core/core_ca.h"

enum { BACKLOG = 2000, SOME = 60, WORKERS = 4, PAUSE_MS = 60000, TICK_MS = 20 };

/* One real request comes as far as the CA, which fails; so many like it wait behind it. */
static void
make_backlog(struct core_kit *kit, int n, uint64_t max_parallel)
{
    core_ca_limit(kit, max_parallel, PAUSE_MS, PAUSE_MS);
    (void)core_add_ca(kit);
    kit->ca->fail = CF_E_CA_DOWN;
    core_receive_good(kit, "first");
    assert_int_equal(core_run_ok(kit, "first"), CF_STATE_KEYED);
    cf_own(cf_item) first = core_item(kit, CF_KIND_PKCS, "first");
    for (int i = 1; i < n; i++) {
        char context[16];
        enum cf_reception reception;
        struct cf_err err = {0};

        snprintf(context, sizeof context, "w%d", i);
        cf_own_str json = core_request(kit, context, NULL);
        cf_own(cf_item) item = cf_item_new(CF_KIND_PKCS, context);
        item->state = CF_STATE_KEYED;
        item->due_ms = cf_clock_now_ms(kit->clock);
        item->lease_until_ms = item->due_ms + 600000;
        item->body = cf_buf_copy(cf_bytes_of(json, strlen(json)));
        item->ca = strdup(first->ca);
        item->csr = cf_buf_copy(cf_buf_bytes(first->csr));
        assert_ok(kit->store->ops->receive(kit->store, &item, 1, &reception, &err), err);
    }
    cf_clock_fake_advance(kit->clock, 1);
}

static void
receive_for_other(struct core_kit *kit, const char *context)
{
    cf_own_str json = core_request(
        kit, context,
        (const char *const[]){"certificationAuthority", "\"other.example.com\"", NULL});

    core_receive(kit, CF_KIND_PKCS, context, json);
}

static uint64_t
dispatch(struct core_kit *kit)
{
    struct cf_err err = {0};
    uint64_t next_ms = UINT64_MAX;

    assert_ok(cf_duty_dispatch(kit->scheduler, kit->site, &next_ms, &err), err);
    assert_true(next_ms > 0); /* never at once: that would be a spin */
    return next_ms;
}

static void
wait_for(struct core_kit *kit, unsigned in_flight)
{
    for (int i = 0; i < 4000 && cf_scheduler_in_flight(kit->scheduler) != in_flight; i++)
        usleep(5000);
    assert_int_equal(cf_scheduler_in_flight(kit->scheduler), in_flight);
}

static void
wait_until_held(struct core_kit *kit, unsigned n)
{
    for (int i = 0; i < 4000 && core_ca_held(kit->ca) != n; i++)
        usleep(5000);
    assert_int_equal(core_ca_held(kit->ca), n);
}

static size_t
claimed(struct core_kit *kit)
{
    return cf_fake_store_counts(kit->store).claimed;
}

static void
set_fail(struct core_kit *kit, enum cf_rc rc)
{
    pthread_mutex_lock(&kit->ca->lock);
    kit->ca->fail = rc;
    kit->ca->reject_reason = rc == CF_OK ? "as the test wants it" : NULL; /* quickly done */
    pthread_mutex_unlock(&kit->ca->lock);
}

static unsigned
count_submits(struct core_kit *kit)
{
    pthread_mutex_lock(&kit->ca->lock);
    unsigned n = kit->ca->n_submits;
    pthread_mutex_unlock(&kit->ca->lock);
    return n;
}

static void
what_waits_for_a_ca_that_is_kept_back_is_not_claimed(void **state)
{
    struct core_kit *kit = *state;

    make_backlog(kit, BACKLOG, 2);
    core_start_scheduler(kit, WORKERS);
    uint64_t next_ms = dispatch(kit);
    assert_int_equal(claimed(kit), 0);
    assert_true(next_ms > 1000 && next_ms <= PAUSE_MS);

    struct cf_fake_store_counts before = cf_fake_store_counts(kit->store);
    receive_for_other(kit, "o1");
    (void)dispatch(kit);
    wait_for(kit, 0);
    assert_state(kit, "o1", CF_STATE_WRAPPED);
    assert_int_equal(claimed(kit), 1);
    assert_true(cf_fake_store_counts(kit->store).commits - before.commits < 10);
    assert_int_equal(kit->ca->n_submits, 1);
}

static void
one_finds_out_whether_the_ca_is_back_and_then_the_rest_follows(void **state)
{
    struct core_kit *kit = *state;

    make_backlog(kit, BACKLOG, 2);
    core_start_scheduler(kit, WORKERS);
    cf_clock_fake_advance(kit->clock, PAUSE_MS);
    core_ca_hold(kit->ca, true);
    (void)dispatch(kit);
    assert_int_equal(claimed(kit), 1);
    wait_until_held(kit, 1);
    for (int i = 0; i < 5; i++) /* while it is on its way nobody else is, and nobody spins */
        assert_true(dispatch(kit) >= 1000);
    assert_int_equal(claimed(kit), 1);
    core_ca_hold(kit->ca, false);
    wait_for(kit, 0);
    assert_int_equal(count_submits(kit), 2);
    assert_true(dispatch(kit) > 1000);
    assert_int_equal(claimed(kit), 1);

    set_fail(kit, CF_OK);
    cf_clock_fake_advance(kit->clock, PAUSE_MS);
    (void)dispatch(kit);
    wait_for(kit, 0);
    assert_int_equal(claimed(kit), 2);
    core_ca_hold(kit->ca, true);
    for (int i = 0; i < 5; i++)
        (void)dispatch(kit);
    assert_int_equal(claimed(kit), 4);
    wait_until_held(kit, 2);
    core_ca_hold(kit->ca, false);
    wait_for(kit, 0);
    assert_int_equal(count_submits(kit), 5);
}

static void
nobody_waits_behind_a_ca_that_has_no_place(void **state)
{
    struct core_kit *kit = *state;

    make_backlog(kit, BACKLOG, 2);
    core_start_scheduler(kit, WORKERS);
    set_fail(kit, CF_OK);
    cf_clock_fake_advance(kit->clock, PAUSE_MS);
    (void)dispatch(kit); /* the probe */
    wait_for(kit, 0);
    core_ca_hold(kit->ca, true);
    receive_for_other(kit, "o1");
    (void)dispatch(kit);
    wait_until_held(kit, 2);
    wait_for(kit, 2);
    assert_state(kit, "o1", CF_STATE_WRAPPED);
    receive_for_other(kit, "o2");
    assert_true(dispatch(kit) > 0);
    wait_for(kit, 2);
    assert_state(kit, "o2", CF_STATE_WRAPPED);
    assert_int_equal(claimed(kit), 5);
    core_ca_hold(kit->ca, false);
    wait_for(kit, 0);
}

static void
tick(struct core_kit *kit)
{
    uint64_t delay_ms = 0;

    cf_scheduler_tick(kit->scheduler, &delay_ms);
    usleep(1000);
    cf_clock_fake_advance(kit->clock, TICK_MS);
}

static void
a_backlog_is_neither_looked_at_all_the_time_nor_forgotten(void **state)
{
    struct core_kit *kit = *state;

    make_backlog(kit, SOME, 2);
    core_start_scheduler(kit, WORKERS);
    size_t before = cf_fake_store_counts(kit->store).claims;
    for (int i = 0; i < 500; i++)
        tick(kit);
    assert_int_equal(count_submits(kit), 1);
    /* The results' duties claim as well, each on its own clock. */
    assert_true(cf_fake_store_counts(kit->store).claims - before < 50);

    set_fail(kit, CF_OK);
    for (int i = 0; i < 20000 && count_submits(kit) < SOME + 1; i++)
        tick(kit);
    assert_int_equal(count_submits(kit), SOME + 1);
    cf_pool_stop(kit->pool);
    assert_int_equal(atomic_load(&kit->site->cas[0].in_use), 0);
    assert_int_equal(atomic_load(&kit->site->cas[0].kept), 0);
    /* Each once for its submission, and once for its result. */
    assert_true(claimed(kit) <= 2 * SOME + 10);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        core_test(what_waits_for_a_ca_that_is_kept_back_is_not_claimed),
        core_test(one_finds_out_whether_the_ca_is_back_and_then_the_rest_follows),
        core_test(nobody_waits_behind_a_ca_that_has_no_place),
        core_test(a_backlog_is_neither_looked_at_all_the_time_nor_forgotten),
    };

    return cmocka_run_group_tests(tests, core_group_setup, core_group_teardown);
}
