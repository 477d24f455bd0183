/* SPDX-License-Identifier: Apache-2.0 */
#include "keeper.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "certferry/log.h"

enum { AWAY_MS = 2 * 1000 };

struct cf_scep_keeper {
    struct cf_scep_profile_cache *profiles;
    struct cf_scep_keyring *keyring;
    pthread_t thread;
    bool has_thread;
    bool was_fresh; /* the thread's alone */
    bool was_away;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t woken;
    bool is_woken;
    bool is_over;
};

static void
log_backend(struct cf_scep_keeper *keeper, bool is_fresh, const struct cf_err *why)
{
    if (is_fresh && !keeper->was_fresh)
        cf_log(CF_EV_SCEP_BACKEND_BACK, NULL, "certferryd answers");
    if (!is_fresh && !keeper->was_away && why->rc != CF_E_STOPPED)
        cf_log(CF_EV_SCEP_BACKEND_AWAY, &(struct cf_log_fields){.err = why},
               "certferryd does not answer");
    keeper->was_fresh = is_fresh;
    keeper->was_away = !is_fresh;
}

/* A round. Without certferryd there is nothing to do about keys. */
static uint64_t
look_after(struct cf_scep_keeper *keeper)
{
    struct cf_err why = {0};
    uint64_t delay_ms = AWAY_MS;

    bool is_fresh =
        cf_scep_profile_cache_refresh(keeper->profiles, CF_SCEP_REFRESH_MIN_MS, &why) == CF_OK;
    log_backend(keeper, is_fresh, &why);
    if (is_fresh)
        cf_scep_keyring_tick(keeper->keyring, &delay_ms);
    return delay_ms < CF_SCEP_REFRESH_MS ? delay_ms : CF_SCEP_REFRESH_MS;
}

/* False: it is over. */
static bool
wait_for_round(struct cf_scep_keeper *keeper, uint64_t delay_ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(delay_ms / 1000);
    until.tv_nsec += (long)(delay_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&keeper->lock);
    while (!keeper->is_over && !keeper->is_woken) {
        if (pthread_cond_timedwait(&keeper->woken, &keeper->lock, &until) != 0)
            break;
    }
    keeper->is_woken = false;
    bool goes_on = !keeper->is_over;
    pthread_mutex_unlock(&keeper->lock);
    return goes_on;
}

static void *
keep(void *arg)
{
    struct cf_scep_keeper *keeper = arg;
    uint64_t delay_ms = 0;

    while (wait_for_round(keeper, delay_ms))
        delay_ms = look_after(keeper);
    return NULL;
}

/* Signals are the main thread's. */
static int
start_thread(struct cf_scep_keeper *keeper)
{
    sigset_t all, saved;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &saved);
    int number = pthread_create(&keeper->thread, NULL, keep, keeper);
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
    keeper->has_thread = number == 0;
    return number;
}

enum cf_rc
cf_scep_keeper_new(struct cf_scep_profile_cache *profiles, struct cf_scep_keyring *keyring,
                   struct cf_scep_keeper **ret_keeper, struct cf_err *err)
{
    pthread_condattr_t attr;
    struct cf_scep_keeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper)
        return cf_fail_oom(err);

    keeper->profiles = profiles;
    keeper->keyring = keyring;
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&keeper->woken, &attr);
    pthread_condattr_destroy(&attr);
    int number = start_thread(keeper);
    if (number != 0) {
        cf_scep_keeper_free(keeper);
        return cf_fail_errno(err, CF_E_IO, number, "a thread for profiles and keys");
    }
    *ret_keeper = keeper;
    return CF_OK;
}

struct cf_scep_keeper *
cf_scep_keeper_free(struct cf_scep_keeper *keeper)
{
    if (!keeper)
        return NULL;
    pthread_mutex_lock(&keeper->lock);
    keeper->is_over = true;
    pthread_cond_signal(&keeper->woken);
    pthread_mutex_unlock(&keeper->lock);
    if (keeper->has_thread)
        pthread_join(keeper->thread, NULL);
    pthread_mutex_destroy(&keeper->lock);
    pthread_cond_destroy(&keeper->woken);
    free(keeper);
    return NULL;
}

void
cf_scep_keeper_wake(struct cf_scep_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    keeper->is_woken = true;
    pthread_cond_signal(&keeper->woken);
    pthread_mutex_unlock(&keeper->lock);
}
