/* SPDX-License-Identifier: Apache-2.0 */
/* deliver: uploads results in batches until the cloud has accepted them. */
#include <stdlib.h>
#include <string.h>

#include "backoff.h"
#include "certferry/log.h"
#include "certferry/machine.h"
#include "certferry/metrics.h"
#include "duty.h"
#include "work.h"

static struct cf_log_fields
item_fields(const struct cf_item *item)
{
    return (struct cf_log_fields){
        .request = item->context,
        .kind = cf_kind_name(item->kind),
        .state = cf_state_name(item->state),
        .device = item->device_id,
        .ca = item->ca,
        .serial = item->serial,
    };
}

static void
apply_verdict(struct cf_site *site, struct cf_item *item, const struct cf_cloud_verdict *verdict,
              struct cf_change *change)
{
    const struct cf_machine_row *row = cf_machine_row(item->kind, item->state);
    int64_t now = cf_clock_now_ms(site->clock);

    *change = (struct cf_change){.item = item, .from = item->state};
    item->updated_ms = now;
    if (verdict->accepted) {
        item->state = row->next[CF_OUTCOME_DONE];
        item->attempts = 0;
        change->history = "the cloud has accepted the result";
    } else if (verdict->retryable) {
        item->due_ms =
            now + (int64_t)cf_backoff_ms(site->settings->cloud.retry_min_ms,
                                         site->settings->cloud.retry_max_ms, item->attempts, NULL);
        item->attempts++;
        change->history = verdict->text;
    } else {
        item->state = row->next[CF_OUTCOME_FAILED];
        item->attempts = 0;
        change->history = verdict->text;
    }
}

static void
log_verdict(const struct cf_item *item, const struct cf_cloud_verdict *verdict)
{
    struct cf_log_fields fields = item_fields(item);

    if (verdict->accepted) {
        cf_metric_add(CF_M_RESULTS_DELIVERED, 1);
        cf_log(CF_EV_RESULT_DELIVERED, &fields, "result of request %s delivered", item->context);
    } else if (!verdict->retryable) {
        cf_metric_add(CF_M_RESULTS_REFUSED, 1);
        cf_log(CF_EV_RESULT_REFUSED, &fields, "the cloud refused the result of request %s: %s",
               item->context, verdict->text);
    }
}

/* What the service has against the batch, and not against us or at this time. */
static bool
is_about_batch(const struct cf_err *err)
{
    return err->rc == CF_E_LIMIT || (err->rc == CF_E_HTTP && err->fault == CF_FAULT_CONFIG);
}

/* A batch that the service refuses as a whole is halved, so that one bad result cannot hold the
 * others up for good. */
static void
adapt_batch(size_t *batch, const struct cf_site *site, size_t n, enum cf_rc rc,
            const struct cf_err *err)
{
    size_t full = (size_t)site->settings->cloud.upload_batch;

    if (rc == CF_OK)
        *batch = *batch * 2 < full ? *batch * 2 : full;
    else if (is_about_batch(err))
        *batch = n > 1 ? n / 2 : 1;
}

/* The one result of a refused batch of one steps aside for the others. */
static void
step_aside(struct cf_site *site, struct cf_item *item, const struct cf_err *failure)
{
    struct cf_err err = {0};
    const struct cf_change change = {.item = item, .from = item->state, .history = failure->text};

    item->due_ms =
        cf_clock_now_ms(site->clock) + (int64_t)cf_backoff_ms(site->settings->cloud.retry_min_ms,
                                                              site->settings->cloud.retry_max_ms,
                                                              item->attempts, failure);
    item->attempts++;
    if (site->store->ops->commit(site->store, site->owner, &change, 1, &err) != CF_OK)
        item->attempts--;
}

static enum cf_rc
upload(struct cf_site *site, const struct cf_items *items, struct cf_cloud_verdict *verdicts,
       struct cf_err *err)
{
    struct cf_cloud_result *results = calloc(items->n, sizeof *results);
    if (!results)
        return cf_fail_oom(err);

    for (size_t i = 0; i < items->n; i++) {
        results[i].context = items->item[i]->context;
        results[i].json = cf_buf_bytes(items->item[i]->result);
    }
    enum cf_rc rc;
    if (items->item[0]->kind != CF_KIND_REVOCATION) {
        rc = site->cloud->ops->upload(site->cloud, results, items->n, verdicts, err);
    } else {
        rc = site->cloud->ops->upload_revocations(site->cloud, results, items->n, err);
        for (size_t i = 0; rc == CF_OK && i < items->n; i++)
            verdicts[i].accepted = true;
    }
    free(results);
    return rc;
}

