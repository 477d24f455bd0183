/* SPDX-License-Identifier: Apache-2.0 */
/* op_ledger - what was issued, kept for good. */
#include <stdlib.h>

#include "op.h"

static enum cf_rc
check_exists(struct cf_conn *conn, int64_t id, struct cf_err *err)
{
    cf_own_query q = {0};
    bool is_known = false;

    CF_TRY(cf_query_init(&q, conn, CF_SQL_LEDGER_EXISTS, err));
    cf_query_put_i64(&q, id);
    CF_TRY(cf_query_step(&q, &is_known, err));
    if (!is_known)
        return cf_fail(err, CF_E_NOT_FOUND, "no entry %lld in the ledger", (long long)id);
    return CF_OK;
}

static enum cf_rc
mark_renewed(struct cf_conn *conn, int64_t id, int64_t by_id, struct cf_err *err)
{
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_LEDGER_RENEWED, err));
    cf_query_put_i64(&q, by_id);
    cf_query_put_i64(&q, id);
    CF_TRY(cf_query_run(&q, err));
    return cf_query_changes(&q) > 0 ? CF_OK : check_exists(conn, id, err);
}

static enum cf_rc
insert(struct cf_conn *conn, const struct cf_ledger_entry *entry, int64_t *ret_id,
       struct cf_err *err)
{
    cf_own_query q = {0};
    bool is_taken = false;

    if (!entry->issuer || !entry->serial)
        return cf_fail(err, CF_E_BUG, "ledger entry without issuer or serial");
    CF_TRY(cf_query_init(&q, conn, CF_SQL_LEDGER_INSERT, err));
    cf_query_put_text(&q, entry->context);
    cf_query_put_text(&q, entry->ca);
    cf_query_put_text(&q, entry->template_name);
    cf_query_put_text(&q, entry->device_id);
    cf_query_put_text(&q, entry->user_name);
    cf_query_put_text(&q, entry->profile_id);
    cf_query_put_text(&q, entry->subject);
    cf_query_put_text(&q, entry->issuer);
    cf_query_put_text(&q, entry->serial);
    cf_query_put_text(&q, entry->thumbprint);
    cf_query_put_i64(&q, entry->not_before_ms);
    cf_query_put_i64(&q, entry->not_after_ms);
    cf_query_put_i64(&q, entry->issued_ms);
    cf_query_put_i64(&q, entry->renewal_threshold_percent);
    cf_query_put_buf(&q, entry->cert);
    cf_query_put_i64(&q, entry->revoked_ms);
    cf_query_put_i64(&q, entry->revocation_reason);
    cf_query_put_i64(&q, entry->renews_id);
    CF_TRY(cf_query_insert(&q, &is_taken, err));
    if (is_taken)
        return cf_fail(err, CF_E_CONFLICT,
                       "certificate %s of '%s' is in the ledger already; the CA gave one serial "
                       "number twice",
                       entry->serial, entry->issuer);
    *ret_id = cf_query_new_id(&q);
    return cf_query_ok(&q, err);
}

enum cf_rc
cf_ledger_row_add(struct cf_conn *conn, const struct cf_ledger_entry *entry,
                  const struct cf_buf *recovery, struct cf_err *err)
{
    int64_t id = 0;

    CF_TRY(insert(conn, entry, &id, err));
    if (entry->renews_id != 0)
        CF_TRY(mark_renewed(conn, entry->renews_id, id, err));
    return recovery ? cf_recovery_row_add(conn, id, entry, recovery, err) : CF_OK;
}

enum cf_rc
cf_ledger_row_revoke(struct cf_conn *conn, int64_t id, int64_t revoked_ms, int reason,
                     struct cf_err *err)
{
    cf_own_query q = {0};

    if (revoked_ms <= 0)
        return cf_fail(err, CF_E_BUG, "revocation of ledger entry %lld without a time",
                       (long long)id);
    CF_TRY(cf_query_init(&q, conn, CF_SQL_LEDGER_REVOKE, err));
    cf_query_put_i64(&q, revoked_ms);
    cf_query_put_i64(&q, reason);
    cf_query_put_i64(&q, id);
    CF_TRY(cf_query_run(&q, err));
    if (cf_query_changes(&q) == 0)
        return check_exists(conn, id, err);
    return cf_recovery_row_end(conn, id, err);
}

struct revoke {
    int64_t id;
    int64_t revoked_ms;
    int reason;
};

static enum cf_rc
mark_revoked(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    struct revoke *call = (struct revoke *)arg;

    return cf_ledger_row_revoke(conn, call->id, call->revoked_ms, call->reason, err);
}

enum cf_rc
cf_op_ledger_revoke(struct cf_store *store, int64_t ledger_id, int64_t revoked_ms, int reason,
                    struct cf_err *err)
{
    struct revoke call = {ledger_id, revoked_ms, reason};

