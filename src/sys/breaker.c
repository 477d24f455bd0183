/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/breaker.h"

#include <limits.h>

void
cf_breaker_init(struct cf_breaker *breaker, const struct cf_clock *clock, uint64_t retry_min_ms,
                uint64_t retry_max_ms)
{
    *breaker = (struct cf_breaker){
        .clock = clock, .retry_min_ms = retry_min_ms, .retry_max_ms = retry_max_ms};
    pthread_mutex_init(&breaker->lock, NULL);
}

void
cf_breaker_done(struct cf_breaker *breaker)
{
    pthread_mutex_destroy(&breaker->lock);
}

static int64_t
left_ms(const struct cf_breaker *breaker)
{
    return breaker->retry_at_ms - cf_clock_monotonic_ms(breaker->clock);
}

static bool
is_kept_back(const struct cf_breaker *breaker)
{
    return breaker->failures > 0 && (breaker->is_probed || left_ms(breaker) > 0);
}

static enum cf_rc
tell_reason(const struct cf_breaker *breaker, struct cf_err *err)
{
    int64_t left = left_ms(breaker);

    if (err) {
        *err = breaker->reason;
        err->retry_after_s = left > 0 ? (long)((left + 999) / 1000) : 1;
    }
    return breaker->reason.rc;
}

enum cf_rc
cf_breaker_enter(struct cf_breaker *breaker, bool *ret_is_probe, struct cf_err *err)
{
    enum cf_rc rc = CF_OK;
    bool is_probe = false;

    pthread_mutex_lock(&breaker->lock);
    if (is_kept_back(breaker))
        rc = tell_reason(breaker, err);
    else if (breaker->failures > 0)
        is_probe = breaker->is_probed = true;
    pthread_mutex_unlock(&breaker->lock);
    if (rc == CF_OK)
        *ret_is_probe = is_probe;
    return rc;
}

static uint64_t
wait_ms(const struct cf_breaker *breaker)
{
    uint64_t wait = breaker->retry_min_ms;

    for (unsigned i = 1; i < breaker->failures && wait < breaker->retry_max_ms; i++)
        wait = wait > breaker->retry_max_ms / 2 ? breaker->retry_max_ms : wait * 2;
    return wait;
}

/*
 * Calls that began together fail together: only the first of them, and afterwards the probe, makes
 * the wait longer.
 */
static void
note_failure(struct cf_breaker *breaker, bool is_probe, const struct cf_err *err)
{
    if (breaker->failures == 0 || (is_probe && breaker->failures < UINT_MAX))
        breaker->failures++;
    breaker->reason = *err;
    breaker->retry_at_ms = cf_clock_monotonic_ms(breaker->clock) + (int64_t)wait_ms(breaker);
}

void
cf_breaker_leave(struct cf_breaker *breaker, bool is_probe, enum cf_breaker_verdict verdict,
                 const struct cf_err *err)
{
    pthread_mutex_lock(&breaker->lock);
    if (is_probe)
        breaker->is_probed = false;
    if (verdict == CF_BREAKER_FAILS)
        note_failure(breaker, is_probe, err);
    else if (verdict == CF_BREAKER_WORKS)
        breaker->failures = 0;
    pthread_mutex_unlock(&breaker->lock);
}

uint64_t
cf_breaker_left_ms(struct cf_breaker *breaker)
{
    pthread_mutex_lock(&breaker->lock);
    int64_t left = breaker->failures > 0 ? left_ms(breaker) : 0;
    pthread_mutex_unlock(&breaker->lock);
    return left > 0 ? (uint64_t)left : 0;
}

size_t
cf_breaker_room(struct cf_breaker *breaker)
{
    pthread_mutex_lock(&breaker->lock);
    size_t room = is_kept_back(breaker) ? 0 : breaker->failures > 0 ? 1 : SIZE_MAX;
    pthread_mutex_unlock(&breaker->lock);
    return room;
}

bool
cf_breaker_is_open(struct cf_breaker *breaker)
{
    pthread_mutex_lock(&breaker->lock);
    bool is_open = is_kept_back(breaker);
    pthread_mutex_unlock(&breaker->lock);
    return is_open;
}
