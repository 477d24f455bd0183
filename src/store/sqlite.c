/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite - opening, closing, and the table of operations. */
#include "sqlite.h"

#include <stdlib.h>
#include <string.h>

#include "migrate.h"
#include "place.h"

static struct cf_sqlite *
cf_sqlite_free(struct cf_sqlite *self)
{
    if (!self)
        return NULL;
    cf_sqlite_conn_done(&self->reader);
    /* Last: closing the last connection empties the log into the file. */
    cf_writer_done(&self->writer);
    pthread_mutex_destroy(&self->read_mutex);
    free(self->path);
    free(self);
    return NULL;
}
CF_DEFINE_OWN(cf_sqlite);

static enum cf_rc
sqlite_write(struct cf_store *store, cf_write_fn *fn, void *arg, struct cf_err *err)
{
    return cf_writer_run(&cf_sqlite_of(store)->writer, fn, arg, err);
}

static enum cf_rc
sqlite_read(struct cf_store *store, cf_write_fn *fn, void *arg, struct cf_err *err)
{
    struct cf_sqlite *self = cf_sqlite_of(store);

    pthread_mutex_lock(&self->read_mutex);
    enum cf_rc rc = fn(&self->reader.conn, arg, err);
    pthread_mutex_unlock(&self->read_mutex);
    return rc;
}

static enum cf_rc
sqlite_open(const struct cf_store_options *options, struct cf_store **ret_store, struct cf_err *err)
{
    cf_own(cf_sqlite) self = calloc(1, sizeof *self);
    if (!self)
        return cf_fail_oom(err);
    cf_writer_init(&self->writer);
    pthread_mutex_init(&self->read_mutex, NULL);
    self->op = (struct cf_op_store){.store = {&cf_store_sqlite},
                                    .clock = options->clock,
                                    .write = sqlite_write,
                                    .read = sqlite_read};
    self->path = strdup(options->path);
    if (!self->path)
        return cf_fail_oom(err);

    CF_TRY(cf_place_prepare(self->path, err));
    struct cf_sqlite_conn *writer = &self->writer.conn;
    CF_TRY(cf_sqlite_conn_open(writer, self->path, options->stop_flag, err));
    /* Before anything is changed: the file may not be ours. */
    CF_TRY(cf_migrate_check(writer, CF_N_MIGRATIONS, err));
    CF_TRY(cf_sqlite_conn_tune(writer, err));
    CF_TRY(cf_migrate(writer, CF_MIGRATIONS, CF_N_MIGRATIONS, err));
    CF_TRY(cf_sqlite_conn_open(&self->reader, self->path, options->stop_flag, err));
    CF_TRY(cf_sqlite_conn_tune(&self->reader, err));

    *ret_store = &cf_give(self)->op.store;
    return CF_OK;
}

static void
sqlite_close(struct cf_store *store)
{
    if (store)
        (void)cf_sqlite_free(cf_sqlite_of(store));
}

/* Rows that are deleted are overwritten in the file, but the log keeps their earlier pages until
 * it is used again: a sealed key would lie there for as long as nothing happens. */
static enum cf_rc
sqlite_tidy(struct cf_store *store, struct cf_err *err)
{
    struct cf_sqlite *self = cf_sqlite_of(store);

    pthread_mutex_lock(&self->read_mutex);
    enum cf_rc rc = cf_writer_empty_log(&self->writer, err);
    pthread_mutex_unlock(&self->read_mutex);
    return rc;
}

const struct cf_store_ops cf_store_sqlite = {
    .name = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .tidy = sqlite_tidy,
    .check = cf_sqlite_check,
    CF_OPS,
};
