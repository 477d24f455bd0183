/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp - one TCP connection of which every wait has an end.
 *
 * Waits end at the limit that was set last, and soon after *stop_flag is set (CF_E_STOPPED). A
 * connection belongs to one thread at a time. Keep-alive is on, Nagle's delay is off.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "certferry/buf.h"
#include "certferry/err.h"

struct cf_tcp_options {
    const char *host; /* a name, whose addresses are tried in turn, or an address */
    uint16_t port;
    uint64_t connect_timeout_ms;   /* for all addresses together; resolving a name not included */
    const volatile int *stop_flag; /* may be NULL */
};

/* A connected, non-blocking socket. CF_E_NET (not resolved, refused, unreachable: says which),
 * CF_E_TIMEOUT, CF_E_STOPPED. */
CF_MUST_USE enum cf_rc cf_tcp_dial(const struct cf_tcp_options *options, int *ret_fd,
                                   struct cf_err *err);
/* Until poll(2) `events` hold for fd. CF_E_TIMEOUT at until_ms (cf_clock_monotonic_ms of the real
 * clock), CF_E_STOPPED. */
CF_MUST_USE enum cf_rc cf_tcp_await(int fd, short events, int64_t until_ms,
                                    const volatile int *stop_flag, struct cf_err *err);

struct cf_tcp;
CF_MUST_USE enum cf_rc cf_tcp_open(const struct cf_tcp_options *options, struct cf_tcp **ret_tcp,
                                   struct cf_err *err);
struct cf_tcp *cf_tcp_free(struct cf_tcp *tcp);
CF_DEFINE_OWN(cf_tcp);
/* Reading and writing from here on ends within timeout_ms; 0 until this is called. */
void cf_tcp_limit(struct cf_tcp *tcp, uint64_t timeout_ms);
/* Exactly len bytes. CF_E_NET: the peer hung up before; CF_E_TIMEOUT, CF_E_STOPPED. */
CF_MUST_USE enum cf_rc cf_tcp_read(struct cf_tcp *tcp, void *data, size_t len, struct cf_err *err);
/* All of it, or an error as above. */
CF_MUST_USE enum cf_rc cf_tcp_write(struct cf_tcp *tcp, struct cf_bytes bytes, struct cf_err *err);
