/* SPDX-License-Identifier: Apache-2.0 */
/* op_grant - requests counted against a policy's limits, over the last hour. */
#include "op.h"

static const int64_t HOUR_MS = INT64_C(60) * 60 * 1000;

static enum cf_rc
drop(struct cf_conn *conn, enum cf_sql sql, const char *policy, int64_t ms, struct cf_err *err)
{
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, sql, err));
    cf_query_put_text(&q, policy);
    cf_query_put_i64(&q, ms);
    return cf_query_run(&q, err);
}

/* Rows beyond the next hour are those of a clock that was set back since. */
enum cf_rc
cf_grant_rows_prune(struct cf_conn *conn, const char *policy, int64_t now_ms, struct cf_err *err)
{
    CF_TRY(drop(conn, policy ? CF_SQL_GRANT_DROP_OLD : CF_SQL_GRANT_PRUNE_OLD, policy,
                now_ms - HOUR_MS, err));
    return drop(conn, policy ? CF_SQL_GRANT_DROP_FUTURE : CF_SQL_GRANT_PRUNE_FUTURE, policy,
                now_ms + HOUR_MS, err);
}

static enum cf_rc
find_context(struct cf_conn *conn, const struct cf_rate_request *request, bool *ret_is_there,
             struct cf_err *err)
{
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_GRANT_FIND, err));
    cf_query_put_text(&q, request->policy);
    cf_query_put_text(&q, request->context);
    return cf_query_step(&q, ret_is_there, err);
}

struct end {
    int64_t at_ms;
    int64_t n;
};

static enum cf_rc
find_end(struct cf_conn *conn, enum cf_sql sql, const char *policy, bool *ret_is_there,
         struct end *ret, struct cf_err *err)
{
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, sql, err));
    cf_query_put_text(&q, policy);
    CF_TRY(cf_query_step(&q, ret_is_there, err));
    if (*ret_is_there) {
        ret->at_ms = cf_query_get_i64(&q);
        ret->n = cf_query_get_i64(&q);
    }
    return CF_OK;
}

/* Looks no further than to the limit. */
static enum cf_rc
check_one(struct cf_conn *conn, enum cf_sql sql, const char *policy, const char *name,
          uint64_t limit, const char *option, struct cf_err *err)
{
    cf_own_query q = {0};
    bool is_reached = false;

    if (!name || limit == 0 || limit > INT64_MAX)
        return CF_OK;
    CF_TRY(cf_query_init(&q, conn, sql, err));
    cf_query_put_text(&q, policy);
    cf_query_put_text(&q, name);
    cf_query_put_i64(&q, (int64_t)limit - 1);
    CF_TRY(cf_query_step(&q, &is_reached, err));
    if (is_reached)
        return cf_fail(err, CF_E_RATE,
                       "policy '%s': '%s' had %llu requests within the last hour, and %s = %llu "
                       "allows no more; raise it if so many are expected",
                       policy, name, (unsigned long long)limit, option, (unsigned long long)limit);
    return CF_OK;
}

static enum cf_rc
check_all(const struct cf_rate_request *request, uint64_t n, struct cf_err *err)
{
    if (request->per_all == 0 || n < request->per_all)
        return CF_OK;
    return cf_fail(err, CF_E_RATE,
                   "policy '%s': there were %llu requests within the last hour, and per_hour = "
                   "%llu allows no more; raise it if so many are expected",
                   request->policy, (unsigned long long)n, (unsigned long long)request->per_all);
}

static enum cf_rc
insert(struct cf_conn *conn, const struct cf_rate_request *request, const struct end *last,
       struct cf_err *err)
{
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_GRANT_INSERT, err));
    cf_query_put_text(&q, request->policy);
    /* Another thread may have looked at its clock later and been here before. */
    cf_query_put_i64(&q, request->now_ms > last->at_ms ? request->now_ms : last->at_ms);
    cf_query_put_i64(&q, last->n + 1);
    cf_query_put_text(&q, request->context);
    cf_query_put_text(&q, request->device_id);
    cf_query_put_text(&q, request->user_name);
    return cf_query_run(&q, err);
}

static enum cf_rc
grant(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    const struct cf_rate_request *request = *(const struct cf_rate_request **)arg;
    struct end first = {0};
    struct end last = {0};
    bool is_there = false;

    CF_TRY(cf_conn_lock(conn, "policy", request->policy, err));
    CF_TRY(cf_grant_rows_prune(conn, request->policy, request->now_ms, err));
    CF_TRY(find_context(conn, request, &is_there, err));
    if (is_there)
        return CF_OK;
    CF_TRY(check_one(conn, CF_SQL_GRANT_NTH_OF_USER, request->policy, request->user_name,
                     request->per_user, "per_user_hour", err));
    CF_TRY(check_one(conn, CF_SQL_GRANT_NTH_OF_DEVICE, request->policy, request->device_id,
                     request->per_device, "per_device_hour", err));
    CF_TRY(find_end(conn, CF_SQL_GRANT_FIRST, request->policy, &is_there, &first, err));
    CF_TRY(find_end(conn, CF_SQL_GRANT_LAST, request->policy, &is_there, &last, err));
    CF_TRY(check_all(request, is_there ? (uint64_t)(last.n - first.n) + 1 : 0, err));
    return insert(conn, request, &last, err);
}

enum cf_rc
cf_op_grant(struct cf_store *store, const struct cf_rate_request *request, struct cf_err *err)
{
    return cf_op_write(store, grant, &request, err);
}
