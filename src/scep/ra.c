/* SPDX-License-Identifier: Apache-2.0 */
#include "ra.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certferry/log.h"
#include "ra_internal.h"

enum {
    STEPS_MAX = 8, /* of one CA in one tick: each may be lost to another node */
    COMPLAIN_AGAIN_MS = 60 * 60 * 1000,
    RETRY_MS = 10 * 1000,
    DAY_MS = 24 * 60 * 60 * 1000
};

enum cf_rc
cf_scep_keyring_new(const struct cf_scep_keyring_options *options,
                    struct cf_scep_keyring **ret_keyring, struct cf_err *err)
{
    struct cf_scep_keyring *keyring = calloc(1, sizeof *keyring);
    if (!keyring)
        return cf_fail_oom(err);

    keyring->options = *options;
    pthread_mutex_init(&keyring->lock, NULL);
    if (options->node)
        (void)snprintf(keyring->node, sizeof keyring->node, "%s", options->node);
    else if (gethostname(keyring->node, sizeof keyring->node - 1) < 0 || keyring->node[0] == '\0')
        (void)snprintf(keyring->node, sizeof keyring->node, "localhost");
    *ret_keyring = keyring;
    return CF_OK;
}

struct cf_scep_keyring *
cf_scep_keyring_free(struct cf_scep_keyring *keyring)
{
    if (!keyring)
        return NULL;
    for (size_t i = 0; i < keyring->n_cas; i++) {
        cf_scep_keys_free(keyring->cas[i]->keys);
        free(keyring->cas[i]);
    }
    pthread_mutex_destroy(&keyring->lock);
    free(keyring);
    return NULL;
}

/* The lock is held. */
static struct cf_ra_ca *
find_ca(struct cf_scep_keyring *keyring, const char *name)
{
    for (size_t i = 0; i < keyring->n_cas; i++) {
        if (strcmp(keyring->cas[i]->name, name) == 0)
            return keyring->cas[i];
    }
    return NULL;
}

/* NULL when out of memory, or when there are too many of them. */
static struct cf_ra_ca *
need_ca(struct cf_scep_keyring *keyring, const char *name)
{
    pthread_mutex_lock(&keyring->lock);
    struct cf_ra_ca *ca = find_ca(keyring, name);
    if (!ca && keyring->n_cas < CF_SCEP_CAS_MAX) {
        ca = calloc(1, sizeof *ca);
        if (ca) {
            (void)snprintf(ca->name, sizeof ca->name, "%s", name);
            keyring->cas[keyring->n_cas++] = ca;
        }
    }
    pthread_mutex_unlock(&keyring->lock);
    return ca;
}

/* A reload may have been faster than the tick, or the other way round: no way back to an older
 * document. Keys that are in use stay when those of the new one cannot be opened. */
static bool
publish(struct cf_scep_keyring *keyring, struct cf_ra_ca *ca, uint64_t version,
        struct cf_scep_keys *take_keys, const struct cf_err *why)
{
    struct cf_scep_keys *unused = take_keys;

    pthread_mutex_lock(&keyring->lock);
    bool is_news = !ca->was_read || version > ca->version;
    if (is_news || (version == ca->version && ca->why.rc != CF_OK)) {
        ca->why = *why;
        ca->version = version;
        ca->was_read = true;
        if (take_keys || why->rc == CF_OK) {
            unused = ca->keys;
            ca->keys = take_keys;
        }
    }
    pthread_mutex_unlock(&keyring->lock);
    cf_scep_keys_free(unused);
    return is_news;
}

static bool
is_current(struct cf_scep_keyring *keyring, const struct cf_ra_ca *ca, uint64_t version)
{
    pthread_mutex_lock(&keyring->lock);
    bool is = ca->was_read && ca->version == version && ca->why.rc == CF_OK;
    pthread_mutex_unlock(&keyring->lock);
    return is;
}

static void
complain_of_key(const struct cf_ra_ca *ca, const struct cf_err *why)
{
    cf_log(CF_EV_RA_KEY_UNREADABLE, &(struct cf_log_fields){.ca = ca->name, .err = why},
           "an RA key of CA %s cannot be opened", ca->name);
}

