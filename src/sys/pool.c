/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/pool.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "thread.h"

enum { WORKERS_MAX = 256, QUEUE_MAX = 65536, NAME_SIZE = 16 };

struct job {
    struct job *next;
    cf_job_fn *fn;
    void *arg;
};

struct queue {
    struct job *head;
    struct job **tail;
};

struct lane {
    const char *name;
    pthread_mutex_t lock; /* guards the members below */
    pthread_cond_t work;
    pthread_cond_t background_work;
    struct queue queues[CF_PRIO_MAX_];
    size_t n_waiting;    /* jobs the workers have to get to */
    size_t n_background; /* idle-priority jobs waiting for the background thread */
    size_t n_busy;       /* workers running a job */
    size_t n_workers;
    size_t queue_max;
    bool has_background;
    bool is_stopping;
};

struct worker {
    pthread_t thread;
    struct lane *lane;
    bool is_background;
    char name[NAME_SIZE];
};

struct cf_pool {
    struct lane *lanes; /* CF_LANE_MAX_ */
    struct worker *workers;
    size_t n_workers; /* threads started */
    int stop_flag;    /* __atomic */
    pthread_mutex_t stop_lock;
    bool is_joined;
};

static void
queue_put(struct queue *queue, struct job *job)
{
    *queue->tail = job;
    queue->tail = &job->next;
}

static struct job *
queue_take(struct queue *queue)
{
    struct job *job = queue->head;
    if (!job)
        return NULL;
    queue->head = job->next;
    if (!queue->head)
        queue->tail = &queue->head;
    return job;
}

/* The next job for an ordinary worker; NULL when there is none now. Lock held. */
static struct job *
take_job(struct lane *lane)
{
    for (size_t prio = 0; prio < CF_PRIO_MAX_; prio++) {
        bool is_background = lane->has_background && prio == CF_PRIO_IDLE;
        /* While stopping, the workers empty the background queue as well: a thread under
         * SCHED_IDLE might not be let on a processor in time. */
        if (is_background && !lane->is_stopping)
            continue;
        struct job *job = queue_take(&lane->queues[prio]);
        if (!job)
            continue;
        if (is_background)
            lane->n_background--;
        else
            lane->n_waiting--;
        if (lane->n_waiting == 0 && lane->n_background > 0)
            pthread_cond_signal(&lane->background_work);
        return job;
    }
    return NULL;
}

static void
run_worker(struct lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    for (;;) {
        struct job *job = take_job(lane);
        if (job) {
            lane->n_busy++;
            pthread_mutex_unlock(&lane->lock);
            job->fn(job->arg);
            free(job);
            pthread_mutex_lock(&lane->lock);
            lane->n_busy--;
        } else if (lane->is_stopping) {
            break;
        } else {
            pthread_cond_wait(&lane->work, &lane->lock);
        }
    }
    pthread_mutex_unlock(&lane->lock);
}

static void
run_background(struct lane *lane)
{
    struct sched_param param = {0};

    /* A sandbox may forbid it. The jobs are then run at normal weight, still one at a time and
     * only when nothing waits, which is no reason to refuse to start. */
    (void)pthread_setschedparam(pthread_self(), SCHED_IDLE, &param);

    pthread_mutex_lock(&lane->lock);
    while (!lane->is_stopping) {
        struct job *job = lane->n_waiting == 0 ? queue_take(&lane->queues[CF_PRIO_IDLE]) : NULL;
        if (!job) {
            pthread_cond_wait(&lane->background_work, &lane->lock);
            continue;
        }
        lane->n_background--;
        pthread_mutex_unlock(&lane->lock);
        job->fn(job->arg);
        free(job);
        pthread_mutex_lock(&lane->lock);
    }
    pthread_mutex_unlock(&lane->lock);
}

static void *
run_thread(void *arg)
{
    struct worker *worker = arg;

    (void)pthread_setname_np(pthread_self(), worker->name);
    if (worker->is_background)
        run_background(worker->lane);
    else
        run_worker(worker->lane);
    return NULL;
}

