/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ra_keys - the keys of one CA's document, opened.
 */
#pragma once

#include "ra_key.h"

/* Opens all that the document has. A generation before the one that devices are shown may fail:
 * *ret_left_out tells the last such failure (rc CF_OK: none). Without any generation *ret_keys is
 * NULL. */
CF_MUST_USE enum cf_rc cf_ra_keys_open(const struct cf_scep_keyring_options *options,
                                       const char *ca, const struct cf_ra_document *document,
                                       int64_t now_ms, struct cf_scep_keys **ret_keys,
                                       struct cf_err *ret_left_out, struct cf_err *err);
struct cf_scep_keys *cf_ra_keys_ref(struct cf_scep_keys *keys);
