/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest - SHA-256 of bytes, for keys of idempotency and for comparing; HMAC where guessing is no
 * way.
 */
#pragma once

#include "certferry/buf.h"
#include "certferry/err.h"
#include "certferry/secret.h"

enum { CF_SHA256_LEN = 32, CF_SHA256_TEXT_SIZE = 2 * CF_SHA256_LEN + 1 };

/* Lower-case hex. */
CF_MUST_USE enum cf_rc cf_sha256_text(struct cf_bytes bytes, char ret[CF_SHA256_TEXT_SIZE],
                                      struct cf_err *err);
/* HMAC-SHA-256 by a key that is derived from store_key (32 bytes) by HKDF-SHA-256 with this label.
 * CF_E_CRYPTO. */
CF_MUST_USE enum cf_rc cf_hmac_derived(const struct cf_secret *store_key, const char *label,
                                       struct cf_bytes data, uint8_t ret[CF_SHA256_LEN],
                                       struct cf_err *err);
