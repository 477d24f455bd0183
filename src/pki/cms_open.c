/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cms_open - envelopes that were sealed for the connector itself.
 *
 * Whatever is wrong inside gives one error: which check failed would tell a stranger how to pass
 * the next one. Contents go from OpenSSL's streams straight into locked memory.
 */
#include <string.h>

#include <openssl/err.h>

#include "cms_internal.h"
#include "identity_internal.h"

static enum cf_rc
fail_open(struct cf_err *err)
{
    bool is_oom = ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;

    ERR_clear_error();
    if (is_oom)
        return cf_fail_oom(err);
    return cf_fail(err, CF_E_CRYPTO,
                   "the sealed copy does not open: it was changed, or is not sealed for this "
                   "connector's key by a known connector and for this request");
}

/* What is DER is written again as it was read. */
static bool
is_canonical(const CMS_ContentInfo *cms, struct cf_bytes der)
{
    cf_own(cf_secret) again = NULL;
    int len = i2d_CMS_ContentInfo(cms, NULL);

    if (len <= 0 || (size_t)len != der.len || der.len > CF_SECRET_MAX ||
        cf_secret_new(der.len, &again, NULL) != CF_OK)
        return false;
    unsigned char *at = cf_secret_edit(again);
    return i2d_CMS_ContentInfo(cms, &at) == len &&
           memcmp(cf_secret_data(again), der.data, der.len) == 0;
}

static CMS_ContentInfo *
parse(struct cf_bytes der, int type)
{
    const unsigned char *at = der.data;

    cf_own_ossl(CMS_ContentInfo) cms = d2i_CMS_ContentInfo(NULL, &at, (long)der.len);
    if (!cms || at != der.data + der.len || OBJ_obj2nid(CMS_get0_type(cms)) != type ||
        !is_canonical(cms, der))
        return NULL;
    return cf_give(cms);
}

/* All that the stream gives, at most max_len bytes; NULL when it gives nothing or more. */
static struct cf_secret *
drain(BIO *bio, size_t max_len)
{
    cf_own(cf_secret) content = NULL;
    size_t len = 0, n = 0;

    if (max_len == 0 || max_len > CF_SECRET_MAX || cf_secret_new(max_len, &content, NULL) != CF_OK)
        return NULL;
    while (len < max_len &&
           BIO_read_ex(bio, cf_secret_edit(content) + len, max_len - len, &n) == 1 && n > 0)
        len += n;
    if (len == 0)
        return NULL;
    cf_secret_truncate(content, len);
    return cf_give(content);
}

/* PKCS#1 v1.5 would make an oracle of us. */
static bool
is_modern_recipient(CMS_RecipientInfo *info)
{
    X509_ALGOR *algorithm = NULL;

    switch (CMS_RecipientInfo_type(info)) {
    case CMS_RECIPINFO_TRANS:
        return CMS_RecipientInfo_ktri_get0_algs(info, NULL, NULL, &algorithm) == 1 &&
               OBJ_obj2nid(algorithm->algorithm) == NID_rsaesOaep;
    case CMS_RECIPINFO_AGREE:
        return CMS_RecipientInfo_kari_get0_alg(info, &algorithm, NULL) == 1 &&
               OBJ_obj2nid(algorithm->algorithm) == NID_dhSinglePass_stdDH_sha256kdf_scheme;
    default:
        return false;
    }
}

static struct cf_secret *
decrypt(struct cf_bytes der, const struct cf_identity *identity)
{
    cf_own(cf_secret) inner = NULL;

    cf_own_ossl(CMS_ContentInfo) cms = parse(der, NID_id_smime_ct_authEnvelopedData);
    STACK_OF(CMS_RecipientInfo) *recipients = cms ? CMS_get0_RecipientInfos(cms) : NULL;
    if (sk_CMS_RecipientInfo_num(recipients) != 1 ||
        !is_modern_recipient(sk_CMS_RecipientInfo_value(recipients, 0)) ||
        CMS_decrypt_set1_pkey(cms, identity->pkey, identity->cert->x509) != 1)
        return NULL;
    cf_own_ossl(BIO) bio = CMS_dataInit(cms, NULL);
    if (!bio)
        return NULL;
    /* Shorter than its envelope. The tag is looked at when the stream has ended. */
    inner = drain(bio, der.len);
    if (!inner || BIO_get_cipher_status(bio) != 1)
        return NULL;
    return cf_give(inner);
}

