/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_pem - private keys as PEM text, in locked memory only: OpenSSL's PEM writer would leave
 * copies of the key behind.
 */
#include "internal.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

/* Nobody is there to be asked for one. */
static int
no_passphrase(char *buf, int size, int rwflag, void *arg)
{
    (void)buf;
    (void)size;
    (void)rwflag;
    (void)arg;
    return -1;
}

enum cf_rc
cf_pkey_from_pem(const struct cf_secret *pem, EVP_PKEY **ret_pkey, struct cf_err *err)
{
    cf_own_ossl(BIO) bio = BIO_new_mem_buf(cf_secret_data(pem), (int)cf_secret_len(pem));
    unsigned char *der = NULL;
    long der_len = 0;
    char *name = NULL;

    if (!bio)
        return cf_fail_oom(err);
    if (PEM_bytes_read_bio_secmem(&der, &der_len, &name, PEM_STRING_EVP_PKEY, bio, no_passphrase,
                                  NULL) != 1) {
        ERR_clear_error();
        return cf_fail(err, CF_E_ENCODING, "no private key in PEM without a passphrase");
    }
    bool is_encrypted = strcmp(name, PEM_STRING_PKCS8) == 0;
    const unsigned char *at = der;
    EVP_PKEY *pkey = is_encrypted ? NULL : d2i_AutoPrivateKey(NULL, &at, der_len);
    OPENSSL_secure_clear_free(der, (size_t)der_len);
    OPENSSL_secure_free(name);
    if (is_encrypted)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "the private key is encrypted: decrypt it (openssl pkey) and let file "
                       "permissions or a systemd credential protect it");
    if (!pkey) {
        ERR_clear_error();
        return cf_fail(err, CF_E_ENCODING, "the private key cannot be read");
    }
    *ret_pkey = pkey;
    return CF_OK;
}

/* Lines of 64 characters; returns the length. `out` NULL only counts. */
static size_t
encode_lines(const uint8_t *data, size_t len, uint8_t *out)
{
    enum { LINE_BYTES = 48 };
    size_t n = 0;

    for (size_t at = 0; at < len; at += LINE_BYTES) {
        size_t part = len - at < LINE_BYTES ? len - at : LINE_BYTES;
        if (out) {
            EVP_EncodeBlock(out + n, data + at, (int)part);
            out[n + (part + 2) / 3 * 4] = '\n';
        }
        n += (part + 2) / 3 * 4 + 1;
    }
    return n;
}

static enum cf_rc
key_der(const EVP_PKEY *pkey, struct cf_secret **ret_der, struct cf_err *err)
{
    cf_own(cf_secret) der = NULL;
    cf_own_ossl(PKCS8_PRIV_KEY_INFO) info = EVP_PKEY2PKCS8(pkey);
    int len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : -1;
    if (len <= 0)
        return cf_fail_openssl(err, CF_E_CRYPTO, "the private key cannot be written");

    CF_TRY(cf_secret_new((size_t)len, &der, err));
    unsigned char *at = cf_secret_edit(der);
    if (i2d_PKCS8_PRIV_KEY_INFO(info, &at) != len)
        return cf_fail_openssl(err, CF_E_CRYPTO, "the private key cannot be written");
    *ret_der = cf_give(der);
    return CF_OK;
}

enum cf_rc
cf_pkey_to_pem(const EVP_PKEY *pkey, struct cf_bytes tail, struct cf_secret **ret_pem,
               struct cf_err *err)
{
    static const char begin[] = "-----BEGIN PRIVATE KEY-----\n";
    static const char end[] = "-----END PRIVATE KEY-----\n";
    cf_own(cf_secret) der = NULL;
    cf_own(cf_secret) pem = NULL;

    CF_TRY(key_der(pkey, &der, err));
    size_t key_len = encode_lines(cf_secret_data(der), cf_secret_len(der), NULL);
    CF_TRY(cf_secret_new(sizeof begin - 1 + key_len + sizeof end - 1 + tail.len, &pem, err));

    uint8_t *at = cf_secret_edit(pem);
    memcpy(at, begin, sizeof begin - 1);
    at += sizeof begin - 1;
    at += encode_lines(cf_secret_data(der), cf_secret_len(der), at);
    memcpy(at, end, sizeof end - 1);
    at += sizeof end - 1;
    if (tail.len > 0)
        memcpy(at, tail.data, tail.len);

    *ret_pem = cf_give(pem);
    return CF_OK;
}

enum cf_rc
cf_pkey_public_pem(const EVP_PKEY *pkey, struct cf_buf **ret_pem, struct cf_err *err)
{
    char *text = NULL;

    cf_own_ossl(BIO) bio = BIO_new(BIO_s_mem());
    if (!bio)
        return cf_fail_oom(err);
    if (PEM_write_bio_PUBKEY(bio, pkey) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "the public key cannot be written");
    long len = BIO_get_mem_data(bio, &text);
    struct cf_buf *pem = cf_buf_copy(cf_bytes_of(text, (size_t)len));
    if (!pem)
        return cf_fail_oom(err);
    *ret_pem = pem;
    return CF_OK;
}
