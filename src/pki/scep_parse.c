/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_parse - SignedData (RFC 5652 5.1) with one signer, and the signer's certificate.
 *
 * Certificates are as OpenSSL reads them: devices make some for this one message, with serial
 * numbers and times that a certification authority would not write, and nothing is believed but
 * that the key in it made the signature.
 */
#include "scep_internal.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>

static enum cf_rc
fail_shape(struct cf_err *err)
{
    return cf_fail(err, CF_E_ENCODING, "SCEP message: not a SignedData with content");
}

/* The parts of SignedData that matter. */
struct parts {
    struct cf_der certs;
    struct cf_der signers;
};

/* EncapsulatedContentInfo. */
static bool
read_content(struct cf_scep_message *message, struct cf_der info)
{
    struct cf_der tagged, content;
    int nid = NID_undef;

    if (!cf_der_take_nid(&info, &nid) || nid != NID_pkcs7_data ||
        !cf_der_take(&info, V_ASN1_CONTEXT_SPECIFIC, 0, &tagged) || !cf_der_is_empty(&info) ||
        !cf_der_take(&tagged, V_ASN1_UNIVERSAL, V_ASN1_OCTET_STRING, &content) ||
        !cf_der_is_empty(&tagged))
        return false;
    message->content = cf_der_rest(content);
    return true;
}

static bool
read_parts(struct cf_scep_message *message, struct parts *ret)
{
    struct cf_der all = cf_der_of(cf_buf_bytes(message->der));
    struct cf_der info, tagged, data, version, digests, content, crls;
    int nid = NID_undef;

    if (!cf_der_take(&all, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &info) ||
        !cf_der_take_nid(&info, &nid) || nid != NID_pkcs7_signed ||
        !cf_der_take(&info, V_ASN1_CONTEXT_SPECIFIC, 0, &tagged) || !cf_der_is_empty(&info) ||
        !cf_der_take(&tagged, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &data) ||
        !cf_der_is_empty(&tagged) ||
        !cf_der_take(&data, V_ASN1_UNIVERSAL, V_ASN1_INTEGER, &version) ||
        !cf_der_take(&data, V_ASN1_UNIVERSAL, V_ASN1_SET, &digests) ||
        !cf_der_take(&data, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &content) ||
        !read_content(message, content))
        return false;
    if (!cf_der_take(&data, V_ASN1_CONTEXT_SPECIFIC, 0, &ret->certs))
        ret->certs = (struct cf_der){0};
    (void)cf_der_take(&data, V_ASN1_CONTEXT_SPECIFIC, 1, &crls);
    return cf_der_take(&data, V_ASN1_UNIVERSAL, V_ASN1_SET, &ret->signers) &&
           cf_der_is_empty(&data);
}

static X509 *
x509_of(struct cf_bytes der)
{
    const unsigned char *at = der.data;
    cf_own_ossl(X509) x509 = d2i_X509(NULL, &at, (long)der.len);

    /* Fills OpenSSL's cache now, so that threads only read it. */
    if (x509)
        (void)X509_check_purpose(x509, -1, 0);
    return cf_give(x509);
}

static enum cf_rc
keep_signer(struct cf_scep_message *message, X509 *take_x509, struct cf_bytes der,
            struct cf_err *err)
{
    unsigned char *spki = NULL;

    message->signer = take_x509;
    message->signer_der = cf_buf_copy(der);
    if (!message->signer_der)
        return cf_fail_oom(err);
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(take_x509), &spki);
    CF_TRY(cf_buf_from_ossl(spki, len, &message->signer_spki, err));
    message->signer_bits = cf_pkey_bits(X509_get0_pubkey(take_x509), &message->signer_is_rsa);
    return CF_OK;
}

static enum cf_rc
find_signer(struct cf_scep_message *message, struct cf_der certs, const struct cf_scep_id *id,
            struct cf_err *err)
{
    struct cf_bytes element;
    char text[256];

    for (unsigned n = 0; !cf_der_is_empty(&certs); n++) {
        if (n >= CF_SCEP_CERTS_MAX)
            return cf_fail(err, CF_E_LIMIT, "SCEP message: more than %d certificates",
                           CF_SCEP_CERTS_MAX);
        bool is_x509 = cf_der_is_next(&certs, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE);
        if (!cf_der_take_any(&certs, &element))
            return fail_shape(err);
        cf_own_ossl(X509) x509 = is_x509 ? x509_of(element) : NULL;
        if (x509 && !message->signer && cf_scep_id_is(id, x509))
            CF_TRY(keep_signer(message, cf_give(x509), element, err));
    }
    if (message->signer)
        return CF_OK;
    cf_scep_id_text(id, text, sizeof text);
    return cf_fail(err, CF_E_ENCODING,
                   "SCEP message: the certificate of its signer (%.150s) is not in it", text);
}

/* SignerInfo (RFC 5652 5.3). */
static bool
read_signer(struct cf_scep_message *message, struct cf_der info, struct cf_scep_id *ret_id)
{
    struct cf_der version, params, signature;

    if (!cf_der_take(&info, V_ASN1_UNIVERSAL, V_ASN1_INTEGER, &version) ||
        !cf_scep_take_id(&info, ret_id) ||
        !cf_der_take_algorithm(&info, &message->digest_nid, &params))
        return false;
    if (!cf_der_take_whole(&info, V_ASN1_CONTEXT_SPECIFIC, 0, &message->signed_attributes))
        message->signed_attributes = (struct cf_bytes){0};
    if (!cf_der_take_algorithm(&info, &message->signature_nid, &params) ||
        !cf_der_take(&info, V_ASN1_UNIVERSAL, V_ASN1_OCTET_STRING, &signature))
        return false;
    message->signature = cf_der_rest(signature);
    return true;
}

static enum cf_rc
parse(struct cf_scep_message *message, struct cf_err *err)
{
    struct parts parts;
    struct cf_der info;
    struct cf_scep_id id;

    if (!read_parts(message, &parts))
        return fail_shape(err);
    if (!cf_der_take(&parts.signers, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &info) ||
        !read_signer(message, info, &id))
        return cf_fail(err, CF_E_ENCODING, "SCEP message: nobody signed it");
    if (!cf_der_is_empty(&parts.signers))
        return cf_fail(err, CF_E_ENCODING, "SCEP message: signed by more than one");
    CF_TRY(find_signer(message, parts.certs, &id, err));
    CF_TRY(cf_scep_read_attributes(message, err));
    return cf_scep_read_envelope(message, err);
}

enum cf_rc
cf_scep_message_parse(struct cf_bytes ber, struct cf_scep_message **ret_message, struct cf_err *err)
{
    cf_own(cf_scep_message) message = calloc(1, sizeof *message);
    if (!message)
        return cf_fail_oom(err);

    ERR_clear_error();
    enum cf_rc rc = cf_ber_to_der(ber, &message->der, err);
    if (rc != CF_OK) {
        (void)cf_err_prefix(err, "SCEP message");
        return rc;
    }
    rc = parse(message, err);
    ERR_clear_error();
    CF_TRY(rc);
    *ret_message = cf_give(message);
    return CF_OK;
}
