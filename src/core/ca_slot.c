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

enum { BUSY_STEP_MS = 50, BUSY_MIN_MS = 100, BUSY_MAX_MS = 1000, KEPT_BACK_JITTER_MS = 1000 };

void
cf_ca_slot_init(struct cf_ca_slot *slot, const struct cf_ca_settings *settings,
                const struct cf_clock *clock)
{
    *slot = (struct cf_ca_slot){.settings = settings};
    cf_breaker_init(&slot->breaker, clock, settings->breaker_min_ms, settings->breaker_max_ms);
}

void
cf_ca_slot_done(struct cf_ca_slot *slot)
{
    if (slot->ca)
        slot->ca->ops->close(slot->ca);
    slot->ca = NULL;
    cf_breaker_done(&slot->breaker);
}

static bool
is_full(const struct cf_ca_slot *slot, unsigned in_use)
{
    uint64_t max = slot->settings->max_parallel;

    return !slot->ca->ops->is_in_process && max > 0 && in_use > max;
}

enum cf_rc
cf_ca_call_begin(struct cf_ca_slot *slot, struct cf_ca_call *ret_call, struct cf_err *err)
{
    bool is_probe = false;

    if (is_full(slot, atomic_fetch_add(&slot->in_use, 1) + 1)) {
        atomic_fetch_sub(&slot->in_use, 1);
        atomic_fetch_add(&slot->turned_away, 1);
        return cf_fail(err, CF_E_CA_BUSY, "[ca %s] max_parallel = %llu calls are under way",
                       slot->settings->name, (unsigned long long)slot->settings->max_parallel);
    }
    enum cf_rc rc = cf_breaker_enter(&slot->breaker, &is_probe, err);
    if (rc != CF_OK) {
        atomic_fetch_sub(&slot->in_use, 1);
        return rc;
    }
    unsigned waiting = atomic_load(&slot->turned_away);
    while (waiting > 0 &&
           !atomic_compare_exchange_weak(&slot->turned_away, &waiting, waiting - 1)) {
    }
    *ret_call = (struct cf_ca_call){.slot = slot, .is_probe = is_probe};
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

static void
note_trouble(struct cf_ca_slot *slot, enum cf_rc rc, const struct cf_err *err)
{
    const struct cf_log_fields fields = {
        .ca = slot->settings->name, .backend = slot->settings->backend, .err = err};

    atomic_store(&slot->last_error_rc, (long)rc);
    atomic_store(&slot->unhealthy, true);
    cf_ca_slot_count(slot, CF_CA_COUNT_FAILED);
    cf_metric_add(CF_M_CA_ERRORS, 1);
    cf_log(CF_EV_CA_UNAVAILABLE, &fields, "CA %s does not serve requests", slot->settings->name);
}

static void
note_success(struct cf_ca_slot *slot)
{
    const struct cf_log_fields fields = {.ca = slot->settings->name,
                                         .backend = slot->settings->backend};

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
    call->slot = NULL;
    /* The way to the CA's own words may have given its failure another fault. */
    bool is_trouble = rc != CF_OK && err &&
                      (err->fault == CF_FAULT_TRANSIENT || err->fault == CF_FAULT_CONFIG) &&
                      rc != CF_E_STOPPED && rc != CF_E_OOM;
    enum cf_breaker_verdict verdict = verdict_of(rc);
    if (verdict == CF_BREAKER_FAILS && !is_trouble)
        verdict = CF_BREAKER_WORKS;
    cf_breaker_leave(&slot->breaker, call->is_probe, verdict, err);
    if (is_trouble)
        note_trouble(slot, rc, err);
    else if (rc == CF_OK)
        note_success(slot);
    atomic_fetch_sub(&slot->in_use, 1);
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
