/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token_cache - one token per scope, replaced in good time.
 *
 * Its age is counted on the monotonic clock: a jump of the wall clock neither spares nor kills a
 * token. Callers get copies, so that a token may be replaced while another call still sends it.
 */
#include <stdio.h>

#include "parts.h"

enum { MARGIN_MAX_S = 300 };

/* Half of a short life: issuers cut times to whole seconds, so a tenth of one may be nothing. */
uint64_t
cf_token_margin_s(uint64_t life_s)
{
    return life_s / 2 < MARGIN_MAX_S ? life_s / 2 : MARGIN_MAX_S;
}

enum cf_rc
cf_token_cache_init(struct cf_token_cache *cache, struct cf_oauth *oauth, struct cf_err *err)
{
    *cache = (struct cf_token_cache){.oauth = oauth};
    for (size_t i = 0; i < CF_TOKEN_USE_MAX_; i++) {
        if (cf_flight_init(&cache->slot[i].flight, err) != CF_OK) {
            while (i-- > 0)
                cf_flight_done(&cache->slot[i].flight);
            return err->rc;
        }
        cache->slot[i].cache = cache;
    }

    const struct cf_cloud_settings *settings = oauth->settings;
    if (settings->auth == CF_AUTH_TLS)
        return CF_OK;
    enum cf_rc rc = CF_OK;
    if (settings->graph) /* the directory's scope has one slash ... */
        rc = cf_url_join(settings->graph, ".default", &cache->slot[CF_TOKEN_GRAPH].scope, err);
    /* ... the service's is its resource as it is, slash at the end included, and one more. */
    if (rc == CF_OK &&
        asprintf(&cache->slot[CF_TOKEN_SERVICE].scope, "%s/.default", settings->resource) < 0) {
        cache->slot[CF_TOKEN_SERVICE].scope = NULL;
        rc = cf_fail_oom(err);
    }
    if (rc != CF_OK)
        cf_token_cache_done(cache);
    return rc;
}

void
cf_token_cache_done(struct cf_token_cache *cache)
{
    for (size_t i = 0; i < CF_TOKEN_USE_MAX_; i++) {
        struct cf_token_slot *slot = &cache->slot[i];

        free(slot->scope);
        cf_secret_free(slot->token);
        cf_secret_free(slot->fresh);
        cf_flight_done(&slot->flight);
    }
}

static enum cf_rc
fetch(void *arg, struct cf_err *err)
{
    struct cf_token_slot *slot = arg;

    slot->fresh = cf_secret_free(slot->fresh);
    return cf_oauth_token(slot->cache->oauth, slot->scope, &slot->fresh, &slot->fresh_life_s, err);
}

static void
publish(void *arg)
{
    struct cf_token_slot *slot = arg;
    uint64_t good_for_s = slot->fresh_life_s - cf_token_margin_s(slot->fresh_life_s);

    cf_secret_free(slot->token);
    slot->token = cf_give(slot->fresh);
    slot->good_until_ms =
        cf_clock_monotonic_ms(slot->cache->oauth->clock) + (int64_t)good_for_s * 1000;
    slot->generation++;
}

enum cf_rc
cf_token_cache_get(struct cf_token_cache *cache, enum cf_token_use use,
                   struct cf_secret **ret_token, uint64_t *ret_generation, struct cf_err *err)
{
    struct cf_token_slot *slot = &cache->slot[use];
    enum cf_rc rc = CF_OK;

    if (cache->oauth->settings->auth == CF_AUTH_TLS) {
        *ret_token = NULL;
        *ret_generation = 0;
        return CF_OK;
    }
    cf_flight_lock(&slot->flight);
    bool is_good = slot->token && cf_clock_monotonic_ms(cache->oauth->clock) < slot->good_until_ms;
    if (!is_good)
        rc = cf_flight_run(&slot->flight, fetch, publish, slot, err);
    if (rc == CF_OK && !slot->token) /* dropped again before this thread came to see it */
        rc = cf_fail(err, CF_E_AUTH, "the token was refused as soon as it was there");
    if (rc == CF_OK)
        rc =
            cf_secret_copy(cf_secret_data(slot->token), cf_secret_len(slot->token), ret_token, err);
    if (rc == CF_OK)
        *ret_generation = slot->generation;
    cf_flight_unlock(&slot->flight);
    return rc;
}

void
cf_token_cache_drop(struct cf_token_cache *cache, enum cf_token_use use, uint64_t generation)
{
    struct cf_token_slot *slot = &cache->slot[use];

    cf_flight_lock(&slot->flight);
    if (slot->generation == generation)
        slot->token = cf_secret_free(slot->token);
    cf_flight_unlock(&slot->flight);
}
