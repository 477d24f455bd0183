/* SPDX-License-Identifier: Apache-2.0 */
/* csr_attributes - what a request carries besides names and extensions: a challenge, a signature.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "internal.h"

enum cf_rc
cf_csr_read_challenge(const X509_REQ *req, struct cf_secret **ret_challenge, struct cf_err *err)
{
    int at = X509_REQ_get_attr_by_NID(req, NID_pkcs9_challengePassword, -1);
    char *text = NULL;

    if (at < 0)
        return CF_OK;
    X509_ATTRIBUTE *attribute = X509_REQ_get_attr(req, at);
    /* Whoever judges the CSR besides us could take the other one. */
    if (X509_REQ_get_attr_by_NID(req, NID_pkcs9_challengePassword, at) >= 0 ||
        X509_ATTRIBUTE_count(attribute) != 1)
        return cf_fail(err, CF_E_ENCODING,
                       "more than one challengePassword, or none, where the "
                       "request has the attribute");
    const ASN1_TYPE *value = X509_ATTRIBUTE_get0_type(attribute, 0);
    int type = ASN1_TYPE_get(value);
    if (type == V_ASN1_BOOLEAN || type == V_ASN1_NULL || type == V_ASN1_OBJECT)
        return cf_fail(err, CF_E_ENCODING, "challengePassword is not a string");
    if (cf_utf8_from_asn1(value->value.asn1_string, CF_CSR_CHALLENGE_MAX, &text, err) != CF_OK)
        return cf_err_prefix(err, "challengePassword");

    size_t len = strlen(text);
    enum cf_rc rc = len > 0 ? cf_secret_copy(text, len, ret_challenge, err) : CF_OK;
    cf_wipe(text, len);
    free(text);
    return rc;
}

static int
pss_digest_nid(const X509_ALGOR *algorithm)
{
    RSA_PSS_PARAMS *params =
        algorithm->parameter
            ? ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS), algorithm->parameter)
            : NULL;
    int nid = NID_undef;

    /* Left out it is SHA-1 (RFC 4055 section 3.1). */
    if (params)
        nid = params->hashAlgorithm ? OBJ_obj2nid(params->hashAlgorithm->algorithm) : NID_sha1;
    RSA_PSS_PARAMS_free(params);
    ERR_clear_error();
    return nid;
}

unsigned
cf_csr_read_sha(const X509_REQ *req)
{
    const X509_ALGOR *algorithm = NULL;
    int digest = NID_undef, key = NID_undef;

    X509_REQ_get0_signature(req, NULL, &algorithm);
    int nid = OBJ_obj2nid(algorithm->algorithm);
    if (nid == NID_rsassaPss)
        digest = pss_digest_nid(algorithm);
    else if (OBJ_find_sigid_algs(nid, &digest, &key) != 1)
        return 0;
    switch (digest) {
    case NID_sha1:
        return 1;
    case NID_sha256:
        return 256;
    case NID_sha384:
        return 384;
    case NID_sha512:
        return 512;
    default:
        return 0;
    }
}
