/* SPDX-License-Identifier: Apache-2.0 */
#include "backend.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend_call.h"
#include "certferry/stop.h"
#include "certferry/verdict.h"
#include "line.h"

enum {
    TIMEOUT_MS = 10 * 1000,
    MAX_IDLE = 16,
    IDLE_MAX = 256,
    /* certferryd closes what is idle for five minutes. */
    IDLE_AGE_MAX_MS = 4 * 60 * 1000,
    PAUSE_MS = 100,
    TAIL_SIZE = 64
};

struct idle {
    int fd;
    int64_t since_ms;
};

struct cf_scep_backend {
    char *path;
    uint64_t timeout_ms;
    unsigned max_idle;
    const volatile int *stop_flag;

    pthread_mutex_t lock; /* guards what follows */
    struct idle idle[IDLE_MAX];
    unsigned n_idle;
    int64_t away_since_ms;
};

static int64_t
now_ms(void)
{
    return cf_clock_monotonic_ms(cf_clock_real());
}

enum cf_rc
cf_scep_backend_new(const struct cf_scep_backend_options *options,
                    struct cf_scep_backend **ret_backend, struct cf_err *err)
{
    struct cf_scep_backend *backend = calloc(1, sizeof *backend);
    if (!backend)
        return cf_fail_oom(err);
    pthread_mutex_init(&backend->lock, NULL);
    backend->timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_MS;
    backend->max_idle = options->max_idle > 0 ? options->max_idle : MAX_IDLE;
    if (backend->max_idle > IDLE_MAX)
        backend->max_idle = IDLE_MAX;
    backend->stop_flag = options->stop_flag;
    backend->path = strdup(options->socket);
    if (!backend->path) {
        cf_scep_backend_free(backend);
        return cf_fail_oom(err);
    }

    *ret_backend = backend;
    return CF_OK;
}

/* The lock is held. */
static void
drop_idle(struct cf_scep_backend *backend)
{
    while (backend->n_idle > 0)
        close(backend->idle[--backend->n_idle].fd);
}

struct cf_scep_backend *
cf_scep_backend_free(struct cf_scep_backend *backend)
{
    if (!backend)
        return NULL;
    drop_idle(backend);
    pthread_mutex_destroy(&backend->lock);
    free(backend->path);
    free(backend);
    return NULL;
}

int64_t
cf_scep_backend_away_since_ms(struct cf_scep_backend *backend)
{
    pthread_mutex_lock(&backend->lock);
    int64_t since_ms = backend->away_since_ms;
    pthread_mutex_unlock(&backend->lock);
    return since_ms;
}

/* The last used first: the others may then grow old. -1: none. */
static int
take_idle(struct cf_scep_backend *backend)
{
    int fd = -1;

    pthread_mutex_lock(&backend->lock);
    if (backend->n_idle > 0 &&
        now_ms() - backend->idle[backend->n_idle - 1].since_ms > IDLE_AGE_MAX_MS)
        drop_idle(backend);
    if (backend->n_idle > 0)
        fd = backend->idle[--backend->n_idle].fd;
    pthread_mutex_unlock(&backend->lock);
    return fd;
}

static void
give_idle(struct cf_scep_backend *backend, int take_fd)
{
    pthread_mutex_lock(&backend->lock);
    backend->away_since_ms = 0;
    if (backend->n_idle < backend->max_idle) {
        backend->idle[backend->n_idle++] = (struct idle){.fd = take_fd, .since_ms = now_ms()};
        take_fd = -1;
    }
    pthread_mutex_unlock(&backend->lock);
    if (take_fd >= 0)
        close(take_fd);
}

/* Whether it is worth trying again within this call. When one connection broke the others most
 * likely did, too. */
static bool
note_away(struct cf_scep_backend *backend)
{
    int64_t now = now_ms();

    pthread_mutex_lock(&backend->lock);
    drop_idle(backend);
    if (backend->away_since_ms == 0)
        backend->away_since_ms = now;
    bool is_worth_it = now - backend->away_since_ms <= (int64_t)backend->timeout_ms;
    pthread_mutex_unlock(&backend->lock);
    return is_worth_it;
}

