/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"

#include <string.h>

enum cf_rc
cf_query_init(struct cf_query *q, struct cf_conn *conn, enum cf_sql sql, struct cf_err *err)
{
    *q = (struct cf_query){.conn = conn, .sql = sql};
    return conn->ops->init(q, err);
}

void
cf_query_done(struct cf_query *q)
{
    if (!q->stmt)
        return;
    q->conn->ops->done(q);
    q->stmt = NULL;
}

void
cf_query_keep(struct cf_query *q, enum cf_rc rc, int native)
{
    if (q->kept != CF_OK)
        return;
    q->kept = rc;
    q->native = native;
}

void
cf_query_put_i64(struct cf_query *q, int64_t value)
{
    q->conn->ops->put_i64(q, q->put_at++, value);
}

void
cf_query_put_text(struct cf_query *q, const char *text)
{
    q->conn->ops->put_text(q, q->put_at++, text);
}

void
cf_query_put_bytes(struct cf_query *q, struct cf_bytes bytes)
{
    /* A NULL pointer would be SQL's NULL. */
    q->conn->ops->put_bytes(q, q->put_at++, bytes.len > 0 ? (const void *)bytes.data : "",
                            bytes.len);
}

void
cf_query_put_buf(struct cf_query *q, const struct cf_buf *buf)
{
    if (buf)
        cf_query_put_bytes(q, cf_buf_bytes(buf));
    else
        q->conn->ops->put_bytes(q, q->put_at++, NULL, 0);
}

enum cf_rc
cf_query_ok(const struct cf_query *q, struct cf_err *err)
{
    return q->kept == CF_OK ? CF_OK : q->conn->ops->fail_kept(q, err);
}

enum cf_rc
cf_query_step(struct cf_query *q, bool *ret_has_row, struct cf_err *err)
{
    CF_TRY(cf_query_ok(q, err));
    CF_TRY(q->conn->ops->step(q, ret_has_row, err));
    q->get_at = 0;
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
    return q->conn->ops->insert(q, ret_is_taken, err);
}

int64_t
cf_query_changes(const struct cf_query *q)
{
    return q->conn->ops->changes(q);
}

int64_t
cf_query_new_id(struct cf_query *q)
{
    return q->conn->ops->new_id(q);
}

int64_t
cf_query_get_i64(struct cf_query *q)
{
    return q->conn->ops->get_i64(q, q->get_at++);
}

unsigned
cf_query_get_enum(struct cf_query *q, unsigned max)
{
    int64_t value = cf_query_get_i64(q);

    if (value >= 0 && value < (int64_t)max)
        return (unsigned)value;
    cf_query_keep(q, CF_E_STORE_CORRUPT, 0);
    return 0;
}

const char *
cf_query_peek_text(struct cf_query *q)
{
    return q->conn->ops->get_text(q, q->get_at++);
}

char *
cf_query_get_text(struct cf_query *q)
{
    const char *text = cf_query_peek_text(q);
    char *copy = text ? strdup(text) : NULL;

    if (text && !copy)
        cf_query_keep(q, CF_E_OOM, 0);
    return copy;
}

struct cf_buf *
cf_query_get_buf(struct cf_query *q)
{
    size_t n = 0;
    const void *data = q->conn->ops->get_bytes(q, q->get_at++, &n);

    if (!data)
        return NULL;
    struct cf_buf *copy = cf_buf_copy(cf_bytes_of(data, n));
    if (!copy)
        cf_query_keep(q, CF_E_OOM, 0);
    return copy;
}

enum cf_rc
cf_conn_lock(struct cf_conn *conn, const char *area, const char *name, struct cf_err *err)
{
    return conn->ops->lock(conn, area, name, err);
}
