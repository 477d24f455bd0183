/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc_internal - a started program and its three pipes.
 */
#pragma once

#include <sys/types.h>

#include "certferry/proc.h"

struct cf_child {
    pid_t pid; /* also its process group; 0 once it was collected */
    int pidfd;
    int input; /* our ends, not blocking; -1 when closed */
    int output;
    int errors;
};

CF_MUST_USE enum cf_rc cf_child_start(const struct cf_proc_request *request,
                                      struct cf_child *ret_child, struct cf_err *err);
/* Kills what is left of the group, waits for the program, closes everything. The status as
 * waitpid gives it; 0 when there was none to collect. */
int cf_child_end(struct cf_child *child);
