/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles - what certferryd serves, kept here: the last good answer stays in use while certferryd
 * is away. Thread-safe.
 */
#pragma once

#include "backend.h"

enum { CF_SCEP_REFRESH_MS = 30 * 1000, CF_SCEP_REFRESH_MIN_MS = 1000 };

struct cf_scep_profile_cache;
/* Borrows backend and clock. Empty until the first refresh. */
CF_MUST_USE enum cf_rc cf_scep_profile_cache_new(struct cf_scep_backend *backend,
                                                 const struct cf_clock *clock,
                                                 struct cf_scep_profile_cache **ret_cache,
                                                 struct cf_err *err);
struct cf_scep_profile_cache *cf_scep_profile_cache_free(struct cf_scep_profile_cache *cache);
CF_DEFINE_OWN(cf_scep_profile_cache);

/* Never blocks. A new reference; NULL: nothing was ever learnt. */
struct cf_scep_profiles *cf_scep_profile_cache_get(struct cf_scep_profile_cache *cache);
/* Asks certferryd when the last attempt is older than max_age_ms: CF_SCEP_REFRESH_MS for the
 * regular one, CF_SCEP_REFRESH_MIN_MS when a device names a profile that is not known, 0 for now.
 * Blocks; whoever comes while another thread asks waits for that answer. With an error the old
 * profiles stay. */
CF_MUST_USE enum cf_rc cf_scep_profile_cache_refresh(struct cf_scep_profile_cache *cache,
                                                     uint64_t max_age_ms, struct cf_err *err);

struct cf_scep_cache_status {
    bool is_fresh;            /* the last attempt succeeded */
    int64_t learnt_ms;        /* wall clock: when what is in use was learnt; 0: never */
    int64_t failing_since_ms; /* wall clock: first of the attempts that failed in a row; 0: none */
    struct cf_err last_error; /* rc CF_OK: none */
};
void cf_scep_profile_cache_status(struct cf_scep_profile_cache *cache,
                                  struct cf_scep_cache_status *ret_status);
