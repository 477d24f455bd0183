/* SPDX-License-Identifier: Apache-2.0 */
/* op_items - items come in and, much later, go. */
#include <stdlib.h>
#include <string.h>

#include "item_row.h"
#include "op.h"

struct receive {
    struct cf_item *const *items;
    size_t n;
    int64_t now_ms;
    enum cf_reception *ret_receptions; /* good only once committed */
};

static enum cf_rc
insert(struct cf_conn *conn, const struct cf_item *item, int64_t now_ms, bool *ret_is_taken,
       struct cf_err *err)
{
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_ITEM_INSERT, err));
    cf_item_row_put(&q, item, now_ms);
    cf_query_put_i64(&q, item->kind);
    cf_query_put_text(&q, item->context);
    cf_query_put_i64(&q, now_ms);
    return cf_query_insert(&q, ret_is_taken, err);
}

static enum cf_rc
set_lease(struct cf_conn *conn, enum cf_kind kind, const char *context, int64_t lease_until_ms,
          struct cf_err *err)
{
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_ITEM_LEASE, err));
    cf_query_put_i64(&q, lease_until_ms);
    cf_query_put_i64(&q, kind);
    cf_query_put_text(&q, context);
    CF_TRY(cf_query_run(&q, err));
    if (cf_query_changes(&q) == 0)
        return cf_fail(err, CF_E_NOT_FOUND, "no %s request '%s' in the store", cf_kind_name(kind),
                       context);
    return CF_OK;
}

static enum cf_rc
find(struct cf_conn *conn, const struct cf_item *item, struct cf_query *q, bool *ret_is_known,
     struct cf_err *err)
{
    CF_TRY(cf_query_init(q, conn, CF_SQL_ITEM_FIND, err));
    cf_query_put_i64(q, item->kind);
    cf_query_put_text(q, item->context);
    return cf_query_step(q, ret_is_known, err);
}

/* The state from which a finished item's result is sent again; false when it is not finished. */
static bool
find_reopened(enum cf_kind kind, enum cf_state state, enum cf_state *ret_state)
{
    switch (state) {
    case CF_STATE_DELIVERED:
        *ret_state = kind == CF_KIND_REVOCATION ? CF_STATE_REVOKED : CF_STATE_WRAPPED;
        return true;
    case CF_STATE_REPORTED:
        *ret_state = CF_STATE_FAILED;
        return true;
    default:
        return false;
    }
}

static enum cf_rc
reopen(struct cf_conn *conn, const struct cf_item *item, int64_t id, enum cf_state from,
       enum cf_state to, int64_t now_ms, struct cf_err *err)
{
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_ITEM_REOPEN, err));
    cf_query_put_i64(&q, to);
    cf_query_put_i64(&q, item->due_ms);
    cf_query_put_i64(&q, item->lease_until_ms);
    cf_query_put_i64(&q, now_ms);
    cf_query_put_i64(&q, id);
    CF_TRY(cf_query_run(&q, err));
    return cf_history_add(conn, id, now_ms, from, to, CF_OK,
                          "offered again by the cloud; its kept result is sent again", err);
}

/* What was refused for now is judged again, and nothing of the refusal stays but its history. */
static enum cf_rc
begin_anew(struct cf_conn *conn, const struct cf_item *item, int64_t id, enum cf_state from,
           int64_t now_ms, struct cf_err *err)
{
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_ITEM_ANEW, err));
    cf_query_put_i64(&q, item->state);
    cf_query_put_i64(&q, item->due_ms);
    cf_query_put_i64(&q, item->lease_until_ms);
    cf_query_put_buf(&q, item->body);
    cf_query_put_i64(&q, now_ms);
    cf_query_put_i64(&q, id);
    CF_TRY(cf_query_run(&q, err));
    return cf_history_add(conn, id, now_ms, from, item->state, CF_OK,
                          "offered again by the cloud after a failure that may pass; begins anew",
                          err);
}

static enum cf_rc
receive_one(struct cf_conn *conn, const struct cf_item *item, int64_t now_ms,
            enum cf_reception *ret, struct cf_err *err)
{
    cf_own_query q = {0};
    bool is_known = false;

    CF_TRY(find(conn, item, &q, &is_known, err));
    if (!is_known) {
        bool is_taken = false;

        CF_TRY(insert(conn, item, now_ms, &is_taken, err));
        *ret = CF_RECEPTION_NEW;
        if (!is_taken)
            return CF_OK;
        /* Another node has received it since. */
        cf_query_done(&q);
        CF_TRY(find(conn, item, &q, &is_known, err));
        if (!is_known)
            return cf_fail(err, CF_E_STORE_BUSY, "store: request '%s' comes and goes; try again",
                           item->context);
    }

