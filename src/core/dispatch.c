/* SPDX-License-Identifier: Apache-2.0 */
/* dispatch: claims due items and brings them to the lanes; carries them from lane to lane. */
#include <stdlib.h>
#include <string.h>

#include "backoff.h"
#include "certferry/log.h"
#include "duty.h"
#include "work.h"

enum { DISPATCH_IDLE_MS = 30 * 1000, CLAIM_MAX = CF_IN_FLIGHT_MAX };

struct work_job {
    struct cf_scheduler *scheduler;
    struct cf_work *work;
    enum cf_lane lane;
};

enum { ALL_KINDS = (1u << CF_KIND_MAX_) - 1 };

/* Those that do not fit are freed by the end of their claim. */
static void
add_orphans(struct cf_scheduler *scheduler, const int64_t *ids, size_t n, uint64_t delay_ms)
{
    int64_t from = cf_clock_monotonic_ms(scheduler->options.clock) + (int64_t)delay_ms;

    pthread_mutex_lock(&scheduler->lock);
    for (size_t i = 0; i < n && scheduler->n_orphans < CF_ORPHANS_MAX; i++)
        scheduler->orphan[scheduler->n_orphans++] =
            (struct cf_orphan){.id = ids[i], .from_ms = from};
    pthread_mutex_unlock(&scheduler->lock);
}

void
cf_scheduler_release(struct cf_scheduler *scheduler, struct cf_site *site, const int64_t *ids,
                     size_t n)
{
    struct cf_err err = {0};

    if (n > 0 && site->store->ops->release(site->store, site->owner, ids, n, &err) != CF_OK)
        add_orphans(scheduler, ids, n, 0);
}

/* Takes out those whose time has come; *ret_next_ms is lowered to when the next one's comes. */
static size_t
take_orphans(struct cf_scheduler *scheduler, int64_t ids[CF_ORPHANS_MAX], uint64_t *ret_next_ms)
{
    int64_t now = cf_clock_monotonic_ms(scheduler->options.clock);
    size_t n = 0, kept = 0;

    pthread_mutex_lock(&scheduler->lock);
    for (size_t i = 0; i < scheduler->n_orphans; i++) {
        const struct cf_orphan orphan = scheduler->orphan[i];

        if (orphan.from_ms <= now) {
            /* Claimed anew since, it is no orphan any more. */
            if (!cf_in_flight_has(scheduler, orphan.id))
                ids[n++] = orphan.id;
            continue;
        }
        /* Its worker may not have left yet. */
        if ((uint64_t)(orphan.from_ms - now) < *ret_next_ms)
            *ret_next_ms = (uint64_t)(orphan.from_ms - now);
        scheduler->orphan[kept++] = orphan;
    }
    scheduler->n_orphans = kept;
    pthread_mutex_unlock(&scheduler->lock);
    return n;
}

/* Before anything is claimed: a later claim on the same item would be given back with it. */
static void
free_orphans(struct cf_scheduler *scheduler, struct cf_site *site, uint64_t *ret_next_ms)
{
    int64_t ids[CF_ORPHANS_MAX];
    size_t n = take_orphans(scheduler, ids, ret_next_ms);

    if (n == 0)
        return;
    cf_scheduler_release(scheduler, site, ids, n);
    cf_scheduler_kick(scheduler, CF_DUTY_DELIVER);
    cf_scheduler_kick(scheduler, CF_DUTY_ACKNOWLEDGE);
}

static void
end_work(struct work_job *job)
{
    struct cf_scheduler *scheduler = job->scheduler;
    const struct cf_item *item = job->work->item;
    enum cf_kind kind = item->kind;
    bool is_deliverable = (CF_STATE_BIT(item->state) & cf_machine_deliver_states(kind)) != 0;
    uint64_t delay = job->work->site->settings->cloud.upload_delay_ms;

    int64_t id = item->id;
    cf_in_flight_leave(scheduler, id);
    cf_work_free(job->work);
    free(job);
    cf_watch_rest(scheduler, id);
    if (is_deliverable)
        cf_scheduler_kick_after(
            scheduler, kind == CF_KIND_REVOCATION ? CF_DUTY_ACKNOWLEDGE : CF_DUTY_DELIVER, delay);
    cf_scheduler_kick(scheduler, CF_DUTY_DISPATCH);
    cf_scheduler_kick(scheduler, CF_DUTY_KEYS);
}

static void run_work(void *arg);

/* A lane without room is no reason to drop what has been done: the work goes on where it is. */
static bool
hand_over(struct work_job *job, enum cf_lane lane)
{
    job->lane = lane;
    return cf_pool_submit(job->scheduler->options.pool, lane, CF_PRIO_HIGH, run_work, job, NULL) ==
           CF_OK;
}

