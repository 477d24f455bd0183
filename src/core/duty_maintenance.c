/* SPDX-License-Identifier: Apache-2.0 */
/* maintenance: old results go, jumps of the clock are noticed. */
#include <inttypes.h>
#include <stdlib.h>

#include "certferry/log.h"
#include "certferry/machine.h"
#include "duty.h"
#include "work.h"

enum {
    MAINTENANCE_MS = 30 * 1000,
    PRUNE_MS = 60 * 60 * 1000,
    JUMP_MS = 60 * 1000,
    LIST_MAX = 500,
};

static enum cf_rc
pull_in_item(struct cf_site *site, const struct cf_item *listed, int64_t now, struct cf_err *err)
{
    cf_own(cf_item) item = NULL;
    enum cf_rc rc =
        site->store->ops->claim_one(site->store, site->owner, listed->kind, listed->context, now,
                                    now + CF_CLAIM_MS, &item, err);

    if (rc == CF_E_LEASE || rc == CF_E_NOT_FOUND)
        return CF_OK;
    if (rc != CF_OK)
        return rc;
    item->due_ms = now;
    const struct cf_change change = {
        .item = item, .from = item->state, .history = "made due: the clock had jumped"};
    return site->store->ops->commit(site->store, site->owner, &change, 1, err);
}

enum cf_rc
cf_scheduler_pull_in(struct cf_scheduler *scheduler, struct cf_site *site, struct cf_err *err)
{
    int64_t now = cf_scheduler_now_ms(scheduler);
    int64_t latest = now + (int64_t)CF_WAIT_MAX_MS + JUMP_MS;
    struct cf_item_filter filter = {
        .states =
            cf_machine_work_states(CF_KIND_PKCS) | cf_machine_work_states(CF_KIND_REVOCATION) |
            cf_machine_deliver_states(CF_KIND_PKCS) | cf_machine_deliver_states(CF_KIND_REVOCATION),
        .limit = LIST_MAX,
    };
    enum cf_rc rc = CF_OK;
    size_t n = LIST_MAX;

    while (rc == CF_OK && n == LIST_MAX) {
        struct cf_items items = {0};

        CF_TRY(site->store->ops->list(site->store, &filter, &items, err));
        n = items.n;
        for (size_t i = 0; rc == CF_OK && i < n; i++) {
            filter.after_id = items.item[i]->id;
            if (items.item[i]->due_ms > latest)
                rc = pull_in_item(site, items.item[i], now, err);
        }
        cf_items_done(&items);
    }
    return rc;
}

static enum cf_rc
watch_clock(struct cf_scheduler *scheduler, struct cf_site *site, struct cf_err *err)
{
    int64_t wall = cf_scheduler_now_ms(scheduler);
    int64_t monotonic = cf_clock_monotonic_ms(scheduler->options.clock);
    int64_t jump = 0;

    if (scheduler->last_wall_ms > 0)
        jump = (wall - scheduler->last_wall_ms) - (monotonic - scheduler->last_monotonic_ms);
    scheduler->last_wall_ms = wall;
    scheduler->last_monotonic_ms = monotonic;
    if (llabs(jump) < JUMP_MS)
        return CF_OK;

    cf_log(CF_EV_CLOCK_JUMPED, NULL, "the clock jumped by %" PRId64 " seconds", jump / 1000);
    scheduler->next_prune_ms = 0;
    CF_TRY(cf_scheduler_pull_in(scheduler, site, err));
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
    *ret_next_ms = MAINTENANCE_MS;
    return CF_OK;
}
