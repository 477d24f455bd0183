/* SPDX-License-Identifier: Apache-2.0 */
/*
 * preflight: what would go wrong at a CA is told before a request finds it out, once.
 *
 * The checks run in jobs of their own, for a CA that does not answer takes its time: two of them,
 * so that one such CA keeps nobody from checking the others, and no more, so that duties and
 * requests have the lane.
 */
#include <stdlib.h>

#include "certferry/log.h"
#include "duty.h"

enum {
    PREFLIGHT_MS = 6 * 60 * 60 * 1000,
    STILL_RUNNING_MS = 60 * 1000,
    N_RUNNERS = 2,
    FEW_WORKERS = 4
};

struct sweep {
    struct cf_scheduler *scheduler;
    struct cf_site *site; /* a reference */
    unsigned number;
    atomic_size_t next; /* the CA whose turn it is */
    atomic_uint n_runners;
};

struct look {
    struct sweep *sweep;
    const struct cf_ca_slot *slot;
    uint64_t ca;
};

/* FNV-1a, the end of the text included. */
static uint64_t
add_to_hash(uint64_t hash, const char *text)
{
    for (const char *at = text ? text : "";; at++) {
        hash = (hash ^ (uint8_t)*at) * UINT64_C(0x100000001b3);
        if (*at == '\0')
            return hash;
    }
}

static uint64_t
hash_of(const char *text)
{
    return add_to_hash(UINT64_C(0xcbf29ce484222325), text);
}

/* Whether it was found the last time, too. What does not fit is news every time. */
static bool
remember(const struct look *look, uint64_t finding)
{
    struct cf_scheduler *scheduler = look->sweep->scheduler;
    bool is_known = false;

    pthread_mutex_lock(&scheduler->lock);
    for (size_t i = 0; !is_known && i < scheduler->n_preflight; i++) {
        struct cf_preflight_note *note = &scheduler->preflight[i];

        if (note->ca == look->ca && note->finding == finding) {
            note->sweep = look->sweep->number;
            is_known = true;
        }
    }
    if (!is_known && scheduler->n_preflight < CF_COUNT(scheduler->preflight))
        scheduler->preflight[scheduler->n_preflight++] = (struct cf_preflight_note){
            .ca = look->ca, .finding = finding, .sweep = look->sweep->number};
    pthread_mutex_unlock(&scheduler->lock);
    return is_known;
}

/* What is in order now is news when it comes again. */
static void
forget_mended(const struct look *look)
{
    struct cf_scheduler *scheduler = look->sweep->scheduler;
    size_t kept = 0;

    pthread_mutex_lock(&scheduler->lock);
    for (size_t i = 0; i < scheduler->n_preflight; i++) {
        const struct cf_preflight_note note = scheduler->preflight[i];

        if (note.ca != look->ca || note.sweep == look->sweep->number)
            scheduler->preflight[kept++] = note;
    }
    scheduler->n_preflight = kept;
    pthread_mutex_unlock(&scheduler->lock);
}

static void
hear(void *arg, const struct cf_finding *finding)
{
    const struct look *look = arg;
    const struct cf_ca_settings *ca = look->slot->settings;
    const struct cf_log_fields fields = {.ca = ca->name, .backend = ca->backend};

    if (finding->severity == CF_FINDING_OK)
        return;
    uint64_t hash = add_to_hash(hash_of(finding->subject), finding->text);
    if (remember(look, hash + (uint64_t)finding->severity))
        return;
    cf_log(finding->severity == CF_FINDING_ERROR ? CF_EV_CA_PREFLIGHT_FAILED
                                                 : CF_EV_CA_PREFLIGHT_WARNING,
           &fields, "CA %s: %s%s%s", ca->name, finding->text, finding->remedy ? "; " : "",
           finding->remedy ? finding->remedy : "");
}

static void
check(struct sweep *sweep, struct cf_ca_slot *slot)
{
    struct look look = {.sweep = sweep, .slot = slot, .ca = hash_of(slot->settings->name)};
    struct cf_err err = {0};

    enum cf_rc rc = slot->ca->ops->check(slot->ca, hear, &look, &err);
    if (rc == CF_OK) {
        forget_mended(&look);
        return;
    }
    /* One that does not come to an end says nothing of what it did not get to. */
    const struct cf_finding broken = {
        .severity = CF_FINDING_ERROR, .subject = "check", .text = err.text};
    if (rc != CF_E_STOPPED)
        hear(&look, &broken);
}

static void
leave(struct sweep *sweep)
{
    struct cf_scheduler *scheduler = sweep->scheduler;

    if (atomic_fetch_sub(&sweep->n_runners, 1) > 1)
        return;
    pthread_mutex_lock(&scheduler->lock);
    scheduler->preflight_is_running = false;
    pthread_mutex_unlock(&scheduler->lock);
    cf_site_free(sweep->site);
    free(sweep);
}

static void
run(void *arg)
{
    struct sweep *sweep = arg;
    size_t i;

    while (!cf_pool_is_stopping(sweep->scheduler->options.pool) &&
           (i = atomic_fetch_add(&sweep->next, 1)) < sweep->site->n_cas)
        check(sweep, &sweep->site->cas[i]);
    leave(sweep);
}

/* 0: one is under way. */
static unsigned
begin_sweep(struct cf_scheduler *scheduler)
{
    unsigned number = 0;

    pthread_mutex_lock(&scheduler->lock);
    if (!scheduler->preflight_is_running) {
        scheduler->preflight_is_running = true;
        if (++scheduler->preflight_sweep == 0)
            scheduler->preflight_sweep = 1;
        number = scheduler->preflight_sweep;
    }
    pthread_mutex_unlock(&scheduler->lock);
    return number;
}

enum cf_rc
cf_duty_preflight(struct cf_scheduler *scheduler, struct cf_site *site, uint64_t *ret_next_ms,
                  struct cf_err *err)
{
    unsigned n_runners = site->settings->io_workers < FEW_WORKERS ? 1 : N_RUNNERS;
    unsigned number = begin_sweep(scheduler);

    *ret_next_ms = number > 0 ? PREFLIGHT_MS : STILL_RUNNING_MS;
    if (number == 0)
        return CF_OK;
    struct sweep *sweep = calloc(1, sizeof *sweep);
    if (!sweep) {
        pthread_mutex_lock(&scheduler->lock);
        scheduler->preflight_is_running = false;
        pthread_mutex_unlock(&scheduler->lock);
        return cf_fail_oom(err);
    }
    *sweep = (struct sweep){.scheduler = scheduler, .site = cf_site_ref(site), .number = number};
    atomic_init(&sweep->next, 0);
    atomic_init(&sweep->n_runners, n_runners + 1);
    for (unsigned i = 0; i < n_runners; i++) {
        if (cf_pool_submit(scheduler->options.pool, CF_LANE_IO, CF_PRIO_IDLE, run, sweep, NULL) !=
            CF_OK) {
            *ret_next_ms = STILL_RUNNING_MS;
            leave(sweep);
        }
    }
    leave(sweep);
    return CF_OK;
}
