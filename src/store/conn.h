/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn - one SQLite connection with its prepared statements, and what its errors mean.
 *
 * Not thread-safe: a connection is used by one thread at a time (writer.h, sqlite.c).
 */
#pragma once

#include <sqlite3.h>
#include <stdint.h>

#include "certferry/buf.h"
#include "certferry/err.h"
#include "sql.h"

struct cf_conn {
    sqlite3 *db;
    const char *path; /* borrowed, for texts */
    const volatile int *stop_flag;
    bool never_waits; /* a lock that another process holds is an error at once */
    sqlite3_stmt *stmt[CF_SQL_MAX_];
};

enum { CF_CONN_BUSY_MS = 5000 };

/* Opens an existing file. The connection is not ready for use before cf_conn_tune. */
CF_MUST_USE enum cf_rc cf_conn_open(struct cf_conn *conn, const char *path,
                                    const volatile int *stop_flag, struct cf_err *err);
/* WAL, full syncs, foreign keys, wiping of what is deleted. */
CF_MUST_USE enum cf_rc cf_conn_tune(struct cf_conn *conn, struct cf_err *err);
/* CF_E_STORE when the file is no longer the one that was opened, or its log is gone: what is
 * written then would be gone with the process. */
CF_MUST_USE enum cf_rc cf_conn_check_place(const struct cf_conn *conn, struct cf_err *err);
void cf_conn_done(struct cf_conn *conn); /* also after a failed or no cf_conn_open */

/* Maps an SQLite code; `what` says what was being done. */
enum cf_rc cf_conn_fail(const struct cf_conn *conn, int code, const char *what, struct cf_err *err);

/*
 * A statement in use. Values are put and columns got in their order in the text; a failure of
 * put or get is kept and comes out of the next step or cf_query_ok.
 *
 *     cf_own_query q = {0};
 *     CF_TRY(cf_query_init(&q, conn, CF_SQL_..., err));
 *     cf_query_put_i64(&q, id);
 *     CF_TRY(cf_query_run(&q, err));
 */
struct cf_query {
    struct cf_conn *conn;
    sqlite3_stmt *stmt;
    int put_at;
    int get_at;
    int code;
};

CF_MUST_USE enum cf_rc cf_query_init(struct cf_query *q, struct cf_conn *conn, enum cf_sql sql,
                                     struct cf_err *err);
void cf_query_done(struct cf_query *q);
#define cf_own_query __attribute__((cleanup(cf_query_done))) struct cf_query

/* What is put is borrowed until the query is done; NULL is put as SQL's NULL. */
void cf_query_put_i64(struct cf_query *q, int64_t value);
void cf_query_put_text(struct cf_query *q, const char *text);
void cf_query_put_buf(struct cf_query *q, const struct cf_buf *buf);

CF_MUST_USE enum cf_rc cf_query_step(struct cf_query *q, bool *ret_has_row, struct cf_err *err);
/* For statements without rows. */
CF_MUST_USE enum cf_rc cf_query_run(struct cf_query *q, struct cf_err *err);
/* As cf_query_run; a violated UNIQUE constraint is *ret_is_taken, not an error. */
CF_MUST_USE enum cf_rc cf_query_insert(struct cf_query *q, bool *ret_is_taken, struct cf_err *err);
int64_t cf_query_changes(const struct cf_query *q); /* rows changed by the last run */
int64_t cf_query_new_id(const struct cf_query *q);  /* of the row that was inserted last */

int64_t cf_query_get_i64(struct cf_query *q);
/* Below max, else the store is corrupt. */
unsigned cf_query_get_enum(struct cf_query *q, unsigned max);
char *cf_query_get_text(struct cf_query *q);         /* owned by the caller; NULL for NULL */
const char *cf_query_peek_text(struct cf_query *q);  /* until the next step */
struct cf_buf *cf_query_get_buf(struct cf_query *q); /* owned by the caller; NULL for NULL */
CF_MUST_USE enum cf_rc cf_query_ok(const struct cf_query *q, struct cf_err *err);
