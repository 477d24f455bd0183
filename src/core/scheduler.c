/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/scheduler.h"

#include <stdlib.h>
#include <string.h>

#include "backoff.h"
#include "certferry/log.h"
#include "duty.h"

/* What a duty is for: without that it does not run. */
enum needs { NOTHING, CLOUD, PKCS };

static const struct duty_row {
    const char *name;
    cf_duty_fn *fn;
    enum cf_lane lane;
    enum cf_priority priority;
    enum needs needs; /* CLOUD, PKCS: errors without another home are the cloud's */
} rows[CF_DUTY_MAX_] = {
    [CF_DUTY_DISPATCH] = {"dispatch", cf_duty_dispatch, CF_LANE_IO, CF_PRIO_HIGH, NOTHING},
    [CF_DUTY_DOWNLOAD] = {"download", cf_duty_download, CF_LANE_IO, CF_PRIO_NORMAL, PKCS},
    [CF_DUTY_DELIVER] = {"deliver", cf_duty_deliver, CF_LANE_IO, CF_PRIO_HIGH, PKCS},
    [CF_DUTY_PENDING] = {"pending", cf_duty_pending, CF_LANE_IO, CF_PRIO_NORMAL, PKCS},
    [CF_DUTY_REVOCATIONS] = {"revocations", cf_duty_revocations, CF_LANE_IO, CF_PRIO_NORMAL, CLOUD},
    [CF_DUTY_ACKNOWLEDGE] = {"acknowledge", cf_duty_acknowledge, CF_LANE_IO, CF_PRIO_HIGH, CLOUD},
    [CF_DUTY_HEARTBEAT] = {"heartbeat", cf_duty_heartbeat, CF_LANE_IO, CF_PRIO_NORMAL, PKCS},
    [CF_DUTY_CA_UPKEEP] = {"ca-upkeep", cf_duty_ca_upkeep, CF_LANE_IO, CF_PRIO_NORMAL, NOTHING},
    [CF_DUTY_PREFLIGHT] = {"preflight", cf_duty_preflight, CF_LANE_IO, CF_PRIO_NORMAL, NOTHING},
    [CF_DUTY_CREDENTIALS] = {"credentials", cf_duty_credentials, CF_LANE_IO, CF_PRIO_NORMAL, CLOUD},
    [CF_DUTY_EXPIRY] = {"expiry", cf_duty_expiry, CF_LANE_IO, CF_PRIO_NORMAL, NOTHING},
    [CF_DUTY_KEYS] = {"keys", cf_duty_keys, CF_LANE_CPU, CF_PRIO_IDLE, NOTHING},
    [CF_DUTY_MAINTENANCE] = {"maintenance", cf_duty_maintenance, CF_LANE_IO, CF_PRIO_NORMAL,
                             NOTHING},
};

struct duty_job {
    struct cf_scheduler *scheduler;
    enum cf_duty duty;
};

const char *
cf_duty_name(enum cf_duty duty)
{
    return rows[duty].name;
}

int64_t
cf_scheduler_now_ms(const struct cf_scheduler *scheduler)
{
    return cf_clock_now_ms(scheduler->options.clock);
}

static int64_t
monotonic(const struct cf_scheduler *scheduler)
{
    return cf_clock_monotonic_ms(scheduler->options.clock);
}

static void
wake(struct cf_scheduler *scheduler)
{
    if (scheduler->options.wake)
        scheduler->options.wake(scheduler->options.wake_arg);
}

enum cf_rc
cf_scheduler_new(const struct cf_scheduler_options *options, struct cf_site *site,
                 struct cf_scheduler **ret_scheduler, struct cf_err *err)
{
    struct cf_scheduler *scheduler = calloc(1, sizeof *scheduler);
    if (!scheduler)
        return cf_fail_oom(err);

    scheduler->options = *options;
    pthread_mutex_init(&scheduler->lock, NULL);
    pthread_mutex_init(&scheduler->watch_lock, NULL);
    scheduler->site = cf_site_ref(site);
    for (unsigned duty = 0; duty < CF_DUTY_MAX_; duty++)
        scheduler->duty[duty].next_ms = monotonic(scheduler);
    *ret_scheduler = scheduler;
    return CF_OK;
}

struct cf_scheduler *
cf_scheduler_free(struct cf_scheduler *scheduler)
{
    if (!scheduler)
        return NULL;

    cf_site_free(scheduler->site);
    pthread_mutex_destroy(&scheduler->lock);
    pthread_mutex_destroy(&scheduler->watch_lock);
    free(scheduler);
    return NULL;
}

struct cf_site *
cf_scheduler_site(struct cf_scheduler *scheduler)
{
    pthread_mutex_lock(&scheduler->lock);
    struct cf_site *site = cf_site_ref(scheduler->site);
    pthread_mutex_unlock(&scheduler->lock);
    return site;
}

void
cf_scheduler_use_site(struct cf_scheduler *scheduler, struct cf_site *site)
{
    pthread_mutex_lock(&scheduler->lock);
    struct cf_site *old = scheduler->site;
    if (site != old)
        memcpy(site->owner, old->owner, sizeof site->owner);
    scheduler->site = cf_site_ref(site);
    /* What failed under the old configuration may work under this one. */
    for (unsigned duty = 0; duty < CF_DUTY_MAX_; duty++)
        scheduler->duty[duty].failures = 0;
    pthread_mutex_unlock(&scheduler->lock);

    cf_site_free(old);
    for (unsigned duty = 0; duty < CF_DUTY_MAX_; duty++)
        cf_scheduler_kick(scheduler, (enum cf_duty)duty);
}

