/* SPDX-License-Identifier: Apache-2.0 */
/* pending: keeps the cloud's lease on requests that take their time. */
#include <stdlib.h>

#include "certferry/log.h"
#include "certferry/machine.h"
#include "duty.h"
#include "result.h"

enum { PENDING_IDLE_MS = 60 * 1000, PENDING_MAX = 200, LEASE_DEFAULT_MS = 10 * 60 * 1000 };

static enum cf_rc
report(struct cf_site *site, struct cf_item *const *items, size_t n,
       struct cf_cloud_verdict *verdicts, struct cf_err *err)
{
    struct cf_cloud_result *results = calloc(n, sizeof *results);
    struct cf_buf **json = calloc(n, sizeof *json);
    enum cf_rc rc = results && json ? CF_OK : cf_fail_oom(err);

    for (size_t i = 0; rc == CF_OK && i < n; i++) {
        rc = cf_result_pending(items[i]->context, &json[i], err);
        if (rc == CF_OK)
            results[i] = (struct cf_cloud_result){.context = items[i]->context,
                                                  .json = cf_buf_bytes(json[i])};
    }
    if (rc == CF_OK)
        rc = site->cloud->ops->upload(site->cloud, results, n, verdicts, err);
    for (size_t i = 0; json && i < n; i++)
        cf_buf_free(json[i]);
    free(json);
    free(results);
    return rc;
}

static enum cf_rc
keep_leases(struct cf_store *store, struct cf_item *const *items, size_t n, int64_t until,
            struct cf_err *err)
{
    int64_t *ids = calloc(n, sizeof *ids);
    if (!ids)
        return cf_fail_oom(err);

    for (size_t i = 0; i < n; i++)
        ids[i] = items[i]->id;
    enum cf_rc rc = store->ops->extend_leases(store, ids, n, until, err);
    free(ids);
    return rc;
}

static enum cf_rc
extend(struct cf_scheduler *scheduler, struct cf_site *site, struct cf_item *const *items, size_t n,
       int64_t until, struct cf_err *err)
{
    struct cf_cloud_verdict *verdicts = calloc(n, sizeof *verdicts);
    if (!verdicts)
        return cf_fail_oom(err);

    enum cf_rc rc = report(site, items, n, verdicts, err);
    if (rc == CF_OK)
        cf_scheduler_note_cloud(scheduler, "pending", CF_OK, NULL);
    for (size_t i = 0; rc == CF_OK && i < n; i++) {
        const struct cf_log_fields fields = {.request = items[i]->context, .ca = items[i]->ca};

        if (!verdicts[i].accepted)
            cf_log(CF_EV_RESULT_REFUSED, &fields,
                   "the cloud does not want to wait for request %s any longer: %s",
                   items[i]->context, verdicts[i].text);
    }
    free(verdicts);
    return rc == CF_OK ? keep_leases(site->store, items, n, until, err) : rc;
}

/* Moves the items whose lease ends soon to the front; says how many there are. */
static size_t
select_ending(struct cf_items *items, int64_t before)
{
    size_t n = 0;

    for (size_t i = 0; i < items->n; i++) {
        if (items->item[i]->lease_until_ms >= before)
            continue;
        struct cf_item *item = items->item[i];
        items->item[i] = items->item[n];
        items->item[n++] = item;
    }
    return n;
}

enum cf_rc
cf_duty_pending(struct cf_scheduler *scheduler, struct cf_site *site, uint64_t *ret_next_ms,
                struct cf_err *err)
{
    uint64_t lease = atomic_load(&scheduler->lease_ms);
    struct cf_item_filter filter = {
        .states = cf_machine_work_states_of(cf_kinds_of_results()),
        .kinds = cf_kinds_of_results(),
        .limit = PENDING_MAX,
    };
    bool is_last = false;

    if (lease == 0)
        lease = LEASE_DEFAULT_MS;
    while (!is_last) {
        struct cf_items items = {0};
        int64_t now = cf_scheduler_now_ms(scheduler);

        CF_TRY(site->store->ops->list(site->store, &filter, &items, err));
        is_last = items.n < PENDING_MAX;
        if (items.n > 0)
            filter.after_id = items.item[items.n - 1]->id;
        size_t n = select_ending(&items, now + (int64_t)lease / 2);
        enum cf_rc rc =
            n > 0 ? extend(scheduler, site, items.item, n, now + (int64_t)lease, err) : CF_OK;
        cf_items_done(&items);
        if (rc != CF_OK)
            return rc;
    }
    *ret_next_ms = lease / 4 < PENDING_IDLE_MS ? lease / 4 : PENDING_IDLE_MS;
    return CF_OK;
}
