/* SPDX-License-Identifier: Apache-2.0 */
/* How store and cloud fare: changes are logged once, lasting failures at a bounded rate. */
#include "certferry/log.h"
#include "certferry/metrics.h"
#include "duty.h"

bool
cf_rc_is_store(enum cf_rc rc)
{
    switch (rc) {
    case CF_E_STORE:
    case CF_E_STORE_BUSY:
    case CF_E_STORE_CORRUPT:
    case CF_E_DISK_FULL:
        return true;
    default:
        return false;
    }
}

void
cf_scheduler_note_store(struct cf_scheduler *scheduler, enum cf_rc rc, const struct cf_err *err)
{
    bool is_down = rc != CF_OK;

    pthread_mutex_lock(&scheduler->lock);
    bool was_down = scheduler->store_is_down;
    scheduler->store_is_down = is_down;
    pthread_mutex_unlock(&scheduler->lock);

    if (is_down) {
        cf_metric_add(CF_M_STORE_ERRORS, 1);
        cf_log(CF_EV_STORE_FAILED, &(struct cf_log_fields){.err = err},
               "the store does not work; requests wait");
    } else if (was_down) {
        cf_log(CF_EV_STORE_RECOVERED, NULL, "the store works again");
    }
}

static enum cf_event
cloud_event(enum cf_rc rc)
{
    switch (rc) {
    case CF_E_AUTH:
        return CF_EV_CLOUD_AUTH_REFUSED;
    case CF_E_PROTOCOL:
    case CF_E_LIMIT:
    case CF_E_FIELD:
    case CF_E_ENCODING:
        return CF_EV_CLOUD_NONSENSE;
    default:
        return CF_EV_CLOUD_UNREACHABLE;
    }
}

void
cf_scheduler_note_cloud(struct cf_scheduler *scheduler, const char *call, enum cf_rc rc,
                        const struct cf_err *err)
{
    bool is_up = rc == CF_OK;

    pthread_mutex_lock(&scheduler->lock);
    bool is_news = is_up && !scheduler->cloud_is_up;
    scheduler->cloud_is_up = is_up;
    pthread_mutex_unlock(&scheduler->lock);

    if (!is_up) {
        cf_metric_add(CF_M_CLOUD_ERRORS, 1);
        cf_log(cloud_event(rc), &(struct cf_log_fields){.err = err}, "cloud: %s failed", call);
    } else if (is_news) {
        cf_log(CF_EV_CLOUD_CONNECTED, NULL, "cloud: connected");
    }
}

bool
cf_scheduler_cloud_is_up(struct cf_scheduler *scheduler)
{
    pthread_mutex_lock(&scheduler->lock);
    bool is_up = scheduler->cloud_is_up;
    pthread_mutex_unlock(&scheduler->lock);
    return is_up;
}
