/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process - what the process does to itself before it holds a secret, and that it is alone.
 */
#pragma once

#include "certferry/err.h"

/* No core dump, no ptrace by the same user, files for this user and its group only. */
CF_MUST_USE enum cf_rc cf_process_harden(struct cf_err *err);

/* Holds FILE.lock for as long as *ret_fd is open. CF_E_CONFIG when another process has it. */
CF_MUST_USE enum cf_rc cf_process_lock(const char *path, int *ret_fd, struct cf_err *err);
