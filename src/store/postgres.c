/* SPDX-License-Identifier: Apache-2.0 */
/* postgres - opening, closing, and the table of operations. */
#include "postgres.h"

#include <stdlib.h>

enum { CONNECTIONS = 8 };

static struct cf_postgres *
cf_postgres_free(struct cf_postgres *self)
{
    if (!self)
        return NULL;
    cf_pg_pool_done(&self->pool);
    cf_pg_session_done(&self->session);
    cf_pg_place_done(&self->place);
    free(self);
    return NULL;
}
CF_DEFINE_OWN(cf_postgres);

static enum cf_rc
postgres_write(struct cf_store *store, cf_write_fn *fn, void *arg, struct cf_err *err)
{
    struct cf_postgres *self = cf_postgres_of(store);

    CF_TRY(cf_pg_session_check(&self->session, err));
    return cf_pg_transact(&self->pool, fn, arg, err);
}

static enum cf_rc
postgres_read(struct cf_store *store, cf_write_fn *fn, void *arg, struct cf_err *err)
{
    struct cf_postgres *self = cf_postgres_of(store);
    struct cf_pg_conn *conn = NULL;

    CF_TRY(cf_pg_pool_take(&self->pool, &conn, err));
    enum cf_rc rc = fn(&conn->conn, arg, err);
    cf_pg_pool_give(&self->pool, conn);
    return rc;
}

static enum cf_rc
postgres_open(const struct cf_store_options *options, struct cf_store **ret_store,
              struct cf_err *err)
{
    cf_own(cf_postgres) self = calloc(1, sizeof *self);
    if (!self)
        return cf_fail_oom(err);

    self->op = (struct cf_op_store){.store = {&cf_store_postgres},
                                    .clock = options->clock,
                                    .write = postgres_write,
                                    .read = postgres_read};
    CF_TRY(cf_pg_place_init(&self->place, options, err));
    cf_pg_pool_init(&self->pool, &self->place,
                    options->connections > 0 ? options->connections : CONNECTIONS);
    CF_TRY(cf_pg_session_open(&self->session, &self->place, options->owner, err));

    *ret_store = &cf_give(self)->op.store;
    return CF_OK;
}

static void
postgres_close(struct cf_store *store)
{
    if (store)
        (void)cf_postgres_free(cf_postgres_of(store));
}

/* Marks of connections that are long gone. Rows that are deleted leave the files when the server
 * vacuums, which it does by itself. */
static enum cf_rc
postgres_tidy(struct cf_store *store, struct cf_err *err)
{
    struct cf_postgres *self = cf_postgres_of(store);
    struct cf_pg_conn *conn = NULL;

    CF_TRY(cf_pg_pool_take(&self->pool, &conn, err));
    enum cf_rc rc = cf_pg_conn_run(
        conn, "DELETE FROM commit_mark WHERE at < now() - interval '1 day'", "tidying", NULL, err);
    cf_pg_pool_give(&self->pool, conn);
    return rc;
}

const struct cf_store_ops cf_store_postgres = {
    .name = "postgres",
    .open = postgres_open,
    .close = postgres_close,
    .tidy = postgres_tidy,
    .check = cf_postgres_check,
    CF_OPS,
};
