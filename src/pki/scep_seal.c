/* SPDX-License-Identifier: Apache-2.0 */
/* scep_seal - the two layers of an answer, outside in: SignedData, EnvelopedData. */
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "cms_internal.h"
#include "scep_internal.h"

static enum cf_rc
to_der(CMS_ContentInfo *cms, struct cf_buf **ret_der, struct cf_err *err)
{
    unsigned char *der = NULL;
    int len = i2d_CMS_ContentInfo(cms, &der);

    return cf_buf_from_ossl(der, len, ret_der, err);
}

static enum cf_rc
fail_sign(const struct cf_key *key, struct cf_err *err)
{
    if (key->source)
        return cf_fail_openssl(err, CF_E_IO,
                               "SCEP answer: the token that holds the RA's key does not sign with "
                               "it; connect it again and restart the service");
    return cf_fail_openssl(err, CF_E_CRYPTO, "SCEP answer: the RA's key does not sign");
}

enum cf_rc
cf_scep_sign(struct cf_bytes content, const struct cf_scep_ra *ra, enum cf_scep_digest digest,
             int64_t now_ms, cf_scep_add_fn *add, const void *arg, struct cf_buf **ret_der,
             struct cf_err *err)
{
    const unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP;
    const EVP_MD *md = cf_scep_digest_md(digest);

    ERR_clear_error();
    if (!ra->cert->key_is_rsa || !cf_key_kind_is_rsa(ra->key->kind))
        return cf_fail(err, CF_E_CONFIG,
                       "SCEP answer: the RA's signing key is not RSA, which devices expect");
    cf_own_ossl(CMS_ContentInfo) cms =
        CMS_sign_ex(NULL, NULL, NULL, NULL, flags, cf_key_library(ra->key), NULL);
    cf_key_enter(ra->key);
    CMS_SignerInfo *signer =
        cms && md ? CMS_add1_signer(cms, ra->cert->x509, ra->key->pkey, md, flags) : NULL;
    cf_key_leave(ra->key);
    if (!signer)
        return fail_sign(ra->key, err);
    CF_TRY(cf_cms_add_signing_time(signer, now_ms, err));
    if (add)
        CF_TRY(add(arg, signer, err));
    cf_key_enter(ra->key);
    enum cf_rc rc = cf_cms_fill(cms, content, err);
    cf_key_leave(ra->key);
    if (rc == CF_E_CRYPTO)
        return fail_sign(ra->key, err);
    CF_TRY(rc);
    return to_der(cms, ret_der, err);
}

/* As the request's content key was encrypted: whoever asks with OAEP may take nothing else. */
static bool
set_transport(EVP_PKEY_CTX *context, const struct cf_scep_message *message)
{
    if (cf_scep_message_transport(message) != CF_SCEP_OAEP)
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0;
    const struct cf_scep_oaep *oaep = &message->recipients[0].oaep;
    const EVP_MD *label = cf_scep_digest_md(cf_scep_digest_of_nid(oaep->digest));
    const EVP_MD *mgf1 = cf_scep_digest_md(cf_scep_digest_of_nid(oaep->mgf1_digest));
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(context, label) > 0 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, mgf1) > 0;
}

enum cf_rc
cf_scep_encrypt(struct cf_bytes content, const struct cf_scep_message *message,
                enum cf_scep_cipher cipher, struct cf_buf **ret_der, struct cf_err *err)
{
    struct cf_scep_cipher_suite suite;

    if (!message->signer_is_rsa)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "SCEP answer: nothing can be encrypted to the key that signed the request; "
                       "the device has to sign it with an RSA key");
    CF_TRY(cf_scep_cipher_fetch(cipher, &suite, err));
    cf_own_ossl(EVP_CIPHER) fetched = suite.cipher;
    cf_own_ossl(CMS_ContentInfo) cms =
        CMS_encrypt_ex(NULL, NULL, fetched, CMS_BINARY | CMS_PARTIAL, suite.library, NULL);
    CMS_RecipientInfo *info =
        cms ? CMS_add1_recipient_cert(cms, message->signer, CMS_KEY_PARAM) : NULL;
    EVP_PKEY_CTX *context = info ? CMS_RecipientInfo_get0_pkey_ctx(info) : NULL;
    if (!context || !set_transport(context, message))
        return cf_fail_openssl(err, CF_E_UNSUPPORTED,
                               "SCEP answer: the key that signed the request encrypts nothing");
    enum cf_rc rc = cf_cms_fill(cms, content, err);
    if (rc == CF_E_CRYPTO)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "SCEP answer: the key that signed the request (%u bits) encrypts no "
                       "content key",
                       message->signer_bits);
    CF_TRY(rc);
    return to_der(cms, ret_der, err);
}
