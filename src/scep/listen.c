/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets that listen= and tls_listen= name. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "certferry/scep_server.h"

enum { ADDRESS_MAX = 300, BACKLOG = 512 };

/* "HOST:PORT" or "[IPv6]:PORT"; the host may be empty or "*" for all addresses. */
static enum cf_rc
split(const char *text, char *host, const char **ret_port, struct cf_err *err)
{
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0;

    if (!colon || !colon[1] || len > ADDRESS_MAX)
        return cf_fail(err, CF_E_CONFIG, "[scep] listen: '%s' is not HOST:PORT or [IPv6]:PORT",
                       text);
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    memcpy(host, text, len);
    host[len] = '\0';
    *ret_port = colon + 1;
    return CF_OK;
}

static enum cf_rc
open_one(const struct addrinfo *info, const char *text, int *ret_fd, struct cf_err *err)
{
    const int on = 1;
    cf_own_fd fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return cf_fail_errno(err, CF_E_CONFIG, errno, "[scep] listen %s", text);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        (info->ai_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) ||
        bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
        return cf_fail_errno(err, CF_E_CONFIG, errno,
                             "[scep] listen %s: another service may have it, or the address is not "
                             "this host's",
                             text);
    *ret_fd = fd;
    fd = -1;
    return CF_OK;
}

static enum cf_rc
add(struct cf_scep_listeners *listeners, const char *text, bool is_tls, struct cf_err *err)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *all = NULL;
    char host[ADDRESS_MAX + 1];
    const char *port = NULL;
    enum cf_rc rc = CF_OK;

    CF_TRY(split(text, host, &port, err));
    bool is_any = host[0] == '\0' || strcmp(host, "*") == 0;
    int failure = getaddrinfo(is_any ? NULL : host, port, &hints, &all);
    if (failure != 0)
        return cf_fail(err, CF_E_CONFIG, "[scep] listen %s: %s", text, gai_strerror(failure));
    for (const struct addrinfo *info = all; rc == CF_OK && info; info = info->ai_next) {
        struct cf_scep_listener *next = &listeners->listener[listeners->n];
        if (listeners->n == CF_SCEP_LISTENERS_MAX)
            rc = cf_fail(err, CF_E_LIMIT, "[scep] listens on more than %d sockets",
                         CF_SCEP_LISTENERS_MAX);
        else
            rc = open_one(info, text, &next->fd, err);
        /* A host without IPv6 still has all its addresses. */
        if (rc != CF_OK && is_any && info->ai_family == AF_INET6 && err &&
            err->native == EAFNOSUPPORT)
            rc = CF_OK;
        else if (rc == CF_OK) {
            next->is_tls = is_tls;
            listeners->n++;
        }
    }
    freeaddrinfo(all);
    return rc;
}

static bool
has(const struct cf_scep_listeners *listeners, bool is_tls)
{
    for (size_t i = 0; i < listeners->n; i++) {
        if (listeners->listener[i].is_tls == is_tls)
            return true;
    }
    return false;
}

enum cf_rc
cf_scep_listen(const struct cf_scep_settings *settings, struct cf_scep_listeners *listeners,
               struct cf_err *err)
{
    char **plain = has(listeners, false) ? NULL : settings->listen;
    char **tls = has(listeners, true) ? NULL : settings->tls_listen;

    for (char **text = plain; text && *text; text++)
        CF_TRY(add(listeners, *text, false, err));
    for (char **text = tls; text && *text; text++)
        CF_TRY(add(listeners, *text, true, err));
    return CF_OK;
}

void
cf_scep_listeners_done(struct cf_scep_listeners *listeners)
{
    for (size_t i = 0; i < listeners->n; i++)
        close(listeners->listener[i].fd);
    listeners->n = 0;
}
