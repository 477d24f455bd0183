/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query - statements with typed values, whatever database they run on.
 *
 * The operations (op_*.c) are written against this; sqlite_query.c and postgres_query.c carry it
 * out. Not thread-safe: a connection is used by one thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "certferry/buf.h"
#include "certferry/err.h"
#include "sql.h"

/* A connection; each database's own has it as its first member. */
struct cf_conn {
    const struct cf_conn_ops *ops;
};

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
    void *stmt; /* the database's own; NULL: not in use */
    enum cf_sql sql;
    int put_at;
    int get_at;
    enum cf_rc kept; /* of put and get: CF_E_OOM, CF_E_STORE_CORRUPT; CF_E_STORE: see native */
    int native;
};

/* What a database does for a query. `at` counts from 0. */
struct cf_conn_ops {
    enum cf_rc (*init)(struct cf_query *q, struct cf_err *err); /* sets q->stmt */
    void (*done)(struct cf_query *q);
    void (*put_i64)(struct cf_query *q, int at, int64_t value);
    void (*put_text)(struct cf_query *q, int at, const char *text);            /* NULL: NULL */
    void (*put_bytes)(struct cf_query *q, int at, const void *data, size_t n); /* NULL: NULL */
    enum cf_rc (*step)(struct cf_query *q, bool *ret_has_row, struct cf_err *err);
    enum cf_rc (*insert)(struct cf_query *q, bool *ret_is_taken, struct cf_err *err);
    int64_t (*changes)(const struct cf_query *q);
    int64_t (*new_id)(struct cf_query *q);
    int64_t (*get_i64)(struct cf_query *q, int at);
    /* Borrowed until the next step; NULL for NULL. */
    const char *(*get_text)(struct cf_query *q, int at);
    const void *(*get_bytes)(struct cf_query *q, int at, size_t *ret_n);
    enum cf_rc (*fail_kept)(const struct cf_query *q, struct cf_err *err);
    enum cf_rc (*lock)(struct cf_conn *conn, const char *area, const char *name,
                       struct cf_err *err);
};

CF_MUST_USE enum cf_rc cf_query_init(struct cf_query *q, struct cf_conn *conn, enum cf_sql sql,
                                     struct cf_err *err);
void cf_query_done(struct cf_query *q);
#define cf_own_query __attribute__((cleanup(cf_query_done))) struct cf_query

/* What is put is borrowed until the query is done; NULL is put as SQL's NULL. One place of a
 * statement always takes the same type, also for NULL. */
void cf_query_put_i64(struct cf_query *q, int64_t value);
void cf_query_put_text(struct cf_query *q, const char *text);
void cf_query_put_buf(struct cf_query *q, const struct cf_buf *buf);
void cf_query_put_bytes(struct cf_query *q, struct cf_bytes bytes); /* never NULL */

CF_MUST_USE enum cf_rc cf_query_step(struct cf_query *q, bool *ret_has_row, struct cf_err *err);
/* For statements without rows. */
CF_MUST_USE enum cf_rc cf_query_run(struct cf_query *q, struct cf_err *err);
/* As cf_query_run, for an INSERT without ON CONFLICT and RETURNING; a violated UNIQUE constraint is
 * *ret_is_taken, not an error. */
CF_MUST_USE enum cf_rc cf_query_insert(struct cf_query *q, bool *ret_is_taken, struct cf_err *err);
int64_t cf_query_changes(const struct cf_query *q); /* rows changed by the last run */
int64_t cf_query_new_id(struct cf_query *q);        /* of the row that was inserted last */

int64_t cf_query_get_i64(struct cf_query *q); /* 0 for NULL */
/* Below max, else the store is corrupt. */
unsigned cf_query_get_enum(struct cf_query *q, unsigned max);
char *cf_query_get_text(struct cf_query *q);         /* owned by the caller; NULL for NULL */
const char *cf_query_peek_text(struct cf_query *q);  /* until the next step */
struct cf_buf *cf_query_get_buf(struct cf_query *q); /* owned by the caller; NULL for NULL */
CF_MUST_USE enum cf_rc cf_query_ok(const struct cf_query *q, struct cf_err *err);

/* Until the end of the transaction nobody else, on whatever node, holds this lock: for what looks
 * first and then writes what no constraint guards. At once where writers are alone anyway. */
CF_MUST_USE enum cf_rc cf_conn_lock(struct cf_conn *conn, const char *area, const char *name,
                                    struct cf_err *err);
/* A transaction's work. Runs on the thread of any caller, and again when it was undone for the sake
 * of another transaction. May be undone after it returned CF_OK: what it gives out is good only
 * when the transaction is committed. */
typedef enum cf_rc cf_write_fn(struct cf_conn *conn, void *arg, struct cf_err *err);

/* For databases: keeps the first failure of put or get. */
void cf_query_keep(struct cf_query *q, enum cf_rc rc, int native);
