/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ca_slot - one CA's place in the house: how many ask it at once, whether it is worth asking, and
 * what became of it.
 *
 * A CA that hangs holds no more workers than it may, and one that is gone holds one of them at a
 * time: the requests of the others go on.
 */
#include "certferry/log.h"
#include "certferry/metrics.h"
#include "certferry/site.h"

#include "backoff.h"

enum {
    BUSY_STEP_MS = 50,
    BUSY_MIN_MS = 100,
    BUSY_MAX_MS = 1000,
    WANTED_MS = 2 * BUSY_MAX_MS,
    KEPT_BACK_JITTER_MS = 1000
};

void
cf_ca_slot_init(struct cf_ca_slot *slot, const struct cf_ca_settings *settings,
                const struct cf_clock *clock)
{
    *slot = (struct cf_ca_slot){.settings = settings};
    pthread_mutex_init(&slot->lock, NULL);
    cf_breaker_init(&slot->breaker, clock, settings->breaker_min_ms, settings->breaker_max_ms);
    cf_breaker_init(&slot->revoke_breaker, clock, settings->breaker_min_ms,
                    settings->breaker_max_ms);
}

void
cf_ca_slot_done(struct cf_ca_slot *slot)
{
    if (slot->ca)
        slot->ca->ops->close(slot->ca);
    slot->ca = NULL;
    cf_breaker_done(&slot->breaker);
    cf_breaker_done(&slot->revoke_breaker);
    pthread_mutex_destroy(&slot->lock);
}

/* 0: no limit. */
static uint64_t
limit_of(const struct cf_ca_slot *slot)
{
    return slot->ca->ops->is_in_process ? 0 : slot->settings->max_parallel;
}

static bool
take_place(struct cf_ca_slot *slot)
{
    uint64_t limit = limit_of(slot);

    if (atomic_fetch_add(&slot->in_use, 1) < limit || limit == 0)
        return true;
    atomic_fetch_sub(&slot->in_use, 1);
    return false;
}

void
cf_ca_call_expect(struct cf_ca_slot *slot, struct cf_ca_call *ret_call)
{
    if (!take_place(slot))
        return;
    atomic_fetch_add(&slot->kept, 1);
    *ret_call = (struct cf_ca_call){.slot = slot, .is_kept = true};
}

static void
leave_place(struct cf_ca_call *call)
{
    if (call->is_kept)
        atomic_fetch_sub(&call->slot->kept, 1);
    atomic_fetch_sub(&call->slot->in_use, 1);
    *call = (struct cf_ca_call){0};
}

static int64_t
now_ms(const struct cf_ca_slot *slot)
{
    return cf_clock_monotonic_ms(slot->breaker.clock);
}

void
cf_ca_slot_want(struct cf_ca_slot *slot, bool is_wanted)
{
    atomic_store(&slot->wanted_until_ms, is_wanted ? now_ms(slot) + WANTED_MS : 0);
}

static size_t
count_free(const struct cf_ca_slot *slot)
{
    uint64_t limit = limit_of(slot);
    uint64_t in_use = atomic_load(&slot->in_use);

    if (limit == 0)
        return SIZE_MAX;
    if (now_ms(slot) < atomic_load(&slot->wanted_until_ms))
        in_use++;
    return in_use < limit ? (size_t)(limit - in_use) : 0;
}

size_t
cf_ca_slot_places(struct cf_ca_slot *slot, uint64_t *ret_wait_ms)
{
    size_t places = count_free(slot);
    bool has_kept = atomic_load(&slot->kept) > 0; /* before the breaker: it passes them on */
    size_t room = cf_breaker_room(&slot->breaker);

    /* The probe is on its way to its worker. */
    if (room == 1 && has_kept)
        room = 0;
    if (room < places)
        places = room;
    if (places == 0) {
        uint64_t left = cf_breaker_left_ms(&slot->breaker);
        *ret_wait_ms = left > 0 ? left : BUSY_MAX_MS;
    }
    return places;
}

/* Revoking often has a way and rights of its own; what fails there says nothing of issuing. */
static struct cf_breaker *
breaker_of(const struct cf_ca_call *call)
{
    return call->is_revocation ? &call->slot->revoke_breaker : &call->slot->breaker;
}

enum cf_rc
cf_ca_call_begin(struct cf_ca_slot *slot, struct cf_ca_call *call, struct cf_err *err)
{
    bool is_probe = false;

    if (!call->is_kept && !take_place(slot)) {
        atomic_fetch_add(&slot->turned_away, 1);
        return cf_fail(err, CF_E_CA_BUSY, "[ca %s] max_parallel = %llu calls are under way",
                       slot->settings->name, (unsigned long long)slot->settings->max_parallel);
    }
    call->slot = slot;
    enum cf_rc rc = cf_breaker_enter(breaker_of(call), &is_probe, err);
    if (rc != CF_OK) {
        leave_place(call);
        return rc;
    }
    if (call->is_kept)
        atomic_fetch_sub(&slot->kept, 1);
    unsigned waiting = atomic_load(&slot->turned_away);
    while (waiting > 0 &&
           !atomic_compare_exchange_weak(&slot->turned_away, &waiting, waiting - 1)) {
    }
    call->is_kept = false;
    call->is_probe = is_probe;
    return CF_OK;
}

