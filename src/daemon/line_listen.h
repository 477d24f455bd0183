/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line_listen - the listening side of a line server: the socket's place, owner and mode.
 */
#pragma once

#include "line_server.h"

enum { CF_LINE_USER_SIZE = 64 };

/* Bound and listening, mode 0660. The errors of cf_line_server_open. */
CF_MUST_USE enum cf_rc cf_line_listen(const struct cf_line_server_options *options, int *ret_fd,
                                      struct cf_err *err);
/* The user at the other end; (uid_t)-1 when the kernel does not tell. */
uid_t cf_line_peer(int fd, char who[CF_LINE_USER_SIZE]);
