/* SPDX-License-Identifier: Apache-2.0 */
/* scep_watch - who wants to know when an item rests. */
#include "certferry/scep.h"
#include "duty.h"

static bool
is_in_work(struct cf_scheduler *scheduler, int64_t id)
{
    pthread_mutex_lock(&scheduler->lock);
    bool is_in = cf_in_flight_has(scheduler, id);
    pthread_mutex_unlock(&scheduler->lock);
    return is_in;
}

enum cf_rc
cf_scep_watch(struct cf_scheduler *scheduler, int64_t item_id, cf_scep_rest_fn *fn, void *arg,
              struct cf_err *err)
{
    enum cf_rc rc = CF_OK;

    /* Whoever ends the work takes this lock afterwards, so that it finds the watcher. */
    pthread_mutex_lock(&scheduler->watch_lock);
    if (!is_in_work(scheduler, item_id))
        fn(arg);
    else if (scheduler->n_watchers < CF_WATCHERS_MAX)
        scheduler->watcher[scheduler->n_watchers++] =
            (struct cf_watcher){.item_id = item_id, .fn = fn, .arg = arg};
    else
        rc = cf_fail(err, CF_E_LIMIT, "more than %d requests are waited for", CF_WATCHERS_MAX);
    pthread_mutex_unlock(&scheduler->watch_lock);
    return rc;
}

void
cf_scep_unwatch(struct cf_scheduler *scheduler, cf_scep_rest_fn *fn, void *arg)
{
    size_t kept = 0;

    pthread_mutex_lock(&scheduler->watch_lock);
    for (size_t i = 0; i < scheduler->n_watchers; i++) {
        const struct cf_watcher watcher = scheduler->watcher[i];

        if (watcher.fn != fn || watcher.arg != arg)
            scheduler->watcher[kept++] = watcher;
    }
    scheduler->n_watchers = kept;
    pthread_mutex_unlock(&scheduler->watch_lock);
}

void
cf_watch_rest(struct cf_scheduler *scheduler, int64_t id)
{
    size_t kept = 0;

    pthread_mutex_lock(&scheduler->watch_lock);
    for (size_t i = 0; i < scheduler->n_watchers; i++) {
        const struct cf_watcher watcher = scheduler->watcher[i];

        if (watcher.item_id == id)
            watcher.fn(watcher.arg);
        else
            scheduler->watcher[kept++] = watcher;
    }
    scheduler->n_watchers = kept;
    pthread_mutex_unlock(&scheduler->watch_lock);
}
