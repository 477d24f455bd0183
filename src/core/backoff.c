/* SPDX-License-Identifier: Apache-2.0 */
#include "backoff.h"

#include <sys/random.h>

uint64_t
cf_backoff_ms(uint64_t min_ms, uint64_t max_ms, uint32_t attempt, const struct cf_err *err)
{
    uint64_t delay = min_ms > 0 ? min_ms : 1;

    if (err && err->fault == CF_FAULT_CONFIG)
        delay = max_ms;
    for (uint32_t i = 0; i < attempt && delay < max_ms; i++)
        delay *= 2;
    if (delay > max_ms)
        delay = max_ms;

    uint32_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
        random = 0;
    delay = delay / 2 + (delay - delay / 2) * (random % 1024) / 1023;

    uint64_t asked = err && err->retry_after_s > 0 ? (uint64_t)err->retry_after_s * 1000 : 0;
    return delay < asked ? asked : delay;
}
