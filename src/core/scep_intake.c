/* SPDX-License-Identifier: Apache-2.0 */
/* scep_intake - a request is in the store before anything is done with it, and in work at once. */
#include <stdio.h>
#include <string.h>

#include "certferry/metrics.h"
#include "duty.h"
#include "scep.h"

/* So long others leave to this process what it has just taken in. */
enum { HEAD_START_MS = 2000 };

enum cf_rc
cf_scep_find_item(struct cf_site *site, const char *context, struct cf_item **ret_item,
                  struct cf_err *err)
{
    enum cf_rc rc = site->store->ops->get(site->store, CF_KIND_SCEP, context, ret_item, err);

    if (rc != CF_E_NOT_FOUND)
        return rc;
    *ret_item = NULL;
    return CF_OK;
}

enum cf_rc
cf_scep_find_issued(struct cf_site *site, const char *context, struct cf_ledger_entry **ret_entry,
                    struct cf_err *err)
{
    const struct cf_ledger_filter filter = {.context = context, .newest_first = true, .limit = 1};
    struct cf_ledger ledger = {0};

    CF_TRY(site->store->ops->ledger(site->store, &filter, &ledger, err));
    *ret_entry = ledger.n > 0 ? cf_give(ledger.entry[0]) : NULL;
    cf_ledger_done(&ledger);
    return CF_OK;
}

static bool
is_begun(const struct cf_item *item)
{
    return item->state != CF_STATE_RECEIVED && item->state != CF_STATE_ADMITTED;
}

/* Begins the work on it here, unless somebody has it, or there is no room: then it is due before
 * long, for whoever has. *ret_id: it is in work here. */
static enum cf_rc
begin(struct cf_scheduler *scheduler, struct cf_site *site, const char *context, int64_t *ret_id,
      struct cf_err *err)
{
    struct cf_store *store = site->store;
    int64_t now = cf_scheduler_now_ms(scheduler);
    cf_own(cf_item) item = NULL;

    *ret_id = 0;
    /* Until then claims by our name are taken for those of an earlier life. */
    if (!cf_scheduler_has_started(scheduler) ||
        cf_scheduler_in_flight(scheduler) >= CF_IN_FLIGHT_MAX)
        return CF_OK;
    enum cf_rc rc = store->ops->claim_one(store, site->owner, CF_KIND_SCEP, context, now,
                                          now + CF_CLAIM_MS, &item, err);
    if (rc == CF_E_LEASE)
        return CF_OK;
    CF_TRY(rc);
    if (is_begun(item)) {
        cf_scheduler_release(scheduler, site, &item->id, 1);
        return CF_OK;
    }
    *ret_id = item->id;
    cf_scheduler_start_work(scheduler, site, cf_give(item));
    return CF_OK;
}

static enum cf_rc
begin_and_answer(struct cf_scheduler *scheduler, struct cf_site *site, const char *context,
                 struct cf_scep_answer *answer, struct cf_err *err)
{
    cf_own(cf_item) item = NULL;
    int64_t id = 0;

    CF_TRY(begin(scheduler, site, context, &id, err));
    if (id != 0) {
        answer->state = CF_SCEP_ANSWER_WORKING;
        answer->item_id = id;
        (void)snprintf(answer->context, sizeof answer->context, "%s", context);
        return CF_OK;
    }
    CF_TRY(site->store->ops->get(site->store, CF_KIND_SCEP, context, &item, err));
    return cf_scep_answer_of(scheduler, site, item, answer, err);
}

enum cf_rc
cf_scep_take_in(struct cf_scheduler *scheduler, struct cf_site *site,
                const struct cf_scep_intake *intake, struct cf_scep_answer *answer,
                struct cf_err *err)
{
    cf_own(cf_item) item = cf_item_new(CF_KIND_SCEP, intake->context);
    int64_t now = cf_scheduler_now_ms(scheduler);
    enum cf_reception reception = CF_RECEPTION_DUPLICATE;

    if (!item)
        return cf_fail_oom(err);
    item->state = CF_STATE_RECEIVED;
    item->due_ms = now + HEAD_START_MS;
    item->lease_until_ms = now + (int64_t)intake->patience_ms;
    item->body = cf_buf_copy(cf_buf_bytes(intake->body));
    if (!item->body)
        return cf_fail_oom(err);
    CF_TRY(site->store->ops->receive(site->store, &item, 1, &reception, err));
    if (reception == CF_RECEPTION_NEW || reception == CF_RECEPTION_ANEW)
        cf_metric_add(CF_M_REQUESTS_RECEIVED, 1);
    else
        cf_metric_add(CF_M_REQUESTS_DUPLICATE, 1);
    return begin_and_answer(scheduler, site, intake->context, answer, err);
}

enum cf_rc
cf_scep_go_on(struct cf_scheduler *scheduler, struct cf_site *site, const struct cf_item *item,
              struct cf_scep_answer *answer, struct cf_err *err)
{
    cf_metric_add(CF_M_REQUESTS_DUPLICATE, 1);
    if (!is_begun(item) && item->claimed_until_ms <= cf_scheduler_now_ms(scheduler))
        return begin_and_answer(scheduler, site, item->context, answer, err);
    return cf_scep_answer_of(scheduler, site, item, answer, err);
}
