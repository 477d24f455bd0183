/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front - what all operations work with.
 */
#pragma once

#include "certferry/scep_server.h"
#include "http.h"
#include "keeper.h"

struct cf_scep_front {
    const struct cf_scep_settings *settings;
    struct cf_pool *pool;
    const struct cf_clock *clock;
    struct cf_scep_backend *backend;
    struct cf_scep_profile_cache *profiles;
    struct cf_scep_keyring *keyring;
    struct cf_scep_keeper *keeper;
    struct cf_scep_http *http;
    int is_draining;    /* atomic, as the rest */
    unsigned n_waiting; /* requests under way */
    uint64_t n_answered;
    uint64_t n_turned_away;
};

/* The profile of a route, by its name in any case; borrowed from profiles. NULL: there is none. */
const struct cf_scep_profile *cf_scep_front_profile(const struct cf_scep_profiles *profiles,
                                                    const struct cf_scep_route *route);
