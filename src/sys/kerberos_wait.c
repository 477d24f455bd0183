/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kerberos_wait - calls that may ask a KDC, with an end.
 *
 * libkrb5 waits for a silent KDC for up to a minute; nothing shortens that or breaks it off. So it
 * waits in a thread of its own, which is left to itself when its caller has waited long enough or
 * is stopped, and clears up after itself.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "certferry/clock.h"
#include "certferry/stop.h"
#include "kerberos_internal.h"
#include "thread.h"

enum { STACK_SIZE = 512 * 1024, LEFT_MAX = 8 };

/* One call. */
struct errand {
    struct cf_tickets *tickets; /* owned */
    struct cf_gss *gss;         /* owned */
    cf_errand_fn *fn;
    pthread_t thread;
    bool is_done; /* under the tickets' lock */
    struct cf_err err;
    bool is_over;        /* nothing follows but the thread's end */
    struct errand *next; /* of those that were left */
};

static struct {
    pthread_mutex_t lock;
    struct errand *first;
    unsigned count;
} left = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int64_t
now_ms(void)
{
    return cf_clock_monotonic_ms(cf_clock_real());
}

static void *
run(void *arg)
{
    struct errand *errand = arg;
    struct cf_err err = {0};

    (void)pthread_setname_np(pthread_self(), "kerberos");
    if (errand->fn(errand->gss, &err) == CF_OK)
        err = (struct cf_err){0};
    pthread_mutex_lock(&errand->tickets->lock);
    errand->err = err;
    errand->is_done = true;
    pthread_cond_broadcast(&errand->tickets->changed);
    pthread_mutex_unlock(&errand->tickets->lock);
    cf_gss_free(errand->gss);
    cf_tickets_unref(errand->tickets);
    pthread_mutex_lock(&left.lock);
    errand->is_over = true;
    pthread_mutex_unlock(&left.lock);
    return NULL;
}

/* Joined, not detached: what libgssapi keeps for each thread goes with the thread's last steps, and
 * nobody else would know when they are done. */
static unsigned
reap(void)
{
    pthread_mutex_lock(&left.lock);
    for (struct errand **place = &left.first; *place;) {
        struct errand *errand = *place;
        if (!errand->is_over) {
            place = &errand->next;
            continue;
        }
        *place = errand->next;
        left.count--;
        pthread_join(errand->thread, NULL);
        free(errand);
    }
    unsigned count = left.count;
    pthread_mutex_unlock(&left.lock);
    return count;
}

bool
cf_kerberos_is_waiting(void)
{
    return reap() > 0;
}

static void
leave(struct errand *errand)
{
    pthread_mutex_lock(&left.lock);
    errand->next = left.first;
    left.first = errand;
    left.count++;
    pthread_mutex_unlock(&left.lock);
}

static int
start_thread(struct errand *errand)
{
    pthread_attr_t attributes;
    sigset_t saved;

    int number = pthread_attr_init(&attributes);
    if (number != 0)
        return number;
    cf_thread_block_signals(&saved);
    number = pthread_attr_setstacksize(&attributes, STACK_SIZE);
    if (number == 0)
        number = pthread_create(&errand->thread, &attributes, run, errand);
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
    pthread_attr_destroy(&attributes);
    return number;
}

static enum cf_rc
start(struct cf_tickets *tickets, struct cf_gss *gss, cf_errand_fn *fn, struct errand **ret_errand,
      struct cf_err *err)
{
    struct errand *errand = calloc(1, sizeof *errand);

    if (!errand)
        return cf_fail_oom(err);
    errand->tickets = cf_tickets_ref(tickets);
    errand->gss = cf_gss_ref(gss);
    errand->fn = fn;
    int number = start_thread(errand);
    if (number != 0) {
        cf_gss_free(errand->gss);
        cf_tickets_unref(errand->tickets);
        free(errand);
        return cf_fail_errno(err, CF_E_NET, number,
                             "Kerberos: a thread cannot be started: raise TasksMax=");
    }
    *ret_errand = errand;
    return CF_OK;
}

struct wait {
    int64_t until_ms;
    uint64_t limit_ms;
    const volatile int *stop_flag;
};

