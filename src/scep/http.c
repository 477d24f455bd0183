/* SPDX-License-Identifier: Apache-2.0 */
/* The listening sockets and their threads. */
#include "http.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "http_internal.h"

/* TLS 1.2 and 1.3 with forward secrecy; no renegotiation and no client certificate is ever asked
 * for, both of which break the enrolment of Windows. */
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-SHA1"

enum { FLUSH_MS = 2000, FLUSH_LOOK_MS = 10, NS_PER_MS = 1000 * 1000 };

/* The library tells of each connection that fails; that is no news for anybody. */
static CF_PRINTF(2, 0) void drop_words(void *arg, const char *format, va_list args)
{
    (void)arg;
    (void)format;
    (void)args;
}

static struct MHD_Daemon *
start(struct cf_scep_http *http, int fd, const struct cf_scep_tls *tls)
{
    const unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL |
                           MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG |
                           (tls ? MHD_USE_TLS : 0);
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CF_SCEP_HEAD_MAX, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)http->options.settings->max_connections, NULL},
        {tls ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0,
         tls ? (void *)(uintptr_t)cf_buf_str(tls->chain) : NULL},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, tls ? (void *)(uintptr_t)cf_secret_data(tls->key) : NULL},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES},
        {MHD_OPTION_END, 0, NULL},
    };

    return MHD_start_daemon(
        flags, 0, cf_scep_on_accept, http, cf_scep_on_request, http, MHD_OPTION_EXTERNAL_LOGGER,
        drop_words, NULL, MHD_OPTION_URI_LOG_CALLBACK, cf_scep_on_target, http,
        MHD_OPTION_NOTIFY_COMPLETED, cf_scep_on_completed, http, MHD_OPTION_NOTIFY_CONNECTION,
        cf_scep_on_connection, http, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

static enum cf_rc
open_door(struct cf_scep_http *http, const struct cf_scep_listener *listener,
          const struct cf_scep_tls *tls, struct cf_scep_door *ret_door, struct cf_err *err)
{
    int flags = fcntl(listener->fd, F_GETFL);
    cf_own_fd fd = fcntl(listener->fd, F_DUPFD_CLOEXEC, 0);

    if (fd < 0 || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return cf_fail_errno(err, CF_E_NET, errno, "listening socket");
    struct MHD_Daemon *daemon = start(http, fd, listener->is_tls ? tls : NULL);
    if (!daemon)
        return cf_fail(err, CF_E_NET, "HTTP cannot be started on a %s socket%s",
                       listener->is_tls ? "TLS" : "listening",
                       listener->is_tls ? "; the certificate's key may be of a kind that is not "
                                          "supported"
                                        : "");
    *ret_door = (struct cf_scep_door){.daemon = daemon, .fd = fd, .is_tls = listener->is_tls};
    fd = -1;
    return CF_OK;
}

static void
quiet_door(struct cf_scep_door *door)
{
    if (door->daemon && !door->is_quiet)
        (void)MHD_quiesce_daemon(door->daemon);
    door->is_quiet = true;
}

static void
close_door(struct cf_scep_door *door)
{
    if (!door->daemon)
        return;
    quiet_door(door);
    MHD_stop_daemon(door->daemon);
    close(door->fd);
    door->daemon = NULL;
}

static bool
has_tls(const struct cf_scep_listeners *listeners)
{
    for (size_t i = 0; i < listeners->n; i++) {
        if (listeners->listener[i].is_tls)
            return true;
    }
    return false;
}

/* All of them, or those with TLS, into doors; none with an error. */
static enum cf_rc
open_doors(struct cf_scep_http *http, bool only_tls, struct cf_scep_door *doors, struct cf_err *err)
{
    const struct cf_scep_listeners *listeners = http->options.listeners;
    struct cf_scep_tls tls = {0};
    enum cf_rc rc = CF_OK;

    if (has_tls(listeners))
        rc = cf_scep_tls_read(http->options.settings, &tls, err);
    for (size_t i = 0; rc == CF_OK && i < listeners->n; i++) {
        if (!only_tls || listeners->listener[i].is_tls)
            rc = open_door(http, &listeners->listener[i], &tls, &doors[i], err);
    }
    for (size_t i = 0; rc != CF_OK && i < listeners->n; i++)
        close_door(&doors[i]);
    cf_scep_tls_done(&tls);
    return rc;
}

enum cf_rc
cf_scep_http_new(const struct cf_scep_http_options *options, struct cf_scep_http **ret_http,
                 struct cf_err *err)
{
    const struct cf_scep_settings *settings = options->settings;
    const struct cf_scep_connection_limits limits = {
        .max = (unsigned)settings->max_connections,
        .max_per_address = (unsigned)settings->max_per_address,
        .timeout_ms = settings->request_timeout_ms,
    };
    struct cf_scep_http *http = calloc(1, sizeof *http);

    if (!http)
        return cf_fail_oom(err);
    http->options = *options;
    pthread_mutex_init(&http->lock, NULL);
    enum cf_rc rc = cf_scep_connections_new(&limits, &http->connections, err);
    if (rc == CF_OK)
        rc = open_doors(http, false, http->doors, err);
    if (rc != CF_OK) {
        cf_scep_http_free(http);
        return rc;
    }
    http->n_doors = options->listeners->n;
    *ret_http = http;
    return CF_OK;
}

/* To stop a thread drops what it has not sent yet. */
static void
await_answers(struct cf_scep_http *http)
{
    const struct timespec pause = {.tv_nsec = (long)FLUSH_LOOK_MS * NS_PER_MS};

    for (unsigned waited_ms = 0; waited_ms < FLUSH_MS; waited_ms += FLUSH_LOOK_MS) {
        if (cf_scep_connections_count_busy(http->connections) == 0)
            return;
        (void)nanosleep(&pause, NULL);
    }
}

struct cf_scep_http *
cf_scep_http_free(struct cf_scep_http *http)
{
    if (!http)
        return NULL;
    if (http->connections)
        await_answers(http);
    for (size_t i = 0; i < http->n_doors; i++)
        close_door(&http->doors[i]);
    for (size_t i = 0; i < http->n_retired; i++)
        close_door(&http->retired[i]);
    cf_scep_connections_free(http->connections);
    pthread_mutex_destroy(&http->lock);
    free(http);
    return NULL;
}

/* Locked by the caller. */
static void
tidy(struct cf_scep_http *http)
{
    size_t n = 0;

    for (size_t i = 0; i < http->n_retired; i++) {
        const union MHD_DaemonInfo *info =
            MHD_get_daemon_info(http->retired[i].daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
        if (info && info->num_connections == 0)
            close_door(&http->retired[i]);
        else
            http->retired[n++] = http->retired[i];
    }
    http->n_retired = n;
}

void
cf_scep_http_tidy(struct cf_scep_http *http)
{
    pthread_mutex_lock(&http->lock);
    tidy(http);
    pthread_mutex_unlock(&http->lock);
}

/* Locked by the caller. */
static enum cf_rc
replace_doors(struct cf_scep_http *http, struct cf_err *err)
{
    struct cf_scep_door fresh[CF_SCEP_LISTENERS_MAX] = {0};
    size_t n_tls = 0;

    tidy(http);
    for (size_t i = 0; i < http->n_doors; i++)
        n_tls += http->doors[i].is_tls;
    if (http->n_retired + n_tls > CF_SCEP_RETIRED_MAX)
        return cf_fail(err, CF_E_LIMIT,
                       "[scep] connections from before the last reloads are still open; try "
                       "again in a minute");
    CF_TRY(open_doors(http, true, fresh, err));
    for (size_t i = 0; i < http->n_doors; i++) {
        if (!fresh[i].daemon)
            continue;
        quiet_door(&http->doors[i]);
        http->retired[http->n_retired++] = http->doors[i];
        http->doors[i] = fresh[i];
    }
    return CF_OK;
}

enum cf_rc
cf_scep_http_reload(struct cf_scep_http *http, struct cf_err *err)
{
    pthread_mutex_lock(&http->lock);
    enum cf_rc rc = has_tls(http->options.listeners) ? replace_doors(http, err) : CF_OK;
    pthread_mutex_unlock(&http->lock);
    return rc;
}

void
cf_scep_http_quiesce(struct cf_scep_http *http)
{
    pthread_mutex_lock(&http->lock);
    for (size_t i = 0; i < http->n_doors; i++)
        quiet_door(&http->doors[i]);
    pthread_mutex_unlock(&http->lock);
}

unsigned
cf_scep_http_n_connections(struct cf_scep_http *http)
{
    return cf_scep_connections_count(http->connections);
}