static enum cf_rc
start_thread(struct cf_pool *pool, struct lane *lane, bool is_background, struct cf_err *err)
{
    struct worker *worker = &pool->workers[pool->n_workers];
    worker->lane = lane;
    worker->is_background = is_background;
    if (is_background)
        snprintf(worker->name, sizeof worker->name, "%s-idle", lane->name);
    else
        snprintf(worker->name, sizeof worker->name, "%s-%zu", lane->name, lane->n_workers % 1000);

    int rc = pthread_create(&worker->thread, NULL, run_thread, worker);
    if (rc != 0)
        return cf_fail_errno(err, CF_E_IO, rc,
                             "worker thread %s cannot be started: raise TasksMax= or use fewer "
                             "workers",
                             worker->name);
    pool->n_workers++;
    if (!is_background) {
        pthread_mutex_lock(&lane->lock);
        lane->n_workers++;
        pthread_mutex_unlock(&lane->lock);
    }
    return CF_OK;
}

static enum cf_rc
start_threads(struct cf_pool *pool, const struct cf_pool_options *options, struct cf_err *err)
{
    for (unsigned i = 0; i < options->n_cpu; i++)
        CF_TRY(start_thread(pool, &pool->lanes[CF_LANE_CPU], false, err));
    for (unsigned i = 0; i < options->n_io; i++)
        CF_TRY(start_thread(pool, &pool->lanes[CF_LANE_IO], false, err));
    return start_thread(pool, &pool->lanes[CF_LANE_CPU], true, err);
}

static void
init_lane(struct lane *lane, const char *name, size_t queue_max, bool has_background)
{
    lane->name = name;
    lane->queue_max = queue_max;
    lane->has_background = has_background;
    pthread_mutex_init(&lane->lock, NULL);
    pthread_cond_init(&lane->work, NULL);
    pthread_cond_init(&lane->background_work, NULL);
    for (size_t i = 0; i < CF_PRIO_MAX_; i++)
        lane->queues[i].tail = &lane->queues[i].head;
}

static enum cf_rc
check_options(const struct cf_pool_options *options, struct cf_err *err)
{
    if (options->n_cpu < 1 || options->n_cpu > WORKERS_MAX)
        return cf_fail(err, CF_E_RANGE, "%u cpu workers: use 1 to %d", options->n_cpu, WORKERS_MAX);
    if (options->n_io < 1 || options->n_io > WORKERS_MAX)
        return cf_fail(err, CF_E_RANGE, "%u io workers: use 1 to %d", options->n_io, WORKERS_MAX);
    if (options->queue_max < 1 || options->queue_max > QUEUE_MAX)
        return cf_fail(err, CF_E_RANGE, "queue of %zu jobs: use 1 to %d", options->queue_max,
                       QUEUE_MAX);
    return CF_OK;
}

enum cf_rc
cf_pool_new(const struct cf_pool_options *options, struct cf_pool **ret_pool, struct cf_err *err)
{
    CF_TRY(check_options(options, err));
    cf_own(cf_pool) pool = calloc(1, sizeof *pool);
    if (!pool)
        return cf_fail_oom(err);
    pthread_mutex_init(&pool->stop_lock, NULL);
    pool->workers = calloc((size_t)options->n_cpu + options->n_io + 1, sizeof *pool->workers);
    pool->lanes = calloc(CF_LANE_MAX_, sizeof *pool->lanes);
    if (!pool->lanes || !pool->workers)
        return cf_fail_oom(err);
    init_lane(&pool->lanes[CF_LANE_CPU], "cpu", options->queue_max, true);
    init_lane(&pool->lanes[CF_LANE_IO], "io", options->queue_max, false);

    sigset_t saved;
    cf_thread_block_signals(&saved);
    enum cf_rc rc = start_threads(pool, options, err);
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
    if (rc != CF_OK)
        return rc;

    *ret_pool = cf_give(pool);
    return CF_OK;
}

