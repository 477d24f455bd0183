/* SPDX-License-Identifier: Apache-2.0 */
/* flight - one thread fetches, the others wait for what it brings. */
#include "parts.h"

enum cf_rc
cf_flight_init(struct cf_flight *flight, struct cf_err *err)
{
    *flight = (struct cf_flight){0};
    if (pthread_mutex_init(&flight->lock, NULL) != 0)
        return cf_fail_oom(err);
    if (pthread_cond_init(&flight->landed, NULL) != 0) {
        (void)pthread_mutex_destroy(&flight->lock);
        return cf_fail_oom(err);
    }
    return CF_OK;
}

void
cf_flight_done(struct cf_flight *flight)
{
    (void)pthread_cond_destroy(&flight->landed);
    (void)pthread_mutex_destroy(&flight->lock);
}

void
cf_flight_lock(struct cf_flight *flight)
{
    (void)pthread_mutex_lock(&flight->lock);
}

void
cf_flight_unlock(struct cf_flight *flight)
{
    (void)pthread_mutex_unlock(&flight->lock);
}

enum cf_rc
cf_flight_run(struct cf_flight *flight, cf_flight_work_fn *work, cf_flight_publish_fn *publish,
              void *arg, struct cf_err *err)
{
    if (flight->is_busy) {
        uint64_t seen = flight->n_landed;

        /* No deadline: the leader's transfer has one and ends when the service stops. */
        while (flight->n_landed == seen)
            (void)pthread_cond_wait(&flight->landed, &flight->lock);
        if (flight->result.rc != CF_OK)
            *err = flight->result;
        return flight->result.rc;
    }

    struct cf_err own = {0};

    flight->is_busy = true;
    cf_flight_unlock(flight);
    enum cf_rc rc = work(arg, &own);
    cf_flight_lock(flight);
    if (rc == CF_OK) {
        own.rc = CF_OK;
        publish(arg);
    } else {
        *err = own;
    }
    flight->result = own;
    flight->is_busy = false;
    flight->n_landed++;
    (void)pthread_cond_broadcast(&flight->landed);
    return rc;
}
