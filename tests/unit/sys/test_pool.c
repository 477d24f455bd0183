/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "certferry/pool.h"

static struct cf_err err;

/* A job that says when it runs and waits until it may end. */
struct gate {
    sem_t entered;
    sem_t open;
};

static void
init_gate(struct gate *gate)
{
    sem_init(&gate->entered, 0, 0);
    sem_init(&gate->open, 0, 0);
}

static void
run_gate(void *arg)
{
    struct gate *gate = arg;
    sem_post(&gate->entered);
    sem_wait(&gate->open);
}

static struct cf_pool *
new_pool(unsigned n_cpu, unsigned n_io, size_t queue_max)
{
    struct cf_pool *pool = NULL;
    const struct cf_pool_options options = {n_cpu, n_io, queue_max};
    assert_int_equal(cf_pool_new(&options, &pool, &err), CF_OK);
    return pool;
}

static void
submit(struct cf_pool *pool, enum cf_lane lane, enum cf_priority prio, cf_job_fn *fn, void *arg)
{
    assert_int_equal(cf_pool_submit(pool, lane, prio, fn, arg, &err), CF_OK);
}

static void
refuses_senseless_options(void **state)
{
    (void)state;
    struct cf_pool *pool = NULL;
    const struct cf_pool_options bad[] = {{0, 1, 1},   {1, 0, 1},   {1, 1, 0},
                                          {257, 1, 1}, {1, 257, 1}, {1, 1, 65537}};
    for (size_t i = 0; i < CF_COUNT(bad); i++)
        assert_int_equal(cf_pool_new(&bad[i], &pool, &err), CF_E_RANGE);
    assert_null(pool);
}

static int order[16];
static int n_order;
static pthread_mutex_t order_lock = PTHREAD_MUTEX_INITIALIZER;

static void
note(void *arg)
{
    pthread_mutex_lock(&order_lock);
    order[n_order++] = *(const int *)arg;
    pthread_mutex_unlock(&order_lock);
}

static void
serves_higher_priority_first_and_arrival_within_one(void **state)
{
    (void)state;
    static const int numbers[] = {0, 1, 2, 3, 4, 5};
    cf_own(cf_pool) pool = new_pool(1, 1, 16);
    struct gate gate;
    init_gate(&gate);
    n_order = 0;
    submit(pool, CF_LANE_IO, CF_PRIO_NORMAL, run_gate, &gate);
    sem_wait(&gate.entered);
    const enum cf_priority prios[] = {CF_PRIO_IDLE,   CF_PRIO_NORMAL, CF_PRIO_HIGH,
                                      CF_PRIO_NORMAL, CF_PRIO_HIGH,   CF_PRIO_IDLE};
    for (size_t i = 0; i < CF_COUNT(prios); i++)
        submit(pool, CF_LANE_IO, prios[i], note, (void *)(uintptr_t)&numbers[i]);
    sem_post(&gate.open);
    cf_pool_stop(pool);
    static const int expected[] = {2, 4, 1, 3, 0, 5};
    assert_int_equal(n_order, 6);
    assert_memory_equal(order, expected, sizeof expected);
}

static void
keeps_the_lanes_apart(void **state)
{
    (void)state;
    cf_own(cf_pool) pool = new_pool(1, 1, 4);
    struct gate cpu, io;
    init_gate(&cpu);
    init_gate(&io);
    submit(pool, CF_LANE_CPU, CF_PRIO_NORMAL, run_gate, &cpu);
    sem_wait(&cpu.entered);
    submit(pool, CF_LANE_IO, CF_PRIO_NORMAL, run_gate, &io);
    sem_wait(&io.entered);
    sem_post(&cpu.open);
    sem_post(&io.open);
}

static void
refuses_the_job_that_finds_the_queue_full_and_tells_the_room(void **state)
{
    (void)state;
    cf_own(cf_pool) pool = new_pool(1, 1, 2);
    struct gate gate;
    init_gate(&gate);
    assert_int_equal(cf_pool_room(pool, CF_LANE_CPU), 3);
    for (int i = 0; i < 3; i++) {
        submit(pool, CF_LANE_CPU, CF_PRIO_NORMAL, run_gate, &gate);
        assert_int_equal(cf_pool_room(pool, CF_LANE_CPU), 2 - i);
    }
    assert_int_equal(cf_pool_submit(pool, CF_LANE_CPU, CF_PRIO_HIGH, run_gate, &gate, &err),
                     CF_E_LIMIT);
    assert_int_equal(cf_pool_room(pool, CF_LANE_IO), 3);
    for (int i = 0; i < 3; i++)
        sem_post(&gate.open);
}