/* Opens the document's keys, unless they are open. */
static void
open_keys(struct cf_scep_keyring *keyring, struct cf_ra_ca *ca, uint64_t version,
          const struct cf_ra_document *document, bool *ret_has_changed)
{
    struct cf_scep_keys *keys = NULL;
    struct cf_err why = {0}, left_out = {0};

    if (is_current(keyring, ca, version))
        return;
    (void)!cf_ra_keys_open(&keyring->options, ca->name, document,
                           cf_clock_now_ms(keyring->options.clock), &keys, &left_out, &why);
    *ret_has_changed = publish(keyring, ca, version, keys, &why);
    if (*ret_has_changed && (why.rc != CF_OK || left_out.rc != CF_OK))
        complain_of_key(ca, why.rc != CF_OK ? &why : &left_out);
}

static enum cf_rc
read_document(struct cf_scep_keyring *keyring, const char *ca, struct cf_scep_ra_state *state,
              struct cf_ra_document **ret_document, struct cf_err *err)
{
    CF_TRY(cf_scep_backend_ra_get(keyring->options.backend, ca, state, err));
    if (state->document)
        return cf_ra_document_parse(cf_buf_bytes(state->document), ret_document, err);
    *ret_document = cf_ra_document_new();
    return *ret_document ? CF_OK : cf_fail_oom(err);
}

enum cf_rc
cf_scep_keyring_reload(struct cf_scep_keyring *keyring, const char *name, bool *ret_has_changed,
                       struct cf_err *err)
{
    struct cf_scep_ra_state state = {0};
    cf_own(cf_ra_document) document = NULL;
    struct cf_ra_ca *ca = need_ca(keyring, name);
    int64_t now = cf_clock_monotonic_ms(keyring->options.clock);

    *ret_has_changed = false;
    if (!ca)
        return cf_fail_oom(err);
    pthread_mutex_lock(&keyring->lock);
    bool is_too_soon = ca->reloaded_ms != 0 && now - ca->reloaded_ms < CF_SCEP_REFRESH_MIN_MS;
    if (!is_too_soon)
        ca->reloaded_ms = now;
    pthread_mutex_unlock(&keyring->lock);
    if (is_too_soon)
        return CF_OK;
    enum cf_rc rc = read_document(keyring, name, &state, &document, err);
    if (rc == CF_OK)
        open_keys(keyring, ca, state.version, document, ret_has_changed);
    cf_scep_ra_state_done(&state);
    return rc;
}

enum cf_rc
cf_scep_keyring_keys(struct cf_scep_keyring *keyring, const char *name,
                     struct cf_scep_keys **ret_keys, struct cf_err *err)
{
    struct cf_err why = {0};

    pthread_mutex_lock(&keyring->lock);
    const struct cf_ra_ca *ca = find_ca(keyring, name);
    struct cf_scep_keys *keys = ca && ca->keys ? cf_ra_keys_ref(ca->keys) : NULL;
    if (!keys && ca)
        why = ca->why;
    pthread_mutex_unlock(&keyring->lock);
    if (keys) {
        *ret_keys = keys;
        return CF_OK;
    }
    if (why.rc == CF_OK)
        return cf_fail(err, CF_E_NOT_FOUND,
                       "CA %s: there are no RA certificates yet; their first request is under way",
                       name);
    if (err)
        *err = why;
    return why.rc;
}

/* certferryd that does not answer has an event of its own. */
static bool
is_about_the_backend(enum cf_rc rc)
{
    return rc == CF_E_NET || rc == CF_E_TIMEOUT || rc == CF_E_STOPPED;
}