static size_t
room(const struct lane *lane)
{
    size_t places = lane->n_workers + lane->queue_max;
    size_t taken = lane->n_busy + lane->n_waiting;
    return places > taken ? places - taken : 0;
}

enum cf_rc
cf_pool_submit(struct cf_pool *pool, enum cf_lane lane_id, enum cf_priority priority, cf_job_fn *fn,
               void *arg, struct cf_err *err)
{
    assert(lane_id < CF_LANE_MAX_ && priority < CF_PRIO_MAX_);
    struct lane *lane = &pool->lanes[lane_id];
    struct job *job = malloc(sizeof *job);
    if (!job)
        return cf_fail_oom(err);
    *job = (struct job){.fn = fn, .arg = arg};

    pthread_mutex_lock(&lane->lock);
    bool is_background = lane->has_background && priority == CF_PRIO_IDLE;
    bool is_full = is_background ? lane->n_background >= lane->queue_max : room(lane) == 0;
    bool is_stopping = lane->is_stopping;
    if (!is_full && !is_stopping) {
        queue_put(&lane->queues[priority], job);
        job = NULL;
        if (is_background) {
            lane->n_background++;
            pthread_cond_signal(&lane->background_work);
        } else {
            lane->n_waiting++;
            pthread_cond_signal(&lane->work);
        }
    }
    pthread_mutex_unlock(&lane->lock);

    free(job);
    if (is_stopping)
        return cf_fail(err, CF_E_STOPPED, "the %s workers are stopping", lane->name);
    if (is_full)
        return cf_fail(err, CF_E_LIMIT, "the queue of the %s workers is full (%zu jobs)",
                       lane->name, lane->queue_max);
    return CF_OK;
}

size_t
cf_pool_room(const struct cf_pool *pool, enum cf_lane lane_id)
{
    struct lane *lane = &pool->lanes[lane_id];
    pthread_mutex_lock(&lane->lock);
    size_t n = lane->is_stopping ? 0 : room(lane);
    pthread_mutex_unlock(&lane->lock);
    return n;
}

const volatile int *
cf_pool_stop_flag(const struct cf_pool *pool)
{
    return &pool->stop_flag;
}

bool
cf_pool_is_stopping(const struct cf_pool *pool)
{
    return __atomic_load_n(&pool->stop_flag, __ATOMIC_ACQUIRE) != 0;
}

void
cf_pool_stop(struct cf_pool *pool)
{
    __atomic_store_n(&pool->stop_flag, 1, __ATOMIC_RELEASE);
    for (size_t i = 0; i < CF_LANE_MAX_; i++) {
        struct lane *lane = &pool->lanes[i];
        pthread_mutex_lock(&lane->lock);
        lane->is_stopping = true;
        pthread_cond_broadcast(&lane->work);
        pthread_cond_broadcast(&lane->background_work);
        pthread_mutex_unlock(&lane->lock);
    }

    pthread_mutex_lock(&pool->stop_lock);
    if (!pool->is_joined) {
        for (size_t i = 0; i < pool->n_workers; i++)
            pthread_join(pool->workers[i].thread, NULL);
        pool->is_joined = true;
    }
    pthread_mutex_unlock(&pool->stop_lock);
}

struct cf_pool *
cf_pool_free(struct cf_pool *pool)
{
    if (!pool)
        return NULL;
    if (pool->lanes && pool->workers) {
        cf_pool_stop(pool);
        for (size_t i = 0; i < CF_LANE_MAX_; i++) {
            pthread_cond_destroy(&pool->lanes[i].work);
            pthread_cond_destroy(&pool->lanes[i].background_work);
            pthread_mutex_destroy(&pool->lanes[i].lock);
        }
    }
    free(pool->lanes);
    free(pool->workers);
    pthread_mutex_destroy(&pool->stop_lock);
    free(pool);
    return NULL;
}
