/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_internal - how keys get into a cf_import_key.
 */
#pragma once

#include <openssl/provider.h>
#include <openssl/ui.h>

#include "certferry/import_key.h"
#include "internal.h"

/* A key in a token or TPM: where OpenSSL found it has to live as long as the key. */
struct cf_import_source {
    OSSL_LIB_CTX *library;     /* owned, as all; NULL: the process's own */
    OSSL_PROVIDER *provider;   /* in this library */
    OSSL_PROVIDER *by_default; /* in this library */
    EVP_PKEY *pkey;
};
void cf_import_source_done(struct cf_import_source *source);

/* Finds and opens the key of a URI. */
CF_MUST_USE enum cf_rc cf_import_load(const char *uri, const struct cf_secret *pin,
                                      struct cf_import_source *ret_source, struct cf_err *err);
/* "-----BEGIN TSS2 PRIVATE KEY-----": a key wrapped by a TPM. */
CF_MUST_USE enum cf_rc cf_import_load_tss2(const struct cf_secret *pem,
                                           struct cf_import_source *ret_source, struct cf_err *err);

/* One thread at a time is in what holds keys elsewhere. */
void cf_token_lock(void);
void cf_token_unlock(void);

/* Answers questions for a PIN with the cf_secret that is its user data; without one, with an error.
 * NULL: out of memory. */
UI_METHOD *cf_import_pin_method(void);

/* OpenSSL's engine for PKCS#11. CF_E_NOT_FOUND and *ret_has_engine false when there is none. */
CF_MUST_USE enum cf_rc cf_import_engine_load(const char *uri, const struct cf_secret *pin,
                                             EVP_PKEY **ret_pkey, bool *ret_has_engine,
                                             struct cf_err *err);
/* CF_E_AUTH for a wrong PIN, else rc; the queue is emptied. */
enum cf_rc cf_import_fail(struct cf_err *err, enum cf_rc rc, const char *what);