static void
complain(struct cf_ra_work *work, const struct cf_err *why)
{
    const struct cf_clock *clock = work->keyring->options.clock;
    struct cf_ra_ca *ca = work->ca;
    int64_t now = cf_clock_monotonic_ms(clock);
    bool is_same = ca->complaint.rc == why->rc && strcmp(ca->complaint.text, why->text) == 0;

    if (is_about_the_backend(why->rc) || (is_same && now - ca->complained_ms < COMPLAIN_AGAIN_MS))
        return;
    ca->complaint = *why;
    ca->complained_ms = now;

    const struct cf_log_fields fields = {.ca = ca->name, .err = why};
    int64_t left_ms =
        work->document ? cf_ra_left_ms(work->document, cf_clock_now_ms(clock)) : INT64_MIN;
    if (left_ms == INT64_MIN)
        cf_log(CF_EV_RA_FAILED, &fields, "CA %s: no RA certificates to use", ca->name);
    else if (left_ms <= 0)
        cf_log(CF_EV_RA_FAILED, &fields, "CA %s: RA certificates have expired", ca->name);
    else
        cf_log(CF_EV_RA_FAILED, &fields,
               "CA %s: RA certificates not renewed, %" PRId64 " days are left", ca->name,
               left_ms / DAY_MS);
}

/* Why there are none, for who asks for keys. */
static void
note_why(struct cf_ra_work *work, const struct cf_err *why)
{
    pthread_mutex_lock(&work->keyring->lock);
    if (!work->ca->keys && why->rc != CF_OK)
        work->ca->why = *why;
    pthread_mutex_unlock(&work->keyring->lock);
}

static enum cf_rc
step(struct cf_ra_work *work, bool *ret_has_changed, struct cf_err *err)
{
    bool is_news = false;

    cf_scep_ra_state_done(&work->state);
    work->document = cf_ra_document_free(work->document);
    CF_TRY(read_document(work->keyring, work->ca->name, &work->state, &work->document, err));
    open_keys(work->keyring, work->ca, work->state.version, work->document, &is_news);
    return cf_ra_advance(work, ret_has_changed, err);
}

static void
look_after(struct cf_ra_work *work)
{
    struct cf_err why = {0};
    enum cf_rc rc = CF_OK;
    bool has_changed = true;

    work->delay_ms = CF_SCEP_REFRESH_MS;
    for (unsigned i = 0; i < STEPS_MAX && has_changed; i++) {
        has_changed = false;
        why = (struct cf_err){0};
        rc = step(work, &has_changed, &why);
        if (rc != CF_OK)
            has_changed = rc == CF_E_CONFLICT;
    }
    if (rc != CF_OK) {
        complain(work, &why);
        note_why(work, &why);
        if (work->delay_ms == CF_SCEP_REFRESH_MS)
            work->delay_ms = RETRY_MS;
    } else {
        work->ca->complaint = (struct cf_err){0};
    }
    cf_scep_ra_state_done(&work->state);
    work->document = cf_ra_document_free(work->document);
}

void
cf_scep_keyring_tick(struct cf_scep_keyring *keyring, uint64_t *ret_delay_ms)
{
    const struct cf_clock *clock = keyring->options.clock;
    cf_own(cf_scep_profiles) profiles = cf_scep_profile_cache_get(keyring->options.profiles);
    int64_t next_ms = cf_clock_monotonic_ms(clock) + CF_SCEP_REFRESH_MS;

    for (size_t i = 0; profiles && i < profiles->n_cas; i++) {
        struct cf_ra_work work = {.keyring = keyring, .authority = &profiles->cas[i]};

        work.ca = need_ca(keyring, profiles->cas[i].name);
        if (!work.ca)
            continue;
        if (work.ca->due_ms <= cf_clock_monotonic_ms(clock)) {
            look_after(&work);
            work.ca->due_ms =
                cf_clock_monotonic_ms(clock) +
                (int64_t)(work.delay_ms < CF_SCEP_REFRESH_MS ? work.delay_ms : CF_SCEP_REFRESH_MS);
        }
        if (work.ca->due_ms < next_ms)
            next_ms = work.ca->due_ms;
    }
    int64_t delay_ms = next_ms - cf_clock_monotonic_ms(clock);
    *ret_delay_ms = delay_ms > 0 ? (uint64_t)delay_ms : 0;
}