/* How many outcomes in a row the store has not taken. */
static unsigned
note_commit(struct cf_scheduler *scheduler, enum cf_rc rc)
{
    pthread_mutex_lock(&scheduler->lock);
    unsigned failures = scheduler->commit_failures;
    scheduler->commit_failures = rc == CF_OK ? 0 : failures + 1;
    pthread_mutex_unlock(&scheduler->lock);
    return failures;
}

/* The store did not take the outcome, so the last step will run again. Not at once: it may be one
 * that asks a CA for a certificate. */
static void
give_up(struct cf_scheduler *scheduler, struct cf_site *site, int64_t id, enum cf_rc rc,
        const struct cf_err *err)
{
    const struct cf_settings *settings = site->settings;

    if (rc == CF_E_LEASE)
        return; /* the claim is somebody else's, who may go by our name */
    if (rc == CF_E_STOPPED) {
        cf_scheduler_release(scheduler, site, &id, 1);
        return;
    }
    cf_scheduler_note_store(scheduler, rc, err);
    uint64_t delay = cf_backoff_ms(settings->step_retry_min_ms, settings->step_retry_max_ms,
                                   note_commit(scheduler, rc), NULL);
    /* Before the claim runs out and the item is claimed anew. */
    add_orphans(scheduler, &id, 1, delay < CF_CLAIM_MS / 2 ? delay : CF_CLAIM_MS / 2);
}

static void
run_work(void *arg)
{
    struct work_job *job = arg;
    struct cf_scheduler *scheduler = job->scheduler;
    struct cf_site *site = job->work->site;
    struct cf_err err = {0};
    bool handoff = true;

    while (handoff) {
        enum cf_lane next = job->lane;
        enum cf_rc rc = cf_pool_is_stopping(scheduler->options.pool) && !job->work->is_ahead
                            ? cf_fail(&err, CF_E_STOPPED, "stopping")
                            : cf_work_run(job->work, job->lane, &handoff, &next, &err);
        if (rc != CF_OK) {
            give_up(scheduler, site, job->work->item->id, rc, &err);
            break;
        }
        note_commit(scheduler, CF_OK);
        /* The CA it has been to has a place again. */
        if (handoff && job->lane == CF_LANE_IO)
            cf_scheduler_kick(scheduler, CF_DUTY_DISPATCH);
        if (handoff && hand_over(job, next))
            return;
    }
    end_work(job);
}

void
cf_scheduler_start_work(struct cf_scheduler *scheduler, struct cf_site *site,
                        struct cf_item *take_item)
{
    const struct cf_machine_row *row = cf_machine_row(take_item->kind, take_item->state);
    int64_t id = take_item->id;
    struct cf_work *work = cf_work_new(site, take_item);
    struct work_job *job = work ? calloc(1, sizeof *job) : NULL;

    if (!job || !row) {
        cf_work_free(work);
        free(job);
        cf_scheduler_release(scheduler, site, &id, 1);
        return;
    }
    *job = (struct work_job){.scheduler = scheduler, .work = work, .lane = row->lane};
    cf_work_expect_call(work);
    bool is_entered = cf_in_flight_enter(scheduler, take_item);
    if (!is_entered || cf_pool_submit(scheduler->options.pool, row->lane, CF_PRIO_NORMAL, run_work,
                                      job, NULL) != CF_OK) {
        if (is_entered)
            cf_in_flight_leave(scheduler, id);
        cf_scheduler_release(scheduler, site, &id, 1);
        cf_work_free(work);
        free(job);
        cf_watch_rest(scheduler, id);
    }
}

bool
cf_scheduler_has_started(struct cf_scheduler *scheduler)
{
    pthread_mutex_lock(&scheduler->lock);
    bool has_started = scheduler->has_started;
    pthread_mutex_unlock(&scheduler->lock);
    return has_started;
}

/* What this connector had claimed before it was last stopped is its own again at once, and what
 * waits is tried again: the clock may have been another one when its time was set. */
static enum cf_rc
start_up(struct cf_scheduler *scheduler, struct cf_site *site, struct cf_err *err)
{
    if (cf_scheduler_has_started(scheduler))
        return CF_OK;
    CF_TRY(site->store->ops->release(site->store, site->owner, NULL, 0, err));
    CF_TRY(site->store->ops->make_due(site->store, cf_scheduler_now_ms(scheduler), err));
    pthread_mutex_lock(&scheduler->lock);
    scheduler->has_started = true;
    pthread_mutex_unlock(&scheduler->lock);
    cf_scheduler_kick(scheduler, CF_DUTY_DELIVER);
    cf_scheduler_kick(scheduler, CF_DUTY_ACKNOWLEDGE);
    return CF_OK;
}

static size_t
free_places(struct cf_scheduler *scheduler)
{
    const struct cf_pool *pool = scheduler->options.pool;
    size_t cpu = cf_pool_room(pool, CF_LANE_CPU);
    size_t io = cf_pool_room(pool, CF_LANE_IO);
    size_t room = cpu < io ? cpu : io;
    unsigned in_flight = cf_scheduler_in_flight(scheduler);

    /* Claims that wait long in memory help nobody and may run out. */
    if (in_flight >= CLAIM_MAX)
        return 0;
    return room < CLAIM_MAX - in_flight ? room : CLAIM_MAX - in_flight;
}

