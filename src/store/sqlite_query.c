/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_query - the statements of query.h on SQLite. */
#include <errno.h>
#include <string.h>

#include "sqlite_conn.h"

static const char WRITING[] = "writing";
static const char READING[] = "reading";

static struct cf_sqlite_conn *
conn_of(const struct cf_query *q)
{
    return (struct cf_sqlite_conn *)q->conn;
}

static sqlite3_stmt *
stmt_of(const struct cf_query *q)
{
    return (sqlite3_stmt *)q->stmt;
}

static enum cf_rc
query_fail(const struct cf_query *q, int code, struct cf_err *err)
{
    bool is_reading = sqlite3_column_count(stmt_of(q)) > 0 && sqlite3_stmt_readonly(stmt_of(q));

    return cf_sqlite_conn_fail(conn_of(q), code, is_reading ? READING : WRITING, err);
}

static enum cf_rc
init(struct cf_query *q, struct cf_err *err)
{
    struct cf_sqlite_conn *conn = conn_of(q);
    sqlite3_stmt **stmt = &conn->stmt[q->sql];

    if (!*stmt) {
        errno = 0;
        int code = sqlite3_prepare_v3(conn->db, CF_SQL_TEXT[q->sql], -1, SQLITE_PREPARE_PERSISTENT,
                                      stmt, NULL);
        if (code != SQLITE_OK)
            return cf_sqlite_conn_fail(conn, code, "preparing a statement", err);
    }
    q->stmt = *stmt;
    return CF_OK;
}

static void
done(struct cf_query *q)
{
    /* A statement that is not reset keeps its snapshot, and then the log cannot be emptied. */
    (void)sqlite3_reset(stmt_of(q));
    (void)sqlite3_clear_bindings(stmt_of(q));
}

static void
keep(struct cf_query *q, int code)
{
    if (code != SQLITE_OK)
        cf_query_keep(q, CF_E_STORE, code);
}

static void
put_i64(struct cf_query *q, int at, int64_t value)
{
    keep(q, sqlite3_bind_int64(stmt_of(q), at + 1, value));
}

static void
put_text(struct cf_query *q, int at, const char *text)
{
    keep(q, sqlite3_bind_text(stmt_of(q), at + 1, text, -1, SQLITE_STATIC));
}

static void
put_bytes(struct cf_query *q, int at, const void *data, size_t n)
{
    keep(q, sqlite3_bind_blob64(stmt_of(q), at + 1, data, n, SQLITE_STATIC));
}

static enum cf_rc
fail_kept(const struct cf_query *q, struct cf_err *err)
{
    switch (q->kept) {
    case CF_E_OOM:
        return query_fail(q, SQLITE_NOMEM, err);
    case CF_E_STORE_CORRUPT:
        return query_fail(q, SQLITE_CORRUPT, err);
    default:
        return query_fail(q, q->native, err);
    }
}

static enum cf_rc
step(struct cf_query *q, bool *ret_has_row, struct cf_err *err)
{
    errno = 0;
    int code = sqlite3_step(stmt_of(q));
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return query_fail(q, code, err);

    *ret_has_row = code == SQLITE_ROW;
    return CF_OK;
}

static enum cf_rc
insert(struct cf_query *q, bool *ret_is_taken, struct cf_err *err)
{
    errno = 0;
    int code = sqlite3_step(stmt_of(q));
    bool is_taken = code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY;
    if (code != SQLITE_DONE && !is_taken)
        return query_fail(q, code, err);

    *ret_is_taken = is_taken;
    return CF_OK;
}

static int64_t
changes(const struct cf_query *q)
{
    return sqlite3_changes64(conn_of(q)->db);
}

static int64_t
new_id(struct cf_query *q)
{
    return sqlite3_last_insert_rowid(conn_of(q)->db);
}

static int64_t
get_i64(struct cf_query *q, int at)
{
    return sqlite3_column_int64(stmt_of(q), at);
}

static const char *
get_text(struct cf_query *q, int at)
{
    const char *text = (const char *)sqlite3_column_text(stmt_of(q), at);

    if (!text && sqlite3_column_type(stmt_of(q), at) != SQLITE_NULL)
        cf_query_keep(q, CF_E_OOM, 0);
    return text;
}

static const void *
get_bytes(struct cf_query *q, int at, size_t *ret_n)
{
    if (sqlite3_column_type(stmt_of(q), at) == SQLITE_NULL)
        return NULL;
    const void *data = sqlite3_column_blob(stmt_of(q), at);
    *ret_n = (size_t)sqlite3_column_bytes(stmt_of(q), at);
    if (!data && *ret_n > 0)
        cf_query_keep(q, CF_E_OOM, 0);
    return data || *ret_n > 0 ? data : "";
}

/* BEGIN IMMEDIATE has locked everybody else out. */
static enum cf_rc
lock(struct cf_conn *conn, const char *area, const char *name, struct cf_err *err)
{
    (void)conn;
    (void)area;
    (void)name;
    (void)err;
    return CF_OK;
}

const struct cf_conn_ops CF_SQLITE_CONN_OPS = {
    .init = init,
    .done = done,
    .put_i64 = put_i64,
    .put_text = put_text,
    .put_bytes = put_bytes,
    .step = step,
    .insert = insert,
    .changes = changes,
    .new_id = new_id,
    .get_i64 = get_i64,
    .get_text = get_text,
    .get_bytes = get_bytes,
    .fail_kept = fail_kept,
    .lock = lock,
};