/* The value of the one attribute of this name, which has one value; NULL when it is otherwise. */
static const ASN1_STRING *
attribute(const CMS_SignerInfo *signer, const char *oid, int type)
{
    cf_own_ossl(ASN1_OBJECT) object = OBJ_txt2obj(oid, 1);

    return object ? CMS_signed_get0_data_by_OBJ(signer, object, -3, type) : NULL;
}

static bool
is_value(const ASN1_STRING *string, const void *data, size_t len)
{
    return string && (size_t)ASN1_STRING_length(string) == len &&
           CRYPTO_memcmp(ASN1_STRING_get0_data(string), data, len) == 0;
}

static bool
is_bound(const CMS_SignerInfo *signer, const struct cf_identity *identity,
         const char *request_context)
{
    return is_value(attribute(signer, CF_OID_ENVELOPE ".1", V_ASN1_UTF8STRING), request_context,
                    strlen(request_context)) &&
           is_value(attribute(signer, CF_OID_ENVELOPE ".2", V_ASN1_OCTET_STRING),
                    identity->cert->sha256, sizeof identity->cert->sha256);
}

/* The only signature, with signed attributes and SHA-256. */
static CMS_SignerInfo *
one_signer(CMS_ContentInfo *cms)
{
    STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
    X509_ALGOR *digest = NULL;

    if (sk_CMS_SignerInfo_num(signers) != 1)
        return NULL;
    CMS_SignerInfo *signer = sk_CMS_SignerInfo_value(signers, 0);
    CMS_SignerInfo_get0_algs(signer, NULL, NULL, &digest, NULL);
    if (!digest || OBJ_obj2nid(digest->algorithm) != NID_sha256 ||
        CMS_signed_get_attr_count(signer) <= 0)
        return NULL;
    return signer;
}

static bool
is_signed_by(CMS_SignerInfo *signer, const struct cf_cert *const *signers, size_t n_signers)
{
    for (size_t i = 0; i < n_signers; i++) {
        if (CMS_SignerInfo_cert_cmp(signer, signers[i]->x509) != 0)
            continue;
        CMS_SignerInfo_set1_signer_cert(signer, signers[i]->x509);
        if (CMS_SignerInfo_verify(signer) == 1)
            return true;
    }
    return false;
}

static struct cf_secret *
verified_content(CMS_ContentInfo *cms, CMS_SignerInfo *signer, size_t max_len)
{
    cf_own(cf_secret) pfx = NULL;

    if (OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_pkcs7_data || CMS_is_detached(cms) != 0)
        return NULL;
    cf_own_ossl(BIO) bio = CMS_dataInit(cms, NULL);
    if (!bio)
        return NULL;
    pfx = drain(bio, max_len);
    if (!pfx || CMS_SignerInfo_verify_content(signer, bio) != 1)
        return NULL;
    return cf_give(pfx);
}

enum cf_rc
cf_cms_open_pfx(struct cf_bytes der, const struct cf_identity *identity,
                const char *request_context, const struct cf_cert *const *signers, size_t n_signers,
                struct cf_secret **ret_pfx, struct cf_secret **ret_password, struct cf_err *err)
{
    cf_own(cf_secret) inner = NULL;
    cf_own(cf_secret) pfx = NULL;
    cf_own(cf_secret) password = NULL;

    if (der.len > CF_SECRET_MAX)
        return cf_fail(err, CF_E_LIMIT, "a sealed copy of %zu bytes; at most %d are opened",
                       der.len, CF_SECRET_MAX);
    if (!cf_cms_has_sealed_shape(der))
        return cf_fail(err, CF_E_ENCODING,
                       "a sealed copy that is no envelope as this connector makes them");
    ERR_clear_error();
    inner = decrypt(der, identity);
    if (!inner)
        return fail_open(err);

    struct cf_bytes inner_der = cf_bytes_of(cf_secret_data(inner), cf_secret_len(inner));
    cf_own_ossl(CMS_ContentInfo) cms = parse(inner_der, NID_pkcs7_signed);
    CMS_SignerInfo *signer = cms ? one_signer(cms) : NULL;
    if (!signer || !is_signed_by(signer, signers, n_signers) ||
        !is_bound(signer, identity, request_context))
        return fail_open(err);
    pfx = verified_content(cms, signer, inner_der.len);
    const ASN1_STRING *text = attribute(signer, CF_OID_ENVELOPE ".3", V_ASN1_UTF8STRING);
    if (!pfx || !text || ASN1_STRING_length(text) <= 0)
        return fail_open(err);
    CF_TRY(cf_secret_copy(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text), &password,
                          err));

    *ret_pfx = cf_give(pfx);
    *ret_password = cf_give(password);
    return CF_OK;
}
