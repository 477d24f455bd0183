/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stop - reading the flag that ends long waits.
 *
 * The pool stores it with a release, so whatever was written before the stop is seen by the reader.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Waits look at the flag at least this often, so a stop is noticed well within a second. */
enum { CF_STOP_POLL_MS = 200 };

static inline bool
cf_stop_is_set(const volatile int *flag)
{
    return flag != NULL && __atomic_load_n(flag, __ATOMIC_ACQUIRE) != 0;
}
