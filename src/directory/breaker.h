/* SPDX-License-Identifier: Apache-2.0 */
/*
 * breaker - lets one caller at a time find out that the directory is still down.
 *
 * After a failure the others get the same failure at once, without a connection: a dead directory
 * costs no worker its time, and a wrong password is not tried until the account is locked.
 */
#pragma once

#include <pthread.h>

#include "certferry/clock.h"
#include "certferry/err.h"

struct cf_breaker {
    pthread_mutex_t lock;
    const struct cf_clock *clock;
    uint64_t retry_ms;
    bool is_open; /* calls are kept back */
    bool is_probed;
    int64_t retry_at_ms;
    struct cf_err reason;
};

void cf_breaker_init(struct cf_breaker *breaker, const struct cf_clock *clock, uint64_t retry_ms);
void cf_breaker_done(struct cf_breaker *breaker);

/* CF_OK: the caller may try, and has to call cf_breaker_leave with *ret_is_probe. Else the reason
 * of the last failure, with the seconds until the next try. */
CF_MUST_USE enum cf_rc cf_breaker_enter(struct cf_breaker *breaker, bool *ret_is_probe,
                                        struct cf_err *err);
/* CF_E_DIRECTORY_DOWN, CF_E_AUTH and CF_E_TLS open it; CF_E_STOPPED and CF_E_OOM say nothing; all
 * else is an answer of a directory that works. */
void cf_breaker_leave(struct cf_breaker *breaker, bool is_probe, enum cf_rc rc,
                      const struct cf_err *err);
