/* SPDX-License-Identifier: Apache-2.0 */
#include "log_limit.h"

enum { MINUTE_MS = 60000 };

bool
cf_log_limit_pass(struct cf_log_limit *limit, unsigned burst_per_min, int64_t now_ms,
                  uint64_t *ret_left_out)
{
    if (burst_per_min == 0) {
        *ret_left_out = 0;
        return true;
    }
    if (now_ms >= limit->minute_ends_ms) {
        limit->minute_ends_ms = now_ms + MINUTE_MS;
        limit->n_passed = 0;
    }
    if (limit->n_passed >= burst_per_min) {
        limit->n_left_out++;
        return false;
    }
    limit->n_passed++;
    *ret_left_out = limit->n_left_out;
    limit->n_left_out = 0;
    return true;
}
