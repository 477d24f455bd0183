/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "certferry/clock.h"
#include "certferry/verdict.h"

enum { BUSY_PAUSE_MS = 20 };

struct line {
    int fd;
    const char *path;
    int64_t deadline_ms;
};

static enum cf_rc
fail_timeout(const struct line *line, struct cf_err *err)
{
    return cf_fail(err, CF_E_TIMEOUT,
                   "%s: no answer in time; the daemon is busy or hangs: allow more with --timeout, "
                   "or see `systemctl status certferryd`",
                   line->path);
}

static enum cf_rc
fail_connect(const struct line *line, int number, struct cf_err *err)
{
    if (number == ENOENT || number == ECONNREFUSED)
        return cf_fail(err, CF_E_NET,
                       "certferryd does not listen on %s; start it with `systemctl start "
                       "certferryd`, or name its socket with --socket",
                       line->path);
    if (number == EACCES || number == EPERM)
        return cf_fail(err, CF_E_PERMISSION,
                       "%s: only root and the group named in [control] group may connect; use sudo "
                       "or join that group",
                       line->path);
    return cf_fail_errno(err, CF_E_NET, number, "%s", line->path);
}

static enum cf_rc
wait_for(const struct line *line, short events, struct cf_err *err)
{
    for (;;) {
        int64_t left = line->deadline_ms - cf_clock_monotonic_ms(cf_clock_real());
        struct pollfd entry = {.fd = line->fd, .events = events};

        if (left <= 0)
            return fail_timeout(line, err);
        int n = poll(&entry, 1, left > INT32_MAX ? INT32_MAX : (int)left);
        if (n > 0)
            return CF_OK;
        if (n < 0 && errno != EINTR)
            return cf_fail_errno(err, CF_E_IO, errno, "poll");
    }
}

static enum cf_rc
connect_line(struct line *line, struct cf_err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(line->path);

    if (len == 0 || len >= sizeof address.sun_path)
        return cf_fail(err, CF_E_CONFIG, "'%s' is no socket path: 1 to 107 bytes are", line->path);
    memcpy(address.sun_path, line->path, len);
    line->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (line->fd < 0)
        return cf_fail_errno(err, CF_E_IO, errno, "socket");

    while (connect(line->fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        if (errno != EAGAIN && errno != EINTR)
            return fail_connect(line, errno, err);
        /* The queue of the listener is full: nothing tells when it is not. */
        if (cf_clock_monotonic_ms(cf_clock_real()) >= line->deadline_ms)
            return fail_timeout(line, err);
        (void)poll(NULL, 0, BUSY_PAUSE_MS);
    }
    return CF_OK;
}

/* A peer that stops listening may still have answered: reading tells. */
static enum cf_rc
send_text(const struct line *line, const char *text, size_t len, bool *ret_is_gone,
          struct cf_err *err)
{
    while (len > 0) {
        ssize_t n = send(line->fd, text, len, MSG_NOSIGNAL);

        if (n >= 0) {
            text += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN) {
            CF_TRY(wait_for(line, POLLOUT, err));
        } else if (errno == EPIPE || errno == ECONNRESET) {
            *ret_is_gone = true;
            return CF_OK;
        } else if (errno != EINTR) {
            return cf_fail_errno(err, CF_E_NET, errno, "%s", line->path);
        }
    }
    return CF_OK;
}

static enum cf_rc
fail_closed(const struct line *line, size_t got, struct cf_err *err)
{
    if (got > 0)
        return cf_fail(err, CF_E_PROTOCOL, "%s: the answer breaks off after %zu bytes", line->path,
                       got);
    return cf_fail(err, CF_E_PROTOCOL,
                   "%s: closed without an answer; the daemon stops or has too many connections: "
                   "try again in a moment",
                   line->path);
}

static enum cf_rc
receive_line(const struct line *line, struct cf_buf *answer, struct cf_err *err)
{
    char data[16 * 1024];

    for (;;) {
        ssize_t n = recv(line->fd, data, sizeof data, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            CF_TRY(wait_for(line, POLLIN, err));
            continue;
        }
        if (n < 0 && errno != ECONNRESET)
            return cf_fail_errno(err, CF_E_NET, errno, "%s", line->path);
        if (n <= 0)
            return fail_closed(line, cf_buf_len(answer), err);

        const char *end = memchr(data, '\n', (size_t)n);
        size_t len = end ? (size_t)(end - data) : (size_t)n;
        if (cf_buf_append(answer, data, len, err) != CF_OK)
            return cf_fail(err, CF_E_PROTOCOL, "%s: the answer is larger than %d bytes", line->path,
                           CF_CTL_ANSWER_MAX);
        if (end && len + 1 != (size_t)n)
            return cf_fail(err, CF_E_PROTOCOL, "%s: more than one line in the answer", line->path);
        if (end)
            return CF_OK;
    }
}

static enum cf_rc
exchange(struct line *line, const char *request, struct cf_buf *answer, struct cf_err *err)
{
    bool is_gone = false;

    CF_TRY(connect_line(line, err));
    CF_TRY(send_text(line, request, strlen(request), &is_gone, err));
    if (!is_gone)
        CF_TRY(send_text(line, "\n", 1, &is_gone, err));
    return receive_line(line, answer, err);
}

enum cf_rc
cf_ctl_exchange(const char *socket_path, const char *request, uint64_t timeout_ms,
                struct cf_json **ret_answer, struct cf_err *err)
{
    struct line line = {.fd = -1, .path = socket_path};
    cf_own(cf_buf) answer = NULL;
    cf_own(cf_json) document = NULL;

    if (strchr(request, '\n'))
        return cf_fail(err, CF_E_BUG, "a request of more than one line");
    if (strlen(request) > CF_CTL_REQUEST_MAX)
        return cf_fail(err, CF_E_LIMIT, "the request is larger than %d bytes", CF_CTL_REQUEST_MAX);
    answer = cf_buf_new(CF_CTL_ANSWER_MAX);
    if (!answer)
        return cf_fail_oom(err);
    line.deadline_ms = cf_clock_monotonic_ms(cf_clock_real()) +
                       (int64_t)(timeout_ms < INT32_MAX ? timeout_ms : INT32_MAX);

    enum cf_rc rc = exchange(&line, request, answer, err);
    if (line.fd >= 0)
        close(line.fd);
    CF_TRY(rc);
    if (cf_json_parse(cf_buf_bytes(answer), CF_CTL_ANSWER_MAX, &document, err) != CF_OK)
        return cf_fail(err, CF_E_PROTOCOL, "%s: the answer is not JSON: %s", socket_path,
                       err ? err->text : "");

    *ret_answer = cf_give(document);
    return CF_OK;
}

enum cf_rc
cf_ctl_call(const char *socket_path, const char *request, uint64_t timeout_ms,
            struct cf_json **ret_answer, struct cf_err *err)
{
    cf_own(cf_json) answer = NULL;
    const struct cf_json *result = NULL;
    bool is_verdict = false;

    CF_TRY(cf_ctl_exchange(socket_path, request, timeout_ms, &answer, err));
    CF_TRY(cf_verdict_read(answer, &is_verdict, &result, err));
    *ret_answer = cf_give(answer);
    return CF_OK;
}
