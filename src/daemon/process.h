/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process - that the process is alone.
 */
#pragma once

#include "certferry/err.h"

/* Holds FILE.lock for as long as *ret_fd is open. CF_E_CONFIG when another process has it. */
CF_MUST_USE enum cf_rc cf_process_lock(const char *path, int *ret_fd, struct cf_err *err);
