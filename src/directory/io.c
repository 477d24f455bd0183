/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io - what libldap, TLS and SASL read from and write to the socket, with an end to every wait.
 *
 * libldap by itself waits without limit for the rest of an answer, and spins when the peer falls
 * silent amid the TLS handshake (2.5.13). So the lowest layer is ours: it waits in short slices,
 * and fails the connection at the time limit and at the stop.
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "certferry/stop.h"
#include "certferry/tcp.h"

#include "parts.h"

void
cf_ldap_limit(struct cf_ldap_conn *conn, uint64_t timeout_ms)
{
    conn->limit_ms = timeout_ms;
    conn->until_ms = cf_clock_monotonic_ms(cf_clock_real()) + (int64_t)timeout_ms;
}

enum cf_rc
cf_ldap_interrupted(struct cf_ldap_conn *conn, const char *doing, struct cf_err *err)
{
    if (conn->is_stopped)
        return cf_fail(err, CF_E_STOPPED, "stopping");
    if (!conn->is_late)
        return CF_OK;
    (void)cf_fail(err, CF_E_DIRECTORY_DOWN, "%s: %s: no answer within %llu ms", conn->uri, doing,
                  (unsigned long long)conn->limit_ms);
    if (err)
        err->native = LDAP_TIMEOUT;
    return CF_E_DIRECTORY_DOWN;
}

enum cf_rc
cf_ldap_as_down(enum cf_rc rc, struct cf_err *err)
{
    if (rc != CF_E_NET && rc != CF_E_TIMEOUT)
        return cf_never_ok_(rc);
    if (err) {
        err->rc = CF_E_DIRECTORY_DOWN;
        err->fault = cf_rc_fault(CF_E_DIRECTORY_DOWN);
    }
    return CF_E_DIRECTORY_DOWN;
}

bool
cf_ldap_may_wait(struct cf_ldap_conn *conn)
{
    if (cf_stop_is_set(conn->ldap->env.stop_flag))
        conn->is_stopped = true;
    else if (cf_clock_monotonic_ms(cf_clock_real()) >= conn->until_ms)
        conn->is_late = true;
    else
        return true;
    conn->is_lost = true;
    return false;
}

/* False with errno set when the wait is over. */
static bool
await(struct cf_ldap_conn *conn, short events)
{
    enum cf_rc rc = cf_tcp_await(conn->fd, events, conn->until_ms, conn->ldap->env.stop_flag, NULL);

    if (rc == CF_OK)
        return true;
    conn->is_stopped = conn->is_stopped || rc == CF_E_STOPPED;
    conn->is_late = conn->is_late || rc == CF_E_TIMEOUT;
    conn->is_lost = true;
    errno = ETIMEDOUT;
    return false;
}

static int
io_setup(Sockbuf_IO_Desc *desc, void *arg)
{
    desc->sbiod_pvt = arg;
    return 0;
}

static int
io_remove(Sockbuf_IO_Desc *desc)
{
    (void)desc;
    return 0;
}

static int
io_ctrl(Sockbuf_IO_Desc *desc, int option, void *arg)
{
    (void)desc;
    (void)option;
    (void)arg;
    return 0;
}

static ber_slen_t
io_read(Sockbuf_IO_Desc *desc, void *data, ber_len_t len)
{
    struct cf_ldap_conn *conn = desc->sbiod_pvt;

    for (;;) {
        ssize_t n = recv(conn->fd, data, len, MSG_DONTWAIT);
        if (n >= 0 || (errno != EAGAIN && errno != EINTR))
            return n;
        if (!await(conn, POLLIN))
            return -1;
    }
}

static ber_slen_t
io_write(Sockbuf_IO_Desc *desc, void *data, ber_len_t len)
{
    struct cf_ldap_conn *conn = desc->sbiod_pvt;

    for (;;) {
        ssize_t n = send(conn->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0 || (errno != EAGAIN && errno != EINTR))
            return n;
        if (!await(conn, POLLOUT))
            return -1;
    }
}

static int
io_close(Sockbuf_IO_Desc *desc)
{
    struct cf_ldap_conn *conn = desc->sbiod_pvt;

    cf_fdp_close(&conn->fd);
    return 0;
}

Sockbuf_IO cf_ldap_io = {
    .sbi_setup = io_setup,
    .sbi_remove = io_remove,
    .sbi_ctrl = io_ctrl,
    .sbi_read = io_read,
    .sbi_write = io_write,
    .sbi_close = io_close,
};
