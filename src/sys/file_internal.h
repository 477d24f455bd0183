/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_internal - what the files of this folder share about files.
 */
#pragma once

#include <sys/stat.h>

#include "certferry/err.h"

/* Opens a regular file for reading without ever waiting on it (a FIFO would); the type is judged
 * on the open descriptor. ret_fd is the caller's. */
CF_MUST_USE enum cf_rc cf_file_open(const char *path, int *ret_fd, struct stat *ret_stat,
                                    struct cf_err *err);
/* CF_E_PERMISSION unless only its owner, root or this user, may read and write the open file. */
CF_MUST_USE enum cf_rc cf_file_check_private(int fd, const char *path, const struct stat *st,
                                             struct cf_err *err);
/* Opens, checks and closes: for files that a library will read by name. */
CF_MUST_USE enum cf_rc cf_file_check_private_path(const char *path, struct cf_err *err);
