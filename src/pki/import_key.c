/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_key - RSA-OAEP with a key from a file, a token or a TPM.
 */
#include "import_internal.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

enum { BITS_MIN = 2048, BITS_MAX = 16384 };

struct cf_import_key {
    struct cf_import_source source;
    EVP_PKEY *public_key; /* owned; computed with here, wherever the private half is */
    size_t modulus_len;
    bool is_elsewhere; /* in a token or TPM */
};

static const struct {
    char name[8];
    size_t len;
} DIGESTS[] = {
    [CF_OAEP_SHA256] = {"SHA256", 32},
    [CF_OAEP_SHA384] = {"SHA384", 48},
    [CF_OAEP_SHA512] = {"SHA512", 64},
};

static enum cf_rc
check_key(const EVP_PKEY *pkey, size_t *ret_modulus_len, struct cf_err *err)
{
    bool is_rsa = false;
    unsigned bits = cf_pkey_bits(pkey, &is_rsa);

    if (!is_rsa)
        return cf_fail(err, CF_E_UNSUPPORTED, "import key: not an RSA key");
    if (bits < BITS_MIN || bits > BITS_MAX)
        return cf_fail(err, CF_E_UNSUPPORTED, "import key: %u bits; %d to %d are possible", bits,
                       BITS_MIN, BITS_MAX);
    *ret_modulus_len = (bits + 7) / 8;
    return CF_OK;
}

static enum cf_rc
public_of(const EVP_PKEY *pkey, EVP_PKEY **ret_public, struct cf_err *err)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(pkey, &der);
    const unsigned char *at = der;

    *ret_public = len > 0 ? d2i_PUBKEY(NULL, &at, len) : NULL;
    OPENSSL_free(der);
    if (!*ret_public)
        return cf_fail_openssl(err, CF_E_UNSUPPORTED, "import key: its public half cannot be read");
    return CF_OK;
}

static bool
set_padding(EVP_PKEY_CTX *context, enum cf_oaep oaep)
{
    const EVP_MD *digest = EVP_get_digestbyname(DIGESTS[oaep].name);

    return digest && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(context, digest) > 0 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest) > 0;
}

/* Providers of others may know the padding by its name only; the engine knows it by number only. */
static bool
set_padding_by_name(EVP_PKEY_CTX *context, enum cf_oaep oaep)
{
    char mode[] = OSSL_PKEY_RSA_PAD_MODE_OAEP, digest[sizeof DIGESTS[0].name];

    memcpy(digest, DIGESTS[oaep].name, sizeof digest);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, mode, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, digest, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_PKEY_CTX_set_params(context, params) > 0;
}

static EVP_PKEY_CTX *
begin(const struct cf_import_source *source, enum cf_oaep oaep)
{
    cf_own_ossl(EVP_PKEY_CTX) context =
        EVP_PKEY_CTX_new_from_pkey(source->library, source->pkey, NULL);

    if (!context || EVP_PKEY_decrypt_init(context) <= 0 ||
        !(source->library ? set_padding_by_name(context, oaep) : set_padding(context, oaep)))
        return NULL;
    return cf_give(context);
}

static bool
compute(const struct cf_import_key *key, enum cf_oaep oaep, struct cf_bytes cipher,
        struct cf_secret *plain, size_t *len)
{
    cf_own_ossl(EVP_PKEY_CTX) context = begin(&key->source, oaep);

    return context &&
           EVP_PKEY_decrypt(context, cf_secret_edit(plain), len, cipher.data, cipher.len) > 0;
}

static bool
decrypt(const struct cf_import_key *key, enum cf_oaep oaep, struct cf_bytes cipher,
        struct cf_secret *plain, size_t *len)
{
    if (!key->is_elsewhere)
        return compute(key, oaep, cipher, plain, len);
    cf_token_lock();
    bool is_good = compute(key, oaep, cipher, plain, len);
    cf_token_unlock();
    return is_good;
}

/* What is encrypted for the key with its public half here comes out again where the key is. */
static enum cf_rc
try_out(const struct cf_import_key *key, bool *ret_works, struct cf_err *err)
{
    static const char trial[] = "trial";
    cf_own(cf_buf) cipher = NULL;
    cf_own(cf_secret) plain = NULL;
    size_t len = key->modulus_len;

    CF_TRY(
        cf_import_key_encrypt(key, CF_OAEP_SHA256, cf_bytes_of(trial, sizeof trial), &cipher, err));
    CF_TRY(cf_secret_new(len, &plain, err));
    *ret_works = decrypt(key, CF_OAEP_SHA256, cf_buf_bytes(cipher), plain, &len) &&
                 len == sizeof trial && memcmp(cf_secret_data(plain), trial, sizeof trial) == 0;
    ERR_clear_error();
    return CF_OK;
}

/* The provider for TPMs of today's distributions takes the padding's name and then does another:
 * said at once, not as a password that does not decrypt. */
static enum cf_rc
check_padding(const struct cf_import_key *key, struct cf_err *err)
{
    bool works = false;

    CF_TRY(try_out(key, &works, err));
    if (works)
        return CF_OK;
    return cf_fail(err, CF_E_UNSUPPORTED,
                   "import key: what holds the key does not decrypt RSA-OAEP with it; reach the "
                   "key by PKCS#11 (for a TPM: tpm2-pkcs11)");
}

