/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place - the file the store lives in: made with mode 0600 in a directory others cannot write to.
 */
#pragma once

#include "certferry/err.h"

/* CF_E_CONFIG, CF_E_PERMISSION; looks only. A file that does not exist is CF_E_NOT_FOUND. */
CF_MUST_USE enum cf_rc cf_place_check(const char *path, struct cf_err *err);
/* Makes an empty file where there is none, then checks. */
CF_MUST_USE enum cf_rc cf_place_prepare(const char *path, struct cf_err *err);
