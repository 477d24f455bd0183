/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret - bytes that must not be swapped, dumped, inherited by a child or left behind.
 *
 * A secret lives on pages of its own between guard pages: locked (mlock), left out of core dumps
 * (MADV_DONTDUMP), zeroed in a forked child (MADV_WIPEONFORK), wiped on free. There is no way to
 * print one and none to turn one into a cf_buf.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "certferry/err.h"

enum { CF_SECRET_MAX = 64 * 1024 };

struct cf_secret;

/* A zeroed secret of len bytes (1..CF_SECRET_MAX). CF_E_RANGE, CF_E_OOM; CF_E_PERMISSION names
 * RLIMIT_MEMLOCK when the pages cannot be locked. */
CF_MUST_USE enum cf_rc cf_secret_new(size_t len, struct cf_secret **ret_secret, struct cf_err *err);
/* Copies; the caller still has to wipe its own copy. */
CF_MUST_USE enum cf_rc cf_secret_copy(const void *data, size_t len, struct cf_secret **ret_secret,
                                      struct cf_err *err);
/* Random bytes from getrandom(2). */
CF_MUST_USE enum cf_rc cf_secret_random(size_t len, struct cf_secret **ret_secret,
                                        struct cf_err *err);
struct cf_secret *cf_secret_free(struct cf_secret *secret);
CF_DEFINE_OWN(cf_secret);

const uint8_t *cf_secret_data(const struct cf_secret *secret); /* borrowed; a NUL follows it */
uint8_t *cf_secret_edit(struct cf_secret *secret);             /* borrowed, for filling */
size_t cf_secret_len(const struct cf_secret *secret);
void cf_secret_truncate(struct cf_secret *secret, size_t len); /* wipes what falls away */
/* Constant time for equal lengths. */
bool cf_secret_equal(const struct cf_secret *a, const struct cf_secret *b);
bool cf_secret_is(const struct cf_secret *secret, const void *data, size_t len);
/* Stars over each part of the text that is the secret, or its first eight bytes or more: a peer may
 * quote in its error what it was sent. */
void cf_secret_mask(const struct cf_secret *secret, char *text);
void cf_wipe(void *data, size_t len); /* never optimised away */
