/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_pool - HTTP clients that are lent to one call each.
 *
 * A client keeps its connection between calls. One whose call failed is thrown away: the next is
 * made with the files (proxy password, client certificate) as they are then.
 */
#include "certferry/file.h"

#include "parts.h"
#include "wire.h"

enum { IDLE_MAX = 16, PASSWORD_MAX = 1024 };

struct cf_http_pool {
    pthread_mutex_t lock;
    const struct cf_cloud_settings *settings;
    const volatile int *stop_flag;
    struct cf_http *idle[IDLE_MAX];
    size_t n_idle;
    const struct cf_clock *clock;
    int64_t ahead_s; /* of the last answer that told a date */
    bool has_date;
};

enum cf_rc
cf_http_pool_new(const struct cf_cloud_settings *settings, const struct cf_clock *clock,
                 const volatile int *stop_flag, struct cf_http_pool **ret_pool, struct cf_err *err)
{
    struct cf_http_pool *pool = calloc(1, sizeof *pool);

    if (!pool || pthread_mutex_init(&pool->lock, NULL) != 0) {
        free(pool);
        return cf_fail_oom(err);
    }
    pool->settings = settings;
    pool->clock = clock;
    pool->stop_flag = stop_flag;
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

static enum cf_rc
new_client(struct cf_http_pool *pool, struct cf_http **ret_http, struct cf_err *err)
{
    const struct cf_cloud_settings *settings = pool->settings;
    cf_own(cf_secret) password = NULL;

    if (settings->proxy && settings->proxy_password_file) {
        if (cf_file_read_secret(settings->proxy_password_file, PASSWORD_MAX, &password, err) !=
            CF_OK)
            return cf_wire_blame_settings(err);
        cf_file_trim_newline(password);
    }
    bool uses_certificate = settings->auth == CF_AUTH_TLS;
    struct cf_http_options options = {
        .ca_file = settings->ca_file,
        .client_cert_file = uses_certificate ? settings->tls_cert_file : NULL,
        .client_key_file = uses_certificate ? settings->tls_key_file : NULL,
        .proxy = settings->proxy,
        .proxy_user = settings->proxy_user,
        .proxy_password = password,
        .connect_timeout_ms = settings->connect_timeout_ms,
        .response_max = CF_CLOUD_ANSWER_MAX,
        .stop_flag = pool->stop_flag,
    };
    return cf_http_new(&options, ret_http, err);
}

static struct cf_http *
take_idle(struct cf_http_pool *pool)
{
    struct cf_http *http = NULL;

    (void)pthread_mutex_lock(&pool->lock);
    if (pool->n_idle > 0)
        http = pool->idle[--pool->n_idle];
    (void)pthread_mutex_unlock(&pool->lock);
    return http;
}

static void
give_idle(struct cf_http_pool *pool, struct cf_http **http)
{
    (void)pthread_mutex_lock(&pool->lock);
    if (pool->n_idle < IDLE_MAX)
        pool->idle[pool->n_idle++] = cf_give(*http);
    (void)pthread_mutex_unlock(&pool->lock);
}

static void
note_date(struct cf_http_pool *pool, int64_t date_s)
{
    if (date_s == 0)
        return;
    (void)pthread_mutex_lock(&pool->lock);
    pool->ahead_s = date_s - cf_clock_now_ms(pool->clock) / 1000;
    pool->has_date = true;
    (void)pthread_mutex_unlock(&pool->lock);
}

bool
cf_http_pool_clock_ahead(struct cf_http_pool *pool, int64_t *ret_s)
{
    (void)pthread_mutex_lock(&pool->lock);
    bool has_date = pool->has_date;
    *ret_s = pool->ahead_s;
    (void)pthread_mutex_unlock(&pool->lock);
    return has_date;
}

enum cf_rc
cf_http_pool_send(struct cf_http_pool *pool, const struct cf_http_request *request,
                  struct cf_http_response *ret_response, struct cf_err *err)
{
    cf_own(cf_http) http = take_idle(pool);

    if (!http)
        CF_TRY(new_client(pool, &http, err));
    if (cf_http_send(http, request, ret_response, err) != CF_OK)
        return cf_wire_blame_peer(err); /* an answer over the limit is refused whole */
    note_date(pool, ret_response->date_s);
    give_idle(pool, &http);
    return CF_OK;
}
