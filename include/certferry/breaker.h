/* SPDX-License-Identifier: Apache-2.0 */
/*
 * breaker - lets one caller at a time find out whether a peer that failed is still down.
 *
 * After a failure the others get the same failure at once, without a connection: a dead peer costs
 * no worker its time, and a wrong password is not tried until the account is locked. The time
 * until the next try doubles with each failure in a row. Thread-safe.
 */
#pragma once

#include <pthread.h>
#include <stdint.h>

#include "certferry/clock.h"
#include "certferry/err.h"

struct cf_breaker {
    pthread_mutex_t lock;
    const struct cf_clock *clock;
    uint64_t retry_min_ms;
    uint64_t retry_max_ms;
    unsigned failures; /* in a row; 0: calls pass */
    bool is_probed;
    int64_t retry_at_ms; /* monotonic */
    struct cf_err reason;
};

enum cf_breaker_verdict {
    CF_BREAKER_WORKS,  /* the peer answered, whatever it said */
    CF_BREAKER_FAILS,  /* keep the others back */
    CF_BREAKER_UNKNOWN /* nothing was learned: stopped, out of memory */
};

void cf_breaker_init(struct cf_breaker *breaker, const struct cf_clock *clock,
                     uint64_t retry_min_ms, uint64_t retry_max_ms);
void cf_breaker_done(struct cf_breaker *breaker);
/* CF_OK: the caller may try, and has to call cf_breaker_leave with *ret_is_probe. Else the reason
 * of the last failure, with the seconds until the next try. */
CF_MUST_USE enum cf_rc cf_breaker_enter(struct cf_breaker *breaker, bool *ret_is_probe,
                                        struct cf_err *err);
/* err is the failure's (CF_BREAKER_FAILS only; may be NULL otherwise). */
void cf_breaker_leave(struct cf_breaker *breaker, bool is_probe, enum cf_breaker_verdict verdict,
                      const struct cf_err *err);
/* How long calls are still being kept back; 0 also while a probe is under way. */
uint64_t cf_breaker_left_ms(struct cf_breaker *breaker);
/* How many calls would pass just now: 0, 1 (a probe), SIZE_MAX. */
size_t cf_breaker_room(struct cf_breaker *breaker);
/* Whether calls are being kept back just now. */
bool cf_breaker_is_open(struct cf_breaker *breaker);
