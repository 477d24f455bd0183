/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest - SHA-256 of bytes, for keys of idempotency and for comparing.
 */
#pragma once

#include "certferry/buf.h"
#include "certferry/err.h"

enum { CF_SHA256_LEN = 32, CF_SHA256_TEXT_SIZE = 2 * CF_SHA256_LEN + 1 };

/* Lower-case hex. */
CF_MUST_USE enum cf_rc cf_sha256_text(struct cf_bytes bytes, char ret[CF_SHA256_TEXT_SIZE],
                                      struct cf_err *err);
