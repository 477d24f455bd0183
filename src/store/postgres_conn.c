/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres_conn.h"

#include <poll.h>
#include <stdlib.h>

/*
 * A statement ends before its caller gives up, a lock is not waited for as long, and a node that
 * hangs within a transaction does not hold its locks for good. Keepalives are the server's: they
 * tell it that a node has died. A server may let commits be lost; a store may not.
 */
static const char SESSION[] = "SET statement_timeout = '20s';"
                              "SET lock_timeout = '5s';"
                              "SET idle_in_transaction_session_timeout = '60s';"
                              "SET default_transaction_isolation = 'read committed';"
                              "SET tcp_keepalives_idle = 30;"
                              "SET tcp_keepalives_interval = 10;"
                              "SET tcp_keepalives_count = 3;"
                              "SET jit = off;"
                              "SET bytea_output = 'hex';"
                              "SELECT set_config('synchronous_commit', 'on', false) "
                              "WHERE current_setting('synchronous_commit') = 'off'";

enum cf_rc
cf_pg_conn_new(const struct cf_pg_place *place, struct cf_pg_conn **ret_conn, struct cf_err *err)
{
    cf_own(cf_pg_conn) conn = calloc(1, sizeof *conn);
    if (!conn)
        return cf_fail_oom(err);

    conn->conn.ops = &CF_PG_CONN_OPS;
    conn->place = place;
    cf_text_uuid(conn->name);
    CF_TRY(cf_pg_connect(place, &conn->pg, err));
    CF_TRY(cf_pg_conn_run(conn, SESSION, "setting the session up", NULL, err));

    *ret_conn = cf_give(conn);
    return CF_OK;
}

struct cf_pg_conn *
cf_pg_conn_free(struct cf_pg_conn *conn)
{
    if (!conn)
        return NULL;
    PQfinish(conn->pg);
    free(conn);
    return NULL;
}

bool
cf_pg_conn_is_lost(const struct cf_pg_conn *conn)
{
    return conn->effect == CF_PG_LOST || PQstatus(conn->pg) != CONNECTION_OK;
}

bool
cf_pg_conn_is_alive(struct cf_pg_conn *conn)
{
    struct pollfd look = {.fd = PQsocket(conn->pg), .events = POLLIN};

    if (cf_pg_conn_is_lost(conn))
        return false;
    if (poll(&look, 1, 0) <= 0)
        return true;
    /* Nothing was asked: it is a notice, a changed setting, or the end. */
    if (PQconsumeInput(conn->pg) == 0 || PQisBusy(conn->pg))
        return false;
    return PQstatus(conn->pg) == CONNECTION_OK && poll(&look, 1, 0) <= 0;
}

static enum cf_rc
lost(struct cf_pg_conn *conn, const char *what, struct cf_err *err)
{
    conn->effect = CF_PG_LOST;
    return cf_pg_fail_lost(conn->place, conn->pg, what, err);
}

static enum cf_rc
await(struct cf_pg_conn *conn, short events, int64_t *until_ms, const char *what,
      struct cf_err *err)
{
    if (cf_pg_await(conn->place, conn->pg, events, until_ms, NULL) == CF_OK)
        return CF_OK;
    conn->effect = CF_PG_LOST;
    return cf_fail(err, CF_E_STORE_BUSY,
                   "store %s: %s: the database server does not answer; it is tried again",
                   conn->place->name, what);
}

static enum cf_rc
flush(struct cf_pg_conn *conn, int64_t *until_ms, const char *what, struct cf_err *err)
{
    for (;;) {
        int code = PQflush(conn->pg);
        if (code == 0)
            return CF_OK;
        if (code < 0)
            return lost(conn, what, err);
        CF_TRY(await(conn, POLLIN | POLLOUT, until_ms, what, err));
        /* The server may be waiting until its own words are read. */
        if (PQconsumeInput(conn->pg) == 0)
            return lost(conn, what, err);
    }
}

static enum cf_rc
next_result(struct cf_pg_conn *conn, int64_t *until_ms, const char *what, PGresult **ret_result,
            struct cf_err *err)
{
    while (PQisBusy(conn->pg)) {
        CF_TRY(await(conn, POLLIN, until_ms, what, err));
        if (PQconsumeInput(conn->pg) == 0)
            return lost(conn, what, err);
    }
    *ret_result = PQgetResult(conn->pg);
    return CF_OK;
}

static bool
is_error(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
}

enum cf_rc
cf_pg_conn_finish(struct cf_pg_conn *conn, bool is_sent, const char *what, PGresult **ret_result,
                  struct cf_err *err)
{
    int64_t until_ms = cf_pg_now_ms() + CF_PG_STATEMENT_MS;
    cf_own_pg_result last = NULL;

    if (!is_sent)
        return lost(conn, what, err);
    CF_TRY(flush(conn, &until_ms, what, err));
    for (;;) {
        PGresult *result = NULL;

        CF_TRY(next_result(conn, &until_ms, what, &result, err));
        if (!result)
            break;
        /* The first error is the cause of the others. */
        if (last && is_error(last)) {
            PQclear(result);
            continue;
        }
        PQclear(last);
        last = result;
    }
    if (!last)
        return lost(conn, what, err);
    if (is_error(last)) {
        enum cf_rc rc = cf_pg_fail_result(conn->place, last, what, &conn->effect, err);
        if (PQstatus(conn->pg) != CONNECTION_OK)
            conn->effect = CF_PG_LOST;
        return rc;
    }
    if (ret_result)
        *ret_result = cf_give(last);
    return CF_OK;
}

enum cf_rc
cf_pg_conn_run(struct cf_pg_conn *conn, const char *sql, const char *what, PGresult **ret_result,
               struct cf_err *err)
{
    return cf_pg_conn_finish(conn, PQsendQuery(conn->pg, sql) == 1, what, ret_result, err);
}

enum cf_rc
cf_pg_conn_ask(struct cf_pg_conn *conn, const char *sql, const char *const *texts, int n,
               const char *what, PGresult **ret_result, struct cf_err *err)
{
    bool is_sent = PQsendQueryParams(conn->pg, sql, n, NULL, texts, NULL, NULL, 0) == 1;

    return cf_pg_conn_finish(conn, is_sent, what, ret_result, err);
}
