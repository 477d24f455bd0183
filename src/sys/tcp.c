/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/tcp.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "certferry/clock.h"
#include "certferry/stop.h"

struct cf_tcp {
    int fd;
    int64_t until_ms;
    uint64_t limit_ms;
    const volatile int *stop_flag;
    char peer[280]; /* "HOST port PORT", for error texts */
};

static int64_t
now_ms(void)
{
    return cf_clock_monotonic_ms(cf_clock_real());
}

enum cf_rc
cf_tcp_await(int fd, short events, int64_t until_ms, const volatile int *stop_flag,
             struct cf_err *err)
{
    struct pollfd wait = {.fd = fd, .events = events};
    int slice_ms = 0;

    for (;;) {
        int n = poll(&wait, 1, slice_ms);
        if (n > 0)
            return CF_OK;
        if (n < 0 && errno != EINTR)
            return cf_fail_errno(err, CF_E_NET, errno, "poll");
        if (cf_stop_is_set(stop_flag))
            return cf_fail(err, CF_E_STOPPED, "stopping");
        int64_t left_ms = until_ms - now_ms();
        if (left_ms <= 0)
            return cf_fail(err, CF_E_TIMEOUT, "no answer in time");
        slice_ms = left_ms < CF_STOP_POLL_MS ? (int)left_ms : CF_STOP_POLL_MS;
    }
}

static enum cf_rc
await_connect(const struct cf_tcp_options *options, int fd, int64_t until_ms, struct cf_err *err)
{
    int fault = 0;
    socklen_t size = sizeof fault;

    enum cf_rc rc = cf_tcp_await(fd, POLLOUT, until_ms, options->stop_flag, err);
    if (rc == CF_E_TIMEOUT)
        return cf_fail(err, CF_E_TIMEOUT,
                       "no connection in time; check the address, and firewalls on the way");
    CF_TRY(rc);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &size) < 0)
        fault = errno;
    return fault == 0 ? CF_OK : cf_fail_errno(err, CF_E_NET, fault, "connect");
}

static enum cf_rc
connect_to(const struct cf_tcp_options *options, const struct addrinfo *address, int64_t until_ms,
           int *ret_fd, struct cf_err *err)
{
    int on = 1;
    cf_own_fd fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return cf_fail_errno(err, CF_E_NET, errno, "socket");
    if (connect(fd, address->ai_addr, address->ai_addrlen) < 0 && errno != EINPROGRESS)
        return cf_fail_errno(err, CF_E_NET, errno, "connect");
    CF_TRY(await_connect(options, fd, until_ms, err));
    if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
        return cf_fail_errno(err, CF_E_NET, errno, "socket options");
    *ret_fd = fd;
    fd = -1;
    return CF_OK;
}

/* An address that swallows everything leaves the others their share of the time. */
static enum cf_rc
connect_any(const struct cf_tcp_options *options, const struct addrinfo *list, int *ret_fd,
            struct cf_err *err)
{
    int64_t until_ms = now_ms() + (int64_t)options->connect_timeout_ms;
    enum cf_rc rc = CF_E_BUG; /* the list is never empty */
    int64_t n_left = 0;

    for (const struct addrinfo *address = list; address; address = address->ai_next)
        n_left++;
    for (const struct addrinfo *address = list; address; address = address->ai_next) {
        int64_t now = now_ms();
        rc = connect_to(options, address, now + (until_ms - now) / n_left--, ret_fd, err);
        if (rc == CF_OK || rc == CF_E_STOPPED)
            break;
    }
    return rc;
}

/* An address needs no name server, and may be of a family this host has only on its loopback. */
static int
resolve(const struct cf_tcp_options *options, struct addrinfo **ret_list)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV | AI_NUMERICHOST};
    char service[8];

    (void)snprintf(service, sizeof service, "%u", (unsigned)options->port);
    int code = getaddrinfo(options->host, service, &hints, ret_list);
    if (code != EAI_NONAME)
        return code;
    hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
    return getaddrinfo(options->host, service, &hints, ret_list);
}