/* Of the CAs that cannot serve just any number; *ret_next_ms is lowered to when one that can serve
 * nothing should be looked at again. */
static size_t
list_shares(struct cf_site *site, struct cf_ca_share *shares, uint64_t *ret_next_ms)
{
    size_t n = 0;

    for (size_t i = 0; i < site->n_cas; i++) {
        uint64_t wait_ms = *ret_next_ms;
        size_t places = cf_ca_slot_places(&site->cas[i], &wait_ms);

        if (places < SIZE_MAX)
            shares[n++] = (struct cf_ca_share){.ca = site->cas[i].settings->name, .max = places};
        if (wait_ms < *ret_next_ms)
            *ret_next_ms = wait_ms;
    }
    return n;
}

/* Requests that came while they were served stay as they are: nobody would hear of the result. */
static unsigned
kinds_served(const struct cf_site *site)
{
    const struct cf_cloud_settings *cloud = &site->settings->cloud;

    return cloud->serves_pkcs && !cloud->is_off ? ALL_KINDS : ALL_KINDS & ~cf_kinds_of_results();
}

enum { DEVICES = 1u << CF_KIND_SCEP };

/* Claims and starts up to `places` of these kinds. */
static enum cf_rc
start_due(struct cf_scheduler *scheduler, struct cf_site *site, unsigned kinds,
          struct cf_ca_share *shares, size_t places, size_t *ret_n, uint64_t *ret_next_ms,
          struct cf_err *err)
{
    struct cf_store *store = site->store;
    int64_t now = cf_scheduler_now_ms(scheduler);
    struct cf_items items = {0};
    size_t n_shares = list_shares(site, shares, ret_next_ms);

    *ret_n = 0;
    if (places == 0)
        return CF_OK;
    CF_TRY(store->ops->claim(store, site->owner, cf_machine_work_states_of(kinds), kinds, shares,
                             n_shares, now, now + CF_CLAIM_MS, places, &items, err));
    for (size_t i = 0; i < items.n; i++)
        cf_scheduler_start_work(scheduler, site, cf_give(items.item[i]));
    *ret_n = items.n;
    /* A claim of nothing writes nothing, and so says nothing of the store. */
    if (items.n > 0)
        cf_scheduler_note_store(scheduler, CF_OK, NULL);
    cf_items_done(&items);
    return CF_OK;
}

/* `shares` has a place for each CA. A state of one kind may be another thing in another kind, so
 * they are claimed apart; devices that wait get no more than half of the places, if others want
 * them. */
static enum cf_rc
dispatch(struct cf_scheduler *scheduler, struct cf_site *site, struct cf_ca_share *shares,
         uint64_t *ret_next_ms, struct cf_err *err)
{
    const unsigned groups[] = {DEVICES, kinds_served(site) & ~(unsigned)DEVICES};
    struct cf_store *store = site->store;
    int64_t now = cf_scheduler_now_ms(scheduler);
    bool is_full = false;

    CF_TRY(start_up(scheduler, site, err));
    free_orphans(scheduler, site, ret_next_ms);
    CF_TRY(cf_in_flight_renew(scheduler, site, now, err));
    size_t places = free_places(scheduler);
    for (size_t i = 0; i < CF_COUNT(groups); i++) {
        size_t n = 0, max = groups[i] == DEVICES ? (places + 1) / 2 : places;

        CF_TRY(start_due(scheduler, site, groups[i], shares, max, &n, ret_next_ms, err));
        is_full = is_full || n == max;
        places -= n;
    }
    if (is_full)
        return CF_OK; /* the end of any work kicks */
    for (size_t i = 0; i < CF_COUNT(groups); i++) {
        int64_t next_due = INT64_MAX;
        /* Anew: what was started has taken places, and the end of a call kicks only once. */
        size_t n_shares = list_shares(site, shares, ret_next_ms);

        CF_TRY(store->ops->next_due(store, cf_machine_work_states_of(groups[i]), groups[i], shares,
                                    n_shares, &next_due, err));
        if (next_due < now + (int64_t)*ret_next_ms)
            *ret_next_ms = next_due > now ? (uint64_t)(next_due - now) : 1;
    }
    return CF_OK;
}

enum cf_rc
cf_duty_dispatch(struct cf_scheduler *scheduler, struct cf_site *site, uint64_t *ret_next_ms,
                 struct cf_err *err)
{
    struct cf_ca_share *shares = calloc(site->n_cas > 0 ? site->n_cas : 1, sizeof *shares);
    if (!shares)
        return cf_fail_oom(err);

    *ret_next_ms = DISPATCH_IDLE_MS;
    enum cf_rc rc = dispatch(scheduler, site, shares, ret_next_ms, err);
    free(shares);
    return rc;
}
