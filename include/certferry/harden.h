/* SPDX-License-Identifier: Apache-2.0 */
/*
 * harden - what a process does to itself before it holds a secret.
 */
#pragma once

#include <sys/types.h>

#include "certferry/err.h"

/* No core dump, no ptrace by the same user, no death by a closed pipe; new files get no more than
 * ~mask. Call before the first thread starts. CF_E_IO. */
CF_MUST_USE enum cf_rc cf_process_harden(mode_t mask, struct cf_err *err);
