/* SPDX-License-Identifier: Apache-2.0 */
#include "line.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "certferry/scep.h"
#include "certferry/tcp.h"

static enum cf_rc
fail_connect(const struct cf_scep_line *line, int number, struct cf_err *err)
{
    if (number == ENOENT || number == ECONNREFUSED)
        return cf_fail(err, CF_E_NET,
                       "certferryd does not listen on %s; see `systemctl status certferryd`, and "
                       "whether both have the same [scep] socket",
                       line->path);
    if (number == EACCES || number == EPERM)
        return cf_fail(err, CF_E_PERMISSION,
                       "%s: is not open to this user; [scep] socket_user has to name it",
                       line->path);
    return cf_fail_errno(err, CF_E_NET, number, "%s", line->path);
}

enum cf_rc
cf_scep_line_connect(const struct cf_scep_line *line, int *ret_fd, struct cf_err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(line->path);

    if (len == 0 || len >= sizeof address.sun_path)
        return cf_fail(err, CF_E_CONFIG, "'%s' is no socket path: 1 to 107 bytes are", line->path);
    memcpy(address.sun_path, line->path, len);
    cf_own_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return cf_fail_errno(err, CF_E_IO, errno, "socket");
    while (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        if (errno != EINTR)
            return fail_connect(line, errno, err);
    }

    *ret_fd = fd;
    fd = -1;
    return CF_OK;
}

static enum cf_rc
fail_broken(const struct cf_scep_line *line, struct cf_err *err)
{
    return cf_fail(err, CF_E_NET,
                   "%s: closed without an answer; certferryd stops, has too many connections, or "
                   "does not know this user",
                   line->path);
}

static enum cf_rc
send_part(const struct cf_scep_line *line, int fd, struct cf_bytes part, struct cf_err *err)
{
    size_t sent = 0;

    while (sent < part.len) {
        ssize_t n = send(fd, part.data + sent, part.len - sent, MSG_NOSIGNAL);

        if (n >= 0)
            sent += (size_t)n;
        else if (errno == EAGAIN)
            CF_TRY(cf_tcp_await(fd, POLLOUT, line->until_ms, line->stop_flag, err));
        else if (errno != EINTR)
            return fail_broken(line, err);
    }
    return CF_OK;
}

static enum cf_rc
receive_line(const struct cf_scep_line *line, int fd, struct cf_buf *answer, struct cf_err *err)
{
    char data[16 * 1024];

    for (;;) {
        ssize_t n = recv(fd, data, sizeof data, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            CF_TRY(cf_tcp_await(fd, POLLIN, line->until_ms, line->stop_flag, err));
            continue;
        }
        if (n <= 0)
            return fail_broken(line, err);

        const char *end = memchr(data, '\n', (size_t)n);
        size_t len = end ? (size_t)(end - data) : (size_t)n;
        enum cf_rc rc = cf_buf_append(answer, data, len, err);
        if (rc == CF_E_LIMIT)
            return cf_fail(err, CF_E_PROTOCOL, "%s: the answer is larger than %d bytes", line->path,
                           CF_SCEP_LINE_MAX);
        CF_TRY(rc);
        if (end && len + 1 != (size_t)n)
            return cf_fail(err, CF_E_PROTOCOL, "%s: more than one line in the answer", line->path);
        if (end)
            return CF_OK;
    }
}

enum cf_rc
cf_scep_line_ask(const struct cf_scep_line *line, int fd, struct cf_bytes head,
                 struct cf_bytes tail, struct cf_buf **ret_answer, struct cf_err *err)
{
    cf_own(cf_buf) answer = cf_buf_new(CF_SCEP_LINE_MAX);

    if (!answer)
        return cf_fail_oom(err);
    CF_TRY(send_part(line, fd, head, err));
    CF_TRY(send_part(line, fd, tail, err));
    CF_TRY(send_part(line, fd, cf_bytes_of("\n", 1), err));
    CF_TRY(receive_line(line, fd, answer, err));

    *ret_answer = cf_give(answer);
    return CF_OK;
}
