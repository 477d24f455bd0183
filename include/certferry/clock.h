/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock - the time, as a thing that tests can hold.
 *
 * Wall-clock time (UTC, milliseconds since 1970) is for what is written down or sent; monotonic
 * time (milliseconds since some start) is for waiting. Functions are thread-safe.
 */
#pragma once

#include <stdint.h>

struct cf_clock;

const struct cf_clock *cf_clock_real(void); /* the system's; never freed */
int64_t cf_clock_now_ms(const struct cf_clock *clock);
int64_t cf_clock_monotonic_ms(const struct cf_clock *clock);

/* A clock that moves only when told to; both times move together. */
struct cf_clock *cf_clock_fake_new(int64_t now_ms);
void cf_clock_fake_advance(struct cf_clock *clock, int64_t ms);
void cf_clock_fake_set_wall(struct cf_clock *clock, int64_t now_ms); /* a jump of the wall clock */
struct cf_clock *cf_clock_fake_free(struct cf_clock *clock);
