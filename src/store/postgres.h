/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres - the store in a database that several nodes share.
 *
 * Each operation is a transaction on a connection of its own; the server lets their commits share
 * syncs. Rows that are looked at in order to be written are locked (postgres_sql.c).
 */
#pragma once

#include "op.h"
#include "postgres_pool.h"
#include "postgres_session.h"

struct cf_postgres {
    struct cf_op_store op; /* first: the operations' and the callers' view */
    struct cf_pg_place place;
    struct cf_pg_session session;
    struct cf_pg_pool pool;
};

static inline struct cf_postgres *
cf_postgres_of(struct cf_store *store)
{
    return (struct cf_postgres *)store;
}

enum cf_rc cf_postgres_check(struct cf_store *store, cf_finding_fn *report, void *arg,
                             struct cf_err *err);

/* Runs fn in a transaction of this pool's, again when it was undone for another's sake. */
CF_MUST_USE enum cf_rc cf_pg_transact(struct cf_pg_pool *pool, cf_write_fn *fn, void *arg,
                                      struct cf_err *err);
