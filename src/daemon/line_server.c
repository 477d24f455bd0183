/* SPDX-License-Identifier: Apache-2.0 */
#include "line_server.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "certferry/clock.h"
#include "line_listen.h"

enum phase { READING, CALLED, ANSWERING };

/* A connection is its one call. */
struct cf_line_call {
    struct cf_line_server *server;
    struct cf_line_call *next;
    int fd;
    struct cf_loop_source *source;
    struct cf_loop_source *timer;
    enum phase phase;
    bool is_gone;
    cf_line_gone_fn *on_gone;
    void *gone_arg;
    struct cf_buf *request;
    struct cf_buf *answer;
    size_t sent;
    char who[CF_LINE_USER_SIZE];
};

struct cf_line_server {
    struct cf_line_server_options options;
    char *path;
    int fd;
    struct cf_loop_source *source;
    struct cf_line_call *calls;
    atomic_uint n_calls;
    atomic_llong since_ms; /* 0: there are none */
};

static void
free_call(struct cf_line_call *call)
{
    cf_loop_source_free(call->source);
    cf_loop_source_free(call->timer);
    if (call->fd >= 0)
        close(call->fd);
    cf_buf_free(call->request);
    cf_buf_free(call->answer);
    free(call);
}

static void
end_connection(void *arg)
{
    struct cf_line_call *call = arg;
    struct cf_line_server *server = call->server;

    for (struct cf_line_call **at = &server->calls; *at; at = &(*at)->next) {
        if (*at == call) {
            *at = call->next;
            if (atomic_fetch_sub(&server->n_calls, 1) == 1)
                atomic_store(&server->since_ms, 0);
            break;
        }
    }
    free_call(call);
}

static bool
is_single(const struct cf_line_server *server)
{
    return server->options.idle_ms == 0;
}

static bool
begin_reading(struct cf_line_call *call)
{
    const struct cf_line_server_options *options = &call->server->options;

    call->phase = READING;
    call->sent = 0;
    call->answer = cf_buf_free(call->answer);
    cf_buf_free(call->request);
    call->request = cf_buf_new(options->request_max);
    cf_loop_timer_arm(call->timer,
                      is_single(call->server) ? options->transfer_ms : options->idle_ms);
    return call->request != NULL;
}

static void
send_answer(struct cf_line_call *call)
{
    struct cf_bytes bytes = cf_buf_bytes(call->answer);

    while (call->sent < bytes.len) {
        ssize_t n = send(call->fd, bytes.data + call->sent, bytes.len - call->sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            cf_loop_fd_set_events(call->source, EPOLLOUT);
            return;
        }
        if (n < 0) {
            end_connection(call);
            return;
        }
        call->sent += (size_t)n;
    }
    if (is_single(call->server) || !begin_reading(call))
        end_connection(call);
    else
        cf_loop_fd_set_events(call->source, EPOLLIN);
}

/* Back on the loop's thread. */
static void
on_answered(void *arg)
{
    struct cf_line_call *call = arg;

    call->on_gone = NULL;
    if (!call->answer || call->is_gone) {
        end_connection(call);
        return;
    }
    call->phase = ANSWERING;
    cf_loop_timer_arm(call->timer, call->server->options.transfer_ms);
    send_answer(call);
}

void
cf_line_answer(struct cf_line_call *call, struct cf_buf *take_answer)
{
    call->answer = take_answer;
    /* When the loop has ended the call is freed with the server. */
    (void)!cf_loop_post(call->server->options.loop, on_answered, call, NULL);
}

struct cf_bytes
cf_line_request(const struct cf_line_call *call)
{
    return cf_buf_bytes(call->request);
}

const char *
cf_line_who(const struct cf_line_call *call)
{
    return call->who;
}

bool
cf_line_on_gone(struct cf_line_call *call, cf_line_gone_fn *fn, void *arg)
{
    if (call->is_gone)
        return false;
    call->on_gone = fn;
    call->gone_arg = arg;
    return true;
}

static void
tell_gone(struct cf_line_call *call)
{
    cf_line_gone_fn *fn = call->on_gone;

    call->is_gone = true;
    call->on_gone = NULL;
    if (fn)
        fn(call->gone_arg);
}

static void
start_call(struct cf_line_call *call)
{
    call->phase = CALLED;
    call->on_gone = NULL;
    cf_loop_timer_disarm(call->timer);
    /* A hang-up is still heard. */
    cf_loop_fd_set_events(call->source, 0);
    call->server->options.handle(call->server->options.arg, call);
}