void
cf_scheduler_kick_after(struct cf_scheduler *scheduler, enum cf_duty duty, uint64_t delay_ms)
{
    int64_t at = monotonic(scheduler) + (int64_t)delay_ms;
    bool is_earlier = false;

    pthread_mutex_lock(&scheduler->lock);
    struct duty_run *run = &scheduler->duty[duty];
    if (run->running) {
        run->kicked = true;
    } else if (run->failures == 0 && at < run->next_ms) {
        run->next_ms = at;
        is_earlier = true;
    }
    pthread_mutex_unlock(&scheduler->lock);
    if (is_earlier)
        wake(scheduler);
}

void
cf_scheduler_kick(struct cf_scheduler *scheduler, enum cf_duty duty)
{
    cf_scheduler_kick_after(scheduler, duty, 0);
}

static bool
is_needed(const struct cf_site *site, enum cf_duty duty)
{
    const struct cf_cloud_settings *cloud = &site->settings->cloud;

    switch (rows[duty].needs) {
    case CLOUD:
        return !cloud->is_off;
    case PKCS:
        return !cloud->is_off && cloud->serves_pkcs;
    case NOTHING:
        break;
    }
    return true;
}

static void
note_outcome(struct cf_scheduler *scheduler, enum cf_duty duty, enum cf_rc rc,
             const struct cf_err *err)
{
    if (rc == CF_E_STOPPED)
        return;
    if (rc != CF_OK && cf_rc_is_store(rc))
        cf_scheduler_note_store(scheduler, rc, err);
    else if (rc != CF_OK && rows[duty].needs != NOTHING)
        cf_scheduler_note_cloud(scheduler, rows[duty].name, rc, err);
    else if (rc != CF_OK)
        cf_log(CF_EV_INTERNAL_ERROR, &(struct cf_log_fields){.err = err}, "duty %s failed",
               rows[duty].name);
}

static void
run_duty(void *arg)
{
    struct duty_job *job = arg;
    struct cf_scheduler *scheduler = job->scheduler;
    enum cf_duty duty = job->duty;
    struct cf_site *site = cf_scheduler_site(scheduler);
    uint64_t next_ms = CF_DUTY_NEVER_MS;
    struct cf_err err = {0};
    enum cf_rc rc = CF_E_STOPPED;

    free(job);
    if (!is_needed(site, duty))
        rc = CF_OK; /* another site kicks */
    else if (!cf_pool_is_stopping(scheduler->options.pool))
        rc = rows[duty].fn(scheduler, site, &next_ms, &err);
    note_outcome(scheduler, duty, rc, &err);

    pthread_mutex_lock(&scheduler->lock);
    struct duty_run *run = &scheduler->duty[duty];
    run->running = false;
    if (rc == CF_OK) {
        run->failures = 0;
        run->last_error = (struct cf_err){0};
        if (run->kicked)
            next_ms = 0;
    } else {
        next_ms = cf_backoff_ms(site->settings->cloud.retry_min_ms,
                                site->settings->cloud.retry_max_ms, run->failures, &err);
        run->failures++;
        run->last_error = err;
    }
    run->kicked = false;
    run->next_ms = monotonic(scheduler) + (int64_t)next_ms;
    pthread_mutex_unlock(&scheduler->lock);

    cf_site_free(site);
    wake(scheduler);
}

/* A full lane is no error: the duty stays due and the next tick tries again. */
static bool
start_duty(struct cf_scheduler *scheduler, enum cf_duty duty)
{
    struct duty_job *job = malloc(sizeof *job);
    if (!job)
        return false;

    *job = (struct duty_job){.scheduler = scheduler, .duty = duty};
    if (cf_pool_submit(scheduler->options.pool, rows[duty].lane, rows[duty].priority, run_duty, job,
                       NULL) == CF_OK)
        return true;
    free(job);
    return false;
}

void
cf_scheduler_tick(struct cf_scheduler *scheduler, uint64_t *ret_delay_ms)
{
    enum { BUSY_LANE_MS = 50 };
    int64_t now = monotonic(scheduler);
    int64_t next = now + CF_DUTY_NEVER_MS;

    for (unsigned duty = 0; duty < CF_DUTY_MAX_; duty++) {
        struct duty_run *run = &scheduler->duty[duty];

        pthread_mutex_lock(&scheduler->lock);
        bool is_due = !run->running && run->next_ms <= now;
        if (is_due)
            run->running = true;
        else if (!run->running && run->next_ms < next)
            next = run->next_ms;
        pthread_mutex_unlock(&scheduler->lock);

        if (is_due && !start_duty(scheduler, (enum cf_duty)duty)) {
            pthread_mutex_lock(&scheduler->lock);
            run->running = false;
            run->next_ms = now + BUSY_LANE_MS;
            pthread_mutex_unlock(&scheduler->lock);
            if (next > now + BUSY_LANE_MS)
                next = now + BUSY_LANE_MS;
        }
    }
    *ret_delay_ms = (uint64_t)(next - now);
}

void
cf_scheduler_duty_status(struct cf_scheduler *scheduler, enum cf_duty duty,
                         struct cf_duty_status *ret_status)
{
    pthread_mutex_lock(&scheduler->lock);
    const struct duty_run *run = &scheduler->duty[duty];
    int64_t due_in = run->next_ms - monotonic(scheduler);
    *ret_status = (struct cf_duty_status){
        .running = run->running,
        .failures = run->failures,
        .due_in_ms = due_in > 0 ? (uint64_t)due_in : 0,
        .last_error = run->last_error,
    };
    pthread_mutex_unlock(&scheduler->lock);
}