enum cf_rc
cf_scep_call_begin(struct cf_scep_call *call, const char *command, struct cf_err *err)
{
    call->head = cf_buf_new(CF_SCEP_LINE_MAX - TAIL_SIZE);
    if (!call->head)
        return cf_fail_oom(err);
    cf_json_writer_begin(&call->out, call->head);
    cf_json_put_object(&call->out, NULL);
    cf_json_put_string(&call->out, "command", command);
    return CF_OK;
}

/* What is left of the time that certferryd may wait, so that it answers before we give up. */
static void
write_tail(const struct cf_scep_backend *backend, const struct cf_scep_call *call, int64_t until_ms,
           char tail[TAIL_SIZE])
{
    int64_t left_ms = until_ms - now_ms() - (int64_t)backend->timeout_ms;
    unsigned left_s = left_ms > 0 ? (unsigned)((left_ms + 999) / 1000) : 0;

    if (call->has_wait)
        (void)snprintf(tail, TAIL_SIZE, ",\"waitSeconds\":%u}",
                       left_s < call->wait_s ? left_s : call->wait_s);
    else
        (void)snprintf(tail, TAIL_SIZE, "}");
}

static enum cf_rc
try_once(struct cf_scep_backend *backend, const struct cf_scep_call *call, int64_t until_ms,
         bool *ret_was_idle, struct cf_buf **ret_answer, struct cf_err *err)
{
    const struct cf_scep_line line = {
        .path = backend->path, .until_ms = until_ms, .stop_flag = backend->stop_flag};
    char tail[TAIL_SIZE];
    cf_own_fd fd = take_idle(backend);

    *ret_was_idle = fd >= 0;
    if (fd < 0)
        CF_TRY(cf_scep_line_connect(&line, &fd, err));
    write_tail(backend, call, until_ms, tail);
    CF_TRY(cf_scep_line_ask(&line, fd, cf_buf_bytes(call->head), cf_bytes_of(tail, strlen(tail)),
                            ret_answer, err));
    give_idle(backend, fd);
    fd = -1;
    return CF_OK;
}

/* A connection that was idle may have been dead for long: the next attempt comes at once. */
static enum cf_rc
exchange(struct cf_scep_backend *backend, const struct cf_scep_call *call,
         struct cf_buf **ret_answer, struct cf_err *err)
{
    int64_t until_ms = now_ms() + (int64_t)backend->timeout_ms + (int64_t)call->wait_s * 1000;

    for (;;) {
        bool was_idle = false;

        if (cf_stop_is_set(backend->stop_flag))
            return cf_fail(err, CF_E_STOPPED, "stopping");
        enum cf_rc rc = try_once(backend, call, until_ms, &was_idle, ret_answer, err);
        if (rc == CF_OK || rc == CF_E_STOPPED)
            return rc;
        bool is_worth_it = note_away(backend);
        if (rc != CF_E_NET)
            return rc;
        if (was_idle)
            continue;
        if (!is_worth_it || now_ms() + PAUSE_MS >= until_ms)
            return rc;
        (void)poll(NULL, 0, PAUSE_MS);
    }
}

static enum cf_rc
run(struct cf_scep_backend *backend, struct cf_scep_call *call, struct cf_json **ret_answer,
    const struct cf_json **ret_result, struct cf_err *err)
{
    cf_own(cf_buf) text = NULL;
    cf_own(cf_json) answer = NULL;
    const struct cf_json *result = NULL;
    struct cf_err why = {0};
    bool is_verdict = false;

    if (call->out.err.rc != CF_OK) {
        if (err)
            *err = call->out.err;
        return call->out.err.rc;
    }
    CF_TRY(exchange(backend, call, &text, err));
    if (cf_json_parse(cf_buf_bytes(text), CF_SCEP_LINE_MAX, &answer, &why) != CF_OK)
        return cf_fail(err, CF_E_PROTOCOL, "%s: the answer is not JSON: %s", backend->path,
                       why.text);
    CF_TRY(cf_verdict_read(answer, &is_verdict, &result, err));

    *ret_result = result;
    *ret_answer = cf_give(answer);
    return CF_OK;
}

enum cf_rc
cf_scep_call_run(struct cf_scep_backend *backend, struct cf_scep_call *call,
                 struct cf_json **ret_answer, const struct cf_json **ret_result, struct cf_err *err)
{
    enum cf_rc rc = run(backend, call, ret_answer, ret_result, err);

    call->head = cf_buf_free(call->head);
    return rc;
}
