/* SPDX-License-Identifier: Apache-2.0 */
/*
 * preflight: what would go wrong at a CA is told before a request finds it out, once.
 *
 * The checks run in jobs of their own, for a CA that does not answer takes its time: two of them,
 * so that one such CA keeps nobody from checking the others, and no more, so that duties and
 * requests have the lane.
 */
#include <stdlib.h>
#include <string.h>

#include "certferry/ca_sweep.h"
#include "certferry/log.h"
#include "certferry/text.h"
#include "duty.h"

enum {
    PREFLIGHT_MS = 6 * 60 * 60 * 1000,
    STILL_RUNNING_MS = 60 * 1000,
    N_RUNNERS = 2,
    FEW_WORKERS = 4
};

struct sweep {
    struct cf_scheduler *scheduler;
    unsigned number;
};

struct look {
    const struct sweep *sweep;
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
remember(const struct look *look, uint64_t finding, enum cf_severity severity)
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
            .ca = look->ca, .finding = finding, .sweep = look->sweep->number, .severity = severity};
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

void
cf_scheduler_preflight(struct cf_scheduler *scheduler, const char *ca,
                       struct cf_preflight_counts *ret_counts)
{
    uint64_t hash = hash_of(ca);
    struct cf_preflight_counts counts = {0};

    pthread_mutex_lock(&scheduler->lock);
    for (size_t i = 0; i < scheduler->n_preflight; i++) {
        const struct cf_preflight_note *note = &scheduler->preflight[i];

        if (note->ca == hash)
            (*(note->severity == CF_FINDING_ERROR ? &counts.errors : &counts.warnings))++;
    }
    pthread_mutex_unlock(&scheduler->lock);
    *ret_counts = counts;
}

static void
hear(void *arg, const struct cf_finding *finding)
{
    const struct look *look = arg;
    const struct cf_ca_settings *ca = look->slot->settings;
    const struct cf_log_fields fields = {.ca = ca->name, .backend = ca->backend};

    if (finding->severity == CF_FINDING_OK)
        return;
    /* "ca corp template Device": which template is not in the text. */
    const char *part =
        cf_text_starts_with(finding->subject, "ca ") ? finding->subject + strlen("ca ") : ca->name;
    uint64_t hash = add_to_hash(hash_of(finding->subject), finding->text);
    if (remember(look, hash + (uint64_t)finding->severity, finding->severity))
        return;
    cf_log(finding->severity == CF_FINDING_ERROR ? CF_EV_CA_PREFLIGHT_FAILED
                                                 : CF_EV_CA_PREFLIGHT_WARNING,
           &fields, "CA %s: %s%s%s", part, finding->text, finding->remedy ? "; " : "",
           finding->remedy ? finding->remedy : "");
}

static void
check(void *arg, struct cf_ca_slot *slot, size_t i)
{
    struct look look = {.sweep = arg, .slot = slot, .ca = hash_of(slot->settings->name)};
    struct cf_err err = {0};

    (void)i;
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
end_sweep(void *arg)
{
    struct sweep *sweep = arg;

    pthread_mutex_lock(&sweep->scheduler->lock);
    sweep->scheduler->preflight_is_running = false;
    pthread_mutex_unlock(&sweep->scheduler->lock);
    free(sweep);
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
    size_t n_runners = site->settings->io_workers < FEW_WORKERS ? 1 : N_RUNNERS;
    cf_own(cf_ca_sweep) all = NULL;
    struct sweep *sweep = calloc(1, sizeof *sweep);
    const struct cf_ca_sweep_options options = {.site = site,
                                                .pool = scheduler->options.pool,
                                                .look = check,
                                                .end = end_sweep,
                                                .arg = sweep};

    if (!sweep)
        return cf_fail_oom(err);
    *sweep = (struct sweep){.scheduler = scheduler, .number = begin_sweep(scheduler)};
    *ret_next_ms = STILL_RUNNING_MS;
    if (sweep->number == 0) {
        free(sweep);
        return CF_OK;
    }
    if (cf_ca_sweep_new(&options, &all, err) != CF_OK) {
        end_sweep(sweep);
        return CF_E_OOM;
    }
    if (cf_ca_sweep_start(all, CF_PRIO_IDLE, n_runners) == n_runners)
        *ret_next_ms = PREFLIGHT_MS;
    return CF_OK;
}
