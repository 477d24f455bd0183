/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_transact - one transaction, and what became of it when the connection broke. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "certferry/stop.h"
#include "postgres.h"

enum { ATTEMPTS = 5, TURN_MS = 20, NUMBER_SIZE = 24, OUTCOME_MS = 15000, OUTCOME_TURN_MS = 200 };

enum outcome { OUTCOME_UNKNOWN, OUTCOME_COMMITTED, OUTCOME_UNDONE };

/*
 * Each transaction that writes leaves a mark of its own, so that it can be asked for later: `xid`
 * is empty when it has written nothing. The server's number of the transaction would not do alone:
 * a server that was killed may give a number again that it had not written down.
 */
struct mark {
    char name[CF_UUID_SIZE];
    char n[NUMBER_SIZE];
    char xid[NUMBER_SIZE];
};

static enum cf_rc
leave_mark(struct cf_pg_conn *conn, struct mark *mark, struct cf_err *err)
{
    const char *const texts[] = {mark->name, mark->n};
    cf_own_pg_result result = NULL;

    (void)snprintf(mark->name, sizeof mark->name, "%s", conn->name);
    (void)snprintf(mark->n, sizeof mark->n, "%" PRIu64, ++conn->n_commits);
    CF_TRY(cf_pg_conn_ask(conn,
                          "INSERT INTO commit_mark (name, n, at) "
                          "SELECT $1::text, $2::bigint, now() "
                          "WHERE pg_current_xact_id_if_assigned() IS NOT NULL "
                          "ON CONFLICT (name) DO UPDATE SET n = excluded.n, at = excluded.at "
                          "RETURNING pg_current_xact_id()::text",
                          texts, 2, "committing", &result, err));
    if (PQntuples(result) == 1)
        (void)snprintf(mark->xid, sizeof mark->xid, "%s", PQgetvalue(result, 0, 0));
    return CF_OK;
}

/* The server may still be at it on the connection that we have lost. A number that it does not know
 * any more is an error of its own. */
static enum cf_rc
ask_progress(struct cf_pg_conn *conn, const struct mark *mark, bool *ret_is_going_on,
             struct cf_err *err)
{
    const char *const texts[] = {mark->xid};
    cf_own_pg_result result = NULL;

    enum cf_rc rc = cf_pg_conn_ask(conn, "SELECT pg_xact_status($1::text::xid8)", texts, 1,
                                   "asking for a commit", &result, err);
    if (rc != CF_OK && cf_pg_conn_is_lost(conn))
        return rc;
    *ret_is_going_on = rc == CF_OK && strcmp(PQgetvalue(result, 0, 0), "in progress") == 0;
    return CF_OK;
}

static enum cf_rc
ask_mark(struct cf_pg_conn *conn, const struct mark *mark, enum outcome *ret, struct cf_err *err)
{
    const char *const texts[] = {mark->name, mark->n};
    cf_own_pg_result result = NULL;

    CF_TRY(cf_pg_conn_ask(conn, "SELECT 1 FROM commit_mark WHERE name = $1 AND n = $2::bigint",
                          texts, 2, "asking for a commit", &result, err));
    *ret = PQntuples(result) == 1 ? OUTCOME_COMMITTED : OUTCOME_UNDONE;
    return CF_OK;
}

static enum cf_rc
ask_outcome(struct cf_pg_pool *pool, const struct mark *mark, enum outcome *ret, struct cf_err *err)
{
    struct cf_pg_conn *conn = NULL;
    bool is_going_on = false;

    CF_TRY(cf_pg_pool_take(pool, &conn, err));
    enum cf_rc rc = ask_progress(conn, mark, &is_going_on, err);
    if (rc == CF_OK && !is_going_on)
        rc = ask_mark(conn, mark, ret, err);
    cf_pg_pool_give(pool, conn);
    return rc;
}

