/* SPDX-License-Identifier: Apache-2.0 */
/* op_recovery - sealed copies of keys, for as long as their certificates last. */
#include "op.h"

enum cf_rc
cf_recovery_row_add(struct cf_conn *conn, int64_t ledger_id, const struct cf_ledger_entry *entry,
                    const struct cf_buf *sealed, struct cf_err *err)
{
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_RECOVERY_INSERT, err));
    cf_query_put_i64(&q, ledger_id);
    cf_query_put_i64(&q, entry->revoked_ms != 0 ? 0 : entry->not_after_ms);
    cf_query_put_buf(&q, sealed);
    return cf_query_run(&q, err);
}

enum cf_rc
cf_recovery_row_end(struct cf_conn *conn, int64_t ledger_id, struct cf_err *err)
{
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_RECOVERY_END, err));
    cf_query_put_i64(&q, ledger_id);
    return cf_query_run(&q, err);
}

enum cf_rc
cf_recovery_rows_prune(struct cf_conn *conn, int64_t now_ms, struct cf_err *err)
{
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_RECOVERY_PRUNE, err));
    cf_query_put_i64(&q, now_ms);
    return cf_query_run(&q, err);
}

struct recovery {
    int64_t ledger_id;
    struct cf_buf *sealed;
};

static enum cf_rc
recovery(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    struct recovery *call = (struct recovery *)arg;
    cf_own_query q = {0};
    bool is_there = false;

    CF_TRY(cf_query_init(&q, conn, CF_SQL_RECOVERY_GET, err));
    cf_query_put_i64(&q, call->ledger_id);
    CF_TRY(cf_query_step(&q, &is_there, err));
    if (!is_there)
        return cf_fail(err, CF_E_NOT_FOUND,
                       "no copy of the key is kept for entry %lld of the ledger; with [recovery] "
                       "it is kept for certificates issued from then on, until they end",
                       (long long)call->ledger_id);
    call->sealed = cf_query_get_buf(&q);
    return cf_query_ok(&q, err);
}

enum cf_rc
cf_op_recovery(struct cf_store *store, int64_t ledger_id, struct cf_buf **ret_sealed,
               struct cf_err *err)
{
    struct recovery call = {ledger_id, NULL};

    CF_TRY(cf_op_read(store, recovery, &call, err));
    *ret_sealed = call.sealed;
    return CF_OK;
}
