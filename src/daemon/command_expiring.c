/* SPDX-License-Identifier: Apache-2.0 */
/* expiring: certificates whose end is near, was passed, or that should have been renewed by now. */
#include <string.h>

#include "command.h"

enum { DAYS_DEFAULT = 30, DAYS_MAX = 3660, LIST_DEFAULT = 100, LIST_MAX = 1000 };
static const int64_t DAY_MS = INT64_C(24) * 60 * 60 * 1000;

/* What is revoked or replaced needs nobody's care. */
static enum cf_rc
make_filter(const char *which, int64_t days, struct cf_ledger_filter *filter, struct cf_err *err)
{
    int64_t now_ms = filter->now_ms;

    filter->only_valid = true;
    filter->only_current = true;
    if (!which || strcmp(which, "ending") == 0) {
        filter->expires_after_ms = now_ms;
        filter->expires_before_ms = now_ms + days * DAY_MS;
    } else if (strcmp(which, "due") == 0) {
        filter->expires_after_ms = now_ms;
        filter->only_renewal_due = true;
    } else if (strcmp(which, "ended") == 0) {
        filter->expires_after_ms = now_ms - days * DAY_MS;
        filter->expires_before_ms = now_ms;
    } else {
        return cf_fail(err, CF_E_SYNTAX, "which: '%s' is none of ending, due, ended", which);
    }
    return CF_OK;
}

static void
put_entry(struct cf_json_writer *out, const struct cf_ledger_entry *entry)
{
    int64_t percent = entry->renewal_threshold_percent;

    cf_json_put_object(out, NULL);
    cf_json_put_string(out, "device", entry->device_id);
    cf_json_put_string(out, "user", entry->user_name);
    cf_json_put_string(out, "profile", entry->profile_id);
    cf_json_put_string(out, "ca", entry->ca);
    cf_json_put_string(out, "template", entry->template_name);
    cf_json_put_string(out, "subject", entry->subject);
    cf_json_put_string(out, "issuer", entry->issuer);
    cf_json_put_string(out, "serial", entry->serial);
    cf_json_put_string(out, "requestContext", entry->context);
    cf_command_put_time(out, "notBeforeUtc", entry->not_before_ms);
    cf_command_put_time(out, "notAfterUtc", entry->not_after_ms);
    if (percent > 0)
        cf_json_put_int(out, "renewalThresholdPercent", percent);
    cf_command_put_time(out, "renewalUtc", cf_ledger_entry_renewal_ms(entry));
    cf_json_put_object_end(out);
}

enum cf_rc
cf_command_expiring(const struct cf_command_call *call, struct cf_json_writer *out,
                    struct cf_err *err)
{
    struct cf_store *store = call->site->store;
    int64_t days = DAYS_DEFAULT, limit = LIST_DEFAULT, after = 0;
    struct cf_ledger ledger = {0};
    const char *which = NULL;

    CF_TRY(cf_json_string_opt(call->request, "which", 1, 32, &which, err));
    CF_TRY(cf_json_int_opt(call->request, "days", 1, DAYS_MAX, &days, err));
    CF_TRY(cf_json_int_opt(call->request, "limit", 1, LIST_MAX, &limit, err));
    CF_TRY(cf_json_int_opt(call->request, "after", 0, INT64_MAX, &after, err));

    struct cf_ledger_filter filter = {
        .now_ms = cf_clock_now_ms(call->site->clock),
        .after_id = after,
        .limit = (size_t)limit,
    };
    CF_TRY(make_filter(which, days, &filter, err));
    CF_TRY(store->ops->ledger(store, &filter, &ledger, err));
    cf_json_put_array(out, "certificates");
    for (size_t i = 0; i < ledger.n; i++)
        put_entry(out, ledger.entry[i]);
    cf_json_put_array_end(out);
    if (ledger.n == (size_t)limit)
        cf_json_put_int(out, "after", ledger.entry[ledger.n - 1]->id);
    cf_ledger_done(&ledger);
    return CF_OK;
}
