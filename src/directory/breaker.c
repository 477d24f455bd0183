/* SPDX-License-Identifier: Apache-2.0 */
#include "breaker.h"

void
cf_breaker_init(struct cf_breaker *breaker, const struct cf_clock *clock, uint64_t retry_ms)
{
    *breaker = (struct cf_breaker){.clock = clock, .retry_ms = retry_ms};
    pthread_mutex_init(&breaker->lock, NULL);
}

void
cf_breaker_done(struct cf_breaker *breaker)
{
    pthread_mutex_destroy(&breaker->lock);
}

static void
tell_reason(const struct cf_breaker *breaker, int64_t left_ms, struct cf_err *err)
{
    if (!err)
        return;
    *err = breaker->reason;
    err->retry_after_s = left_ms > 0 ? (long)((left_ms + 999) / 1000) : 1;
}

enum cf_rc
cf_breaker_enter(struct cf_breaker *breaker, bool *ret_is_probe, struct cf_err *err)
{
    enum cf_rc rc = CF_OK;
    bool is_probe = false;

    pthread_mutex_lock(&breaker->lock);
    if (breaker->is_open) {
        int64_t left_ms = breaker->retry_at_ms - cf_clock_monotonic_ms(breaker->clock);
        if (left_ms <= 0 && !breaker->is_probed) {
            breaker->is_probed = true;
            is_probe = true;
        } else {
            rc = breaker->reason.rc;
            tell_reason(breaker, left_ms, err);
        }
    }
    pthread_mutex_unlock(&breaker->lock);
    if (rc == CF_OK)
        *ret_is_probe = is_probe;
    return rc;
}

void
cf_breaker_leave(struct cf_breaker *breaker, bool is_probe, enum cf_rc rc, const struct cf_err *err)
{
    pthread_mutex_lock(&breaker->lock);
    if (is_probe)
        breaker->is_probed = false;
    if (rc == CF_E_DIRECTORY_DOWN || rc == CF_E_AUTH || rc == CF_E_TLS) {
        breaker->is_open = true;
        breaker->reason = *err;
        breaker->retry_at_ms = cf_clock_monotonic_ms(breaker->clock) + (int64_t)breaker->retry_ms;
    } else if (rc != CF_E_STOPPED && rc != CF_E_OOM) {
        breaker->is_open = false;
    }
    pthread_mutex_unlock(&breaker->lock);
}