static enum cf_rc
record(struct cf_site *site, const struct cf_items *items, const struct cf_cloud_verdict *verdicts,
       struct cf_err *err)
{
    struct cf_change *changes = calloc(items->n, sizeof *changes);
    if (!changes)
        return cf_fail_oom(err);

    for (size_t i = 0; i < items->n; i++)
        apply_verdict(site, items->item[i], &verdicts[i], &changes[i]);
    enum cf_rc rc = site->store->ops->commit(site->store, site->owner, changes, items->n, err);
    if (rc == CF_OK) {
        for (size_t i = 0; i < items->n; i++)
            log_verdict(items->item[i], &verdicts[i]);
    }
    free(changes);
    return rc;
}

static void
release(struct cf_scheduler *scheduler, struct cf_site *site, const struct cf_items *items)
{
    int64_t *ids = calloc(items->n, sizeof *ids);
    if (!ids)
        return; /* the claims run out by themselves */

    for (size_t i = 0; i < items->n; i++)
        ids[i] = items->item[i]->id;
    cf_scheduler_release(scheduler, site, ids, items->n);
    free(ids);
}

static enum cf_rc
deliver_batch(struct cf_scheduler *scheduler, struct cf_site *site, struct cf_items *items,
              size_t *batch, struct cf_err *err)
{
    struct cf_cloud_verdict *verdicts = calloc(items->n, sizeof *verdicts);
    if (!verdicts)
        return cf_fail_oom(err);

    enum cf_rc rc = upload(site, items, verdicts, err);
    adapt_batch(batch, site, items->n, rc, err);
    if (rc != CF_OK && items->n == 1 && is_about_batch(err))
        step_aside(site, items->item[0], err);
    if (rc == CF_OK) {
        cf_scheduler_note_cloud(scheduler, "deliver", CF_OK, NULL);
        rc = record(site, items, verdicts, err);
    }
    if (rc != CF_OK)
        release(scheduler, site, items);
    free(verdicts);
    return rc;
}

static enum cf_rc
deliver(struct cf_scheduler *scheduler, struct cf_site *site, unsigned kinds, size_t *batch,
        uint64_t *ret_next_ms, struct cf_err *err)
{
    struct cf_store *store = site->store;
    unsigned states = cf_machine_deliver_states_of(kinds);
    size_t full = (size_t)site->settings->cloud.upload_batch;
    int64_t now = cf_scheduler_now_ms(scheduler);
    int64_t next_due = INT64_MAX;
    struct cf_items items = {0};

    *ret_next_ms = CF_DUTY_NEVER_MS;
    if (!cf_scheduler_has_started(scheduler))
        return CF_OK; /* dispatch kicks */
    if (*batch == 0 || *batch > full)
        *batch = full;
    CF_TRY(store->ops->claim(store, site->owner, states, kinds, NULL, 0, now, now + CF_CLAIM_MS,
                             *batch, &items, err));
    enum cf_rc rc = items.n > 0 ? deliver_batch(scheduler, site, &items, batch, err) : CF_OK;
    cf_items_done(&items);
    if (rc != CF_OK)
        return rc;

    CF_TRY(store->ops->next_due(store, states, kinds, NULL, 0, &next_due, err));
    now = cf_scheduler_now_ms(scheduler);
    if (next_due < now + CF_DUTY_NEVER_MS)
        *ret_next_ms = next_due > now ? (uint64_t)(next_due - now) : 0;
    return CF_OK;
}

enum cf_rc
cf_duty_deliver(struct cf_scheduler *scheduler, struct cf_site *site, uint64_t *ret_next_ms,
                struct cf_err *err)
{
    return deliver(scheduler, site, cf_kinds_of_results(), &scheduler->batch[CF_KIND_PKCS],
                   ret_next_ms, err);
}

enum cf_rc
cf_duty_acknowledge(struct cf_scheduler *scheduler, struct cf_site *site, uint64_t *ret_next_ms,
                    struct cf_err *err)
{
    return deliver(scheduler, site, 1u << CF_KIND_REVOCATION, &scheduler->batch[CF_KIND_REVOCATION],
                   ret_next_ms, err);
}
