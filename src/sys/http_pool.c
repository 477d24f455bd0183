/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/http_pool.h"

#include <pthread.h>
#include <stdlib.h>

enum { IDLE_MAX = 16 };

struct cf_http_pool {
    pthread_mutex_t lock;
    cf_http_make_fn *make;
    const void *arg;
    struct cf_http *idle[IDLE_MAX];
    size_t n_idle;
};

enum cf_rc
cf_http_pool_new(cf_http_make_fn *make, const void *arg, struct cf_http_pool **ret_pool,
                 struct cf_err *err)
{
    struct cf_http_pool *pool = calloc(1, sizeof *pool);

    if (!pool || pthread_mutex_init(&pool->lock, NULL) != 0) {
        free(pool);
        return cf_fail_oom(err);
    }
    pool->make = make;
    pool->arg = arg;
    *ret_pool = pool;
    return CF_OK;
}

struct cf_http_pool *
cf_http_pool_free(struct cf_http_pool *pool)
{
    if (!pool)
        return NULL;
    for (size_t i = 0; i < pool->n_idle; i++)
        cf_http_free(pool->idle[i]);
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool);
    return NULL;
}

enum cf_rc
cf_http_pool_take(struct cf_http_pool *pool, struct cf_http **ret_http, struct cf_err *err)
{
    struct cf_http *http = NULL;

    (void)pthread_mutex_lock(&pool->lock);
    if (pool->n_idle > 0)
        http = pool->idle[--pool->n_idle];
    (void)pthread_mutex_unlock(&pool->lock);
    if (!http)
        return pool->make(pool->arg, ret_http, err);
    *ret_http = http;
    return CF_OK;
}

void
cf_http_pool_give(struct cf_http_pool *pool, struct cf_http **http)
{
    (void)pthread_mutex_lock(&pool->lock);
    if (pool->n_idle < IDLE_MAX)
        pool->idle[pool->n_idle++] = cf_give(*http);
    (void)pthread_mutex_unlock(&pool->lock);
}
