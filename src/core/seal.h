/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal - a PFX on its way to one device: its password, its envelope, the result that carries it.
 *
 * The one way out for private keys, whether they were made here, kept here or imported.
 */
#pragma once

#include "work.h"

enum { CF_LABEL_SIZE = 256 };

/* What people see beside the key. A PFX holds no character above U+FFFF; the name is no reason for
 * throwing an issued certificate away, so it is made to fit. */
void cf_seal_label(const struct cf_work *work, char ret[CF_LABEL_SIZE]);

/* Seals the PFX to work->ask.recipient in the envelope of the device's platform and makes the
 * item's result of it. ca_section and root may be NULL. */
CF_MUST_USE enum cf_rc cf_seal_result(struct cf_work *work, const struct cf_buf *pfx,
                                      const struct cf_secret *password, const struct cf_cert *cert,
                                      const char *ca_section, const struct cf_cert *root,
                                      struct cf_err *err);

/* Seals what a PFX file or kept copy held, under a fresh password and in the device's preset. */
CF_MUST_USE enum cf_rc cf_seal_content(struct cf_work *work, const struct cf_pfx_content *content,
                                       const char *ca_section, const struct cf_cert *root,
                                       struct cf_err *err);

/* The chain's self-signed end; NULL when it has none. Borrowed. */
const struct cf_cert *cf_seal_root(const struct cf_chain *chain);
/* CF_E_MISMATCH unless root is the one that the profile's devices trust. root may be NULL. */
CF_MUST_USE enum cf_rc cf_seal_check_root(const struct cf_request_profile *profile,
                                          const struct cf_cert *root, const char *ca,
                                          struct cf_err *err);
