/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler - brings due work to the worker lanes and runs the connector's standing duties.
 *
 * A duty is a function that runs on a worker, never twice at once, and says when it wants to run
 * again: fetching work, handing it out, delivering results, the heartbeat, upkeep. The thread that
 * owns the scheduler only starts duties that are due (cf_scheduler_tick) and sleeps in between.
 * All functions are thread-safe except new, free and tick.
 */
#pragma once

#include <stdint.h>

#include "certferry/pool.h"
#include "certferry/site.h"

#define CF_DUTY_LIST(X)                                                                            \
    X(DISPATCH, "dispatch")                                                                        \
    X(DOWNLOAD, "download")                                                                        \
    X(DELIVER, "deliver")                                                                          \
    X(PENDING, "pending")                                                                          \
    X(REVOCATIONS, "revocations")                                                                  \
    X(ACKNOWLEDGE, "acknowledge")                                                                  \
    X(HEARTBEAT, "heartbeat")                                                                      \
    X(CA_UPKEEP, "ca-upkeep")                                                                      \
    X(PREFLIGHT, "preflight")                                                                      \
    X(CREDENTIALS, "credentials")                                                                  \
    X(EXPIRY, "expiry")                                                                            \
    X(KEYS, "keys")                                                                                \
    X(MAINTENANCE, "maintenance")

enum cf_duty {
#define X(name, text) CF_DUTY_##name,
    CF_DUTY_LIST(X)
#undef X
        CF_DUTY_MAX_
};

const char *cf_duty_name(enum cf_duty duty); /* the second column of the list */

struct cf_scheduler;

typedef void cf_wake_fn(void *arg);

struct cf_scheduler_options {
    struct cf_pool *pool;
    const struct cf_clock *clock;
    cf_wake_fn *wake; /* called from any thread when cf_scheduler_tick should run soon */
    void *wake_arg;
};

/* Takes a reference on site. */
CF_MUST_USE enum cf_rc cf_scheduler_new(const struct cf_scheduler_options *options,
                                        struct cf_site *site, struct cf_scheduler **ret_scheduler,
                                        struct cf_err *err);
/* The pool must be stopped before. */
struct cf_scheduler *cf_scheduler_free(struct cf_scheduler *scheduler);
CF_DEFINE_OWN(cf_scheduler);

/* Starts the duties that are due; says how long nothing will be. Never blocks. */
void cf_scheduler_tick(struct cf_scheduler *scheduler, uint64_t *ret_delay_ms);
/* Makes a duty due now (again, if it is running). */
void cf_scheduler_kick(struct cf_scheduler *scheduler, enum cf_duty duty);
void cf_scheduler_kick_after(struct cf_scheduler *scheduler, enum cf_duty duty, uint64_t delay_ms);
/* New work uses the new site from now on. Claims stay under the name that the process started with,
 * so that those of work in progress can still be renewed and given back. */
void cf_scheduler_use_site(struct cf_scheduler *scheduler, struct cf_site *site);
struct cf_site *cf_scheduler_site(struct cf_scheduler *scheduler); /* a new reference */

struct cf_duty_status {
    bool running;
    unsigned failures; /* in a row */
    uint64_t due_in_ms;
    struct cf_err last_error; /* rc CF_OK: none */
};
void cf_scheduler_duty_status(struct cf_scheduler *scheduler, enum cf_duty duty,
                              struct cf_duty_status *ret_status);
/* What stands of what preflight found at a CA, by section name; the check itself counts as an error
 * while it does not come to an end. */
struct cf_preflight_counts {
    unsigned errors;
    unsigned warnings;
};
void cf_scheduler_preflight(struct cf_scheduler *scheduler, const char *ca,
                            struct cf_preflight_counts *ret_counts);
unsigned cf_scheduler_in_flight(struct cf_scheduler *scheduler); /* requests on workers now */
bool cf_scheduler_cloud_is_up(struct cf_scheduler *scheduler);
