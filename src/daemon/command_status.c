/* SPDX-License-Identifier: Apache-2.0 */
/* status: how the connector fares. */
#include <inttypes.h>
#include <unistd.h>

#include "certferry/metrics.h"
#include "command.h"

enum cf_rc
cf_command_put_counts(struct cf_site *site, struct cf_json_writer *out, unsigned kinds,
                      const char *name, struct cf_err *err)
{
    uint64_t counts[CF_STATE_MAX_] = {0};

    for (unsigned kind = 0; kind < CF_KIND_MAX_; kind++) {
        uint64_t of_kind[CF_STATE_MAX_] = {0};

        if (!(kinds & (1u << kind)))
            continue;
        CF_TRY(site->store->ops->count(site->store, (enum cf_kind)kind, of_kind, err));
        for (unsigned state = 0; state < CF_STATE_MAX_; state++)
            counts[state] += of_kind[state];
    }
    cf_json_put_object(out, name);
    for (unsigned state = 0; state < CF_STATE_MAX_; state++) {
        if (counts[state] > 0)
            cf_json_put_int(out, cf_state_name((enum cf_state)state), (int64_t)counts[state]);
    }
    cf_json_put_object_end(out);
    return CF_OK;
}

static void
put_ca_calls(struct cf_site *site, struct cf_ca_slot *slot, struct cf_json_writer *out)
{
    uint64_t left = cf_breaker_left_ms(&slot->breaker);

    cf_json_put_int(out, "inUse", atomic_load(&slot->in_use));
    cf_command_put_time(out, "keptBackUntilUtc",
                        left > 0 ? cf_clock_now_ms(site->clock) + (int64_t)left : 0);
    cf_json_put_object(out, "counters");
    for (unsigned count = 0; count < CF_CA_COUNT_MAX_; count++)
        cf_json_put_int(out, cf_ca_count_name((enum cf_ca_count)count),
                        (int64_t)atomic_load(&slot->count[count]));
    cf_json_put_object_end(out);
}

static void
put_cas(struct cf_scheduler *scheduler, struct cf_site *site, struct cf_json_writer *out)
{
    cf_json_put_array(out, "cas");
    for (size_t i = 0; i < site->n_cas; i++) {
        struct cf_ca_slot *slot = &site->cas[i];
        struct cf_err last_error;
        struct cf_preflight_counts preflight;

        cf_ca_slot_last_error(slot, &last_error);
        cf_scheduler_preflight(scheduler, slot->settings->name, &preflight);
        cf_json_put_object(out, NULL);
        cf_json_put_string(out, "name", slot->settings->name);
        cf_json_put_string(out, "backend", slot->settings->backend);
        cf_json_put_string(out, "certificationAuthority", slot->settings->host);
        cf_json_put_string(out, "certificationAuthorityName", slot->settings->ca_name);
        cf_json_put_bool(out, "healthy", !atomic_load(&slot->unhealthy));
        cf_json_put_string(out, "lastError", last_error.rc != CF_OK ? last_error.text : NULL);
        cf_json_put_int(out, "preflightErrors", preflight.errors);
        cf_json_put_int(out, "preflightWarnings", preflight.warnings);
        put_ca_calls(site, slot, out);
        cf_json_put_object_end(out);
    }
    cf_json_put_array_end(out);
}

static void
put_duties(struct cf_scheduler *scheduler, struct cf_json_writer *out)
{
    cf_json_put_array(out, "duties");
    for (unsigned duty = 0; duty < CF_DUTY_MAX_; duty++) {
        struct cf_duty_status status;

        cf_scheduler_duty_status(scheduler, (enum cf_duty)duty, &status);
        cf_json_put_object(out, NULL);
        cf_json_put_string(out, "name", cf_duty_name((enum cf_duty)duty));
        cf_json_put_bool(out, "running", status.running);
        cf_json_put_int(out, "dueInMs", (int64_t)status.due_in_ms);
        cf_json_put_int(out, "failures", status.failures);
        cf_json_put_string(out, "lastError",
                           status.last_error.rc != CF_OK ? status.last_error.text : NULL);
        cf_json_put_object_end(out);
    }
    cf_json_put_array_end(out);
}

enum cf_rc
cf_command_status(const struct cf_command_call *call, struct cf_json_writer *out,
                  struct cf_err *err)
{
    struct cf_daemon *daemon = call->daemon;
    struct cf_site *site = call->site;

    cf_json_put_string(out, "version", CERTFERRY_VERSION);
    cf_json_put_string(out, "connectorId", site->settings->connector_id);
    cf_json_put_int(out, "pid", getpid());
    cf_command_put_time(out, "startedUtc", daemon->started_ms);
    cf_json_put_bool(out, "hasCloud", !site->settings->cloud.is_off);
    cf_json_put_bool(out, "cloudConnected", cf_scheduler_cloud_is_up(daemon->scheduler));
    cf_json_put_int(out, "inWork", cf_scheduler_in_flight(daemon->scheduler));
    CF_TRY(cf_command_put_counts(site, out, cf_kinds_of_results(), "requests", err));
    CF_TRY(cf_command_put_counts(site, out, 1u << CF_KIND_REVOCATION, "revocations", err));
    if (site->settings->scep.is_on)
        CF_TRY(cf_command_put_counts(site, out, 1u << CF_KIND_SCEP, "scep", err));
    put_cas(daemon->scheduler, site, out);
    cf_json_put_object(out, "keysReady");
    for (unsigned kind = 0; kind < CF_KEY_KIND_MAX_; kind++)
        cf_json_put_int(out, cf_key_kind_name((enum cf_key_kind)kind),
                        cf_keypool_count(daemon->keypool, (enum cf_key_kind)kind));
    cf_json_put_object_end(out);
    cf_json_put_object(out, "counters");
    for (unsigned metric = 0; metric < CF_M_MAX_; metric++)
        cf_json_put_int(out, cf_metric_name((enum cf_metric)metric),
                        (int64_t)cf_metric_get((enum cf_metric)metric));
    cf_json_put_object_end(out);
    put_duties(daemon->scheduler, out);
    return CF_OK;
}
