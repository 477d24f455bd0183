/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that the front door is made of, in the order in which it is opened. */
#include <string.h>
#include <time.h>

#include "operation.h"

enum { DRAIN_LOOK_MS = 20, NS_PER_MS = 1000 * 1000 };

struct cf_scep_server {
    struct cf_scep_front front;
};

static enum cf_rc
open_backend(struct cf_scep_front *front, struct cf_err *err)
{
    const struct cf_scep_backend_options options = {
        .socket = front->settings->socket,
        .stop_flag = cf_pool_stop_flag(front->pool),
    };

    CF_TRY(cf_scep_backend_new(&options, &front->backend, err));
    return cf_scep_profile_cache_new(front->backend, front->clock, &front->profiles, err);
}

static enum cf_rc
open_keys(struct cf_scep_front *front, const struct cf_scep_server_options *options,
          struct cf_err *err)
{
    const struct cf_scep_keyring_options keyring = {
        .settings = options->settings,
        .seal_key = options->ra_key,
        .pin = options->ra_pin,
        .backend = front->backend,
        .profiles = front->profiles,
        .clock = front->clock,
    };

    CF_TRY(cf_scep_keyring_new(&keyring, &front->keyring, err));
    return cf_scep_keeper_new(front->profiles, front->keyring, &front->keeper, err);
}

static enum cf_rc
open_http(struct cf_scep_front *front, const struct cf_scep_server_options *options,
          struct cf_err *err)
{
    const struct cf_scep_http_options http = {
        .settings = options->settings,
        .listeners = options->listeners,
        .begin = cf_scep_operation_begin,
        .arg = front,
    };

    return cf_scep_http_new(&http, &front->http, err);
}

static enum cf_rc
open_all(struct cf_scep_front *front, const struct cf_scep_server_options *options,
         struct cf_err *err)
{
    CF_TRY(open_backend(front, err));
    CF_TRY(open_keys(front, options, err));
    return open_http(front, options, err);
}

enum cf_rc
cf_scep_server_new(const struct cf_scep_server_options *options, struct cf_scep_server **ret_server,
                   struct cf_err *err)
{
    struct cf_scep_server *server = calloc(1, sizeof *server);

    if (!server)
        return cf_fail_oom(err);
    server->front.settings = options->settings;
    server->front.pool = options->pool;
    server->front.clock = options->clock;
    enum cf_rc rc = open_all(&server->front, options, err);
    if (rc != CF_OK) {
        /* The keeper may be in a call that only the stop flag ends. */
        cf_pool_stop(options->pool);
        cf_scep_server_free(server);
        return rc;
    }
    *ret_server = server;
    return CF_OK;
}

enum cf_rc
cf_scep_server_reload(struct cf_scep_server *server, struct cf_err *err)
{
    cf_scep_keeper_wake(server->front.keeper);
    return cf_scep_http_reload(server->front.http, err);
}

void
cf_scep_server_drain(struct cf_scep_server *server, uint64_t grace_ms)
{
    const struct timespec pause = {.tv_nsec = (long)DRAIN_LOOK_MS * NS_PER_MS};
    struct cf_scep_front *front = &server->front;
    int64_t until_ms = cf_clock_monotonic_ms(cf_clock_real()) + (int64_t)grace_ms;

    __atomic_store_n(&front->is_draining, 1, __ATOMIC_RELEASE);
    cf_scep_http_quiesce(front->http);
    while (__atomic_load_n(&front->n_waiting, __ATOMIC_ACQUIRE) > 0 &&
           cf_clock_monotonic_ms(cf_clock_real()) < until_ms)
        (void)nanosleep(&pause, NULL);
}

struct cf_scep_server *
cf_scep_server_free(struct cf_scep_server *server)
{
    if (!server)
        return NULL;

    struct cf_scep_front *front = &server->front;
    cf_scep_http_free(front->http);
    cf_scep_keeper_free(front->keeper);
    cf_scep_keyring_free(front->keyring);
    cf_scep_profile_cache_free(front->profiles);
    cf_scep_backend_free(front->backend);
    free(server);
    return NULL;
}

void
cf_scep_server_status(struct cf_scep_server *server, struct cf_scep_server_status *ret_status)
{
    struct cf_scep_front *front = &server->front;

    cf_scep_http_tidy(front->http);
    *ret_status = (struct cf_scep_server_status){
        .n_connections = cf_scep_http_n_connections(front->http),
        .n_waiting = __atomic_load_n(&front->n_waiting, __ATOMIC_RELAXED),
        .n_answered = __atomic_load_n(&front->n_answered, __ATOMIC_RELAXED),
        .n_turned_away = __atomic_load_n(&front->n_turned_away, __ATOMIC_RELAXED),
        .away_since_ms = cf_scep_backend_away_since_ms(front->backend),
    };
}
