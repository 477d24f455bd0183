/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_key - the private keys under which the passwords of imported PFX files are encrypted.
 *
 * From PEM, from a token or TPM by what OpenSSL loads, or from the files of Windows' CNG
 * (BCRYPT_RSAKEY_BLOB). Immutable; decrypting is thread-safe.
 */
#pragma once

#include "certferry/buf.h"
#include "certferry/err.h"
#include "certferry/secret.h"

enum cf_oaep { CF_OAEP_SHA256, CF_OAEP_SHA384, CF_OAEP_SHA512 };

struct cf_import_key;

/* RSA of 2048 to 16384 bits, unencrypted PKCS#1 or PKCS#8, or a TSS2 key when OpenSSL has a
 * provider for it. CF_E_ENCODING, CF_E_UNSUPPORTED. */
CF_MUST_USE enum cf_rc cf_import_key_parse(const struct cf_secret *pem,
                                           struct cf_import_key **ret_key, struct cf_err *err);
/* By a URI: "pkcs11:..." with the engine or a provider, others with a provider. pin may be NULL.
 * CF_E_CONFIG says what OpenSSL lacks; CF_E_AUTH: a wrong PIN; CF_E_NOT_FOUND. */
CF_MUST_USE enum cf_rc cf_import_key_open(const char *uri, const struct cf_secret *pin,
                                          struct cf_import_key **ret_key, struct cf_err *err);
struct cf_import_key *cf_import_key_free(struct cf_import_key *key);
CF_DEFINE_OWN(cf_import_key);

/* RSAES-OAEP (RFC 8017 7.1.2) with the hash for MGF1 too and an empty label. CF_E_CRYPTO, always
 * with the same text. CF_E_IO: a token or TPM decrypts nothing any more, whatever it is given. */
CF_MUST_USE enum cf_rc cf_import_key_decrypt(const struct cf_import_key *key, enum cf_oaep oaep,
                                             struct cf_bytes cipher, struct cf_secret **ret_plain,
                                             struct cf_err *err);
/* The public half, for a trial and for whoever encrypts passwords. */
CF_MUST_USE enum cf_rc cf_import_key_encrypt(const struct cf_import_key *key, enum cf_oaep oaep,
                                             struct cf_bytes plain, struct cf_buf **ret_cipher,
                                             struct cf_err *err);
CF_MUST_USE enum cf_rc cf_import_key_public_pem(const struct cf_import_key *key,
                                                struct cf_buf **ret_pem, struct cf_err *err);

/*
 * What decrypted bytes may say as a password in UTF-8, likeliest first: ASCII is itself; other
 * bytes are UTF-8 when they can be, and ISO 8859-1 (a published tool writes the low byte of each
 * UTF-16 unit), and UTF-16LE when there are zeros in them. CF_E_CRYPTO: none of these, or with
 * control characters; CF_E_LIMIT.
 */
enum { CF_IMPORT_PASSWORDS_MAX = 2 };
CF_MUST_USE enum cf_rc cf_import_passwords(const struct cf_secret *plain,
                                           struct cf_secret *ret_passwords[CF_IMPORT_PASSWORDS_MAX],
                                           size_t *ret_n, struct cf_err *err);

/* BCRYPT_RSAFULLPRIVATE_BLOB ("RSA3") as PKCS#8 PEM: all members are checked against each other
 * (CF_E_MISMATCH). BCRYPT_RSAPUBLIC_BLOB ("RSA1") as SubjectPublicKeyInfo PEM. CF_E_ENCODING,
 * CF_E_LIMIT; the other kinds of blob are CF_E_UNSUPPORTED by name. */
CF_MUST_USE enum cf_rc cf_cng_private_pem(const struct cf_secret *blob, struct cf_secret **ret_pem,
                                          struct cf_err *err);
CF_MUST_USE enum cf_rc cf_cng_public_pem(struct cf_bytes blob, struct cf_buf **ret_pem,
                                         struct cf_err *err);
