/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_open - the content of a message.
 *
 * A content key that cannot be decrypted is replaced by another (rsa_unwrap), and the padding of
 * the content is looked at without a branch, so that every failure is that of the last step.
 */
#include <string.h>

#include <openssl/err.h>

#include "rsa_unwrap.h"
#include "scep_internal.h"

enum { BLOCK_MAX = 16 };

static const struct cf_scep_recipient *
find_recipient(const struct cf_scep_message *message, const struct cf_cert *cert)
{
    for (size_t i = 0; i < message->n_recipients; i++) {
        if (cf_scep_id_is(&message->recipients[i].id, cert->x509))
            return &message->recipients[i];
    }
    return NULL;
}

static enum cf_rc
unwrap(const struct cf_scep_recipient *recipient, const struct cf_key *key, size_t key_len,
       uint8_t *ret_key, struct cf_err *err)
{
    struct cf_oaep_digests oaep = {0};

    if (recipient->transport == CF_SCEP_TRANSPORT_OTHER)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "SCEP message: its content key is encrypted neither with PKCS #1 v1.5 nor "
                       "with OAEP");
    if (recipient->transport == CF_SCEP_OAEP)
        oaep = (struct cf_oaep_digests){
            .label = cf_scep_digest_md(cf_scep_digest_of_nid(recipient->oaep.digest)),
            .mgf1 = cf_scep_digest_md(cf_scep_digest_of_nid(recipient->oaep.mgf1_digest))};
    enum cf_rc rc =
        cf_rsa_unwrap(key, oaep.label ? &oaep : NULL, recipient->key, key_len, ret_key, err);
    if (rc != CF_OK)
        (void)cf_err_prefix(err, "SCEP message");
    return rc;
}

static bool
decrypt_blocks(const struct cf_scep_message *message, const EVP_CIPHER *cipher, const uint8_t *key,
               struct cf_secret *content)
{
    int len = 0;
    cf_own_ossl(EVP_CIPHER_CTX) context = EVP_CIPHER_CTX_new();

    return context && EVP_DecryptInit_ex2(context, cipher, key, message->iv, NULL) == 1 &&
           EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
           EVP_DecryptUpdate(context, cf_secret_edit(content), &len, message->encrypted.data,
                             (int)message->encrypted.len) == 1 &&
           (size_t)len == message->encrypted.len;
}

/* The number of octets of padding (RFC 5652 6.3), or 0 when it is none. */
static unsigned
padding_len(const uint8_t *last_block, unsigned block_len)
{
    unsigned n = last_block[block_len - 1];
    /* Ones when the claim holds, by what is borrowed from the octets above. */
    unsigned good = ~((n - 1) | (block_len - n)) >> 8;

    for (unsigned i = 0; i < block_len; i++) {
        unsigned is_padding = (block_len - 1 - i - n) >> 8;
        unsigned differs = last_block[i] ^ n;
        good &= ~is_padding | (differs - 1) >> 8;
    }
    return n & (0U - (good & 1));
}

static enum cf_rc
decrypt(const struct cf_scep_message *message, const EVP_CIPHER *cipher, const uint8_t *key,
        struct cf_secret **ret_content, struct cf_err *err)
{
    size_t len = message->encrypted.len;
    unsigned block_len = (unsigned)cf_scep_cipher_block_len(message->cipher);
    cf_own(cf_secret) content = NULL;
    unsigned padding = 0;

    CF_TRY(cf_secret_new(len > 0 ? len : 1, &content, err));
    if (len > 0 && len % block_len == 0 && decrypt_blocks(message, cipher, key, content))
        padding = padding_len(cf_secret_data(content) + len - block_len, block_len);
    ERR_clear_error();
    if (padding == 0 || padding == len)
        return cf_fail(err, CF_E_CRYPTO, "SCEP message: its content cannot be decrypted");
    cf_secret_truncate(content, len - padding);
    *ret_content = cf_give(content);
    return CF_OK;
}

static enum cf_rc
open_for(const struct cf_scep_message *message, const struct cf_scep_recipient *recipient,
         const struct cf_key *key, struct cf_secret **ret_content, struct cf_err *err)
{
    size_t key_len = cf_scep_cipher_key_len(message->cipher);
    struct cf_scep_cipher_suite suite;
    uint8_t content_key[CF_UNWRAP_KEY_MAX];

    if (message->encrypted.len > CF_SECRET_MAX)
        return cf_fail(err, CF_E_LIMIT, "SCEP message: its content is too long");
    CF_TRY(cf_scep_cipher_fetch(message->cipher, &suite, err));
    cf_own_ossl(EVP_CIPHER) cipher = suite.cipher;
    enum cf_rc rc = unwrap(recipient, key, key_len, content_key, err);
    if (rc == CF_OK)
        rc = decrypt(message, cipher, content_key, ret_content, err);
    cf_wipe(content_key, sizeof content_key);
    return rc;
}

enum cf_rc
cf_scep_message_open(const struct cf_scep_message *message, const struct cf_scep_ra *ras, size_t n,
                     struct cf_secret **ret_content, struct cf_err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct cf_scep_recipient *recipient = find_recipient(message, ras[i].cert);
        if (recipient)
            return open_for(message, recipient, ras[i].key, ret_content, err);
    }
    return cf_fail(err, CF_E_NOT_FOUND,
                   "SCEP message: encrypted to %.150s, which is none of this server's RA "
                   "certificates; the device has an old GetCACert",
                   *message->recipients_text ? message->recipients_text : "nobody");
}
