/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backoff - how long to wait before the next try.
 */
#pragma once

#include <stdint.h>

#include "certferry/err.h"

/*
 * Doubles from min_ms with each attempt (0 is the first failure) up to max_ms, of which a random
 * half is taken off so that many waiting requests spread out. A retry-after of the peer is never
 * undercut; a configuration fault waits for max_ms, since only a person can mend it.
 */
uint64_t cf_backoff_ms(uint64_t min_ms, uint64_t max_ms, uint32_t attempt,
                       const struct cf_err *err);
