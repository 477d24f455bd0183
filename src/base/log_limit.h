/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_limit - how many entries of one event pass per minute.
 *
 * A minute starts with the first entry after the last minute ended. Not locked: the caller is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cf_log_limit {
    int64_t minute_ends_ms;
    unsigned n_passed;
    uint64_t n_left_out; /* since the last entry that passed */
};

/* True when the entry passes; *ret_left_out then tells how many before it did not. A burst of 0
 * lets everything pass. */
bool cf_log_limit_pass(struct cf_log_limit *limit, unsigned burst_per_min, int64_t now_ms,
                       uint64_t *ret_left_out);
