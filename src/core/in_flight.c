/* SPDX-License-Identifier: Apache-2.0 */
/*
 * in_flight - which items this process works on now.
 *
 * A claim is for a time, and a worker may need longer: a CA takes an hour, or the clock is set
 * forward. As long as the worker is there its claim is renewed, so that no second one asks the CA
 * for the same certificate.
 */
#include <stdlib.h>

#include "duty.h"
#include "work.h"

bool
cf_in_flight_enter(struct cf_scheduler *scheduler, const struct cf_item *item)
{
    pthread_mutex_lock(&scheduler->lock);
    bool has_room = scheduler->in_flight < CF_IN_FLIGHT_MAX;
    if (has_room)
        scheduler->busy[scheduler->in_flight++] =
            (struct cf_busy){.id = item->id, .until_ms = item->claimed_until_ms};
    pthread_mutex_unlock(&scheduler->lock);
    return has_room;
}

void
cf_in_flight_leave(struct cf_scheduler *scheduler, int64_t id)
{
    pthread_mutex_lock(&scheduler->lock);
    for (unsigned i = 0; i < scheduler->in_flight; i++) {
        if (scheduler->busy[i].id == id) {
            scheduler->busy[i] = scheduler->busy[--scheduler->in_flight];
            break;
        }
    }
    pthread_mutex_unlock(&scheduler->lock);
}

bool
cf_in_flight_has(const struct cf_scheduler *scheduler, int64_t id)
{
    for (unsigned i = 0; i < scheduler->in_flight; i++) {
        if (scheduler->busy[i].id == id)
            return true;
    }
    return false;
}

unsigned
cf_scheduler_in_flight(struct cf_scheduler *scheduler)
{
    pthread_mutex_lock(&scheduler->lock);
    unsigned in_flight = scheduler->in_flight;
    pthread_mutex_unlock(&scheduler->lock);
    return in_flight;
}

/* Those whose claim has less than half of its time left at `now`, or more than there is: the clock
 * was set back, and what a worker has committed since holds for less than is noted here. */
static size_t
find_ending(struct cf_scheduler *scheduler, int64_t now, int64_t ids[CF_IN_FLIGHT_MAX])
{
    size_t n = 0;

    pthread_mutex_lock(&scheduler->lock);
    for (unsigned i = 0; i < scheduler->in_flight; i++) {
        int64_t until = scheduler->busy[i].until_ms;

        if (until < now + CF_CLAIM_MS / 2 || until > now + CF_CLAIM_MS)
            ids[n++] = scheduler->busy[i].id;
    }
    pthread_mutex_unlock(&scheduler->lock);
    return n;
}

enum cf_rc
cf_in_flight_renew(struct cf_scheduler *scheduler, struct cf_site *site, int64_t now,
                   struct cf_err *err)
{
    int64_t ids[CF_IN_FLIGHT_MAX];
    int64_t until = now + CF_CLAIM_MS;
    size_t n = find_ending(scheduler, now, ids);

    if (n == 0)
        return CF_OK;
    CF_TRY(site->store->ops->renew(site->store, site->owner, ids, n, until, err));
    pthread_mutex_lock(&scheduler->lock);
    for (unsigned i = 0; i < scheduler->in_flight; i++) {
        for (size_t j = 0; j < n; j++) {
            if (scheduler->busy[i].id == ids[j])
                scheduler->busy[i].until_ms = until;
        }
    }
    pthread_mutex_unlock(&scheduler->lock);
    return CF_OK;
}
