/* SPDX-License-Identifier: Apache-2.0 */
/* pool - connections between two uses. The lock is held only for the array. */
#include "parts.h"

void
cf_ldap_pool_init(struct cf_ldap_pool *pool)
{
    *pool = (struct cf_ldap_pool){0};
    pthread_mutex_init(&pool->lock, NULL);
}

static struct cf_ldap_conn *
pop(struct cf_ldap_pool *pool)
{
    struct cf_ldap_conn *conn = NULL;

    pthread_mutex_lock(&pool->lock);
    if (pool->n_idle > 0)
        conn = pool->idle[--pool->n_idle];
    pthread_mutex_unlock(&pool->lock);
    return conn;
}

void
cf_ldap_pool_drain(struct cf_ldap_pool *pool)
{
    struct cf_ldap_conn *conn;

    while ((conn = pop(pool)))
        cf_ldap_conn_free(conn);
}

void
cf_ldap_pool_done(struct cf_ldap_pool *pool)
{
    cf_ldap_pool_drain(pool);
    pthread_mutex_destroy(&pool->lock);
}

enum cf_rc
cf_ldap_pool_take(struct cf_ldap *ldap, struct cf_ldap_conn **ret_conn, struct cf_err *err)
{
    struct cf_ldap_conn *conn;

    while ((conn = pop(&ldap->pool))) {
        int64_t idle_ms = cf_clock_monotonic_ms(cf_clock_real()) - conn->idle_since_ms;
        if (idle_ms < CF_LDAP_IDLE_MS) {
            conn->was_idle = true;
            *ret_conn = conn;
            return CF_OK;
        }
        cf_ldap_conn_free(conn);
    }
    return cf_ldap_connect(ldap, ret_conn, err);
}

void
cf_ldap_pool_give(struct cf_ldap *ldap, struct cf_ldap_conn *take_conn)
{
    if (!take_conn->is_lost) {
        take_conn->idle_since_ms = cf_clock_monotonic_ms(cf_clock_real());
        pthread_mutex_lock(&ldap->pool.lock);
        if (ldap->pool.n_idle < CF_LDAP_IDLE_MAX)
            ldap->pool.idle[ldap->pool.n_idle++] = cf_give(take_conn);
        pthread_mutex_unlock(&ldap->pool.lock);
    }
    cf_ldap_conn_free(take_conn);
}
