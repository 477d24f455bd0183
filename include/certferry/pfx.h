/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pfx - PKCS#12 files (RFC 7292) that the target platform's reader accepts.
 */
#pragma once

#include "certferry/cert.h"
#include "certferry/key.h"
#include "certferry/secret.h"

enum cf_pfx_preset {
    CF_PFX_MODERN, /* PBES2 AES-256-CBC with PBKDF2-HMAC-SHA256; MAC HMAC-SHA256 */
    CF_PFX_LEGACY  /* PBE-SHA1-3DES for both safes; MAC HMAC-SHA1 */
};

enum { CF_PFX_ITERATIONS_MIN = 2048, CF_PFX_ITERATIONS_MAX = 100000, CF_PFX_PASSWORD_LEN = 43 };

/* 256 random bits as 43 base64url characters, in locked memory. */
CF_MUST_USE enum cf_rc cf_pfx_password(struct cf_secret **ret_password, struct cf_err *err);

/* Key, its certificate, and the chain's certificates but a self-signed root. 8-byte salts.
 * CF_E_MISMATCH when the certificate is not the key's. The legacy preset uses 2048 iterations. */
CF_MUST_USE enum cf_rc cf_pfx_build(const struct cf_key *key, const struct cf_cert *cert,
                                    const struct cf_chain *chain, enum cf_pfx_preset preset,
                                    unsigned iterations, const struct cf_secret *password,
                                    const char *friendly_name, struct cf_buf **ret_der,
                                    struct cf_err *err);
