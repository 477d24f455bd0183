/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_query - the statements of query.h on PostgreSQL: prepared, with binary values. */
#include <endian.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/text.h"
#include "postgres_conn.h"
#include "postgres_sql.h"

/* Types as the server numbers them, for good. */
enum {
    TYPE_BOOL = 16,
    TYPE_BYTEA = 17,
    TYPE_INT8 = 20,
    TYPE_INT2 = 21,
    TYPE_INT4 = 23,
    TYPE_TEXT = 25,
    TYPE_UNKNOWN = 705
};
enum { VALUES_MAX = 48 };

struct statement {
    Oid type[VALUES_MAX];
    const char *data[VALUES_MAX];
    int len[VALUES_MAX];
    int format[VALUES_MAX];
    uint64_t number[VALUES_MAX];
    char *mended[VALUES_MAX];
    int n;
    PGresult *result; /* NULL: not run yet */
    int row;
};

static const char USING[] = "using it";

static struct cf_pg_conn *
conn_of(const struct cf_query *q)
{
    return (struct cf_pg_conn *)q->conn;
}

static struct statement *
stmt_of(const struct cf_query *q)
{
    return (struct statement *)q->stmt;
}

static enum cf_rc
init(struct cf_query *q, struct cf_err *err)
{
    q->stmt = calloc(1, sizeof(struct statement));
    return q->stmt ? CF_OK : cf_fail_oom(err);
}

static void
done(struct cf_query *q)
{
    struct statement *stmt = stmt_of(q);

    PQclear(stmt->result);
    for (int i = 0; i < stmt->n; i++)
        free(stmt->mended[i]);
    free(stmt);
}

static void
put(struct cf_query *q, int at, Oid type, const void *data, size_t len)
{
    struct statement *stmt = stmt_of(q);

    if (at >= VALUES_MAX || len > INT_MAX) {
        cf_query_keep(q, CF_E_BUG, 0);
        return;
    }
    stmt->type[at] = type;
    stmt->data[at] = (const char *)data;
    stmt->len[at] = (int)len;
    stmt->format[at] = 1;
    if (at >= stmt->n)
        stmt->n = at + 1;
}

static void
put_i64(struct cf_query *q, int at, int64_t value)
{
    if (at < VALUES_MAX)
        stmt_of(q)->number[at] = htobe64((uint64_t)value);
    put(q, at, TYPE_INT8, at < VALUES_MAX ? &stmt_of(q)->number[at] : NULL, sizeof value);
}

/* The server takes no text that is not UTF-8. What a peer said wrongly must not keep an item from
 * being written. */
static const char *
mend(struct cf_query *q, int at, const char *text, size_t len)
{
    char *copy = malloc(len + 1);

    if (!copy || at >= VALUES_MAX) {
        free(copy);
        cf_query_keep(q, CF_E_OOM, 0);
        return "";
    }
    cf_text_sanitize(text, len, copy, len + 1);
    free(stmt_of(q)->mended[at]);
    stmt_of(q)->mended[at] = copy;
    return copy;
}

static void
put_text(struct cf_query *q, int at, const char *text)
{
    size_t len = text ? strlen(text) : 0;

    if (text && !cf_text_is_utf8(text, len)) {
        text = mend(q, at, text, len);
        len = strlen(text);
    }
    put(q, at, TYPE_TEXT, text, len);
}

static void
put_bytes(struct cf_query *q, int at, const void *data, size_t n)
{
    put(q, at, TYPE_BYTEA, data, n);
}

static enum cf_rc
prepare(struct cf_query *q, const char *name, bool is_insert, struct cf_err *err)
{
    struct cf_pg_conn *conn = conn_of(q);
    struct statement *stmt = stmt_of(q);
    char text[CF_PG_SQL_MAX];

    CF_TRY(cf_pg_sql(q->sql, is_insert, text, err));
    bool is_sent = PQsendPrepare(conn->pg, name, text, stmt->n, stmt->type) == 1;
    CF_TRY(cf_pg_conn_finish(conn, is_sent, "preparing a statement", NULL, err));
    conn->is_prepared[q->sql] = true;
    return CF_OK;
}

static enum cf_rc
execute(struct cf_query *q, bool is_insert, struct cf_err *err)
{
    struct cf_pg_conn *conn = conn_of(q);
    struct statement *stmt = stmt_of(q);
    char name[16];

    (void)snprintf(name, sizeof name, "s%d", (int)q->sql);
    if (!conn->is_prepared[q->sql])
        CF_TRY(prepare(q, name, is_insert, err));
    bool is_sent =
        PQsendQueryPrepared(conn->pg, name, stmt->n, stmt->data, stmt->len, stmt->format, 1) == 1;
    return cf_pg_conn_finish(conn, is_sent, USING, &stmt->result, err);
}

