/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control - the socket on which the operator's tool reaches the daemon
 * (docs/protocol/control-socket.md).
 *
 * The loop's thread accepts, reads one line and writes one line; the command in between runs on a
 * worker. Only root and the configured group can open the socket.
 */
#pragma once

#include "daemon.h"

struct cf_control;

/* Makes the socket (an old one that nobody listens on is replaced) with mode 0660 and the
 * configured group. CF_E_CONFLICT when another daemon listens on it, CF_E_PERMISSION, CF_E_CONFIG
 * (no such group). */
CF_MUST_USE enum cf_rc cf_control_open(struct cf_daemon *daemon, const struct cf_settings *settings,
                                       struct cf_control **ret_control, struct cf_err *err);
/* Drops connections and removes the socket. Loop and pool must be stopped before. Takes NULL. */
void cf_control_close(struct cf_control *control);