    return cf_op_write(store, mark_revoked, &call, err);
}

static enum cf_rc
get_entry(struct cf_query *q, struct cf_ledger_entry **ret_entry, struct cf_err *err)
{
    cf_own(cf_ledger_entry) entry = calloc(1, sizeof *entry);
    if (!entry)
        return cf_fail_oom(err);

    entry->id = cf_query_get_i64(q);
    entry->context = cf_query_get_text(q);
    entry->ca = cf_query_get_text(q);
    entry->template_name = cf_query_get_text(q);
    entry->device_id = cf_query_get_text(q);
    entry->user_name = cf_query_get_text(q);
    entry->profile_id = cf_query_get_text(q);
    entry->subject = cf_query_get_text(q);
    entry->issuer = cf_query_get_text(q);
    entry->serial = cf_query_get_text(q);
    entry->thumbprint = cf_query_get_text(q);
    entry->not_before_ms = cf_query_get_i64(q);
    entry->not_after_ms = cf_query_get_i64(q);
    entry->issued_ms = cf_query_get_i64(q);
    entry->renewal_threshold_percent = cf_query_get_enum(q, UINT32_MAX);
    entry->cert = cf_query_get_buf(q);
    entry->revoked_ms = cf_query_get_i64(q);
    entry->revocation_reason = (int)cf_query_get_i64(q);
    entry->renews_id = cf_query_get_i64(q);
    entry->renewed_by_id = cf_query_get_i64(q);
    entry->has_recovery = cf_query_get_i64(q) != 0;
    CF_TRY(cf_query_ok(q, err));

    *ret_entry = cf_give(entry);
    return CF_OK;
}

struct list {
    const struct cf_ledger_filter *filter;
    struct cf_ledger ledger; /* room for the limit */
};

static enum cf_sql
best_index(const struct cf_ledger_filter *filter)
{
    if (filter->serial)
        return CF_SQL_LEDGER_BY_SERIAL;
    if (filter->thumbprint)
        return CF_SQL_LEDGER_BY_THUMBPRINT;
    if (filter->context)
        return CF_SQL_LEDGER_BY_CONTEXT;
    if (filter->device_id)
        return CF_SQL_LEDGER_BY_DEVICE;
    if (filter->user_name)
        return CF_SQL_LEDGER_BY_USER;
    if (filter->only_renewal_due && filter->only_valid && filter->only_current)
        return CF_SQL_LEDGER_BY_RENEWAL;
    if (filter->expires_before_ms != 0)
        return CF_SQL_LEDGER_BY_NOT_AFTER;
    return CF_SQL_LEDGER_LIST;
}

static enum cf_rc
list(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    struct list *call = (struct list *)arg;
    const struct cf_ledger_filter *filter = call->filter;
    struct cf_ledger *ledger = &call->ledger;
    cf_own_query q = {0};

    enum cf_sql sql = best_index(filter) + (filter->newest_first ? 1 : 0);
    CF_TRY(cf_query_init(&q, conn, sql, err));
    cf_query_put_i64(&q, filter->after_id);
    cf_query_put_text(&q, filter->serial);
    cf_query_put_text(&q, filter->issuer);
    cf_query_put_text(&q, filter->context);
    cf_query_put_text(&q, filter->ca);
    cf_query_put_i64(&q, filter->expires_before_ms);
    cf_query_put_i64(&q, filter->only_valid);
    cf_query_put_i64(&q, (int64_t)filter->limit);
    cf_query_put_text(&q, filter->thumbprint);
    cf_query_put_text(&q, filter->device_id);
    cf_query_put_text(&q, filter->user_name);
    cf_query_put_text(&q, filter->profile_id);
    cf_query_put_i64(&q, filter->expires_after_ms);
    cf_query_put_i64(&q, filter->only_current);
    cf_query_put_i64(&q, filter->only_renewal_due);
    cf_query_put_i64(&q, filter->now_ms);
    while (ledger->n < filter->limit) {
        bool has_row = false;

        CF_TRY(cf_query_step(&q, &has_row, err));
        if (!has_row)
            break;
        CF_TRY(get_entry(&q, &ledger->entry[ledger->n], err));
        ledger->n++;
    }
    return CF_OK;
}

enum cf_rc
cf_op_ledger(struct cf_store *store, const struct cf_ledger_filter *filter,
             struct cf_ledger *ret_ledger, struct cf_err *err)
{
    struct list call = {.filter = filter};

    CF_TRY(cf_op_check_limit(filter->limit, err));
    call.ledger.entry = calloc(filter->limit, sizeof(struct cf_ledger_entry *));
    if (!call.ledger.entry)
        return cf_fail_oom(err);
    enum cf_rc rc = cf_op_read(store, list, &call, err);
    if (rc == CF_OK)
        *ret_ledger = call.ledger;
    else
        cf_ledger_done(&call.ledger);
    return rc;
}
