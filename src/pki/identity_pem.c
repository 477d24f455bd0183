/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity_pem - an identity as the PEM text it is kept in.
 *
 * The text is read and written in locked memory.
 */
#include "identity_internal.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "certferry/text.h"

struct pem_block {
    char *name;
    char *header;
    unsigned char *data;
    long len;
};

static void
pem_block_done(struct pem_block *block)
{
    OPENSSL_secure_free(block->name);
    OPENSSL_secure_free(block->header);
    OPENSSL_secure_clear_free(block->data, (size_t)block->len);
}

static enum cf_rc
read_key(const struct pem_block *block, EVP_PKEY **ret_pkey, struct cf_err *err)
{
    const unsigned char *at = block->data;

    cf_own_ossl(PKCS8_PRIV_KEY_INFO) info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, block->len);
    if (!info || at != block->data + block->len)
        return cf_fail_openssl(err, CF_E_ENCODING, "identity: the private key is not PKCS#8");
    cf_own_ossl(EVP_PKEY) pkey = EVP_PKCS82PKEY(info);
    if (!pkey)
        return cf_fail_openssl(err, CF_E_ENCODING, "identity: the private key cannot be read");
    CF_TRY(cf_identity_check_key(pkey, err));
    *ret_pkey = cf_give(pkey);
    return CF_OK;
}

static enum cf_rc
take_block(const struct pem_block *block, struct cf_identity *identity, struct cf_err *err)
{
    if (strcmp(block->name, PEM_STRING_PKCS8) == 0 || strstr(block->header, "ENCRYPTED"))
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "identity: the private key is encrypted; decrypt it, the credential store "
                       "protects it");
    if (strcmp(block->name, PEM_STRING_PKCS8INF) == 0) {
        if (identity->pkey)
            return cf_fail(err, CF_E_ENCODING, "identity: more than one private key");
        return read_key(block, &identity->pkey, err);
    }
    if (strcmp(block->name, PEM_STRING_X509) == 0) {
        if (identity->cert)
            return cf_fail(err, CF_E_ENCODING, "identity: more than one certificate");
        return cf_cert_parse(cf_bytes_of(block->data, (size_t)block->len), &identity->cert, err);
    }

    char shown[64];
    cf_text_sanitize(block->name, strlen(block->name), shown, sizeof shown);
    return cf_fail(
        err, CF_E_UNSUPPORTED,
        "identity: a PEM block '%s'; a PKCS#8 PRIVATE KEY and a CERTIFICATE are expected", shown);
}

static enum cf_rc
read_block(BIO *bio, struct cf_identity *identity, bool *ret_end, struct cf_err *err)
{
    struct pem_block block = {0};

    *ret_end = false;
    if (PEM_read_bio_ex(bio, &block.name, &block.header, &block.data, &block.len,
                        PEM_FLAG_SECURE | PEM_FLAG_EAY_COMPATIBLE) != 1) {
        if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
            return cf_fail_openssl(err, CF_E_ENCODING, "identity: a PEM block is broken");
        ERR_clear_error();
        *ret_end = true;
        return CF_OK;
    }
    enum cf_rc rc = take_block(&block, identity, err);
    pem_block_done(&block);
    return rc;
}

enum cf_rc
cf_identity_parse(const struct cf_secret *pem, struct cf_identity **ret_identity,
                  struct cf_err *err)
{
    cf_own(cf_identity) identity = calloc(1, sizeof *identity);
    cf_own_ossl(BIO) bio = BIO_new_mem_buf(cf_secret_data(pem), (int)cf_secret_len(pem));
    if (!identity || !bio)
        return cf_fail_oom(err);

    for (bool is_end = false; !is_end;)
        CF_TRY(read_block(bio, identity, &is_end, err));
    if (!identity->pkey)
        return cf_fail(err, CF_E_ENCODING, "identity: no PEM block PRIVATE KEY in it");
    if (!identity->cert)
        return cf_fail(err, CF_E_ENCODING, "identity: no PEM block CERTIFICATE in it");
    if (X509_check_private_key(identity->cert->x509, identity->pkey) != 1) {
        ERR_clear_error();
        return cf_fail(err, CF_E_MISMATCH,
                       "identity: the certificate is not that of the private key");
    }
    *ret_identity = cf_give(identity);
    return CF_OK;
}

enum cf_rc
cf_identity_pem(const struct cf_identity *identity, struct cf_secret **ret_pem, struct cf_err *err)
{
    cf_own(cf_buf) cert_pem = NULL;

    CF_TRY(cf_identity_cert_pem(identity, &cert_pem, err));
    enum cf_rc rc = cf_pkey_to_pem(identity->pkey, cf_buf_bytes(cert_pem), ret_pem, err);
    return rc == CF_OK ? CF_OK : cf_err_prefix(err, "identity");
}

enum cf_rc
cf_identity_cert_pem(const struct cf_identity *identity, struct cf_buf **ret_pem,
                     struct cf_err *err)
{
    cf_own(cf_buf) pem = cf_buf_new((size_t)CF_CERT_DER_MAX * 2);
    if (!pem)
        return cf_fail_oom(err);
    CF_TRY(cf_cert_append_pem(identity->cert, pem, err));
    *ret_pem = cf_give(pem);
    return CF_OK;
}
