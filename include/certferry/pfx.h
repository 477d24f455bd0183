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

/* The key, its certificate and the others of a PFX file that was read. Its key lives in the secure
 * heap. Not shared between threads. */
struct cf_pfx_content;

enum { CF_PFX_DER_MAX = 1024 * 1024, CF_PFX_READ_ITERATIONS_MAX = 1000000, CF_PFX_CERTS_MAX = 20 };

/* Reads a file of any common writer (3DES, AES; MAC SHA-1 or SHA-2; no RC2: CF_E_UNSUPPORTED names
 * the cipher). CF_E_CRYPTO: wrong password or changed bytes; CF_E_ENCODING; CF_E_LIMIT, also for
 * iteration counts, before any work is done for them; CF_E_MISMATCH: no certificate for the key, or
 * several keys; CF_E_UNSUPPORTED also for a key that is neither RSA nor EC. Password bytes are
 * UTF-8. */
CF_MUST_USE enum cf_rc cf_pfx_open(struct cf_bytes der, const struct cf_secret *password,
                                   struct cf_pfx_content **ret_content, struct cf_err *err);
/* As cf_pfx_open with each of cf_import_passwords(plain) until one opens it. */
CF_MUST_USE enum cf_rc cf_pfx_open_imported(struct cf_bytes der, const struct cf_secret *plain,
                                            struct cf_pfx_content **ret_content,
                                            struct cf_err *err);
struct cf_pfx_content *cf_pfx_content_free(struct cf_pfx_content *content);
CF_DEFINE_OWN(cf_pfx_content);
const struct cf_cert *cf_pfx_content_cert(const struct cf_pfx_content *content); /* borrowed */
/* As cf_pfx_build, of what was read; RSA below 2048 bits and other curves than P-256, P-384 and
 * P-521 are CF_E_UNSUPPORTED; a private half that is not the certificate's is CF_E_MISMATCH. */
CF_MUST_USE enum cf_rc cf_pfx_rebuild(const struct cf_pfx_content *content,
                                      enum cf_pfx_preset preset, unsigned iterations,
                                      const struct cf_secret *password, const char *friendly_name,
                                      struct cf_buf **ret_der, struct cf_err *err);