static void
note_policy(void *arg)
{
    struct sched_param param;
    pthread_getschedparam(pthread_self(), arg, &param);
}

static void
runs_idle_jobs_under_sched_idle_and_others_not(void **state)
{
    (void)state;
    cf_own(cf_pool) pool = new_pool(1, 1, 4);
    struct gate gate;
    init_gate(&gate);
    int idle = -1, normal = -1;
    submit(pool, CF_LANE_CPU, CF_PRIO_IDLE, note_policy, &idle);
    submit(pool, CF_LANE_CPU, CF_PRIO_IDLE, run_gate, &gate);
    sem_wait(&gate.entered);
    submit(pool, CF_LANE_CPU, CF_PRIO_NORMAL, note_policy, &normal);
    sem_post(&gate.open);
    cf_pool_stop(pool);
    assert_int_equal(idle, SCHED_IDLE);
    assert_int_equal(normal, SCHED_OTHER);
}

static void
never_lets_an_idle_job_occupy_a_worker(void **state)
{
    (void)state;
    cf_own(cf_pool) pool = new_pool(1, 1, 1);
    struct gate idle, work;
    init_gate(&idle);
    init_gate(&work);
    submit(pool, CF_LANE_CPU, CF_PRIO_IDLE, run_gate, &idle);
    sem_wait(&idle.entered);
    assert_int_equal(cf_pool_room(pool, CF_LANE_CPU), 2);
    submit(pool, CF_LANE_CPU, CF_PRIO_NORMAL, run_gate, &work);
    sem_wait(&work.entered);
    /* Their own queue is bounded as well. */
    submit(pool, CF_LANE_CPU, CF_PRIO_IDLE, run_gate, &idle);
    assert_int_equal(cf_pool_submit(pool, CF_LANE_CPU, CF_PRIO_IDLE, run_gate, &idle, &err),
                     CF_E_LIMIT);
    sem_post(&work.open);
    sem_post(&idle.open);
    sem_post(&idle.open);
}

static void
holds_idle_jobs_back_while_others_wait(void **state)
{
    (void)state;
    static const int first = 1, second = 2;
    cf_own(cf_pool) pool = new_pool(1, 1, 8);
    struct gate gate;
    init_gate(&gate);
    n_order = 0;
    submit(pool, CF_LANE_CPU, CF_PRIO_NORMAL, run_gate, &gate);
    sem_wait(&gate.entered);
    submit(pool, CF_LANE_CPU, CF_PRIO_NORMAL, note, (void *)(uintptr_t)&first);
    submit(pool, CF_LANE_CPU, CF_PRIO_IDLE, note, (void *)(uintptr_t)&second);
    usleep(50000);
    pthread_mutex_lock(&order_lock);
    assert_int_equal(n_order, 0);
    pthread_mutex_unlock(&order_lock);
    sem_post(&gate.open);
    cf_pool_stop(pool);
    assert_int_equal(n_order, 2);
}

static void
count_job(void *arg)
{
    __atomic_fetch_add((int *)arg, 1, __ATOMIC_RELAXED);
}

static void
wait_for_stop(void *arg)
{
    const volatile int *flag = arg;
    while (__atomic_load_n(flag, __ATOMIC_ACQUIRE) == 0)
        usleep(1000);
}

