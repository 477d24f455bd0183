/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ca_sweep - something that takes its time, done once for each CA of a site, several at a time, so
 * that a CA that does not answer keeps nobody from the others. Thread-safe.
 */
#pragma once

#include "certferry/pool.h"
#include "certferry/site.h"

/* Looks at the i-th CA of the site; for different CAs on several threads at once. */
typedef void cf_ca_look_fn(void *arg, struct cf_ca_slot *slot, size_t i);
typedef void cf_ca_sweep_end_fn(void *arg);

struct cf_ca_sweep_options {
    struct cf_site *site; /* a reference is taken */
    struct cf_pool *pool; /* outlives the sweep; CAs whose turn comes when it stops are left out */
    cf_ca_look_fn *look;
    cf_ca_sweep_end_fn *end; /* may be NULL; called once, by whoever gives the last reference */
    void *arg;
};

struct cf_ca_sweep;
CF_MUST_USE enum cf_rc cf_ca_sweep_new(const struct cf_ca_sweep_options *options,
                                       struct cf_ca_sweep **ret_sweep, struct cf_err *err);
/* Lets `n` jobs of the io lane take part; each has a reference, and goes on until no CA is left.
 * Returns how many do: fewer when the lane's queue is full or the pool stops. */
size_t cf_ca_sweep_start(struct cf_ca_sweep *sweep, enum cf_priority priority, size_t n);
/* Takes part on this thread, and returns when all CAs were looked at: also where no job ever got a
 * worker. */
void cf_ca_sweep_finish(struct cf_ca_sweep *sweep);
/* Gives a reference back. */
struct cf_ca_sweep *cf_ca_sweep_free(struct cf_ca_sweep *sweep); /* NULL in, NULL out */
CF_DEFINE_OWN(cf_ca_sweep);
