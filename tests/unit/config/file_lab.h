/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_lab - a temporary directory with certificates and keys in it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LAB_DAY INT64_C(86400000)

int file_lab_setup(void **state); /* a group's set-up: the library */
int file_lab_teardown(void **state);

extern char file_lab_dir[64];
void file_lab_begin(void);
void file_lab_end(void);

int64_t file_lab_now_ms(void);
void file_lab_write(const char *name, const void *data, size_t len, mode_t mode);
void file_lab_mode(const char *name, mode_t mode);
void file_lab_remove(const char *name);
/* Self-signed with the key of that kind ("P-256", "P-384"); days count from now. */
void file_lab_cert(const char *name, const char *kind, _Bool is_ca, int from_days, int until_days);
void file_lab_key(const char *name, const char *kind); /* mode 0600 */
