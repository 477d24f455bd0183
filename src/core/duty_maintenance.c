/* SPDX-License-Identifier: Apache-2.0 */
/* maintenance: old results go, with what was deleted; jumps of the clock are noticed. */
#include <inttypes.h>
#include <stdlib.h>

#include "certferry/log.h"
#include "duty.h"

enum {
    MAINTENANCE_MS = 30 * 1000,
    PRUNE_MS = 60 * 60 * 1000,
    JUMP_MS = 60 * 1000,
};

static enum cf_rc
watch_clock(struct cf_scheduler *scheduler, struct cf_site *site, struct cf_err *err)
{
    int64_t wall = cf_scheduler_now_ms(scheduler);
    int64_t monotonic = cf_clock_monotonic_ms(scheduler->options.clock);
    int64_t jump = 0;

    if (scheduler->last_wall_ms > 0)
        jump = (wall - scheduler->last_wall_ms) - (monotonic - scheduler->last_monotonic_ms);
    bool has_jumped = llabs(jump) >= JUMP_MS;
    /* Before the clocks are noted, so that the next turn finds a jump again that failed here. */
    if (has_jumped)
        CF_TRY(site->store->ops->make_due(site->store, wall, err));
    scheduler->last_wall_ms = wall;
    scheduler->last_monotonic_ms = monotonic;
    if (!has_jumped)
        return CF_OK;

    cf_log(CF_EV_CLOCK_JUMPED, NULL, "the clock jumped by %" PRId64 " seconds", jump / 1000);
    scheduler->next_prune_ms = 0;
    for (unsigned duty = 0; duty < CF_DUTY_MAX_; duty++) {
        if (duty != CF_DUTY_MAINTENANCE)
            cf_scheduler_kick(scheduler, (enum cf_duty)duty);
    }
    return CF_OK;
}

static enum cf_rc
prune(struct cf_scheduler *scheduler, struct cf_site *site, struct cf_err *err)
{
    int64_t now = cf_scheduler_now_ms(scheduler);
    uint64_t n = 0;

    if (now < scheduler->next_prune_ms)
        return CF_OK;
    CF_TRY(site->store->ops->prune(site->store, now - (int64_t)site->settings->store_retain_ms, &n,
                                   err));
    scheduler->next_prune_ms = now + PRUNE_MS;
    return CF_OK;
}

enum cf_rc
cf_duty_maintenance(struct cf_scheduler *scheduler, struct cf_site *site, uint64_t *ret_next_ms,
                    struct cf_err *err)
{
    CF_TRY(watch_clock(scheduler, site, err));
    CF_TRY(prune(scheduler, site, err));
    CF_TRY(site->store->ops->tidy(site->store, err));
    *ret_next_ms = MAINTENANCE_MS;
    return CF_OK;
}
