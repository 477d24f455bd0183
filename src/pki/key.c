/* SPDX-License-Identifier: Apache-2.0 */
/* key - kinds of keys, and making them. */
#include "import_internal.h"
#include "rsa_unwrap.h"

#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

static const struct {
    const char *name;
    const char *group; /* NULL: RSA */
    unsigned bits;
} KINDS[CF_KEY_KIND_MAX_] = {
    [CF_KEY_RSA_2048] = {"rsa2048", NULL, 2048}, [CF_KEY_RSA_3072] = {"rsa3072", NULL, 3072},
    [CF_KEY_RSA_4096] = {"rsa4096", NULL, 4096}, [CF_KEY_P256] = {"p256", "P-256", 256},
    [CF_KEY_P384] = {"p384", "P-384", 384},
};

static bool
is_kind(enum cf_key_kind kind)
{
    return (unsigned)kind < CF_KEY_KIND_MAX_;
}

const char *
cf_key_kind_name(enum cf_key_kind kind)
{
    return is_kind(kind) ? KINDS[kind].name : "unknown";
}

bool
cf_key_kind_is_rsa(enum cf_key_kind kind)
{
    return is_kind(kind) && !KINDS[kind].group;
}

unsigned
cf_key_kind_bits(enum cf_key_kind kind)
{
    return is_kind(kind) ? KINDS[kind].bits : 0;
}

enum cf_rc
cf_key_generate(enum cf_key_kind kind, struct cf_key **ret_key, struct cf_err *err)
{
    if (!is_kind(kind))
        return cf_fail(err, CF_E_BUG, "key kind %d", (int)kind);
    cf_own(cf_key) key = cf_key_new(kind);
    if (!key)
        return cf_fail_oom(err);

    ERR_clear_error();
    bool is_rsa = cf_key_kind_is_rsa(kind);
    cf_own_ossl(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new_from_name(NULL, is_rsa ? "RSA" : "EC", NULL);
    /* RSA keys get the public exponent 65537, which is OpenSSL's own choice. */
    if (!ctx || EVP_PKEY_keygen_init(ctx) <= 0 ||
        (is_rsa ? EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)KINDS[kind].bits)
                : EVP_PKEY_CTX_set_group_name(ctx, KINDS[kind].group)) <= 0 ||
        EVP_PKEY_generate(ctx, &key->pkey) <= 0)
        return cf_fail_openssl(err, CF_E_CRYPTO, "no %s key could be made", KINDS[kind].name);

    *ret_key = cf_give(key);
    return CF_OK;
}

struct cf_key *
cf_key_new(enum cf_key_kind kind)
{
    cf_own(cf_key) key = calloc(1, sizeof *key);

    if (!key)
        return NULL;
    key->kind = kind;
    key->rejection = cf_key_rejection_new();
    return key->rejection ? cf_give(key) : NULL;
}

struct cf_key *
cf_key_free(struct cf_key *key)
{
    if (!key)
        return NULL;
    cf_key_rejection_free(key->rejection);
    if (key->source)
        cf_import_source_done(key->source);
    else
        EVP_PKEY_free(key->pkey);
    free(key->source);
    free(key);
    return NULL;
}

enum cf_key_kind
cf_key_kind_of(const struct cf_key *key)
{
    return key->kind;
}

enum cf_rc
cf_key_spki(const struct cf_key *key, struct cf_buf **ret_der, struct cf_err *err)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key->pkey, &der);

    return cf_buf_from_ossl(der, len, ret_der, err);
}
