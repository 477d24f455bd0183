/* SPDX-License-Identifier: Apache-2.0 */
/* Standing duties of their own clock: heartbeat, CRLs, credentials, ready keys. */
#include <stdlib.h>

#include "certferry/log.h"
#include "certferry/metrics.h"
#include "duty.h"

enum {
    CRL_RETRY_MS = 60 * 1000,
    KEYS_IDLE_MS = 60 * 1000,
    CREDENTIALS_MAX_MS = 6 * 60 * 60 * 1000
};

enum cf_rc
cf_duty_heartbeat(struct cf_scheduler *scheduler, struct cf_site *site, uint64_t *ret_next_ms,
                  struct cf_err *err)
{
    uint64_t lease_s = 0;
    struct cf_cloud_ca_health *cas =
        calloc(site->n_cas > 0 ? site->n_cas : 1, sizeof(struct cf_cloud_ca_health));
    if (!cas)
        return cf_fail_oom(err);

    for (size_t i = 0; i < site->n_cas; i++)
        cas[i] = (struct cf_cloud_ca_health){
            .host = site->cas[i].settings->host,
            .ca_name = site->cas[i].settings->ca_name,
            .healthy = !atomic_load(&site->cas[i].unhealthy),
        };
    const struct cf_cloud_heartbeat heartbeat = {
        .cas = cas,
        .n_cas = site->n_cas,
        .has_reencrypt = site->recovery != NULL,
        .has_import = site->n_import_keys > 0,
    };
    enum cf_rc rc = site->cloud->ops->heartbeat(site->cloud, &heartbeat, &lease_s, err);
    free(cas);
    if (rc != CF_OK)
        return rc;

    cf_scheduler_note_cloud(scheduler, "heartbeat", CF_OK, NULL);
    /* Pending sleeps by the length of leases as it knew it. */
    if (atomic_exchange(&scheduler->lease_ms, lease_s * 1000) != lease_s * 1000)
        cf_scheduler_kick(scheduler, CF_DUTY_PENDING);
    *ret_next_ms = site->settings->cloud.heartbeat_interval_ms;
    return CF_OK;
}

static uint64_t
until(int64_t then, int64_t now, uint64_t max)
{
    if (then <= now)
        return 1000;
    return (uint64_t)(then - now) < max ? (uint64_t)(then - now) : max;
}

enum cf_rc
cf_duty_ca_upkeep(struct cf_scheduler *scheduler, struct cf_site *site, uint64_t *ret_next_ms,
                  struct cf_err *err)
{
    uint64_t next = CF_DUTY_NEVER_MS;

    for (size_t i = 0; i < site->n_cas; i++) {
        struct cf_ca_slot *slot = &site->cas[i];
        int64_t next_ms = INT64_MAX;

        if (!slot->ca->ops->upkeep)
            continue;
        enum cf_rc rc = slot->ca->ops->upkeep(slot->ca, &next_ms, err);
        if (rc == CF_E_STOPPED)
            return rc;
        if (rc != CF_OK) {
            const struct cf_log_fields fields = {
                .ca = slot->settings->name, .backend = slot->settings->backend, .err = err};

            cf_metric_add(CF_M_CA_ERRORS, 1);
            cf_log(CF_EV_CRL_FAILED, &fields, "CA %s: upkeep failed", slot->settings->name);
            next = next < CRL_RETRY_MS ? next : CRL_RETRY_MS;
            continue;
        }
        uint64_t delay = until(next_ms, cf_scheduler_now_ms(scheduler), CF_DUTY_NEVER_MS);
        next = next < delay ? next : delay;
    }
    *ret_next_ms = next;
    return CF_OK;
}

static void
log_credential(void *arg, enum cf_credential_news news, const char *text, const struct cf_err *err)
{
    static const enum cf_event events[] = {
        [CF_CREDENTIAL_EXPIRING] = CF_EV_CREDENTIAL_EXPIRING,
        [CF_CREDENTIAL_RENEWED] = CF_EV_CREDENTIAL_RENEWED,
        [CF_CREDENTIAL_FAILED] = CF_EV_CREDENTIAL_FAILED,
    };

    (void)arg;
    cf_log(events[news], &(struct cf_log_fields){.err = err}, "%s", text);
}

enum cf_rc
cf_duty_credentials(struct cf_scheduler *scheduler, struct cf_site *site, uint64_t *ret_next_ms,
                    struct cf_err *err)
{
    int64_t next_ms = INT64_MAX;

    if (!site->cloud->ops->upkeep) {
        *ret_next_ms = CF_DUTY_NEVER_MS;
        return CF_OK;
    }
    CF_TRY(site->cloud->ops->upkeep(site->cloud, log_credential, NULL, &next_ms, err));
    *ret_next_ms = until(next_ms, cf_scheduler_now_ms(scheduler), CREDENTIALS_MAX_MS);
    return CF_OK;
}

enum cf_rc
cf_duty_keys(struct cf_scheduler *scheduler, struct cf_site *site, uint64_t *ret_next_ms,
             struct cf_err *err)
{
    bool more = true;

    while (more && !cf_pool_is_stopping(scheduler->options.pool)) {
        CF_TRY(cf_keypool_fill_one(site->keypool, &more, err));
        if (more)
            cf_metric_add(CF_M_KEYS_GENERATED, 1);
    }
    *ret_next_ms = KEYS_IDLE_MS;
    return CF_OK;
}
