/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rsa_unwrap - the bare RSA operation is asked for and the padding of PKCS#1 v1.5 taken off here,
 * without a branch on what was decrypted; tokens would tell by their error codes and their time.
 */
#include "rsa_unwrap.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

enum { MODULUS_MAX = 16384 / 8, SECRET_LEN = 32, PADDING_MIN = 8 };

struct cf_key_rejection {
    pthread_mutex_t mutex;
    bool is_made;
    uint8_t secret[SECRET_LEN];
};

struct cf_key_rejection *
cf_key_rejection_new(void)
{
    struct cf_key_rejection *rejection = calloc(1, sizeof *rejection);

    if (rejection)
        pthread_mutex_init(&rejection->mutex, NULL);
    return rejection;
}

void
cf_key_rejection_free(struct cf_key_rejection *rejection)
{
    if (!rejection)
        return;
    pthread_mutex_destroy(&rejection->mutex);
    cf_wipe(rejection, sizeof *rejection);
    free(rejection);
}

/* One octet of ones when the claim holds. */
static uint8_t
mask_is_zero(unsigned value)
{
    return (uint8_t)((value - 1) >> 8 & 0xff & ~(value >> 8));
}

static uint8_t
mask_equal(uint8_t a, uint8_t b)
{
    return mask_is_zero((unsigned)(a ^ b));
}

static size_t
modulus_len(const struct cf_key *key)
{
    unsigned bits = cf_key_kind_bits(key->kind);
    return cf_key_kind_is_rsa(key->kind) && bits / 8 <= MODULUS_MAX ? bits / 8 : 0;
}

static EVP_PKEY_CTX *
begin(const struct cf_key *key, int padding)
{
    cf_own_ossl(EVP_PKEY_CTX) context =
        EVP_PKEY_CTX_new_from_pkey(cf_key_library(key), key->pkey, NULL);

    if (!context || EVP_PKEY_decrypt_init(context) <= 0 ||
        EVP_PKEY_CTX_set_rsa_padding(context, padding) <= 0)
        return NULL;
    return cf_give(context);
}

/* `plain` of len octets: as many as the modulus, which the cipher text has to be below. */
static bool
decrypt_bare(const struct cf_key *key, const uint8_t *cipher, uint8_t *plain, size_t len)
{
    size_t plain_len = len;

    cf_key_enter(key);
    cf_own_ossl(EVP_PKEY_CTX) context = begin(key, RSA_NO_PADDING);
    bool is_good = context && EVP_PKEY_decrypt(context, plain, &plain_len, cipher, len) > 0 &&
                   plain_len == len;
    cf_key_leave(key);
    return is_good;
}

/* A number below any modulus of that length; nobody knows what it decrypts to but the key. */
static bool
fixed_cipher(uint8_t *ret, size_t len)
{
    static const char label[] = "certferry implicit rejection 1";

    cf_own_ossl(EVP_MD_CTX) context = EVP_MD_CTX_new();
    bool is_good = context && EVP_DigestInit_ex2(context, EVP_shake256(), NULL) == 1 &&
                   EVP_DigestUpdate(context, label, sizeof label) == 1 &&
                   EVP_DigestFinalXOF(context, ret, len) == 1;
    ret[0] = 0;
    return is_good;
}

static bool
make_secret(const struct cf_key *key, uint8_t secret[SECRET_LEN])
{
    uint8_t cipher[MODULUS_MAX], plain[MODULUS_MAX];
    size_t len = modulus_len(key);

    bool is_good = fixed_cipher(cipher, len) && decrypt_bare(key, cipher, plain, len) &&
                   EVP_Digest(plain, len, secret, NULL, EVP_sha256(), NULL) == 1;
    cf_wipe(plain, sizeof plain);
    return is_good;
}

static bool
get_secret(const struct cf_key *key, uint8_t ret[SECRET_LEN])
{
    struct cf_key_rejection *rejection = key->rejection;

    pthread_mutex_lock(&rejection->mutex);
    if (!rejection->is_made)
        rejection->is_made = make_secret(key, rejection->secret);
    bool is_made = rejection->is_made;
    memcpy(ret, rejection->secret, SECRET_LEN);
    pthread_mutex_unlock(&rejection->mutex);
    return is_made;
}

/* The key that comes out when there is none; another with OAEP, as it is when there is one. */
static bool
stand_in(const struct cf_key *key, bool is_oaep, struct cf_bytes cipher,
         uint8_t ret[CF_UNWRAP_KEY_MAX])
{
    const char *digest = is_oaep ? "SHA512-256" : "SHA256";
    uint8_t secret[SECRET_LEN];
    size_t len = 0;

    bool is_good = get_secret(key, secret) &&
                   EVP_Q_mac(NULL, "HMAC", NULL, digest, NULL, secret, sizeof secret, cipher.data,
                             cipher.len, ret, CF_UNWRAP_KEY_MAX, &len) != NULL;
    cf_wipe(secret, sizeof secret);
    return is_good && len == CF_UNWRAP_KEY_MAX;
}

/* Puts what is at the end of the block over `ret`, unless the padding is another (RFC 8017
 * 7.2.2). */
