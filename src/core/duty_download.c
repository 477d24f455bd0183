/* SPDX-License-Identifier: Apache-2.0 */
/* download: asks the cloud for as many requests as there is room for. */
#include "certferry/machine.h"
#include "duty.h"
#include "intake.h"

enum { FULL_HOUSE_MS = 500, BACKLOG_PAGES = 4 };

/* Requests that wait for an approver take no room: they cost nothing but a line in the store. */
static enum cf_rc
count_backlog(struct cf_site *site, uint64_t *ret, struct cf_err *err)
{
    unsigned kinds = cf_kinds_of_results();
    unsigned states = cf_machine_work_states_of(kinds) & ~CF_STATE_BIT(CF_STATE_SUBMITTED);

    *ret = 0;
    for (unsigned kind = 0; kind < CF_KIND_MAX_; kind++) {
        uint64_t counts[CF_STATE_MAX_] = {0};

        if (!(kinds & (1u << kind)))
            continue;
        CF_TRY(site->store->ops->count(site->store, (enum cf_kind)kind, counts, err));
        for (unsigned state = 0; state < CF_STATE_MAX_; state++) {
            if (states & CF_STATE_BIT(state))
                *ret += counts[state];
        }
    }
    return CF_OK;
}

enum cf_rc
cf_duty_download(struct cf_scheduler *scheduler, struct cf_site *site, uint64_t *ret_next_ms,
                 struct cf_err *err)
{
    const struct cf_cloud_settings *settings = &site->settings->cloud;
    struct cf_cloud_page page = {0};
    struct cf_intake intake = {0};
    uint64_t backlog = 0;
    uint64_t room_max = settings->max_requests * BACKLOG_PAGES;

    CF_TRY(count_backlog(site, &backlog, err));
    if (backlog >= room_max) {
        *ret_next_ms = FULL_HOUSE_MS;
        return CF_OK;
    }
    uint64_t max =
        room_max - backlog < settings->max_requests ? room_max - backlog : settings->max_requests;
    int64_t begin = cf_clock_monotonic_ms(scheduler->options.clock);
    CF_TRY(
        site->cloud->ops->download(site->cloud, (size_t)max, settings->poll_wait_ms, &page, err));
    cf_scheduler_note_cloud(scheduler, "download", CF_OK, NULL);
    int64_t took = cf_clock_monotonic_ms(scheduler->options.clock) - begin;

    size_t n = page.n;
    enum cf_rc rc = cf_intake_page(scheduler, site, CF_KIND_PKCS, &page, NULL, &intake, err);
    cf_cloud_page_done(&page);
    if (rc != CF_OK)
        return rc;

    if (intake.n_new > 0)
        cf_scheduler_kick(scheduler, CF_DUTY_DISPATCH);
    if (intake.n_redeliver > 0)
        cf_scheduler_kick(scheduler, CF_DUTY_DELIVER);
    /* A service that answers an empty page at once does not do long polls. A page that brings
     * nothing new is not asked for again at once either. */
    bool has_waited = took >= (int64_t)settings->poll_wait_ms / 2 && settings->poll_wait_ms > 0;
    bool has_news = n > 0 && intake.n_new > 0;
    *ret_next_ms = has_news || (n == 0 && has_waited) ? 0 : settings->poll_interval_ms;
    return CF_OK;
}
