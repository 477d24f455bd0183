/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cms_sign - the inner layer: whose PFX this is, for which request, by which connector.
 *
 * A signature outside could be taken off and replaced; this one names the recipient, so that it
 * cannot be forwarded to another device either.
 */
#include "cms_internal.h"

#include <string.h>

#include "certferry/text.h"
#include "identity_internal.h"

enum cf_rc
cf_cms_fill(CMS_ContentInfo *cms, struct cf_bytes content, struct cf_err *err)
{
    size_t written = 0;

    cf_own_ossl(BIO) bio = CMS_dataInit(cms, NULL);
    if (!bio)
        return cf_fail_openssl(err, CF_E_CRYPTO, "CMS: cannot be begun");
    /* Nothing to write is an error to OpenSSL, an empty content is none. */
    bool is_written =
        content.len == 0 ||
        (BIO_write_ex(bio, content.data, content.len, &written) == 1 && written == content.len);
    if (!is_written || BIO_flush(bio) != 1 || CMS_dataFinal(cms, bio) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "CMS: cannot be finished");
    return CF_OK;
}

enum cf_rc
cf_cms_add_attribute(CMS_SignerInfo *signer, const char *oid, int type, struct cf_bytes value,
                     struct cf_err *err)
{
    cf_own_ossl(ASN1_OBJECT) object = OBJ_txt2obj(oid, 1);
    if (!object ||
        CMS_signed_add1_attr_by_OBJ(signer, object, type, value.data, (int)value.len) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "CMS: signed attribute %s", oid);
    return CF_OK;
}

enum cf_rc
cf_cms_add_signing_time(CMS_SignerInfo *signer, int64_t now_ms, struct cf_err *err)
{
    /* Without it OpenSSL would take the time of the system. */
    ASN1_TIME *time = ASN1_TIME_adj(NULL, (time_t)(now_ms / 1000), 0, 0);
    if (!time)
        return cf_fail_openssl(err, CF_E_RANGE, "CMS: signing time");
    enum cf_rc rc = cf_cms_add_attribute(
        signer, "1.2.840.113549.1.9.5", ASN1_STRING_type(time),
        cf_bytes_of(ASN1_STRING_get0_data(time), (size_t)ASN1_STRING_length(time)), err);
    ASN1_TIME_free(time);
    return rc;
}

static enum cf_rc
add_attributes(CMS_SignerInfo *signer, const struct cf_secret *password,
               const struct cf_seal_binding *binding, struct cf_err *err)
{
    const char *context = binding->request_context;
    uint8_t recipient[32];

    CF_TRY(cf_cms_add_signing_time(signer, binding->now_ms, err));
    CF_TRY(cf_cms_add_attribute(signer, CF_OID_ENVELOPE ".1", V_ASN1_UTF8STRING,
                                cf_bytes_of(context, strlen(context)), err));
    cf_cert_sha256(binding->recipient, recipient);
    CF_TRY(cf_cms_add_attribute(signer, CF_OID_ENVELOPE ".2", V_ASN1_OCTET_STRING,
                                cf_bytes_of(recipient, sizeof recipient), err));
    if (!password)
        return CF_OK;
    return cf_cms_add_attribute(signer, CF_OID_ENVELOPE ".3", V_ASN1_UTF8STRING,
                                cf_bytes_of(cf_secret_data(password), cf_secret_len(password)),
                                err);
}

static enum cf_rc
to_secret(CMS_ContentInfo *cms, struct cf_secret **ret_der, struct cf_err *err)
{
    cf_own(cf_secret) der = NULL;
    int len = i2d_CMS_ContentInfo(cms, NULL);
    if (len <= 0)
        return cf_fail_openssl(err, CF_E_CRYPTO, "envelope: the inner layer cannot be encoded");

    CF_TRY(cf_secret_new((size_t)len, &der, err));
    unsigned char *at = cf_secret_edit(der);
    if (i2d_CMS_ContentInfo(cms, &at) != len)
        return cf_fail_openssl(err, CF_E_CRYPTO, "envelope: the inner layer cannot be encoded");
    *ret_der = cf_give(der);
    return CF_OK;
}

enum cf_rc
cf_cms_sign(struct cf_bytes pfx, const struct cf_secret *password,
            const struct cf_seal_binding *binding, struct cf_secret **ret_der, struct cf_err *err)
{
    const unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP;
    const char *context = binding->request_context;

    if (!context || !*context || !cf_text_is_utf8(context, strlen(context)))
        return cf_fail(err, CF_E_RANGE, "envelope: the request context is empty or not UTF-8");
    if (password &&
        !cf_text_is_utf8((const char *)cf_secret_data(password), cf_secret_len(password)))
        return cf_fail(err, CF_E_RANGE, "envelope: the PFX password is not UTF-8");

    cf_own_ossl(CMS_ContentInfo) cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
    CMS_SignerInfo *signer =
        cms ? CMS_add1_signer(cms, binding->signer->cert->x509, binding->signer->pkey, EVP_sha256(),
                              flags | CMS_CADES)
            : NULL;
    if (!signer)
        return cf_fail_openssl(err, CF_E_CRYPTO, "envelope: signer");
    CF_TRY(add_attributes(signer, password, binding, err));
    CF_TRY(cf_cms_fill(cms, pfx, err));
    return to_secret(cms, ret_der, err);
}