/* A token that was taken out decrypts nothing, which says nothing of the password. */
static enum cf_rc
check_presence(const struct cf_import_key *key, struct cf_err *err)
{
    bool works = true;

    if (key->is_elsewhere)
        CF_TRY(try_out(key, &works, err));
    if (works)
        return CF_OK;
    return cf_fail(err, CF_E_IO,
                   "import key: the token or TPM that holds it does not work with it any more; "
                   "connect it again and restart the service");
}

/* Takes the source, also when it fails. */
static enum cf_rc
make(struct cf_import_source *take_source, bool is_elsewhere, struct cf_import_key **ret_key,
     struct cf_err *err)
{
    cf_own(cf_import_key) key = calloc(1, sizeof *key);

    if (!key) {
        cf_import_source_done(take_source);
        return cf_fail_oom(err);
    }
    key->source = *take_source;
    key->is_elsewhere = is_elsewhere;
    CF_TRY(check_key(key->source.pkey, &key->modulus_len, err));
    CF_TRY(public_of(key->source.pkey, &key->public_key, err));
    if (is_elsewhere)
        CF_TRY(check_padding(key, err));
    *ret_key = cf_give(key);
    return CF_OK;
}

enum cf_rc
cf_import_key_parse(const struct cf_secret *pem, struct cf_import_key **ret_key, struct cf_err *err)
{
    struct cf_import_source source = {0};
    /* A NUL follows the secret. */
    bool is_tss2 = strstr((const char *)cf_secret_data(pem), "-----BEGIN TSS2 PRIVATE KEY-----");

    ERR_clear_error();
    enum cf_rc rc =
        is_tss2 ? cf_import_load_tss2(pem, &source, err) : cf_pkey_from_pem(pem, &source.pkey, err);
    if (rc != CF_OK) {
        (void)cf_err_prefix(err, "import key");
        return rc;
    }
    return make(&source, is_tss2, ret_key, err);
}

enum cf_rc
cf_import_key_open(const char *uri, const struct cf_secret *pin, struct cf_import_key **ret_key,
                   struct cf_err *err)
{
    struct cf_import_source source = {0};

    enum cf_rc rc = cf_import_load(uri, pin, &source, err);
    if (rc != CF_OK) {
        (void)cf_err_prefix(err, "import key");
        return rc;
    }
    return make(&source, true, ret_key, err);
}

struct cf_import_key *
cf_import_key_free(struct cf_import_key *key)
{
    if (!key)
        return NULL;
    EVP_PKEY_free(key->public_key);
    cf_import_source_done(&key->source);
    free(key);
    return NULL;
}

enum cf_rc
cf_import_key_decrypt(const struct cf_import_key *key, enum cf_oaep oaep, struct cf_bytes cipher,
                      struct cf_secret **ret_plain, struct cf_err *err)
{
    cf_own(cf_secret) plain = NULL;
    size_t len = key->modulus_len;

    CF_TRY(cf_secret_new(key->modulus_len, &plain, err));
    ERR_clear_error();
    if (cipher.len != key->modulus_len || !decrypt(key, oaep, cipher, plain, &len) ||
        len > key->modulus_len) {
        ERR_clear_error();
        CF_TRY(check_presence(key, err));
        return cf_fail(err, CF_E_CRYPTO,
                       "import key: the password does not decrypt; it was encrypted for another "
                       "key or with another padding");
    }
    cf_secret_truncate(plain, len);
    *ret_plain = cf_give(plain);
    return CF_OK;
}

enum cf_rc
cf_import_key_encrypt(const struct cf_import_key *key, enum cf_oaep oaep, struct cf_bytes plain,
                      struct cf_buf **ret_cipher, struct cf_err *err)
{
    uint8_t cipher[BITS_MAX / 8];
    size_t len = sizeof cipher;
    size_t max = key->modulus_len - 2 * DIGESTS[oaep].len - 2;

    if (plain.len > max)
        return cf_fail(err, CF_E_LIMIT,
                       "import key: a password of %zu bytes; with this key and padding %zu are "
                       "possible",
                       plain.len, max);
    ERR_clear_error();
    cf_own_ossl(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_pkey(NULL, key->public_key, NULL);
    if (!context || EVP_PKEY_encrypt_init(context) <= 0 || !set_padding(context, oaep) ||
        EVP_PKEY_encrypt(context, cipher, &len, plain.data, plain.len) <= 0)
        return cf_fail_openssl(err, CF_E_CRYPTO, "import key: cannot encrypt");
    struct cf_buf *buf = cf_buf_copy(cf_bytes_of(cipher, len));
    if (!buf)
        return cf_fail_oom(err);
    *ret_cipher = buf;
    return CF_OK;
}

enum cf_rc
cf_import_key_public_pem(const struct cf_import_key *key, struct cf_buf **ret_pem,
                         struct cf_err *err)
{
    return cf_pkey_public_pem(key->public_key, ret_pem, err);
}
