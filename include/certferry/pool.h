/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool - worker threads in two lanes: cpu (cryptography) and io (network, CA, store).
 *
 * A job is a plain blocking function. Each lane has a bounded queue and serves the higher
 * priority first, in order of arrival within one; idle-priority jobs of the cpu lane run only when
 * nothing else waits in that lane and, where the sandbox lets it, under SCHED_IDLE. Workers block
 * all signals. Thread-safe.
 */
#pragma once

#include <stddef.h>

#include "certferry/err.h"

enum cf_lane { CF_LANE_CPU, CF_LANE_IO, CF_LANE_MAX_ };
enum cf_priority { CF_PRIO_HIGH, CF_PRIO_NORMAL, CF_PRIO_IDLE, CF_PRIO_MAX_ };

struct cf_pool;
struct cf_pool_options {
    unsigned n_cpu;   /* 1..256 */
    unsigned n_io;    /* 1..256 */
    size_t queue_max; /* waiting jobs per lane, 1..65536 */
};

typedef void cf_job_fn(void *arg);

CF_MUST_USE enum cf_rc cf_pool_new(const struct cf_pool_options *options, struct cf_pool **ret_pool,
                                   struct cf_err *err);
/* CF_E_LIMIT when the lane's queue is full, CF_E_STOPPED after cf_pool_stop; the job is not taken
 * then. A job taken is always run, before or after stop. */
CF_MUST_USE enum cf_rc cf_pool_submit(struct cf_pool *pool, enum cf_lane lane,
                                      enum cf_priority priority, cf_job_fn *fn, void *arg,
                                      struct cf_err *err);
/* Jobs that cf_pool_submit would take now: idle workers plus free queue slots, 0 when stopping. The
 * cpu lane's idle-priority jobs have a thread and a queue (queue_max again) of their own and do not
 * count; on the io lane idle priority is just the last in order. */
size_t cf_pool_room(const struct cf_pool *pool, enum cf_lane lane);

/* Set by cf_pool_stop; long jobs look at it (HTTP transfers and child processes do). The pointer
 * is valid as long as the pool; read with __atomic_load_n. */
const volatile int *cf_pool_stop_flag(const struct cf_pool *pool);
bool cf_pool_is_stopping(const struct cf_pool *pool);
/* Sets the flag, refuses new jobs, lets queued ones run (they see the flag) and joins the threads.
 * Safe to call twice. */
void cf_pool_stop(struct cf_pool *pool);
struct cf_pool *cf_pool_free(struct cf_pool *pool); /* stops first */
CF_DEFINE_OWN(cf_pool);
