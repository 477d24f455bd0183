/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc - runs one program to its end, with a deadline and limits.
 *
 * posix_spawn in a new process group with an empty environment but what is passed, closed file
 * descriptors, default signals, no shell. At the deadline or on stop the group gets SIGTERM, a
 * second later SIGKILL. What a program leaves running in its group when it ends is killed. The
 * child must be ours to collect: SIGCHLD is not ignored. Thread-safe.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "certferry/buf.h"
#include "certferry/err.h"

struct cf_proc_request {
    const char *const *argv; /* argv[0] absolute; NULL-terminated */
    const char *const *env;  /* "NAME=value"; NULL-terminated; PATH is added when missing */
    struct cf_bytes input;   /* standard input */
    size_t output_max;       /* more on stdout: killed, CF_E_LIMIT */
    size_t errors_max;       /* stderr kept up to here, the rest is read and dropped */
    uint64_t timeout_ms;
    const volatile int *stop_flag; /* may be NULL */
};

struct cf_proc_result {
    int exit_status; /* 0..255; -SIGNAL when killed by one */
    struct cf_buf *output;
    struct cf_buf *errors;
};

/* CF_E_CONFIG (cannot be started: says why), CF_E_TIMEOUT, CF_E_LIMIT, CF_E_STOPPED, CF_E_IO. A
 * program that ends by itself is CF_OK whatever its status. */
CF_MUST_USE enum cf_rc cf_proc_run(const struct cf_proc_request *request,
                                   struct cf_proc_result *ret_result, struct cf_err *err);
void cf_proc_result_done(struct cf_proc_result *result);
