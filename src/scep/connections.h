/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connections - who is connected, how many from where, and until when a client may take its time.
 *
 * A deadline is absolute: bytes that trickle in do not move it. A thread looks for the ones that
 * passed and shuts their sockets down, which ends the connection in whatever state it is.
 * Thread-safe.
 */
#pragma once

#include <stdint.h>
#include <sys/socket.h>

#include "certferry/err.h"

struct cf_scep_connections;
struct cf_scep_connection;

struct cf_scep_connection_limits {
    unsigned max;
    unsigned max_per_address; /* IPv6: per /64; 0: no limit */
    uint64_t timeout_ms;      /* to send a request, to take an answer, between requests */
};
CF_MUST_USE enum cf_rc cf_scep_connections_new(const struct cf_scep_connection_limits *limits,
                                               struct cf_scep_connections **ret_connections,
                                               struct cf_err *err);
struct cf_scep_connections *cf_scep_connections_free(struct cf_scep_connections *all);
CF_DEFINE_OWN(cf_scep_connections);
unsigned cf_scep_connections_count(struct cf_scep_connections *all);
/* Those that we owe an answer, or the rest of one. */
unsigned cf_scep_connections_count_busy(struct cf_scep_connections *all);

/* Whether one more from there is welcome. */
bool cf_scep_connections_admit(struct cf_scep_connections *all, const struct sockaddr *address);
/* fd stays the caller's and open until cf_scep_connection_remove. NULL when out of memory. */
struct cf_scep_connection *cf_scep_connection_add(struct cf_scep_connections *all, int fd,
                                                  const struct sockaddr *address);
void cf_scep_connection_remove(struct cf_scep_connection *connection);

/* What it waits for now. A request that begins within the time for it has all of it again, once. */
enum cf_scep_connection_phase {
    CF_SCEP_AWAITING,  /* a request, from the start or after an answer */
    CF_SCEP_RECEIVING, /* its first line is there */
    CF_SCEP_WORKING,   /* us: no deadline */
    CF_SCEP_SENDING
};
void cf_scep_connection_enter(struct cf_scep_connection *connection,
                              enum cf_scep_connection_phase phase);
