/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file - whole files: read with a limit, read as a secret, published atomically.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "certferry/buf.h"
#include "certferry/err.h"
#include "certferry/secret.h"

/* Regular files only. CF_E_IO / CF_E_PERMISSION name the path; CF_E_LIMIT over max_len. */
CF_MUST_USE enum cf_rc cf_file_read(const char *path, size_t max_len, struct cf_buf **ret_content,
                                    struct cf_err *err);
/*
 * Reads into locked memory without passing through ordinary memory. The file must be owned by
 * root or this user (root reads any) and must not be open to group or others (CF_E_PERMISSION says
 * so and gives the chmod). Files below $CREDENTIALS_DIRECTORY are taken as the service manager made
 * them. Empty files are CF_E_CONFIG.
 */
CF_MUST_USE enum cf_rc cf_file_read_secret(const char *path, size_t max_len,
                                           struct cf_secret **ret_secret, struct cf_err *err);
/* Drops one trailing newline, for secrets written with an editor. */
void cf_file_trim_newline(struct cf_secret *secret);

/*
 * Writes a new file beside `path`, syncs it, renames it over `path`, syncs the directory: a
 * reader sees the old content or the new, also after a power cut. CF_E_DISK_FULL, CF_E_IO,
 * CF_E_PERMISSION.
 * One caller per path at a time.
 */
CF_MUST_USE enum cf_rc cf_file_publish(const char *path, struct cf_bytes content, mode_t mode,
                                       struct cf_err *err);
/* The same for content that is secret (mode is 0600). */
CF_MUST_USE enum cf_rc cf_file_publish_secret(const char *path, const struct cf_secret *content,
                                              struct cf_err *err);

/* "$CREDENTIALS_DIRECTORY/NAME" when that file exists, else NULL in *ret_path (malloc'd). */
CF_MUST_USE enum cf_rc cf_file_credential_path(const char *name, char **ret_path,
                                               struct cf_err *err);
