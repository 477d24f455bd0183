/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain_cms - certificates that travel in a CMS SignedData: a "certs-only" message or a full CMC
 * response. Nobody's signature over the message is believed: what a certificate says is proved by
 * its own issuer.
 */
#include "cert_internal.h"

#include <openssl/err.h>

enum { CMS_LEN_MAX = 1024 * 1024 };

static enum cf_rc
open_cms(struct cf_bytes der, struct cf_loose *ret_loose, struct cf_err *err)
{
    const unsigned char *at = der.data;

    if (der.len > CMS_LEN_MAX)
        return cf_fail(err, CF_E_LIMIT, "CMS message: %zu bytes; at most %d are read", der.len,
                       CMS_LEN_MAX);
    ERR_clear_error();
    cf_own_ossl(CMS_ContentInfo) cms =
        der.len > 0 ? d2i_CMS_ContentInfo(NULL, &at, (long)der.len) : NULL;
    if (!cms)
        return cf_fail_openssl(err, CF_E_ENCODING, "CMS message: cannot be decoded");
    if (at != der.data + der.len)
        return cf_fail(err, CF_E_ENCODING, "CMS message: %zu bytes follow its end",
                       (size_t)(der.data + der.len - at));
    if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed)
        return cf_fail(err, CF_E_ENCODING,
                       "CMS message: it is no SignedData, so that it carries no certificates");
    ret_loose->certs = CMS_get1_certs(cms);
    if (ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE)
        return cf_fail_oom(err);
    if (sk_X509_num(ret_loose->certs) > CF_LOOSE_MAX)
        return cf_fail(err, CF_E_LIMIT, "CMS message: %d certificates; at most %d are looked at",
                       sk_X509_num(ret_loose->certs), CF_LOOSE_MAX);
    return CF_OK;
}

enum cf_rc
cf_chain_parse_cms(struct cf_bytes der, const struct cf_cert *leaf, struct cf_chain **ret_chain,
                   struct cf_err *err)
{
    cf_own_loose loose = {0};

    CF_TRY(open_cms(der, &loose, err));
    return cf_loose_chain(&loose, leaf, ret_chain, err);
}

/* Whether one of the others was made by it. */
static enum cf_rc
is_above_another(struct cf_loose *loose, X509 *x509, bool *ret_is_above, struct cf_err *err)
{
    *ret_is_above = false;
    for (int i = 0; !*ret_is_above && i < sk_X509_num(loose->certs); i++) {
        X509 *other = sk_X509_value(loose->certs, i);
        if (X509_cmp(other, x509) != 0)
            CF_TRY(cf_loose_is_issuer(loose, x509, other, ret_is_above, err));
    }
    return CF_OK;
}

static enum cf_rc
find_lowest(struct cf_loose *loose, X509 **ret_lowest, struct cf_err *err)
{
    *ret_lowest = NULL;
    for (int i = 0; i < sk_X509_num(loose->certs); i++) {
        X509 *x509 = sk_X509_value(loose->certs, i);
        bool is_above = false;
        CF_TRY(is_above_another(loose, x509, &is_above, err));
        if (is_above || (*ret_lowest && X509_cmp(*ret_lowest, x509) == 0))
            continue;
        if (*ret_lowest)
            return cf_fail(err, CF_E_NOT_FOUND,
                           "CMS message: several of its certificates issued none of the others, "
                           "so that it does not say which one it was made to carry");
        *ret_lowest = x509;
    }
    return CF_OK;
}

enum cf_rc
cf_cert_from_cms(struct cf_bytes der, struct cf_cert **ret_cert, struct cf_err *err)
{
    cf_own_loose loose = {0};
    cf_own(cf_buf) copy = NULL;
    X509 *lowest = NULL;
    unsigned char *data = NULL;

    CF_TRY(open_cms(der, &loose, err));
    CF_TRY(find_lowest(&loose, &lowest, err));
    if (!lowest)
        return cf_fail(err, CF_E_NOT_FOUND, "CMS message: no certificate that was issued in it");
    int len = i2d_X509(lowest, &data);
    CF_TRY(cf_buf_from_ossl(data, len, &copy, err));
    return cf_cert_parse(cf_buf_bytes(copy), ret_cert, err);
}
