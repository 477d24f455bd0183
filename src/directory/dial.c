/* SPDX-License-Identifier: Apache-2.0 */
/* dial - a TCP connection that can be given up at any time, handed to libldap. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openldap.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "certferry/stop.h"

#include "parts.h"

struct cf_ldap_conn *
cf_ldap_conn_free(struct cf_ldap_conn *conn)
{
    if (!conn)
        return NULL;
    if (conn->ld) {
        /* A farewell is a courtesy: it waits for nobody. */
        cf_ldap_limit(conn, 0);
        (void)ldap_unbind_ext(conn->ld, NULL, NULL);
    }
    cf_fdp_close(&conn->fd);
    cf_kerberos_release(conn->credential);
    free(conn->base);
    free(conn);
    return NULL;
}

static enum cf_rc
await_connect(const struct cf_ldap *ldap, int fd, int64_t until_ms, struct cf_err *err)
{
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    int fault = 0;
    socklen_t size = sizeof fault;

    for (;;) {
        if (cf_stop_is_set(ldap->env.stop_flag))
            return cf_fail(err, CF_E_STOPPED, "stopping");
        int64_t left = until_ms - cf_clock_monotonic_ms(cf_clock_real());
        if (left <= 0)
            return cf_fail(err, CF_E_DIRECTORY_DOWN, "no connection within connect_timeout");
        int n = poll(&wait, 1, left < CF_STOP_POLL_MS ? (int)left : CF_STOP_POLL_MS);
        if (n > 0)
            break;
        if (n < 0 && errno != EINTR)
            return cf_fail_errno(err, CF_E_DIRECTORY_DOWN, errno, "poll");
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &size) < 0)
        fault = errno;
    return fault == 0 ? CF_OK : cf_fail_errno(err, CF_E_DIRECTORY_DOWN, fault, "connect");
}

static enum cf_rc
connect_to(const struct cf_ldap *ldap, const struct addrinfo *address, int64_t until_ms,
           int *ret_fd, struct cf_err *err)
{
    int on = 1;
    cf_own_fd fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return cf_fail_errno(err, CF_E_DIRECTORY_DOWN, errno, "socket");
    if (connect(fd, address->ai_addr, address->ai_addrlen) < 0 && errno != EINPROGRESS)
        return cf_fail_errno(err, CF_E_DIRECTORY_DOWN, errno, "connect");
    CF_TRY(await_connect(ldap, fd, until_ms, err));
    if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
        return cf_fail_errno(err, CF_E_DIRECTORY_DOWN, errno, "socket options");
    *ret_fd = fd;
    fd = -1;
    return CF_OK;
}

static enum cf_rc
connect_any(const struct cf_ldap *ldap, const char *host, int port, int *ret_fd, struct cf_err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *list = NULL;
    char service[8];
    enum cf_rc rc = CF_OK;

    (void)snprintf(service, sizeof service, "%d", port);
    int code = getaddrinfo(host, service, &hints, &list);
    if (code != 0)
        return cf_fail(err, CF_E_DIRECTORY_DOWN, "%s; check the name and this host's DNS",
                       gai_strerror(code));
    int64_t until_ms =
        cf_clock_monotonic_ms(cf_clock_real()) + (int64_t)ldap->settings->connect_timeout_ms;
    for (const struct addrinfo *address = list; address; address = address->ai_next) {
        rc = connect_to(ldap, address, until_ms, ret_fd, err);
        if (rc == CF_OK || rc == CF_E_STOPPED)
            break;
    }
    freeaddrinfo(list);
    return rc;
}

static bool
set_int(LDAP *ld, int option, int value)
{
    return ldap_set_option(ld, option, &value) == LDAP_OPT_SUCCESS;
}

/* Everything that ldap.conf or the environment could have set otherwise. */
static bool
set_options(struct cf_ldap_conn *conn)
{
    struct timeval never = {.tv_sec = -1}; /* our own layer keeps the time */
    ber_len_t pdu_max = CF_LDAP_PDU_MAX;
    Sockbuf *sockbuf = NULL;
    LDAP *ld = conn->ld;

    return set_int(ld, LDAP_OPT_PROTOCOL_VERSION, LDAP_VERSION3) &&
           ldap_set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == LDAP_OPT_SUCCESS &&
           ldap_set_option(ld, LDAP_OPT_RESTART, LDAP_OPT_ON) == LDAP_OPT_SUCCESS &&
           ldap_set_option(ld, LDAP_OPT_X_SASL_NOCANON, LDAP_OPT_ON) == LDAP_OPT_SUCCESS &&
           ldap_set_option(ld, LDAP_OPT_NETWORK_TIMEOUT, &never) == LDAP_OPT_SUCCESS &&
           set_int(ld, LDAP_OPT_DEREF, LDAP_DEREF_NEVER) &&
           set_int(ld, LDAP_OPT_SIZELIMIT, LDAP_NO_LIMIT) &&
           ldap_get_option(ld, LDAP_OPT_SOCKBUF, &sockbuf) == LDAP_OPT_SUCCESS &&
           ber_sockbuf_ctrl(sockbuf, LBER_SB_OPT_SET_MAX_INCOMING, &pdu_max) >= 0 &&
           ber_sockbuf_add_io(sockbuf, &cf_ldap_io, LBER_SBIOD_LEVEL_PROVIDER, conn) == 0;
}

static enum cf_rc
dial(const struct cf_ldap *ldap, const LDAPURLDesc *url, struct cf_ldap_conn *conn,
     struct cf_err *err)
{
    CF_TRY(connect_any(ldap, url->lud_host, url->lud_port, &conn->fd, err));
    if (ldap_init_fd(conn->fd, LDAP_PROTO_EXT, conn->uri, &conn->ld) != LDAP_SUCCESS)
        return cf_fail_oom(err);
    if (!set_options(conn))
        return cf_fail(err, CF_E_BUG, "libldap refuses an option");
    return CF_OK;
}

enum cf_rc
cf_ldap_dial(const struct cf_ldap *ldap, const char *uri, struct cf_ldap_conn **ret_conn,
             struct cf_err *err)
{
    cf_own(cf_ldap_conn) conn = calloc(1, sizeof *conn);
    LDAPURLDesc *url = NULL;

    if (!conn)
        return cf_fail_oom(err);
    conn->ldap = ldap;
    conn->uri = uri;
    conn->fd = -1;
    if (ldap_url_parse(uri, &url) != LDAP_URL_SUCCESS)
        return cf_fail(err, CF_E_CONFIG, "[directory] uri: %s is no LDAP URL", uri);
    enum cf_rc rc = dial(ldap, url, conn, err);
    ldap_free_urldesc(url);
    if (rc != CF_OK)
        return cf_err_prefix(err, "%s", uri);
    *ret_conn = cf_give(conn);
    return CF_OK;
}