static void
take_padding_off(const uint8_t *block, size_t len, size_t key_len, uint8_t *ret)
{
    size_t zero_at = len - key_len - 1;
    uint8_t good =
        mask_equal(block[0], 0) & mask_equal(block[1], 2) & mask_equal(block[zero_at], 0);

    for (size_t i = 2; i < zero_at; i++)
        good &= (uint8_t)~mask_is_zero(block[i]);
    for (size_t i = 0; i < key_len; i++)
        ret[i] = (uint8_t)((block[zero_at + 1 + i] & good) | (ret[i] & (uint8_t)~good));
}

/* Whether the number is below the modulus, as anybody can tell. */
static bool
is_below_modulus(const struct cf_key *key, const uint8_t *cipher, size_t len)
{
    cf_own_ossl(BIGNUM) modulus = NULL;
    cf_own_ossl(BIGNUM) number = BN_bin2bn(cipher, (int)len, NULL);

    return number && EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_N, &modulus) == 1 &&
           BN_cmp(number, modulus) < 0;
}

static enum cf_rc
fail_token(const struct cf_key *key, struct cf_err *err)
{
    ERR_clear_error();
    if (!key->source)
        return cf_fail(err, CF_E_OOM, "RSA decryption failed");
    return cf_fail(err, CF_E_IO,
                   "the token that holds the key does not decrypt with it (bare RSA, "
                   "CKM_RSA_X_509); connect it again, or use a key that may decrypt");
}

static enum cf_rc
unwrap_pkcs1(const struct cf_key *key, const uint8_t *cipher, size_t len, size_t key_len,
             uint8_t *ret, struct cf_err *err)
{
    uint8_t block[MODULUS_MAX];

    bool is_good = decrypt_bare(key, cipher, block, len);
    if (is_good)
        take_padding_off(block, len, key_len, ret);
    cf_wipe(block, sizeof block);
    return is_good ? CF_OK : fail_token(key, err);
}

static bool
decrypt_oaep(const struct cf_key *key, const struct cf_oaep_digests *oaep, const uint8_t *cipher,
             uint8_t *plain, size_t *len)
{
    size_t cipher_len = *len;

    cf_key_enter(key);
    cf_own_ossl(EVP_PKEY_CTX) context = begin(key, RSA_PKCS1_OAEP_PADDING);
    bool is_good = context && EVP_PKEY_CTX_set_rsa_oaep_md(context, oaep->label) > 0 &&
                   EVP_PKEY_CTX_set_rsa_mgf1_md(context, oaep->mgf1) > 0 &&
                   EVP_PKEY_decrypt(context, plain, len, cipher, cipher_len) > 0;
    cf_key_leave(key);
    return is_good;
}

/* OpenSSL takes this padding off in constant time. */
static enum cf_rc
unwrap_oaep(const struct cf_key *key, const struct cf_oaep_digests *oaep, const uint8_t *cipher,
            size_t len, size_t key_len, uint8_t *ret, struct cf_err *err)
{
    uint8_t plain[MODULUS_MAX] = {0}, secret[SECRET_LEN];
    size_t plain_len = len;

    bool is_good = decrypt_oaep(key, oaep, cipher, plain, &plain_len);
    uint8_t good = (uint8_t) - (is_good && plain_len == key_len);
    for (size_t i = 0; i < key_len; i++)
        ret[i] = (uint8_t)((plain[i] & good) | (ret[i] & (uint8_t)~good));
    cf_wipe(plain, sizeof plain);
    ERR_clear_error();
    /* A token that was taken out decrypts nothing. */
    bool is_there = is_good || !key->source || make_secret(key, secret);
    cf_wipe(secret, sizeof secret);
    return is_there ? CF_OK : fail_token(key, err);
}

enum cf_rc
cf_rsa_unwrap(const struct cf_key *key, const struct cf_oaep_digests *oaep, struct cf_bytes cipher,
              size_t key_len, uint8_t ret_key[CF_UNWRAP_KEY_MAX], struct cf_err *err)
{
    uint8_t whole[MODULUS_MAX] = {0};
    size_t len = modulus_len(key);

    if (len == 0 || key_len == 0 || key_len > CF_UNWRAP_KEY_MAX || key_len + PADDING_MIN + 3 > len)
        return cf_fail(err, CF_E_UNSUPPORTED, "a %s key decrypts no content keys",
                       cf_key_kind_name(key->kind));
    ERR_clear_error();
    /* Some leave zeros at the front away: one number has one key to stand in for it, however it is
     * written. What is too long or too large everybody can see. */
    bool is_short_enough = cipher.len > 0 && cipher.len <= len;
    if (is_short_enough) {
        memcpy(whole + len - cipher.len, cipher.data, cipher.len);
        cipher = cf_bytes_of(whole, len);
    }
    if (!stand_in(key, oaep != NULL, cipher, ret_key))
        return fail_token(key, err);
    if (!is_short_enough || !is_below_modulus(key, whole, len))
        return CF_OK;
    return oaep ? unwrap_oaep(key, oaep, whole, len, key_len, ret_key, err)
                : unwrap_pkcs1(key, whole, len, key_len, ret_key, err);
}
