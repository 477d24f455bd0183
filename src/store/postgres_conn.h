/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres_conn - one connection with its prepared statements; every wait has an end.
 *
 * Not thread-safe: a connection is used by one thread at a time (postgres_pool.h).
 */
#pragma once

#include "certferry/text.h"
#include "postgres_error.h"
#include "query.h"

struct cf_pg_conn {
    struct cf_conn conn; /* first: the operations' view */
    const struct cf_pg_place *place;
    PGconn *pg;
    enum cf_pg_effect effect; /* of the last error since cf_pg_conn_forget */
    bool is_prepared[CF_SQL_MAX_];
    char name[CF_UUID_SIZE]; /* of its row in commit_mark */
    uint64_t n_commits;      /* the last one's number there */
    struct cf_pg_conn *next; /* pool */
};

extern const struct cf_conn_ops CF_PG_CONN_OPS; /* postgres_query.c */

/* Connects, and sets the session up: limits for statements and locks, commits that wait for the
 * disk. Errors as cf_pg_connect. */
CF_MUST_USE enum cf_rc cf_pg_conn_new(const struct cf_pg_place *place, struct cf_pg_conn **ret_conn,
                                      struct cf_err *err);
struct cf_pg_conn *cf_pg_conn_free(struct cf_pg_conn *conn);
CF_DEFINE_OWN(cf_pg_conn);

/* Looks at the socket without waiting: false when the other side has gone. */
bool cf_pg_conn_is_alive(struct cf_pg_conn *conn);
/* Nothing can be said on it any more. */
bool cf_pg_conn_is_lost(const struct cf_pg_conn *conn);

/* Runs one of our own fixed texts, several statements if need be, and gives the last result;
 * ret_result may be NULL. */
CF_MUST_USE enum cf_rc cf_pg_conn_run(struct cf_pg_conn *conn, const char *sql, const char *what,
                                      PGresult **ret_result, struct cf_err *err);
/* The same for one statement with texts as $1, $2, ... */
CF_MUST_USE enum cf_rc cf_pg_conn_ask(struct cf_pg_conn *conn, const char *sql,
                                      const char *const *texts, int n, const char *what,
                                      PGresult **ret_result, struct cf_err *err);
/* Takes the result of what was sent, which `is_sent` says; errors as above. */
CF_MUST_USE enum cf_rc cf_pg_conn_finish(struct cf_pg_conn *conn, bool is_sent, const char *what,
                                         PGresult **ret_result, struct cf_err *err);

static inline void
cf_pg_result_clear(PGresult **result)
{
    PQclear(*result);
}
#define cf_own_pg_result __attribute__((cleanup(cf_pg_result_clear))) PGresult *
