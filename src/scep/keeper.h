/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeper - the one thread that keeps profiles and keys up to date.
 */
#pragma once

#include "ra.h"

struct cf_scep_keeper;
/* Starts the thread; profiles and keyring are borrowed until it is freed. The first round is made
 * by the thread, so that a certferryd which is not there yet holds up nobody. */
CF_MUST_USE enum cf_rc cf_scep_keeper_new(struct cf_scep_profile_cache *profiles,
                                          struct cf_scep_keyring *keyring,
                                          struct cf_scep_keeper **ret_keeper, struct cf_err *err);
/* Ends the thread, after the call it makes just now: set the backend's stop flag before. */
struct cf_scep_keeper *cf_scep_keeper_free(struct cf_scep_keeper *keeper);
CF_DEFINE_OWN(cf_scep_keeper);
/* Another round now; from any thread, never blocks. */
void cf_scep_keeper_wake(struct cf_scep_keeper *keeper);