/* What the others would meet, too. What one template or one request ran into says nothing. */
static enum cf_breaker_verdict
verdict_of(enum cf_rc rc)
{
    switch (rc) {
    case CF_OK:
    case CF_E_CA_CONFIG:
        return CF_BREAKER_WORKS;
    case CF_E_CA_DOWN:
    case CF_E_NET:
    case CF_E_TIMEOUT:
    case CF_E_TLS:
    case CF_E_AUTH:
    case CF_E_THROTTLED:
        return CF_BREAKER_FAILS;
    default:
        return cf_rc_fault(rc) == CF_FAULT_REQUEST ? CF_BREAKER_WORKS : CF_BREAKER_UNKNOWN;
    }
}

/* The way to the CA's own words may have given its failure another fault. */
static bool
is_fault_of_ca(enum cf_rc rc, const struct cf_err *err)
{
    return rc != CF_OK && rc != CF_E_STOPPED && rc != CF_E_OOM && err &&
           (err->fault == CF_FAULT_TRANSIENT || err->fault == CF_FAULT_CONFIG);
}

static void
set_last_error(struct cf_ca_slot *slot, const struct cf_err *error)
{
    pthread_mutex_lock(&slot->lock);
    slot->last_error = *error;
    pthread_mutex_unlock(&slot->lock);
}

void
cf_ca_slot_last_error(struct cf_ca_slot *slot, struct cf_err *ret_error)
{
    pthread_mutex_lock(&slot->lock);
    *ret_error = slot->last_error;
    pthread_mutex_unlock(&slot->lock);
}

void
cf_ca_slot_note_error(struct cf_ca_slot *slot, const struct cf_err *err)
{
    if (is_fault_of_ca(err->rc, err))
        set_last_error(slot, err);
}

static void
note_trouble(const struct cf_ca_call *call, enum cf_rc rc, const struct cf_err *err)
{
    struct cf_ca_slot *slot = call->slot;
    const struct cf_log_fields fields = {
        .ca = slot->settings->name, .backend = slot->settings->backend, .err = err};
    atomic_long *last_rc = call->is_revocation ? &slot->revoke_error_rc : &slot->last_error_rc;

    if (!call->is_revocation)
        atomic_store(&slot->unhealthy, true);
    if (atomic_exchange(last_rc, (long)rc) != (long)rc)
        cf_log(CF_EV_CA_UNAVAILABLE, &fields, "CA %s does not serve %s", slot->settings->name,
               call->is_revocation ? "revocations" : "requests");
}

static void
note_success(const struct cf_ca_call *call)
{
    struct cf_ca_slot *slot = call->slot;
    const struct cf_log_fields fields = {.ca = slot->settings->name,
                                         .backend = slot->settings->backend};

    if (call->is_revocation) {
        atomic_store(&slot->revoke_error_rc, (long)CF_OK);
        return;
    }
    set_last_error(slot, &(struct cf_err){0});
    atomic_store(&slot->last_error_rc, (long)CF_OK);
    if (atomic_exchange(&slot->unhealthy, false))
        cf_log(CF_EV_CA_RECOVERED, &fields, "CA %s serves requests again", slot->settings->name);
}

void
cf_ca_call_end(struct cf_ca_call *call, enum cf_rc rc, const struct cf_err *err)
{
    struct cf_ca_slot *slot = call->slot;

    if (!slot)
        return;
    bool is_fault = is_fault_of_ca(rc, err);
    enum cf_breaker_verdict verdict = verdict_of(rc);
    if (verdict == CF_BREAKER_FAILS && !is_fault)
        verdict = CF_BREAKER_WORKS;
    cf_breaker_leave(breaker_of(call), call->is_probe, verdict, err);
    if (is_fault) {
        cf_ca_slot_count(slot, CF_CA_COUNT_FAILED);
        cf_metric_add(CF_M_CA_ERRORS, 1);
        if (!call->is_revocation)
            set_last_error(slot, err);
    }
    /* One request's template or rights are told with that request. */
    if (is_fault && (err->fault == CF_FAULT_TRANSIENT || verdict != CF_BREAKER_WORKS))
        note_trouble(call, rc, err);
    else if (rc == CF_OK)
        note_success(call);
    leave_place(call);
}

void
cf_ca_call_cancel(struct cf_ca_call *call)
{
    cf_ca_call_end(call, CF_E_STOPPED, NULL);
}

/* The more there are that wait, the longer: none waits over a second for a place, and few wait
 * long for one that is free. */
uint64_t
cf_ca_slot_wait_ms(struct cf_ca_slot *slot, const struct cf_err *reason)
{
    if (reason->rc != CF_E_CA_BUSY)
        return (uint64_t)(reason->retry_after_s > 0 ? reason->retry_after_s : 1) * 1000 +
               cf_backoff_ms(KEPT_BACK_JITTER_MS, KEPT_BACK_JITTER_MS, 0, NULL);
    uint64_t wait = BUSY_MIN_MS + (uint64_t)atomic_load(&slot->turned_away) * BUSY_STEP_MS;
    if (wait > BUSY_MAX_MS)
        wait = BUSY_MAX_MS;
    return cf_backoff_ms(wait, wait, 0, NULL);
}

void
cf_ca_slot_count(struct cf_ca_slot *slot, enum cf_ca_count count)
{
    atomic_fetch_add(&slot->count[count], 1);
}

const char *
cf_ca_count_name(enum cf_ca_count count)
{
    static const char *const names[CF_CA_COUNT_MAX_] = {
        [CF_CA_COUNT_SUBMITTED] = "submitted", [CF_CA_COUNT_ISSUED] = "issued",
        [CF_CA_COUNT_PENDING] = "pending",     [CF_CA_COUNT_REJECTED] = "rejected",
        [CF_CA_COUNT_REVOKED] = "revoked",     [CF_CA_COUNT_FAILED] = "failed",
    };

    return names[count];
}
