/* SPDX-License-Identifier: Apache-2.0 */
/* key_token - keys that stay where they are. */
#include "import_internal.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

void
cf_key_enter(const struct cf_key *key)
{
    if (key->source)
        cf_token_lock();
}

void
cf_key_leave(const struct cf_key *key)
{
    if (key->source)
        cf_token_unlock();
}

OSSL_LIB_CTX *
cf_key_library(const struct cf_key *key)
{
    return key->source ? key->source->library : NULL;
}

static enum cf_rc
kind_of(const EVP_PKEY *pkey, enum cf_key_kind *ret_kind, struct cf_err *err)
{
    bool is_rsa = false;
    unsigned bits = cf_pkey_bits(pkey, &is_rsa);
    enum cf_key_kind kind = 0;

    while (kind < CF_KEY_KIND_MAX_ && (!cf_key_kind_is_rsa(kind) || cf_key_kind_bits(kind) != bits))
        kind++;
    if (!is_rsa || kind == CF_KEY_KIND_MAX_)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "key in the token: RSA of 2048, 3072 or 4096 bits is needed");
    *ret_kind = kind;
    return CF_OK;
}

enum cf_rc
cf_key_open_token(const char *uri, const struct cf_secret *pin, struct cf_key **ret_key,
                  struct cf_err *err)
{
    cf_own(cf_key) key = cf_key_new(CF_KEY_RSA_2048);

    if (!key)
        return cf_fail_oom(err);
    if (strncmp(uri, "pkcs11:", strlen("pkcs11:")) != 0)
        return cf_fail(err, CF_E_CONFIG,
                       "key in a token: it is named by a URI such as pkcs11:token=...;object=...");
    key->source = calloc(1, sizeof *key->source);
    if (!key->source)
        return cf_fail_oom(err);
    enum cf_rc rc = cf_import_load(uri, pin, key->source, err);
    if (rc != CF_OK) {
        (void)cf_err_prefix(err, "key in the token");
        return rc;
    }
    key->pkey = key->source->pkey;
    CF_TRY(kind_of(key->pkey, &key->kind, err));
    *ret_key = cf_give(key);
    return CF_OK;
}
