/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite - the store in a file.
 *
 * Writes go through the writer's connection and reads through another one, so that a listing for
 * people does not wait for a sync.
 */
#pragma once

#include "op.h"
#include "writer.h"

struct cf_sqlite {
    struct cf_op_store op; /* first: the operations' and the callers' view */
    char *path;
    struct cf_writer writer;
    pthread_mutex_t read_mutex;
    struct cf_sqlite_conn reader;
};

static inline struct cf_sqlite *
cf_sqlite_of(struct cf_store *store)
{
    return (struct cf_sqlite *)store;
}

enum cf_rc cf_sqlite_check(struct cf_store *store, cf_finding_fn *report, void *arg,
                           struct cf_err *err);
