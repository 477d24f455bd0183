/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres_pool - a few connections for many threads. Thread-safe.
 */
#pragma once

#include <pthread.h>

#include "postgres_conn.h"

struct cf_pg_pool {
    const struct cf_pg_place *place;
    unsigned max;
    pthread_mutex_t mutex;
    pthread_cond_t freed;
    struct cf_pg_conn *idle;
    unsigned n_open;        /* idle, in use, and being made */
    int64_t down_until_ms;  /* nobody answered: others need not try until then */
    struct cf_err down_err; /* what the first one got */
};

void cf_pg_pool_init(struct cf_pg_pool *pool, const struct cf_pg_place *place, unsigned max);
void cf_pg_pool_done(struct cf_pg_pool *pool); /* none is in use */
/* Waits for one to be given back when all are in use; makes one where there are fewer, or the other
 * side of an idle one has gone. CF_E_STORE_BUSY; else as cf_pg_connect. */
CF_MUST_USE enum cf_rc cf_pg_pool_take(struct cf_pg_pool *pool, struct cf_pg_conn **ret_conn,
                                       struct cf_err *err);
void cf_pg_pool_give(struct cf_pg_pool *pool, struct cf_pg_conn *conn); /* a lost one is closed */
