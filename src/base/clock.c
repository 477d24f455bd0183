/* SPDX-License-Identifier: Apache-2.0 */
/* clock - the real clock and the one that tests hold. */
#include "certferry/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

/* Not zero: zero means "never" to some callers. */
enum { FAKE_MONOTONIC_START_MS = 1000000 };

struct cf_clock {
    bool is_fake;
    _Atomic int64_t wall_ms;
    _Atomic int64_t monotonic_ms;
};

static const struct cf_clock REAL = {.is_fake = false};

const struct cf_clock *
cf_clock_real(void)
{
    return &REAL;
}

static int64_t
read_ms(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
cf_clock_now_ms(const struct cf_clock *clock)
{
    return clock->is_fake ? atomic_load(&clock->wall_ms) : read_ms(CLOCK_REALTIME);
}

int64_t
cf_clock_monotonic_ms(const struct cf_clock *clock)
{
    /* The clock that sd-event timers and condition variables wait on. */
    return clock->is_fake ? atomic_load(&clock->monotonic_ms) : read_ms(CLOCK_MONOTONIC);
}

struct cf_clock *
cf_clock_fake_new(int64_t now_ms)
{
    struct cf_clock *clock = calloc(1, sizeof *clock);

    if (!clock)
        return NULL;
    clock->is_fake = true;
    atomic_init(&clock->wall_ms, now_ms);
    atomic_init(&clock->monotonic_ms, FAKE_MONOTONIC_START_MS);
    return clock;
}

void
cf_clock_fake_advance(struct cf_clock *clock, int64_t ms)
{
    atomic_fetch_add(&clock->wall_ms, ms);
    atomic_fetch_add(&clock->monotonic_ms, ms);
}

void
cf_clock_fake_set_wall(struct cf_clock *clock, int64_t now_ms)
{
    atomic_store(&clock->wall_ms, now_ms);
}

struct cf_clock *
cf_clock_fake_free(struct cf_clock *clock)
{
    free(clock);
    return NULL;
}