static struct wait
wait_of(const struct cf_patience *patience)
{
    uint64_t limit_ms = patience->timeout_ms > 0 ? patience->timeout_ms : CF_KERBEROS_TIMEOUT_MS;

    return (struct wait){.until_ms = now_ms() + (int64_t)limit_ms,
                         .limit_ms = limit_ms,
                         .stop_flag = patience->stop_flag};
}

static enum cf_rc
fail_silent(const struct cf_tickets *tickets, const struct wait *wait, struct cf_err *err)
{
    const char *realm = strrchr(tickets->principal, '@');

    return cf_fail(err, CF_E_NET,
                   "Kerberos: no KDC of %.60s answered within %llu ms; check krb5.conf, DNS and "
                   "port 88",
                   realm ? realm + 1 : tickets->principal, (unsigned long long)wait->limit_ms);
}

/* With the tickets' lock. */
static enum cf_rc
await_change(struct cf_tickets *tickets, const struct wait *wait, struct cf_err *err)
{
    struct timespec until;

    if (cf_stop_is_set(wait->stop_flag))
        return cf_fail(err, CF_E_STOPPED, "Kerberos: stopping");
    int64_t now = now_ms();
    int64_t left_ms = wait->until_ms - now;
    if (left_ms <= 0)
        return fail_silent(tickets, wait, err);
    now += left_ms < CF_STOP_POLL_MS ? left_ms : CF_STOP_POLL_MS;
    until = (struct timespec){.tv_sec = now / 1000, .tv_nsec = now % 1000 * 1000000};
    (void)pthread_cond_timedwait(&tickets->changed, &tickets->lock, &until);
    return CF_OK;
}

/* One call at a time; whoever waited for it meanwhile shares its failure. With the lock. */
static enum cf_rc
claim(struct cf_tickets *tickets, const struct wait *wait, struct cf_err *err)
{
    unsigned seen = tickets->n_down;

    while (tickets->is_asking && tickets->n_down == seen)
        CF_TRY(await_change(tickets, wait, err));
    if (tickets->n_down != seen) {
        if (err)
            *err = tickets->down;
        return CF_E_NET;
    }
    if (cf_stop_is_set(wait->stop_flag))
        return cf_fail(err, CF_E_STOPPED, "Kerberos: stopping");
    tickets->is_asking = true;
    return CF_OK;
}

static void
give_back(struct cf_tickets *tickets, const struct cf_err *outcome)
{
    tickets->is_asking = false;
    if (outcome->rc == CF_E_NET) {
        tickets->down = *outcome;
        tickets->n_down++;
    }
    pthread_cond_broadcast(&tickets->changed);
}

/* Without the lock; the claim is the caller's. */
static void
send_off(struct cf_tickets *tickets, struct cf_gss *gss, cf_errand_fn *fn, const struct wait *wait,
         struct cf_err *ret_outcome)
{
    struct errand *errand = NULL;

    if (reap() >= LEFT_MAX) {
        (void)fail_silent(tickets, wait, ret_outcome);
        return;
    }
    if (start(tickets, gss, fn, &errand, ret_outcome) != CF_OK)
        return;
    pthread_mutex_lock(&tickets->lock);
    enum cf_rc rc = CF_OK;
    while (rc == CF_OK && !errand->is_done)
        rc = await_change(tickets, wait, ret_outcome);
    bool is_done = errand->is_done;
    if (is_done)
        *ret_outcome = errand->err;
    pthread_mutex_unlock(&tickets->lock);
    if (is_done) {
        pthread_join(errand->thread, NULL);
        free(errand);
    } else {
        leave(errand);
    }
}

enum cf_rc
cf_tickets_ask(struct cf_tickets *tickets, const struct cf_patience *patience, struct cf_gss *gss,
               cf_errand_fn *fn, struct cf_err *err)
{
    struct wait wait = wait_of(patience);
    struct cf_err outcome = {0};

    pthread_mutex_lock(&tickets->lock);
    enum cf_rc rc = claim(tickets, &wait, err);
    pthread_mutex_unlock(&tickets->lock);
    if (rc != CF_OK)
        return rc;
    send_off(tickets, gss, fn, &wait, &outcome);
    pthread_mutex_lock(&tickets->lock);
    give_back(tickets, &outcome);
    pthread_mutex_unlock(&tickets->lock);
    if (err && outcome.rc != CF_OK)
        *err = outcome;
    return outcome.rc;
}
