/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key - private keys: generated in OpenSSL's secure heap, sealed when they have to wait.
 */
#pragma once

#include <stddef.h>

#include "certferry/buf.h"
#include "certferry/err.h"
#include "certferry/secret.h"

enum cf_key_kind {
    CF_KEY_RSA_2048,
    CF_KEY_RSA_3072,
    CF_KEY_RSA_4096,
    CF_KEY_P256,
    CF_KEY_P384,
    CF_KEY_KIND_MAX_
};

const char *cf_key_kind_name(enum cf_key_kind kind); /* "rsa2048" ... "p384" */
bool cf_key_kind_is_rsa(enum cf_key_kind kind);
unsigned cf_key_kind_bits(enum cf_key_kind kind);

/* Once per process before any other call of pki and before threads: sets the secure heap up
 * (heap_len a power of two), and an allocator for OpenSSL that wipes what is freed, which has to
 * come before any other use of OpenSSL in the process, libcurl's set-up included (CF_E_BUG).
 * CF_E_PERMISSION names RLIMIT_MEMLOCK when the heap cannot be locked. */
CF_MUST_USE enum cf_rc cf_pki_init(size_t secure_heap_len, struct cf_err *err);
/* At the end of the process, after all keys; OpenSSL may hold on to the heap until exit. */
void cf_pki_done(void);
size_t cf_pki_secure_heap_used(void);

struct cf_key;

/* A fresh key pair; it stays in the secure heap until it is freed. */
CF_MUST_USE enum cf_rc cf_key_generate(enum cf_key_kind kind, struct cf_key **ret_key,
                                       struct cf_err *err);
struct cf_key *cf_key_free(struct cf_key *key);
CF_DEFINE_OWN(cf_key);
enum cf_key_kind cf_key_kind_of(const struct cf_key *key);

/* An RSA key in a PKCS#11 token ("pkcs11:..."); it stays there. pin may be NULL. It cannot be
 * sealed (CF_E_UNSUPPORTED). Errors as cf_import_key_open. */
CF_MUST_USE enum cf_rc cf_key_open_token(const char *uri, const struct cf_secret *pin,
                                         struct cf_key **ret_key, struct cf_err *err);
/* Makes one there, not extractable, by the object= of the URI. CF_E_CONFLICT: there is one by this
 * name; CF_E_NOT_FOUND: no token that can be written to; CF_E_IO: it makes no such key;
 * CF_E_UNSUPPORTED: not RSA. */
CF_MUST_USE enum cf_rc cf_key_generate_in_token(const char *uri, const struct cf_secret *pin,
                                                enum cf_key_kind kind, struct cf_key **ret_key,
                                                struct cf_err *err);

/* SubjectPublicKeyInfo DER. */
CF_MUST_USE enum cf_rc cf_key_spki(const struct cf_key *key, struct cf_buf **ret_der,
                                   struct cf_err *err);

/*
 * AES-256-GCM (random 96-bit nonce) over a wrapped format of our own: version byte, kind byte,
 * nonce, ciphertext, tag. `aad` must be given again to open. The sealing key is derived from
 * store_key (32 bytes) by HKDF-SHA-256 with a fixed label. CF_E_CRYPTO for a wrong key, wrong aad
 * or any changed bit; CF_E_ENCODING for something that is not a sealed key.
 */
CF_MUST_USE enum cf_rc cf_key_seal(const struct cf_key *key, const struct cf_secret *store_key,
                                   struct cf_bytes aad, struct cf_buf **ret_sealed,
                                   struct cf_err *err);
CF_MUST_USE enum cf_rc cf_key_unseal(struct cf_bytes sealed, const struct cf_secret *store_key,
                                     struct cf_bytes aad, struct cf_key **ret_key,
                                     struct cf_err *err);
