/* SPDX-License-Identifier: Apache-2.0 */
/*
 * patience - tries a service call again while a device waits for it.
 *
 * Only what may be over in a moment is worth that. A peer that asks for more time than a device has
 * is left alone: the request's next step, or the device itself, comes again.
 */
#include <poll.h>
#include <sys/random.h>

#include "certferry/stop.h"

#include "parts.h"

enum { FIRST_WAIT_MS = 500, RETRY_AFTER_MAX_S = 10 };

static bool
may_pass(const struct cf_err *err)
{
    if (err->rc == CF_E_NET || err->rc == CF_E_TIMEOUT)
        return true;
    if (err->rc != CF_E_HTTP && err->rc != CF_E_THROTTLED)
        return false;
    return err->native == 429 || (err->native >= 502 && err->native <= 504);
}

/* At least half of it: callers that failed together must not come back together. */
static int64_t
spread(int64_t ms)
{
    uint16_t random = 0;

    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random)
        random = 0;
    return ms / 2 + ms / 2 * random / UINT16_MAX;
}

static int64_t
wait_for(const struct cf_err *err, unsigned attempt)
{
    if (err->retry_after_s > 0)
        return err->retry_after_s * 1000 + spread(FIRST_WAIT_MS);
    return spread((int64_t)FIRST_WAIT_MS << attempt);
}

static enum cf_rc
sleep_for(int64_t ms, const volatile int *stop_flag, struct cf_err *err)
{
    for (; ms > 0; ms -= CF_STOP_POLL_MS) {
        if (cf_stop_is_set(stop_flag))
            return cf_fail(err, CF_E_STOPPED, "the service is stopping");
        (void)poll(NULL, 0, ms < CF_STOP_POLL_MS ? (int)ms : CF_STOP_POLL_MS);
    }
    return CF_OK;
}

static enum cf_rc
try_often(struct cf_connector *connector, const struct cf_service_call *call, unsigned n_more,
          int64_t deadline_ms, struct cf_buf **ret_body, char activity[CF_UUID_SIZE],
          struct cf_err *err)
{
    for (unsigned attempt = 0;; attempt++) {
        if (cf_service_send(connector, call, ret_body, activity, err) == CF_OK)
            return CF_OK;
        if (attempt == n_more || !may_pass(err) || err->retry_after_s > RETRY_AFTER_MAX_S)
            return err->rc;
        int64_t wait_ms = wait_for(err, attempt);
        if (cf_clock_monotonic_ms(connector->clock) + wait_ms >= deadline_ms)
            return err->rc;
        CF_TRY(sleep_for(wait_ms, connector->stop_flag, err));
    }
}

enum cf_rc
cf_service_send_within(struct cf_connector *connector, const struct cf_service_call *call,
                       unsigned n_more, uint64_t budget_ms, struct cf_buf **ret_body,
                       char activity[CF_UUID_SIZE], struct cf_err *err)
{
    int64_t deadline_ms = cf_clock_monotonic_ms(connector->clock) + (int64_t)budget_ms;

    cf_transport_set_deadline(deadline_ms);
    enum cf_rc rc = try_often(connector, call, n_more, deadline_ms, ret_body, activity, err);
    cf_transport_set_deadline(0);
    return rc;
}
