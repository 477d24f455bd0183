/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_store - the store's port in memory, which fails when told to.
 *
 * Passes the same contract suite as the real one. Options' path is ignored; closing loses all.
 */
#pragma once

#include "certferry/store.h"

extern const struct cf_store_ops cf_store_fake;

/* The next operation of any name fails with rc and does nothing. */
void cf_fake_store_fail_next(struct cf_store *store, enum cf_rc rc);
/* The next operation of this name ("commit": as the member of cf_store_ops) does. One fault at a
 * time; a later call replaces it, CF_OK takes it back. */
void cf_fake_store_fail_next_of(struct cf_store *store, const char *operation, enum cf_rc rc);
/* All operations fail from now on, until CF_OK is given. */
void cf_fake_store_fail_all(struct cf_store *store, enum cf_rc rc);

struct cf_fake_store_counts {
    size_t claims;  /* calls of claim */
    size_t claimed; /* items that they gave */
    size_t commits;
};
/* Since it was opened. */
struct cf_fake_store_counts cf_fake_store_counts(struct cf_store *store);
