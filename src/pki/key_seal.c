/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_seal - a private key for the store: version, kind, nonce, ciphertext, tag.
 *
 * The two header bytes are authenticated together with the caller's data. Plain DER is only ever
 * in blocks of the secure heap; copies that OpenSSL makes meanwhile are wiped by heap.c.
 */
#include "internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rand.h>

enum {
    VERSION = 1,
    HEADER_LEN = 2,
    NONCE_LEN = 12,
    TAG_LEN = 16,
    OVERHEAD = HEADER_LEN + NONCE_LEN + TAG_LEN,
    DER_MAX = 8 * 1024
};

static const char LABEL[] = "certferry sealed key 1";

/* A block of the secure heap. */
struct block {
    uint8_t *data;
    size_t len;
};

static void
block_done(struct block *block)
{
    OPENSSL_secure_clear_free(block->data, block->len);
}
#define own_block __attribute__((cleanup(block_done))) struct block

static enum cf_rc
block_init(struct block *block, size_t len, struct cf_err *err)
{
    block->data = OPENSSL_secure_zalloc(len);
    if (!block->data)
        return cf_fail_openssl(err, CF_E_OOM, "no secure memory for a private key");
    block->len = len;
    return CF_OK;
}

/* A cipher context for one direction with key, nonce and authenticated data in place. */
static enum cf_rc
begin(EVP_CIPHER_CTX *ctx, bool encrypt, const struct cf_secret *store_key, const uint8_t *header,
      const uint8_t *nonce, struct cf_bytes aad, struct cf_err *err)
{
    own_block key = {0};
    int len;

    if (aad.len > INT_MAX)
        return cf_fail(err, CF_E_LIMIT, "%zu bytes of authenticated data", aad.len);
    CF_TRY(block_init(&key, 32, err));
    CF_TRY(cf_derive_key(store_key, LABEL, key.data, err));
    if (EVP_CipherInit_ex2(ctx, EVP_aes_256_gcm(), key.data, nonce, encrypt, NULL) <= 0 ||
        EVP_CipherUpdate(ctx, NULL, &len, header, HEADER_LEN) <= 0 ||
        (aad.len > 0 && EVP_CipherUpdate(ctx, NULL, &len, aad.data, (int)aad.len) <= 0))
        return cf_fail_openssl(err, CF_E_CRYPTO, "AES-256-GCM failed");
    return CF_OK;
}

static enum cf_rc
private_der(const struct cf_key *key, struct block *der, struct cf_err *err)
{
    int len = i2d_PrivateKey(key->pkey, NULL);
    if (len <= 0 || len > DER_MAX)
        return cf_fail_openssl(err, CF_E_CRYPTO, "private key not encoded");
    CF_TRY(block_init(der, (size_t)len, err));
    unsigned char *at = der->data;
    if (i2d_PrivateKey(key->pkey, &at) != len)
        return cf_fail_openssl(err, CF_E_CRYPTO, "private key not encoded");
    return CF_OK;
}

enum cf_rc
cf_key_seal(const struct cf_key *key, const struct cf_secret *store_key, struct cf_bytes aad,
            struct cf_buf **ret_sealed, struct cf_err *err)
{
    uint8_t sealed[OVERHEAD + DER_MAX];
    own_block der = {0};
    int len = 0;
    int last = 0;

    if (key->source)
        return cf_fail(err, CF_E_UNSUPPORTED, "a key in a token cannot be taken out of it");
    ERR_clear_error();
    CF_TRY(private_der(key, &der, err));
    uint8_t *nonce = sealed + HEADER_LEN;
    uint8_t *text = nonce + NONCE_LEN;
    uint8_t *tag = text + der.len;
    sealed[0] = VERSION;
    sealed[1] = (uint8_t)key->kind;
    if (RAND_bytes(nonce, NONCE_LEN) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "no random bytes");

    cf_own_ossl(EVP_CIPHER_CTX) ctx = EVP_CIPHER_CTX_new();
    if (!ctx)
        return cf_fail_oom(err);
    CF_TRY(begin(ctx, true, store_key, sealed, nonce, aad, err));
    if (EVP_CipherUpdate(ctx, text, &len, der.data, (int)der.len) <= 0 ||
        EVP_CipherFinal_ex(ctx, text + len, &last) <= 0 || (size_t)len + (size_t)last != der.len ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, tag) <= 0)
        return cf_fail_openssl(err, CF_E_CRYPTO, "AES-256-GCM failed");

    struct cf_buf *buf = cf_buf_copy(cf_bytes_of(sealed, OVERHEAD + der.len));
    if (!buf)
        return cf_fail_oom(err);
    *ret_sealed = buf;
    return CF_OK;
}

/* The key in authenticated DER; that it is of the kind the header says is checked all the same. */
static enum cf_rc
key_from_der(const struct block *der, enum cf_key_kind kind, struct cf_key **ret_key,
             struct cf_err *err)
{
    cf_own(cf_key) key = cf_key_new(kind);
    if (!key)
        return cf_fail_oom(err);

    const unsigned char *at = der->data;
    int type = cf_key_kind_is_rsa(kind) ? EVP_PKEY_RSA : EVP_PKEY_EC;
    key->pkey = d2i_PrivateKey(type, NULL, &at, (long)der->len);
    if (!key->pkey)
        return cf_fail_openssl(err, CF_E_CRYPTO, "sealed key: not a private key");

    bool is_rsa = false;
    unsigned bits = cf_pkey_bits(key->pkey, &is_rsa);
    if (is_rsa != cf_key_kind_is_rsa(kind) || bits != cf_key_kind_bits(kind))
        return cf_fail(err, CF_E_CRYPTO, "sealed key: %u bits where %s is expected", bits,
                       cf_key_kind_name(kind));
    *ret_key = cf_give(key);
    return CF_OK;
}

enum cf_rc
cf_key_unseal(struct cf_bytes sealed, const struct cf_secret *store_key, struct cf_bytes aad,
              struct cf_key **ret_key, struct cf_err *err)
{
    if (sealed.len <= OVERHEAD || sealed.len > OVERHEAD + DER_MAX || sealed.data[0] != VERSION ||
        sealed.data[1] >= CF_KEY_KIND_MAX_)
        return cf_fail(err, CF_E_ENCODING, "not a sealed key (%zu bytes)", sealed.len);

    own_block der = {0};
    uint8_t tag[TAG_LEN];
    int len = 0;
    int last = 0;
    const uint8_t *nonce = sealed.data + HEADER_LEN;
    const uint8_t *text = nonce + NONCE_LEN;
    size_t text_len = sealed.len - OVERHEAD;
    memcpy(tag, text + text_len, TAG_LEN);

    ERR_clear_error();
    CF_TRY(block_init(&der, text_len, err));
    cf_own_ossl(EVP_CIPHER_CTX) ctx = EVP_CIPHER_CTX_new();
    if (!ctx)
        return cf_fail_oom(err);
    CF_TRY(begin(ctx, false, store_key, sealed.data, nonce, aad, err));
    if (EVP_CipherUpdate(ctx, der.data, &len, text, (int)text_len) <= 0 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) <= 0 ||
        EVP_CipherFinal_ex(ctx, der.data + len, &last) <= 0 ||
        (size_t)len + (size_t)last != text_len)
        return cf_fail_openssl(err, CF_E_CRYPTO,
                               "the sealed key was changed, belongs to another request, or was "
                               "sealed with another store key");
    return key_from_der(&der, (enum cf_key_kind)sealed.data[1], ret_key, err);
}