static enum cf_rc
dial(const struct cf_tcp_options *options, int *ret_fd, struct cf_err *err)
{
    struct addrinfo *list = NULL;

    if (cf_stop_is_set(options->stop_flag))
        return cf_fail(err, CF_E_STOPPED, "stopping");
    int code = resolve(options, &list);
    if (code == EAI_MEMORY)
        return cf_fail_oom(err);
    if (code != 0)
        return cf_fail(err, CF_E_NET, "%s; check the name and this host's DNS", gai_strerror(code));
    enum cf_rc rc = connect_any(options, list, ret_fd, err);
    freeaddrinfo(list);
    return rc;
}

enum cf_rc
cf_tcp_dial(const struct cf_tcp_options *options, int *ret_fd, struct cf_err *err)
{
    if (dial(options, ret_fd, err) != CF_OK)
        return cf_err_prefix(err, "%s port %u", options->host, (unsigned)options->port);
    return CF_OK;
}

enum cf_rc
cf_tcp_open(const struct cf_tcp_options *options, struct cf_tcp **ret_tcp, struct cf_err *err)
{
    cf_own(cf_tcp) tcp = calloc(1, sizeof *tcp);

    if (!tcp)
        return cf_fail_oom(err);
    tcp->fd = -1;
    tcp->stop_flag = options->stop_flag;
    (void)snprintf(tcp->peer, sizeof tcp->peer, "%s port %u", options->host,
                   (unsigned)options->port);
    CF_TRY(cf_tcp_dial(options, &tcp->fd, err));
    *ret_tcp = cf_give(tcp);
    return CF_OK;
}

struct cf_tcp *
cf_tcp_free(struct cf_tcp *tcp)
{
    if (!tcp)
        return NULL;
    cf_fdp_close(&tcp->fd);
    free(tcp);
    return NULL;
}

void
cf_tcp_limit(struct cf_tcp *tcp, uint64_t timeout_ms)
{
    tcp->limit_ms = timeout_ms;
    tcp->until_ms = now_ms() + (int64_t)timeout_ms;
}

/* After a send or recv that would have had to wait, or failed. */
static enum cf_rc
await_more(const struct cf_tcp *tcp, short events, struct cf_err *err)
{
    if (errno == EINTR)
        return CF_OK;
    if (errno != EAGAIN)
        return cf_fail_errno(err, CF_E_NET, errno, "%s", tcp->peer);
    enum cf_rc rc = cf_tcp_await(tcp->fd, events, tcp->until_ms, tcp->stop_flag, err);
    if (rc == CF_E_TIMEOUT)
        return cf_fail(err, CF_E_TIMEOUT, "%s: no answer within %llu ms", tcp->peer,
                       (unsigned long long)tcp->limit_ms);
    return rc == CF_OK ? CF_OK : cf_err_prefix(err, "%s", tcp->peer);
}

enum cf_rc
cf_tcp_read(struct cf_tcp *tcp, void *data, size_t len, struct cf_err *err)
{
    uint8_t *at = data;

    while (len > 0) {
        ssize_t n = recv(tcp->fd, at, len, MSG_DONTWAIT);
        if (n == 0)
            return cf_fail(err, CF_E_NET, "%s: the peer hung up", tcp->peer);
        if (n < 0) {
            CF_TRY(await_more(tcp, POLLIN, err));
            continue;
        }
        at += n;
        len -= (size_t)n;
    }
    return CF_OK;
}

enum cf_rc
cf_tcp_write(struct cf_tcp *tcp, struct cf_bytes bytes, struct cf_err *err)
{
    while (bytes.len > 0) {
        ssize_t n = send(tcp->fd, bytes.data, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0) {
            CF_TRY(await_more(tcp, POLLOUT, err));
            continue;
        }
        bytes.data += n;
        bytes.len -= (size_t)n;
    }
    return CF_OK;
}
