/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/ca_sweep.h"

#include <semaphore.h>
#include <string.h>

#include "unit/core/core_ca.h"
#include "unit/core/core_kit.h"

enum { N_CAS = 2 };

static atomic_uint looks[N_CAS];
static atomic_uint n_ends;
static sem_t release;
static sem_t is_held;

static void
look(void *arg, struct cf_ca_slot *slot, size_t i)
{
    struct cf_site *site = arg;

    assert_ptr_equal(slot, &site->cas[i]);
    atomic_fetch_add(&looks[i], 1);
}

static void
end(void *arg)
{
    (void)arg;
    atomic_fetch_add(&n_ends, 1);
}

static void
hold(void *arg)
{
    (void)arg;
    sem_post(&is_held);
    sem_wait(&release);
}

static struct cf_ca_sweep *
new_sweep(struct core_kit *kit, unsigned n_workers)
{
    const struct cf_pool_options pool = {.n_cpu = 1, .n_io = n_workers, .queue_max = 8};
    struct cf_ca_sweep *sweep = NULL;
    struct cf_err err = {0};

    memset(looks, 0, sizeof looks);
    atomic_store(&n_ends, 0);
    while (kit->site->n_cas < N_CAS)
        (void)core_add_ca(kit);
    assert_ok(cf_pool_new(&pool, &kit->pool, &err), err);
    const struct cf_ca_sweep_options options = {
        .site = kit->site, .pool = kit->pool, .look = look, .end = end, .arg = kit->site};
    assert_ok(cf_ca_sweep_new(&options, &sweep, &err), err);
    return sweep;
}

static void
each_was_looked_at(unsigned n)
{
    for (size_t i = 0; i < N_CAS; i++)
        assert_int_equal(atomic_load(&looks[i]), n);
}

static void
jobs_and_this_thread_look_at_each_ca_once(void **state)
{
    struct core_kit *kit = *state;
    struct cf_ca_sweep *sweep = new_sweep(kit, 3);

    assert_int_equal(cf_ca_sweep_start(sweep, CF_PRIO_HIGH, 3), 3);
    cf_ca_sweep_finish(sweep);
    each_was_looked_at(1);
    cf_ca_sweep_free(sweep);
    kit->pool = cf_pool_free(kit->pool);
    each_was_looked_at(1);
    assert_int_equal(atomic_load(&n_ends), 1);
}

static void
jobs_alone_do_it_too(void **state)
{
    struct core_kit *kit = *state;
    struct cf_ca_sweep *sweep = new_sweep(kit, 2);

    assert_int_equal(cf_ca_sweep_start(sweep, CF_PRIO_IDLE, 2), 2);
    cf_ca_sweep_free(sweep);
    while (atomic_load(&n_ends) == 0)
        sched_yield();
    each_was_looked_at(1);
}

static void
this_thread_needs_no_worker(void **state)
{
    struct core_kit *kit = *state;
    struct cf_ca_sweep *sweep = new_sweep(kit, 1);
    struct cf_err err = {0};

    sem_init(&release, 0, 0);
    sem_init(&is_held, 0, 0);
    assert_ok(cf_pool_submit(kit->pool, CF_LANE_IO, CF_PRIO_HIGH, hold, NULL, &err), err);
    sem_wait(&is_held);
    assert_int_equal(cf_ca_sweep_start(sweep, CF_PRIO_HIGH, 2), 2);
    cf_ca_sweep_finish(sweep);
    each_was_looked_at(1);
    cf_ca_sweep_free(sweep);
    assert_int_equal(atomic_load(&n_ends), 0);
    sem_post(&release);
    kit->pool = cf_pool_free(kit->pool);
    assert_int_equal(atomic_load(&n_ends), 1);
}

static void
a_pool_that_stops_ends_it(void **state)
{
    struct core_kit *kit = *state;
    struct cf_ca_sweep *sweep = new_sweep(kit, 1);

    cf_pool_stop(kit->pool);
    assert_int_equal(cf_ca_sweep_start(sweep, CF_PRIO_HIGH, 2), 0);
    cf_ca_sweep_finish(sweep);
    each_was_looked_at(0);
    assert_null(cf_ca_sweep_free(sweep));
    assert_int_equal(atomic_load(&n_ends), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        core_test(jobs_and_this_thread_look_at_each_ca_once),
        core_test(jobs_alone_do_it_too),
        core_test(this_thread_needs_no_worker),
        core_test(a_pool_that_stops_ends_it),
    };

    return cmocka_run_group_tests(tests, core_group_setup, core_group_teardown);
}
