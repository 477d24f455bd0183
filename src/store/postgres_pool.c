/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres_pool.h"

#include <time.h>

#include "certferry/stop.h"

enum { TAKE_MS = 15000, DOWN_MS = 500 };

void
cf_pg_pool_init(struct cf_pg_pool *pool, const struct cf_pg_place *place, unsigned max)
{
    pthread_condattr_t attr;

    pool->place = place;
    pool->max = max;
    pthread_mutex_init(&pool->mutex, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->freed, &attr);
    (void)pthread_condattr_destroy(&attr);
}

void
cf_pg_pool_done(struct cf_pg_pool *pool)
{
    if (!pool->place)
        return;
    while (pool->idle) {
        struct cf_pg_conn *conn = pool->idle;
        pool->idle = conn->next;
        (void)cf_pg_conn_free(conn);
    }
    pthread_cond_destroy(&pool->freed);
    pthread_mutex_destroy(&pool->mutex);
    *pool = (struct cf_pg_pool){0};
}

static void
wait_a_turn(struct cf_pg_pool *pool)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += CF_STOP_POLL_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    (void)pthread_cond_timedwait(&pool->freed, &pool->mutex, &until);
}

/* Called with the mutex held. *ret_conn is NULL when the caller has to make one. */
static enum cf_rc
take_place(struct cf_pg_pool *pool, struct cf_pg_conn **ret_conn, struct cf_err *err)
{
    int64_t until_ms = cf_pg_now_ms() + TAKE_MS;

    while (!pool->idle && pool->n_open >= pool->max) {
        if (cf_pg_now_ms() >= until_ms || cf_stop_is_set(pool->place->stop_flag))
            return cf_fail(err, CF_E_STORE_BUSY,
                           "store %s: all %u connections are in use; the database server is too "
                           "slow for this load",
                           pool->place->name, pool->max);
        wait_a_turn(pool);
    }
    *ret_conn = pool->idle;
    if (pool->idle)
        pool->idle = pool->idle->next;
    else
        pool->n_open++;
    return CF_OK;
}

static void
give_place(struct cf_pg_pool *pool)
{
    pool->n_open--;
    pthread_cond_signal(&pool->freed);
}

/* Nobody answered a moment ago: *ret_err says what was said then. */
static bool
is_down(struct cf_pg_pool *pool, struct cf_err *ret_err)
{
    pthread_mutex_lock(&pool->mutex);
    bool is_so = cf_pg_now_ms() < pool->down_until_ms;
    if (is_so)
        *ret_err = pool->down_err;
    pthread_mutex_unlock(&pool->mutex);
    return is_so;
}

static enum cf_rc
make(struct cf_pg_pool *pool, struct cf_pg_conn **ret_conn, struct cf_err *err)
{
    struct cf_err own = {0};
    bool is_old = is_down(pool, &own);

    if (!is_old && cf_pg_conn_new(pool->place, ret_conn, &own) == CF_OK)
        return CF_OK;
    pthread_mutex_lock(&pool->mutex);
    if (!is_old) {
        pool->down_until_ms = cf_pg_now_ms() + DOWN_MS;
        pool->down_err = own;
    }
    give_place(pool);
    pthread_mutex_unlock(&pool->mutex);
    if (err)
        *err = own;
    return cf_never_ok_(own.rc);
}

enum cf_rc
cf_pg_pool_take(struct cf_pg_pool *pool, struct cf_pg_conn **ret_conn, struct cf_err *err)
{
    struct cf_pg_conn *conn = NULL;

    pthread_mutex_lock(&pool->mutex);
    enum cf_rc rc = take_place(pool, &conn, err);
    pthread_mutex_unlock(&pool->mutex);
    CF_TRY(rc);
    if (conn && !cf_pg_conn_is_alive(conn))
        conn = cf_pg_conn_free(conn);
    if (!conn)
        CF_TRY(make(pool, &conn, err));
    conn->next = NULL;
    conn->effect = CF_PG_PLAIN;
    *ret_conn = conn;
    return CF_OK;
}

void
cf_pg_pool_give(struct cf_pg_pool *pool, struct cf_pg_conn *conn)
{
    bool is_lost = cf_pg_conn_is_lost(conn) || PQtransactionStatus(conn->pg) != PQTRANS_IDLE;

    if (is_lost)
        conn = cf_pg_conn_free(conn);
    pthread_mutex_lock(&pool->mutex);
    if (is_lost) {
        give_place(pool);
    } else {
        conn->next = pool->idle;
        pool->idle = conn;
        pthread_cond_signal(&pool->freed);
    }
    pthread_mutex_unlock(&pool->mutex);
}
