/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keypool - ready keys per kind, bounded in number and age. Memory only, never disk.
 *
 * Take gives the oldest key that is young enough, or generates one on the spot. Thread-safe.
 */
#pragma once

#include <stdint.h>

#include "certferry/clock.h"
#include "certferry/key.h"

struct cf_keypool;

struct cf_keypool_options {
    unsigned size[CF_KEY_KIND_MAX_]; /* keys held ready, 0..4096 */
    uint64_t max_age_ms;             /* older keys are destroyed, not used */
    const struct cf_clock *clock;
};

CF_MUST_USE enum cf_rc cf_keypool_new(const struct cf_keypool_options *options,
                                      struct cf_keypool **ret_pool, struct cf_err *err);
struct cf_keypool *cf_keypool_free(struct cf_keypool *pool); /* flushes */
CF_DEFINE_OWN(cf_keypool);

/* *ret_from_pool (may be NULL) says whether it was ready. */
CF_MUST_USE enum cf_rc cf_keypool_take(struct cf_keypool *pool, enum cf_key_kind kind,
                                       struct cf_key **ret_key, bool *ret_from_pool,
                                       struct cf_err *err);
/* Generates at most one missing key (the kind that lacks the largest share first) and drops aged
 * ones. *ret_more: something is still missing. Stops short of the secure heap's end: when less than
 * a quarter of it is free nothing is made and *ret_more is false. */
CF_MUST_USE enum cf_rc cf_keypool_fill_one(struct cf_keypool *pool, bool *ret_more,
                                           struct cf_err *err);
bool cf_keypool_wants_keys(struct cf_keypool *pool);
unsigned cf_keypool_count(struct cf_keypool *pool, enum cf_key_kind kind);
/* New sizes and age, as at a reload; surplus keys are destroyed. */
void cf_keypool_configure(struct cf_keypool *pool, const struct cf_keypool_options *options);
void cf_keypool_flush(struct cf_keypool *pool);