static enum cf_rc
step(struct cf_query *q, bool *ret_has_row, struct cf_err *err)
{
    struct statement *stmt = stmt_of(q);

    if (stmt->result)
        stmt->row++;
    else
        CF_TRY(execute(q, false, err));
    *ret_has_row = stmt->row < PQntuples(stmt->result);
    return CF_OK;
}

static int64_t
changes(const struct cf_query *q)
{
    const struct statement *stmt = stmt_of(q);

    return stmt->result ? strtoll(PQcmdTuples(stmt->result), NULL, 10) : 0;
}

static enum cf_rc
insert(struct cf_query *q, bool *ret_is_taken, struct cf_err *err)
{
    CF_TRY(execute(q, true, err));
    *ret_is_taken = changes(q) == 0;
    return CF_OK;
}

/* NULL for NULL, and for what is not of this type. */
static const char *
value_at(struct cf_query *q, int at, bool (*is_type)(Oid type))
{
    const struct statement *stmt = stmt_of(q);
    const PGresult *result = stmt->result;

    if (!result || at >= PQnfields(result) || stmt->row >= PQntuples(result)) {
        cf_query_keep(q, CF_E_BUG, 0);
        return NULL;
    }
    if (PQgetisnull(result, stmt->row, at))
        return NULL;
    if (!is_type(PQftype(result, at)) || PQfformat(result, at) != 1) {
        cf_query_keep(q, CF_E_STORE_CORRUPT, 0);
        return NULL;
    }
    return PQgetvalue(result, stmt->row, at);
}

static bool
is_number(Oid type)
{
    return type == TYPE_INT8 || type == TYPE_INT4 || type == TYPE_INT2 || type == TYPE_BOOL;
}

static bool
is_text(Oid type)
{
    return type == TYPE_TEXT || type == TYPE_UNKNOWN;
}

static bool
is_bytea(Oid type)
{
    return type == TYPE_BYTEA;
}

static int64_t
get_i64(struct cf_query *q, int at)
{
    const char *data = value_at(q, at, is_number);
    uint64_t n8;
    uint32_t n4;
    uint16_t n2;

    if (!data)
        return 0;
    switch (PQgetlength(stmt_of(q)->result, stmt_of(q)->row, at)) {
    case sizeof n8:
        memcpy(&n8, data, sizeof n8);
        return (int64_t)be64toh(n8);
    case sizeof n4:
        memcpy(&n4, data, sizeof n4);
        return (int32_t)be32toh(n4);
    case sizeof n2:
        memcpy(&n2, data, sizeof n2);
        return (int16_t)be16toh(n2);
    case 1:
        return data[0];
    default:
        cf_query_keep(q, CF_E_STORE_CORRUPT, 0);
        return 0;
    }
}

/* The statement returns it. */
static int64_t
new_id(struct cf_query *q)
{
    return get_i64(q, 0);
}

static const char *
get_text(struct cf_query *q, int at)
{
    const char *text = value_at(q, at, is_text);
    const struct statement *stmt = stmt_of(q);

    /* libpq ends each value with a NUL. */
    if (text && strlen(text) != (size_t)PQgetlength(stmt->result, stmt->row, at)) {
        cf_query_keep(q, CF_E_STORE_CORRUPT, 0);
        return NULL;
    }
    return text;
}

static const void *
get_bytes(struct cf_query *q, int at, size_t *ret_n)
{
    const void *data = value_at(q, at, is_bytea);

    if (data)
        *ret_n = (size_t)PQgetlength(stmt_of(q)->result, stmt_of(q)->row, at);
    return data;
}

static enum cf_rc
fail_kept(const struct cf_query *q, struct cf_err *err)
{
    const char *name = conn_of(q)->place->name;

    switch (q->kept) {
    case CF_E_OOM:
        return cf_fail_oom(err);
    case CF_E_STORE_CORRUPT:
        return cf_fail(err, CF_E_STORE_CORRUPT,
                       "store %s: a row holds what this program does not write; stop the services "
                       "that use it and restore a backup",
                       name);
    default:
        return cf_fail(err, CF_E_BUG, "store %s: statement %d does not fit its values", name,
                       (int)q->sql);
    }
}

/* The schema's name keeps stores apart that share a database. */
static enum cf_rc
lock(struct cf_conn *conn, const char *area, const char *name, struct cf_err *err)
{
    const char *const texts[] = {area, name};

    return cf_pg_conn_ask((struct cf_pg_conn *)conn,
                          "SELECT pg_advisory_xact_lock(hashtextextended("
                          "concat_ws(':', 'certferry', current_schema(), $1::text, $2::text), 0))",
                          texts, 2, "locking", NULL, err);
}

const struct cf_conn_ops CF_PG_CONN_OPS = {
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
