/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_socket - where certferry-scepd asks us (docs/protocol/scep-socket.md).
 *
 * Commands run on workers. One that has to wait for an outcome occupies none: its answer is held
 * until the item rests or the time is over.
 */
#pragma once

#include "daemon.h"

struct cf_scep_socket;

/* Closed to all but [scep] socket_user, our own user and root. CF_E_CONFIG: no such user, or
 * another daemon listens there; CF_E_PERMISSION. */
CF_MUST_USE enum cf_rc cf_scep_socket_open(struct cf_daemon *daemon,
                                           const struct cf_settings *settings,
                                           struct cf_scep_socket **ret_socket, struct cf_err *err);
/* Drops connections and removes the socket. Loop and pool must be stopped before, the scheduler
 * must still be there. Takes NULL. */
void cf_scep_socket_close(struct cf_scep_socket *socket);
/* Front doors that are connected: connections, of which each has several. From any thread; 0 for
 * NULL. */
unsigned cf_scep_socket_connections(const struct cf_scep_socket *socket);
/* Since when there has been at least one; 0: there is none. From any thread. */
int64_t cf_scep_socket_since_ms(const struct cf_scep_socket *socket);