    int64_t id = cf_query_get_i64(&q);
    enum cf_state from = (enum cf_state)cf_query_get_enum(&q, CF_STATE_MAX_);
    enum cf_state to;
    bool is_claimed = cf_query_get_i64(&q) > now_ms;
    bool has_result = cf_query_get_i64(&q) != 0;
    cf_own_str rc_name = cf_query_get_text(&q);
    bool has_csr = cf_query_get_i64(&q) != 0;
    uint32_t submits = cf_query_get_enum(&q, UINT32_MAX);
    CF_TRY(cf_query_ok(&q, err));
    if (!is_claimed &&
        cf_store_begins_anew(item->kind, from, cf_rc_of_name(rc_name), has_csr, submits)) {
        *ret = CF_RECEPTION_ANEW;
        return begin_anew(conn, item, id, from, now_ms, err);
    }
    if (!is_claimed && has_result && find_reopened(item->kind, from, &to)) {
        *ret = CF_RECEPTION_REDELIVER;
        return reopen(conn, item, id, from, to, now_ms, err);
    }
    *ret = CF_RECEPTION_DUPLICATE;
    return set_lease(conn, item->kind, item->context, item->lease_until_ms, err);
}

static enum cf_rc
receive(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    struct receive *call = (struct receive *)arg;

    for (size_t i = 0; i < call->n; i++)
        CF_TRY(receive_one(conn, call->items[i], call->now_ms, &call->ret_receptions[i], err));
    return CF_OK;
}

enum cf_rc
cf_op_receive(struct cf_store *store, struct cf_item *const *items, size_t n,
              enum cf_reception *ret_receptions, struct cf_err *err)
{
    if (n == 0)
        return CF_OK;
    for (size_t i = 0; i < n; i++) {
        size_t len = items[i]->context ? strlen(items[i]->context) : 0;
        if (len < 1 || len > CF_CONTEXT_MAX)
            return cf_fail(err, CF_E_RANGE, "request context of %zu bytes: must be 1..%d", len,
                           CF_CONTEXT_MAX);
    }

    enum cf_reception *receptions = calloc(n, sizeof *receptions);
    if (!receptions)
        return cf_fail_oom(err);
    struct receive call = {items, n, cf_op_now(store), receptions};
    enum cf_rc rc = cf_op_write(store, receive, &call, err);
    if (rc == CF_OK)
        memcpy(ret_receptions, receptions, n * sizeof *receptions);
    free(receptions);
    return rc;
}

static enum cf_rc
extend(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    const struct cf_op_ids *call = (const struct cf_op_ids *)arg;

    for (size_t i = 0; i < call->n; i++) {
        cf_own_query q = {0};

        CF_TRY(cf_query_init(&q, conn, CF_SQL_ITEM_LEASE_ID, err));
        cf_query_put_i64(&q, *(const int64_t *)call->arg);
        cf_query_put_i64(&q, call->id[i]);
        CF_TRY(cf_query_run(&q, err));
    }
    return CF_OK;
}

enum cf_rc
cf_op_extend_leases(struct cf_store *store, const int64_t *ids, size_t n, int64_t lease_until_ms,
                    struct cf_err *err)
{
    return n == 0 ? CF_OK : cf_op_write_ids(store, extend, ids, n, &lease_until_ms, err);
}

static enum cf_rc
make_due(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    const int64_t *now_ms = (const int64_t *)arg;
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_ITEM_MAKE_DUE, err));
    cf_query_put_i64(&q, *now_ms);
    return cf_query_run(&q, err);
}

enum cf_rc
cf_op_make_due(struct cf_store *store, int64_t now_ms, struct cf_err *err)
{
    return cf_op_write(store, make_due, &now_ms, err);
}

struct prune {
    int64_t before_ms;
    int64_t now_ms;
    int64_t n;
};

/* The pages that fall free are kept for the items to come: the file stays at its high-water mark,
 * and `check` says when that is much. */
static enum cf_rc
prune(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    struct prune *call = (struct prune *)arg;
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_ITEM_PRUNE, err));
    cf_query_put_i64(&q, call->before_ms);
    cf_query_put_i64(&q, call->now_ms);
    CF_TRY(cf_query_run(&q, err));
    call->n = cf_query_changes(&q);
    CF_TRY(cf_recovery_rows_prune(conn, call->now_ms, err));
    CF_TRY(cf_challenge_rows_prune(conn, call->now_ms, err));
    return cf_grant_rows_prune(conn, NULL, call->now_ms, err);
}

enum cf_rc
cf_op_prune(struct cf_store *store, int64_t before_ms, uint64_t *ret_n, struct cf_err *err)
{
    struct prune call = {before_ms, cf_op_now(store), 0};

    CF_TRY(cf_op_write(store, prune, &call, err));
    *ret_n = (uint64_t)call.n;
    return CF_OK;
}
