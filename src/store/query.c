/* SPDX-License-Identifier: Apache-2.0 */
/* query - prepared statements with typed values. */
#include "conn.h"

#include <errno.h>
#include <string.h>

static const char WRITING[] = "writing";
static const char READING[] = "reading";

static enum cf_rc
query_fail(const struct cf_query *q, int code, struct cf_err *err)
{
    bool is_reading = sqlite3_column_count(q->stmt) > 0 && sqlite3_stmt_readonly(q->stmt);

    return cf_conn_fail(q->conn, code, is_reading ? READING : WRITING, err);
}

enum cf_rc
cf_query_init(struct cf_query *q, struct cf_conn *conn, enum cf_sql sql, struct cf_err *err)
{
    sqlite3_stmt **stmt = &conn->stmt[sql];

    if (!*stmt) {
        errno = 0;
        int code = sqlite3_prepare_v3(conn->db, CF_SQL_TEXT[sql], -1, SQLITE_PREPARE_PERSISTENT,
                                      stmt, NULL);
        if (code != SQLITE_OK)
            return cf_conn_fail(conn, code, "preparing a statement", err);
    }
    *q = (struct cf_query){.conn = conn, .stmt = *stmt, .put_at = 1};
    return CF_OK;
}

void
cf_query_done(struct cf_query *q)
{
    if (!q->stmt)
        return;
    /* A statement that is not reset keeps its snapshot, and then the log cannot be emptied. */
    (void)sqlite3_reset(q->stmt);
    (void)sqlite3_clear_bindings(q->stmt);
    q->stmt = NULL;
}

static void
keep(struct cf_query *q, int code)
{
    if (q->code == SQLITE_OK)
        q->code = code;
}

void
cf_query_put_i64(struct cf_query *q, int64_t value)
{
    keep(q, sqlite3_bind_int64(q->stmt, q->put_at++, value));
}

void
cf_query_put_text(struct cf_query *q, const char *text)
{
    keep(q, sqlite3_bind_text(q->stmt, q->put_at++, text, -1, SQLITE_STATIC));
}

void
cf_query_put_buf(struct cf_query *q, const struct cf_buf *buf)
{
    if (!buf) {
        keep(q, sqlite3_bind_null(q->stmt, q->put_at++));
        return;
    }
    struct cf_bytes bytes = cf_buf_bytes(buf);
    /* A NULL pointer would be SQL's NULL. */
    const void *data = bytes.len > 0 ? (const void *)bytes.data : "";
    keep(q, sqlite3_bind_blob64(q->stmt, q->put_at++, data, bytes.len, SQLITE_STATIC));
}

enum cf_rc
cf_query_ok(const struct cf_query *q, struct cf_err *err)
{
    return q->code == SQLITE_OK ? CF_OK : query_fail(q, q->code, err);
}

enum cf_rc
cf_query_step(struct cf_query *q, bool *ret_has_row, struct cf_err *err)
{
    CF_TRY(cf_query_ok(q, err));
    errno = 0;
    int code = sqlite3_step(q->stmt);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return query_fail(q, code, err);

    q->get_at = 0;
    *ret_has_row = code == SQLITE_ROW;
    return CF_OK;
}

enum cf_rc
cf_query_run(struct cf_query *q, struct cf_err *err)
{
    bool has_row = false;

    return cf_query_step(q, &has_row, err);
}

enum cf_rc
cf_query_insert(struct cf_query *q, bool *ret_is_taken, struct cf_err *err)
{
    CF_TRY(cf_query_ok(q, err));
    errno = 0;
    int code = sqlite3_step(q->stmt);
    if (code != SQLITE_DONE && code != SQLITE_CONSTRAINT_UNIQUE)
        return query_fail(q, code, err);

    *ret_is_taken = code == SQLITE_CONSTRAINT_UNIQUE;
    return CF_OK;
}

int64_t
cf_query_changes(const struct cf_query *q)
{
    return sqlite3_changes64(q->conn->db);
}

int64_t
cf_query_new_id(const struct cf_query *q)
{
    return sqlite3_last_insert_rowid(q->conn->db);
}

int64_t
cf_query_get_i64(struct cf_query *q)
{
    return sqlite3_column_int64(q->stmt, q->get_at++);
}

unsigned
cf_query_get_enum(struct cf_query *q, unsigned max)
{
    int64_t value = cf_query_get_i64(q);

    if (value >= 0 && value < (int64_t)max)
        return (unsigned)value;
    keep(q, SQLITE_CORRUPT);
    return 0;
}

const char *
cf_query_peek_text(struct cf_query *q)
{
    int at = q->get_at++;
    const char *text = (const char *)sqlite3_column_text(q->stmt, at);

    if (!text && sqlite3_column_type(q->stmt, at) != SQLITE_NULL)
        keep(q, SQLITE_NOMEM);
    return text;
}

char *
cf_query_get_text(struct cf_query *q)
{
    const char *text = cf_query_peek_text(q);
    char *copy = text ? strdup(text) : NULL;

    if (text && !copy)
        keep(q, SQLITE_NOMEM);
    return copy;
}

struct cf_buf *
cf_query_get_buf(struct cf_query *q)
{
    int at = q->get_at++;

    if (sqlite3_column_type(q->stmt, at) == SQLITE_NULL)
        return NULL;
    const void *data = sqlite3_column_blob(q->stmt, at);
    size_t len = (size_t)sqlite3_column_bytes(q->stmt, at);
    struct cf_buf *copy = data || len == 0 ? cf_buf_copy(cf_bytes_of(data ? data : "", len)) : NULL;

    if (!copy)
        keep(q, SQLITE_NOMEM);
    return copy;
}
