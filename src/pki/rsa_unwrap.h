/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rsa_unwrap - content keys that were encrypted to an RSA key.
 *
 * Whatever the matter is with one, a key comes out: the one in it, or one that follows from the
 * bytes and the private key, always the same for the same, so that asking again tells nothing
 * either (RFC 3218 2.3.2). Which of the two it is takes the same time and is told to nobody.
 */
#pragma once

#include "internal.h"

/* What stands in for keys that cannot be decrypted: a secret that follows from the private key.
 * Computed at the first need. */
struct cf_key_rejection;
struct cf_key_rejection *cf_key_rejection_new(void);
void cf_key_rejection_free(struct cf_key_rejection *rejection);

enum { CF_UNWRAP_KEY_MAX = 32 };

/* PKCS#1 v1.5 when `oaep` is NULL. key_len: 1 to CF_UNWRAP_KEY_MAX octets. CF_E_UNSUPPORTED: not an
 * RSA key; CF_E_IO: the token does not answer. */
struct cf_oaep_digests {
    const EVP_MD *label;
    const EVP_MD *mgf1;
};
CF_MUST_USE enum cf_rc cf_rsa_unwrap(const struct cf_key *key, const struct cf_oaep_digests *oaep,
                                     struct cf_bytes cipher, size_t key_len,
                                     uint8_t ret_key[CF_UNWRAP_KEY_MAX], struct cf_err *err);
