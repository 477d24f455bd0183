/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line - one connection to certferryd's socket: a line there, a line back.
 */
#pragma once

#include "certferry/buf.h"
#include "certferry/err.h"

struct cf_scep_line {
    const char *path;
    int64_t until_ms; /* monotonic, the real clock's: all waits end then, with CF_E_TIMEOUT */
    const volatile int *stop_flag; /* may be NULL */
};

/* CF_E_NET: nobody listens, or too many wait; CF_E_PERMISSION, CF_E_CONFIG (no socket path). */
CF_MUST_USE enum cf_rc cf_scep_line_connect(const struct cf_scep_line *line, int *ret_fd,
                                            struct cf_err *err);
/* Sends both parts and a line end, and receives the answer without its line end. CF_E_NET: the
 * connection broke, and nothing is known of the request; CF_E_PROTOCOL: more than one line, or one
 * that is too long. After any error the connection is of no more use. */
CF_MUST_USE enum cf_rc cf_scep_line_ask(const struct cf_scep_line *line, int fd,
                                        struct cf_bytes head, struct cf_bytes tail,
                                        struct cf_buf **ret_answer, struct cf_err *err);
