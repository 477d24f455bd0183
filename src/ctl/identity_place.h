/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity_place - where an identity is kept, written safely for another user.
 *
 * root writes into a directory that the service's user owns. No symbolic link on the way is
 * followed, the file is new and private before anything is in it, and is given away before it gets
 * its name: whatever that user does meanwhile, no other file is touched.
 */
#pragma once

#include <sys/types.h>

#include "certferry/identity.h"

struct cf_identity_place;

/* state_dir tells the owner: its own. CF_E_CONFIG when it does not exist, CF_E_PERMISSION when
 * others may write in the file's directory. */
CF_MUST_USE enum cf_rc cf_identity_place_open(const char *path, const char *state_dir,
                                              struct cf_identity_place **ret_place,
                                              struct cf_err *err);
struct cf_identity_place *cf_identity_place_free(struct cf_identity_place *place);
CF_DEFINE_OWN(cf_identity_place);

/* *ret_exists: something is there. *ret_not_after_ms: until when it is valid; 0 when it is no
 * identity. */
CF_MUST_USE enum cf_rc cf_identity_place_look(const struct cf_identity_place *place,
                                              bool *ret_exists, int64_t *ret_not_after_ms,
                                              struct cf_err *err);
/* Replaces what is there, and drops a successor that was being prepared for it. */
CF_MUST_USE enum cf_rc cf_identity_place_write(const struct cf_identity_place *place,
                                               const struct cf_identity *identity,
                                               struct cf_err *err);
