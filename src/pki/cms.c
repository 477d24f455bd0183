/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cms - the outer layer: nobody but the recipient reads it.
 *
 * What may be sealed for whom is decided elsewhere (cf_trust_check_recipient); here only a key that
 * cannot carry the chosen algorithms is refused.
 */
#include "certferry/cms.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "cert_internal.h"
#include "cms_internal.h"

static bool
set_key_transport(EVP_PKEY_CTX *context, enum cf_transport transport)
{
    if (transport == CF_TRANSPORT_NATIVE)
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0;
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) > 0 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) > 0;
}

static enum cf_rc
add_recipient(CMS_ContentInfo *cms, const struct cf_cert *recipient, enum cf_transport transport,
              struct cf_err *err)
{
    CMS_RecipientInfo *info = CMS_add1_recipient_cert(cms, recipient->x509, CMS_KEY_PARAM);
    EVP_PKEY_CTX *context = info ? CMS_RecipientInfo_get0_pkey_ctx(info) : NULL;
    bool is_set = false;

    if (context && CMS_RecipientInfo_type(info) == CMS_RECIPINFO_TRANS)
        is_set = set_key_transport(context, transport);
    else if (context && CMS_RecipientInfo_type(info) == CMS_RECIPINFO_AGREE)
        /* The default would be SHA-1. */
        is_set = EVP_PKEY_CTX_set_ecdh_kdf_md(context, EVP_sha256()) > 0;
    if (!is_set)
        return cf_fail_openssl(err, CF_E_CRYPTO,
                               "envelope: the recipient certificate's key cannot be used");
    return CF_OK;
}

static enum cf_rc
seal(struct cf_bytes content, const struct cf_cert *recipient, enum cf_transport transport,
     struct cf_buf **ret_der, struct cf_err *err)
{
    const EVP_CIPHER *cipher =
        transport == CF_TRANSPORT_MODERN ? EVP_aes_256_gcm() : EVP_aes_256_cbc();

    if (recipient->key_bits == 0)
        return cf_fail(err, CF_E_RECIPIENT, "recipient certificate: the key is neither RSA nor EC");
    cf_own_ossl(CMS_ContentInfo) cms = CMS_encrypt(NULL, NULL, cipher, CMS_BINARY | CMS_PARTIAL);
    if (!cms)
        return cf_fail_openssl(err, CF_E_CRYPTO, "envelope: cannot be made");
    CF_TRY(add_recipient(cms, recipient, transport, err));
    CF_TRY(cf_cms_fill(cms, content, err));

    unsigned char *der = NULL;
    int len = i2d_CMS_ContentInfo(cms, &der);
    return cf_buf_from_ossl(der, len, ret_der, err);
}

enum cf_rc
cf_cms_seal_pfx(struct cf_bytes pfx, const struct cf_secret *password,
                const struct cf_seal_binding *binding, enum cf_transport transport,
                struct cf_buf **ret_der, struct cf_err *err)
{
    cf_own(cf_secret) inner = NULL;

    CF_TRY(cf_cms_sign(pfx, password, binding, &inner, err));
    return seal(cf_bytes_of(cf_secret_data(inner), cf_secret_len(inner)), binding->recipient,
                transport, ret_der, err);
}

enum cf_rc
cf_cms_seal_secret(const struct cf_secret *content, const struct cf_cert *recipient,
                   enum cf_transport transport, struct cf_buf **ret_der, struct cf_err *err)
{
    return seal(cf_bytes_of(cf_secret_data(content), cf_secret_len(content)), recipient, transport,
                ret_der, err);
}
