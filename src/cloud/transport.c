/* SPDX-License-Identifier: Apache-2.0 */
/* transport - how the cloud is reached, and what it says about the time of day. */
#include "certferry/file.h"
#include "certferry/http_pool.h"

#include "parts.h"
#include "wire.h"

enum { PASSWORD_MAX = 1024 };

struct cf_transport {
    struct cf_http_pool *pool;
    pthread_mutex_t lock;
    const struct cf_cloud_settings *settings;
    const volatile int *stop_flag;
    const struct cf_clock *clock;
    int64_t ahead_s; /* of the last answer that told a date */
    bool has_date;
};

static enum cf_rc
new_client(const void *arg, struct cf_http **ret_http, struct cf_err *err)
{
    const struct cf_transport *transport = arg;
    const struct cf_cloud_settings *settings = transport->settings;
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
        .stop_flag = transport->stop_flag,
    };
    return cf_http_new(&options, ret_http, err);
}

enum cf_rc
cf_transport_new(const struct cf_cloud_settings *settings, const struct cf_clock *clock,
                 const volatile int *stop_flag, struct cf_transport **ret_transport,
                 struct cf_err *err)
{
    struct cf_transport *transport = calloc(1, sizeof *transport);

    if (!transport || pthread_mutex_init(&transport->lock, NULL) != 0) {
        free(transport);
        return cf_fail_oom(err);
    }
    transport->settings = settings;
    transport->clock = clock;
    transport->stop_flag = stop_flag;
    enum cf_rc rc = cf_http_pool_new(new_client, transport, &transport->pool, err);
    if (rc == CF_OK)
        *ret_transport = transport;
    else
        cf_transport_free(transport);
    return rc;
}

struct cf_transport *
cf_transport_free(struct cf_transport *transport)
{
    if (!transport)
        return NULL;
    cf_http_pool_free(transport->pool);
    (void)pthread_mutex_destroy(&transport->lock);
    free(transport);
    return NULL;
}

static void
note_date(struct cf_transport *transport, int64_t date_s)
{
    if (date_s == 0)
        return;
    (void)pthread_mutex_lock(&transport->lock);
    transport->ahead_s = date_s - cf_clock_now_ms(transport->clock) / 1000;
    transport->has_date = true;
    (void)pthread_mutex_unlock(&transport->lock);
}

bool
cf_transport_clock_ahead(struct cf_transport *transport, int64_t *ret_s)
{
    (void)pthread_mutex_lock(&transport->lock);
    bool has_date = transport->has_date;
    *ret_s = transport->ahead_s;
    (void)pthread_mutex_unlock(&transport->lock);
    return has_date;
}

/* Of the thread and not of a call: a token may be fetched for several calls at once, and then it is
 * the one that fetches whose time counts. */
static _Thread_local int64_t deadline_ms;

void
cf_transport_set_deadline(int64_t monotonic_ms)
{
    deadline_ms = monotonic_ms;
}

/* Cuts the timeout to the time that is left. */
static enum cf_rc
bound(const struct cf_transport *transport, struct cf_http_request *request, struct cf_err *err)
{
    if (deadline_ms == 0)
        return CF_OK;
    int64_t left_ms = deadline_ms - cf_clock_monotonic_ms(transport->clock);
    if (left_ms <= 0)
        return cf_fail(err, CF_E_TIMEOUT, "no time is left for the call: the device waits");
    if (request->timeout_ms == 0 || (uint64_t)left_ms < request->timeout_ms)
        request->timeout_ms = (uint64_t)left_ms;
    return CF_OK;
}

enum cf_rc
cf_transport_send(struct cf_transport *transport, const struct cf_http_request *request,
                  struct cf_http_response *ret_response, struct cf_err *err)
{
    cf_own(cf_http) http = NULL;
    struct cf_http_request bounded = *request;

    CF_TRY(bound(transport, &bounded, err));
    CF_TRY(cf_http_pool_take(transport->pool, &http, err));
    if (cf_http_send(http, &bounded, ret_response, err) != CF_OK)
        return cf_wire_blame_peer(err); /* an answer over the limit is refused whole */
    note_date(transport, ret_response->date_s);
    cf_http_pool_give(transport->pool, &http);
    return CF_OK;
}