/* The answer to COMMIT was lost, not the transaction: the server knows, once it can be asked. */
static enum outcome
find_outcome(struct cf_pg_pool *pool, const struct mark *mark)
{
    const struct timespec turn = {.tv_nsec = OUTCOME_TURN_MS * 1000000L};
    int64_t until_ms = cf_pg_now_ms() + OUTCOME_MS;
    enum outcome outcome = OUTCOME_UNKNOWN;

    for (;;) {
        int64_t left_ms = until_ms - cf_pg_now_ms();
        if (ask_outcome(pool, mark, &outcome, NULL) == CF_OK && outcome != OUTCOME_UNKNOWN)
            return outcome;
        if (cf_stop_is_set(pool->place->stop_flag) && left_ms > CF_PG_STOP_MS)
            until_ms = cf_pg_now_ms() + CF_PG_STOP_MS;
        if (left_ms <= 0)
            return OUTCOME_UNKNOWN;
        (void)nanosleep(&turn, NULL);
    }
}

static enum cf_rc
commit(struct cf_pg_conn *conn, struct cf_err *err)
{
    cf_own_pg_result result = NULL;

    CF_TRY(cf_pg_conn_run(conn, "COMMIT", "committing", &result, err));
    /* A transaction in which a statement has failed is rolled back by COMMIT. */
    if (strcmp(PQcmdStatus(result), "COMMIT") == 0)
        return CF_OK;
    return cf_fail(err, CF_E_STORE, "store %s: a transaction was undone by the server; see its log",
                   conn->place->name);
}

/* Until COMMIT is sent, a connection that breaks undoes everything. ret_mark's xid is not empty
 * when it broke after. */
static enum cf_rc
run(struct cf_pg_conn *conn, cf_write_fn *fn, void *arg, struct mark *ret_mark, struct cf_err *err)
{
    struct mark mark = {0};

    CF_TRY(cf_pg_conn_run(conn, "BEGIN", "beginning", NULL, err));
    CF_TRY(fn(&conn->conn, arg, err));
    CF_TRY(leave_mark(conn, &mark, err));
    enum cf_rc rc = commit(conn, err);
    if (rc != CF_OK && cf_pg_conn_is_lost(conn))
        *ret_mark = mark;
    return rc;
}

static enum cf_rc
attempt(struct cf_pg_pool *pool, cf_write_fn *fn, void *arg, bool *ret_is_again, struct cf_err *err)
{
    struct cf_pg_conn *conn = NULL;
    struct mark mark = {0};

    CF_TRY(cf_pg_pool_take(pool, &conn, err));
    enum cf_rc rc = run(conn, fn, arg, &mark, err);
    *ret_is_again = rc != CF_OK && (conn->effect == CF_PG_AGAIN || cf_pg_conn_is_lost(conn));
    if (rc != CF_OK && !cf_pg_conn_is_lost(conn) && PQtransactionStatus(conn->pg) != PQTRANS_IDLE)
        (void)!cf_pg_conn_run(conn, "ROLLBACK", "rolling back", NULL, NULL);
    cf_pg_pool_give(pool, conn);
    if (!mark.xid[0])
        return rc;

    *ret_is_again = false;
    switch (find_outcome(pool, &mark)) {
    case OUTCOME_COMMITTED:
        return CF_OK;
    case OUTCOME_UNDONE:
        *ret_is_again = true;
        return rc;
    default:
        return cf_fail(err, CF_E_STORE_BUSY,
                       "store %s: the database server was lost during a commit, and whether it was "
                       "made is not known; see that the server runs",
                       pool->place->name);
    }
}

/* Not for the same time as whoever it met. */
static void
pause_before(int n_attempts)
{
    unsigned jitter = 0;

    if (getrandom(&jitter, sizeof jitter, GRND_NONBLOCK) < 0)
        jitter = 0;
    long ms = n_attempts * (TURN_MS + (long)(jitter % TURN_MS));
    const struct timespec turn = {.tv_nsec = ms * 1000000L};
    (void)nanosleep(&turn, NULL);
}

enum cf_rc
cf_pg_transact(struct cf_pg_pool *pool, cf_write_fn *fn, void *arg, struct cf_err *err)
{
    enum cf_rc rc = CF_E_BUG;

    for (int i = 0; i < ATTEMPTS; i++) {
        bool is_again = false;

        rc = attempt(pool, fn, arg, &is_again, err);
        if (!is_again || cf_stop_is_set(pool->place->stop_flag))
            break;
        pause_before(i + 1);
    }
    return rc;
}
