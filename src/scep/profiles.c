/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles.h"

#include <pthread.h>
#include <stdlib.h>

struct cf_scep_profile_cache {
    struct cf_scep_backend *backend;
    const struct cf_clock *clock;

    pthread_mutex_t asking; /* held by the one that asks certferryd */
    int64_t asked_ms;       /* monotonic; guarded by `asking` */
    bool was_asked;         /* guarded by `asking` */

    pthread_mutex_t lock; /* guards what follows; never held for long */
    struct cf_scep_profiles *profiles;
    struct cf_scep_cache_status status;
};

enum cf_rc
cf_scep_profile_cache_new(struct cf_scep_backend *backend, const struct cf_clock *clock,
                          struct cf_scep_profile_cache **ret_cache, struct cf_err *err)
{
    struct cf_scep_profile_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        return cf_fail_oom(err);

    cache->backend = backend;
    cache->clock = clock;
    pthread_mutex_init(&cache->asking, NULL);
    pthread_mutex_init(&cache->lock, NULL);
    *ret_cache = cache;
    return CF_OK;
}

struct cf_scep_profile_cache *
cf_scep_profile_cache_free(struct cf_scep_profile_cache *cache)
{
    if (!cache)
        return NULL;
    cf_scep_profiles_free(cache->profiles);
    pthread_mutex_destroy(&cache->asking);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
    return NULL;
}

struct cf_scep_profiles *
cf_scep_profile_cache_get(struct cf_scep_profile_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    struct cf_scep_profiles *profiles =
        cache->profiles ? cf_scep_profiles_ref(cache->profiles) : NULL;
    pthread_mutex_unlock(&cache->lock);
    return profiles;
}

void
cf_scep_profile_cache_status(struct cf_scep_profile_cache *cache,
                             struct cf_scep_cache_status *ret_status)
{
    pthread_mutex_lock(&cache->lock);
    *ret_status = cache->status;
    pthread_mutex_unlock(&cache->lock);
}

/* A CA whose chain certferryd cannot tell just now keeps the one that it had. */
static enum cf_rc
keep_chains(const struct cf_scep_profiles *old, struct cf_scep_profiles *fresh, struct cf_err *err)
{
    for (size_t i = 0; i < fresh->n_cas; i++) {
        const struct cf_scep_ca *before = cf_scep_profiles_find_ca(old, fresh->cas[i].name);
        cf_own(cf_buf) der = NULL;

        if (fresh->cas[i].chain || !before || !before->chain)
            continue;
        CF_TRY(cf_chain_der(before->chain, &der, err));
        CF_TRY(cf_chain_parse_der(cf_buf_bytes(der), &fresh->cas[i].chain, err));
    }
    return CF_OK;
}

static void
note_learnt(struct cf_scep_profile_cache *cache, struct cf_scep_profiles *take_profiles)
{
    pthread_mutex_lock(&cache->lock);
    struct cf_scep_profiles *old = cache->profiles;
    cache->profiles = take_profiles;
    cache->status =
        (struct cf_scep_cache_status){.is_fresh = true, .learnt_ms = cf_clock_now_ms(cache->clock)};
    pthread_mutex_unlock(&cache->lock);
    cf_scep_profiles_free(old);
}

static void
note_failed(struct cf_scep_profile_cache *cache, const struct cf_err *why)
{
    pthread_mutex_lock(&cache->lock);
    cache->status.is_fresh = false;
    cache->status.last_error = *why;
    if (cache->status.failing_since_ms == 0)
        cache->status.failing_since_ms = cf_clock_now_ms(cache->clock);
    pthread_mutex_unlock(&cache->lock);
}

/* What the last attempt came to. */
static enum cf_rc
last_outcome(struct cf_scep_profile_cache *cache, struct cf_err *err)
{
    struct cf_scep_cache_status status;

    cf_scep_profile_cache_status(cache, &status);
    if (status.last_error.rc != CF_OK && err)
        *err = status.last_error;
    return status.last_error.rc;
}

static enum cf_rc
fetch(struct cf_scep_profile_cache *cache, struct cf_scep_profiles **ret_profiles,
      struct cf_err *err)
{
    cf_own(cf_scep_profiles) fresh = NULL;
    cf_own(cf_scep_profiles) old = cf_scep_profile_cache_get(cache);

    CF_TRY(cf_scep_backend_profiles(cache->backend, &fresh, err));
    if (old)
        CF_TRY(keep_chains(old, fresh, err));
    *ret_profiles = cf_give(fresh);
    return CF_OK;
}

static enum cf_rc
ask(struct cf_scep_profile_cache *cache, struct cf_err *err)
{
    struct cf_scep_profiles *profiles = NULL;
    struct cf_err why = {0};

    if (fetch(cache, &profiles, &why) == CF_OK)
        note_learnt(cache, profiles);
    else
        note_failed(cache, &why);
    return last_outcome(cache, err);
}

enum cf_rc
cf_scep_profile_cache_refresh(struct cf_scep_profile_cache *cache, uint64_t max_age_ms,
                              struct cf_err *err)
{
    int64_t came_ms = cf_clock_monotonic_ms(cache->clock);
    enum cf_rc rc = CF_OK;

    pthread_mutex_lock(&cache->asking);
    /* An attempt that began while we waited is as good as our own. */
    if (cache->was_asked && cache->asked_ms > came_ms - (int64_t)max_age_ms) {
        rc = last_outcome(cache, err);
    } else {
        cache->asked_ms = cf_clock_monotonic_ms(cache->clock);
        cache->was_asked = true;
        rc = ask(cache, err);
    }
    pthread_mutex_unlock(&cache->asking);
    return rc;
}