/* Where a connection carries several requests, what follows this line is left for the next one;
 * where it carries one it is nobody's. */
static void
read_request(struct cf_line_call *call)
{
    const struct cf_line_server *server = call->server;
    char data[16 * 1024];
    ssize_t n = recv(call->fd, data, sizeof data, MSG_PEEK | MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    const char *end = n > 0 ? memchr(data, '\n', (size_t)n) : NULL;
    size_t len = end ? (size_t)(end - data) : (size_t)(n > 0 ? n : 0);
    size_t taken = end && !is_single(server) ? len + 1 : (size_t)(n > 0 ? n : 0);
    if (n <= 0 || recv(call->fd, data, taken, MSG_DONTWAIT) != (ssize_t)taken) {
        end_connection(call);
        return;
    }
    if (cf_buf_len(call->request) == 0 && !is_single(server))
        cf_loop_timer_arm(call->timer, server->options.transfer_ms);
    if (cf_buf_append(call->request, data, len, NULL) != CF_OK)
        end_connection(call);
    else if (end)
        start_call(call);
}

static void
on_ready(void *arg, int fd, uint32_t events)
{
    struct cf_line_call *call = arg;

    (void)fd;
    if (call->phase == CALLED) {
        call->source = cf_loop_source_free(call->source);
        tell_gone(call);
    } else if (call->phase == ANSWERING) {
        send_answer(call);
    } else if (events & EPOLLIN) {
        read_request(call);
    } else {
        end_connection(call);
    }
}

static void
open_connection(struct cf_line_server *server, int take_fd)
{
    const struct cf_line_server_options *options = &server->options;
    struct cf_line_call *call = calloc(1, sizeof *call);

    if (!call) {
        close(take_fd);
        return;
    }
    call->server = server;
    call->fd = take_fd;
    uid_t uid = cf_line_peer(call->fd, call->who);
    if ((options->admit && !options->admit(options->arg, uid, call->who)) ||
        cf_loop_on_fd(options->loop, call->fd, EPOLLIN, on_ready, call, &call->source, NULL) !=
            CF_OK ||
        cf_loop_new_timer(options->loop, end_connection, call, &call->timer, NULL) != CF_OK ||
        !begin_reading(call)) {
        free_call(call);
        return;
    }
    call->next = server->calls;
    server->calls = call;
    if (atomic_fetch_add(&server->n_calls, 1) == 0)
        atomic_store(&server->since_ms, cf_clock_now_ms(cf_clock_real()));
}

static void
on_accept(void *arg, int listen_fd, uint32_t events)
{
    struct cf_line_server *server = arg;
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)events;
    if (fd < 0)
        return;
    if (atomic_load(&server->n_calls) >= server->options.max_connections)
        close(fd);
    else
        open_connection(server, fd);
}

static void
free_server(struct cf_line_server *server)
{
    cf_loop_source_free(server->source);
    if (server->fd >= 0)
        close(server->fd);
    free(server->path);
    free(server);
}

enum cf_rc
cf_line_server_open(const struct cf_line_server_options *options,
                    struct cf_line_server **ret_server, struct cf_err *err)
{
    struct cf_line_server *server = calloc(1, sizeof *server);
    if (!server)
        return cf_fail_oom(err);

    server->options = *options;
    server->fd = -1;
    server->path = strdup(options->path);
    server->options.path = server->path;
    enum cf_rc rc =
        server->path ? cf_line_listen(&server->options, &server->fd, err) : cf_fail_oom(err);
    if (rc == CF_OK)
        rc = cf_loop_on_fd(options->loop, server->fd, EPOLLIN, on_accept, server, &server->source,
                           err);
    if (rc != CF_OK) {
        free_server(server);
        return rc;
    }
    *ret_server = server;
    return CF_OK;
}

void
cf_line_server_close(struct cf_line_server *server)
{
    if (!server)
        return;

    for (struct cf_line_call *call = server->calls; call; call = call->next) {
        if (!call->is_gone)
            tell_gone(call);
    }
    while (server->calls)
        end_connection(server->calls);
    unlink(server->path);
    free_server(server);
}

unsigned
cf_line_server_connections(const struct cf_line_server *server)
{
    return atomic_load(&server->n_calls);
}

int64_t
cf_line_server_since_ms(const struct cf_line_server *server)
{
    return atomic_load(&server->since_ms);
}