static void
runs_every_job_it_took_when_it_stops_and_takes_no_more(void **state)
{
    (void)state;
    cf_own(cf_pool) pool = new_pool(2, 2, 100);
    int n = 0;
    void *flag = (void *)(uintptr_t)cf_pool_stop_flag(pool);
    submit(pool, CF_LANE_CPU, CF_PRIO_IDLE, wait_for_stop, flag);
    for (int i = 0; i < 2; i++) {
        submit(pool, CF_LANE_CPU, CF_PRIO_NORMAL, wait_for_stop, flag);
        submit(pool, CF_LANE_IO, CF_PRIO_NORMAL, wait_for_stop, flag);
    }
    for (int i = 0; i < 30; i++) {
        submit(pool, CF_LANE_CPU, CF_PRIO_NORMAL, count_job, &n);
        submit(pool, CF_LANE_CPU, CF_PRIO_IDLE, count_job, &n);
        submit(pool, CF_LANE_IO, CF_PRIO_HIGH, count_job, &n);
    }
    assert_false(cf_pool_is_stopping(pool));
    cf_pool_stop(pool);
    assert_true(cf_pool_is_stopping(pool));
    assert_int_equal(n, 90);
    assert_int_equal(cf_pool_submit(pool, CF_LANE_IO, CF_PRIO_HIGH, count_job, &n, &err),
                     CF_E_STOPPED);
    assert_int_equal(cf_pool_room(pool, CF_LANE_IO), 0);
    cf_pool_stop(pool);
    assert_int_equal(n, 90);
}

struct flood {
    pthread_t thread;
    struct cf_pool *pool;
    int n_taken;
    int *n_run;
};

static void *
flood_pool(void *arg)
{
    struct flood *flood = arg;
    for (int i = 0; i < 400; i++) {
        enum cf_lane lane = i % 2 ? CF_LANE_CPU : CF_LANE_IO;
        enum cf_priority prio = (enum cf_priority)(i % CF_PRIO_MAX_);
        if (cf_pool_submit(flood->pool, lane, prio, count_job, flood->n_run, NULL) == CF_OK)
            flood->n_taken++;
        (void)cf_pool_room(flood->pool, lane);
    }
    return NULL;
}

static void *
stop_pool(void *arg)
{
    cf_pool_stop(arg);
    return NULL;
}

static void
loses_no_job_when_many_threads_submit_and_two_stop(void **state)
{
    (void)state;
    cf_own(cf_pool) pool = new_pool(2, 3, 16);
    struct flood floods[3];
    pthread_t stopper;
    int n_run = 0, n_taken = 0;
    for (size_t i = 0; i < CF_COUNT(floods); i++) {
        floods[i] = (struct flood){.pool = pool, .n_run = &n_run};
        pthread_create(&floods[i].thread, NULL, flood_pool, &floods[i]);
    }
    usleep(2000);
    pthread_create(&stopper, NULL, stop_pool, pool);
    cf_pool_stop(pool);
    pthread_join(stopper, NULL);
    for (size_t i = 0; i < CF_COUNT(floods); i++) {
        pthread_join(floods[i].thread, NULL);
        n_taken += floods[i].n_taken;
    }
    assert_int_equal(__atomic_load_n(&n_run, __ATOMIC_RELAXED), n_taken);
}

static void
note_mask(void *arg)
{
    pthread_sigmask(SIG_SETMASK, NULL, arg);
}

static void
blocks_signals_in_workers_and_leaves_the_callers_mask_alone(void **state)
{
    (void)state;
    sigset_t before, after, worker;
    sigemptyset(&worker);
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    cf_own(cf_pool) pool = new_pool(1, 1, 1);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    submit(pool, CF_LANE_IO, CF_PRIO_NORMAL, note_mask, &worker);
    cf_pool_stop(pool);
    assert_true(sigismember(&worker, SIGTERM) && sigismember(&worker, SIGPIPE));
    assert_false(sigismember(&worker, SIGSEGV));
    assert_int_equal(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_senseless_options),
        cmocka_unit_test(serves_higher_priority_first_and_arrival_within_one),
        cmocka_unit_test(keeps_the_lanes_apart),
        cmocka_unit_test(refuses_the_job_that_finds_the_queue_full_and_tells_the_room),
        cmocka_unit_test(runs_idle_jobs_under_sched_idle_and_others_not),
        cmocka_unit_test(never_lets_an_idle_job_occupy_a_worker),
        cmocka_unit_test(holds_idle_jobs_back_while_others_wait),
        cmocka_unit_test(runs_every_job_it_took_when_it_stops_and_takes_no_more),
        cmocka_unit_test(loses_no_job_when_many_threads_submit_and_two_stop),
        cmocka_unit_test(blocks_signals_in_workers_and_leaves_the_callers_mask_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
