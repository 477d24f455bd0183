/* SPDX-License-Identifier: Apache-2.0 */
#include "intake.h"

#include <stdlib.h>
#include <string.h>

#include "certferry/log.h"
#include "certferry/metrics.h"
#include "certferry/request.h"

static void
log_unanswerable(const struct cf_cloud_page *page, const struct cf_cloud_work *work)
{
    const struct cf_log_fields fields = {.activity = page->activity, .err = &work->err};

    cf_metric_add(CF_M_REQUESTS_MALFORMED, 1);
    cf_log(CF_EV_REQUEST_UNANSWERABLE, &fields, "a request without a usable context was left out");
}

/* Elements that name the same request are one request. */
static bool
is_repeated(const struct cf_cloud_page *page, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (page->work[i].context && strcmp(page->work[i].context, page->work[index].context) == 0)
            return true;
    }
    return false;
}

static enum cf_rc
make_item(struct cf_scheduler *scheduler, enum cf_kind kind, struct cf_cloud_work *work,
          struct cf_item **ret_item, struct cf_err *err)
{
    int64_t now = cf_scheduler_now_ms(scheduler);
    struct cf_item *item = cf_item_new(kind, work->context);
    if (!item)
        return cf_fail_oom(err);

    item->state = CF_STATE_RECEIVED;
    item->received_ms = now;
    item->updated_ms = now;
    item->due_ms = now;
    item->lease_until_ms = work->lease_until_ms;
    item->body = cf_give(work->body);
    *ret_item = item;
    return CF_OK;
}

static enum cf_rc
collect(struct cf_scheduler *scheduler, struct cf_site *site, enum cf_kind kind,
        struct cf_cloud_page *page, cf_intake_filter_fn *filter, struct cf_items *items,
        struct cf_intake *intake, struct cf_err *err)
{
    for (size_t i = 0; i < page->n; i++) {
        bool is_ours = true;

        if (!page->work[i].context) {
            log_unanswerable(page, &page->work[i]);
            intake->n_unanswerable++;
            continue;
        }
        if (is_repeated(page, i))
            continue;
        if (filter)
            CF_TRY(filter(site, &page->work[i], &is_ours, err));
        if (!is_ours)
            continue;
        enum cf_kind its_kind = kind;
        if (kind == CF_KIND_PKCS && page->work[i].body)
            its_kind = cf_request_kind(cf_buf_bytes(page->work[i].body));
        CF_TRY(make_item(scheduler, its_kind, &page->work[i], &items->item[items->n], err));
        items->n++;
    }
    return CF_OK;
}

static void
count(enum cf_kind kind, const enum cf_reception *receptions, size_t n, struct cf_intake *intake)
{
    for (size_t i = 0; i < n; i++) {
        switch (receptions[i]) {
        case CF_RECEPTION_NEW:
        case CF_RECEPTION_ANEW:
            intake->n_new++;
            break;
        case CF_RECEPTION_DUPLICATE:
            intake->n_known++;
            break;
        case CF_RECEPTION_REDELIVER:
            intake->n_redeliver++;
            break;
        }
    }
    if (kind == CF_KIND_PKCS)
        cf_metric_add(CF_M_REQUESTS_RECEIVED, intake->n_new);
    else
        cf_metric_add(CF_M_REVOCATIONS_RECEIVED, intake->n_new);
    cf_metric_add(CF_M_REQUESTS_DUPLICATE, intake->n_known + intake->n_redeliver);
}

enum cf_rc
cf_intake_page(struct cf_scheduler *scheduler, struct cf_site *site, enum cf_kind kind,
               struct cf_cloud_page *page, cf_intake_filter_fn *filter,
               struct cf_intake *ret_intake, struct cf_err *err)
{
    struct cf_intake intake = {0};
    struct cf_items items = {0};
    enum cf_reception *receptions = NULL;
    enum cf_rc rc = CF_OK;

    *ret_intake = intake;
    if (page->n == 0)
        return CF_OK;
    items.item = calloc(page->n, sizeof(struct cf_item *));
    receptions = calloc(page->n, sizeof *receptions);
    if (!items.item || !receptions)
        rc = cf_fail_oom(err);
    if (rc == CF_OK)
        rc = collect(scheduler, site, kind, page, filter, &items, &intake, err);
    if (rc == CF_OK && items.n > 0)
        rc = site->store->ops->receive(site->store, items.item, items.n, receptions, err);
    if (rc == CF_OK && items.n > 0) {
        const struct cf_log_fields fields = {.kind = cf_kind_name(kind),
                                             .activity = page->activity};

        count(kind, receptions, items.n, &intake);
        cf_log(CF_EV_REQUEST_RECEIVED, &fields, "received %zu new, %zu known, %zu to send again",
               intake.n_new, intake.n_known, intake.n_redeliver);
    }
    if (rc == CF_OK)
        *ret_intake = intake;
    cf_items_done(&items);
    free(receptions);
    return rc;
}
