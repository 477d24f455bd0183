/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_envelope - the EnvelopedData inside a message, as far as it can be read without a key.
 */
#include "scep_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

enum { RECIPIENT_TEXT_SIZE = 320 };

static int
nid_of(const X509_ALGOR *algorithm)
{
    return algorithm ? OBJ_obj2nid(algorithm->algorithm) : NID_sha1;
}

/* The digest inside the parameters of MGF1. */
static int
mgf1_digest(const X509_ALGOR *mask)
{
    if (!mask)
        return NID_sha1;
    if (OBJ_obj2nid(mask->algorithm) != NID_mgf1 || !mask->parameter ||
        mask->parameter->type != V_ASN1_SEQUENCE)
        return NID_undef;
    const unsigned char *at = mask->parameter->value.sequence->data;
    X509_ALGOR *inner = d2i_X509_ALGOR(NULL, &at, mask->parameter->value.sequence->length);
    int nid = inner ? nid_of(inner) : NID_undef;
    X509_ALGOR_free(inner);
    return nid;
}

/* A label that is not empty is in nobody's use. */
static bool
has_no_label(const X509_ALGOR *source)
{
    return !source || (OBJ_obj2nid(source->algorithm) == NID_pSpecified && source->parameter &&
                       source->parameter->type == V_ASN1_OCTET_STRING &&
                       ASN1_STRING_length(source->parameter->value.octet_string) == 0);
}

static bool
is_usable_digest(int nid)
{
    enum cf_scep_digest digest = cf_scep_digest_of_nid(nid);
    return digest != CF_SCEP_DIGEST_OTHER && digest != CF_SCEP_MD5;
}

/* RSAES-OAEP-params (RFC 8017 A.2.1). */
static bool
read_oaep(struct cf_der params, struct cf_scep_oaep *ret)
{
    const unsigned char *at = params.at;
    struct cf_der at_end = params;
    struct cf_bytes element;

    if (cf_der_is_empty(&params)) {
        *ret = (struct cf_scep_oaep){NID_sha1, NID_sha1};
        return true;
    }
    if (!cf_der_take_any(&at_end, &element) || !cf_der_is_empty(&at_end))
        return false;
    RSA_OAEP_PARAMS *oaep = d2i_RSA_OAEP_PARAMS(NULL, &at, (long)element.len);
    if (!oaep)
        return false;
    *ret = (struct cf_scep_oaep){nid_of(oaep->hashFunc), mgf1_digest(oaep->maskGenFunc)};
    bool is_good = has_no_label(oaep->pSourceFunc);
    RSA_OAEP_PARAMS_free(oaep);
    return is_good && is_usable_digest(ret->digest) && is_usable_digest(ret->mgf1_digest);
}

static enum cf_scep_transport
transport_of(int nid, struct cf_der params, struct cf_scep_oaep *ret_oaep)
{
    if (nid == NID_rsaEncryption)
        return CF_SCEP_PKCS1;
    if (nid == NID_rsaesOaep && read_oaep(params, ret_oaep))
        return CF_SCEP_OAEP;
    return CF_SCEP_TRANSPORT_OTHER;
}

/* KeyTransRecipientInfo (RFC 5652 6.2.1). */
static bool
read_recipient(struct cf_der info, struct cf_scep_recipient *ret)
{
    struct cf_der version, params, key;
    int nid = NID_undef;

    if (!cf_der_take(&info, V_ASN1_UNIVERSAL, V_ASN1_INTEGER, &version) ||
        !cf_scep_take_id(&info, &ret->id) || !cf_der_take_algorithm(&info, &nid, &params) ||
        !cf_der_take(&info, V_ASN1_UNIVERSAL, V_ASN1_OCTET_STRING, &key) || !cf_der_is_empty(&info))
        return false;
    ret->transport = transport_of(nid, params, &ret->oaep);
    ret->key = cf_der_rest(key);
    return true;
}

/* Other kinds than key transport are passed over. */
static bool
read_recipients(struct cf_scep_message *message, struct cf_der set)
{
    struct cf_der info;
    struct cf_bytes other;

    for (unsigned n = 0; !cf_der_is_empty(&set); n++) {
        if (n >= CF_SCEP_RECIPIENTS_MAX)
            return false;
        if (!cf_der_take(&set, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &info)) {
            if (!cf_der_take_any(&set, &other))
                return false;
        } else if (read_recipient(info, &message->recipients[message->n_recipients])) {
            message->n_recipients++;
        } else {
            return false;
        }
    }
    return message->n_recipients > 0;
}

/* [0] IMPLICIT OCTET STRING: in one piece, or made of octet strings, which are joined. */
static bool
read_encrypted(struct cf_scep_message *message, struct cf_der *info)
{
    struct cf_der content, piece;

    if (cf_der_is_empty(info))
        return false;
    bool is_constructed = (info->at[0] & V_ASN1_CONSTRUCTED) != 0;
    if (!cf_der_take(info, V_ASN1_CONTEXT_SPECIFIC, 0, &content) || !cf_der_is_empty(info))
        return false;
    if (!is_constructed) {
        message->encrypted = cf_der_rest(content);
        return true;
    }
    cf_own(cf_buf) joined = cf_buf_new(CF_SCEP_MESSAGE_MAX);
    while (!cf_der_is_empty(&content)) {
        if (!cf_der_take(&content, V_ASN1_UNIVERSAL, V_ASN1_OCTET_STRING, &piece) || !joined ||
            cf_buf_append(joined, piece.at, (size_t)(piece.end - piece.at), NULL) != CF_OK)
            return false;
    }
    if (!joined)
        return false;
    message->encrypted_joined = cf_give(joined);
    message->encrypted = cf_buf_bytes(message->encrypted_joined);
    return true;
}

/* EncryptedContentInfo. */
static bool
read_encrypted_info(struct cf_scep_message *message, struct cf_der info)
{
    int type_nid = NID_undef, cipher_nid = NID_undef;
    struct cf_der params, iv;

    if (!cf_der_take_nid(&info, &type_nid) || type_nid != NID_pkcs7_data ||
        !cf_der_take_algorithm(&info, &cipher_nid, &params))
        return false;
    message->cipher = cf_scep_cipher_of_nid(cipher_nid);
    size_t iv_len = cf_scep_cipher_block_len(message->cipher);
    if (iv_len > 0) {
        if (!cf_der_take(&params, V_ASN1_UNIVERSAL, V_ASN1_OCTET_STRING, &iv) ||
            cf_der_rest(iv).len != iv_len)
            return false;
        memcpy(message->iv, iv.at, iv_len);
    }
    return read_encrypted(message, &info);
}

static bool
read_envelope(struct cf_scep_message *message)
{
    struct cf_der all = cf_der_of(cf_buf_bytes(message->envelope));
    struct cf_der info, tagged, envelope, version, recipients, encrypted;
    struct cf_bytes originator;
    int nid = NID_undef;

    if (!cf_der_take(&all, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &info) ||
        !cf_der_take_nid(&info, &nid) || nid != NID_pkcs7_enveloped ||
        !cf_der_take(&info, V_ASN1_CONTEXT_SPECIFIC, 0, &tagged) ||
        !cf_der_take(&tagged, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &envelope) ||
        !cf_der_take(&envelope, V_ASN1_UNIVERSAL, V_ASN1_INTEGER, &version))
        return false;
    (void)cf_der_take_whole(&envelope, V_ASN1_CONTEXT_SPECIFIC, 0, &originator);
    /* What may follow is not encrypted and means nothing here. */
    return cf_der_take(&envelope, V_ASN1_UNIVERSAL, V_ASN1_SET, &recipients) &&
           cf_der_take(&envelope, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &encrypted) &&
           read_recipients(message, recipients) && read_encrypted_info(message, encrypted);
}

static enum cf_rc
name_recipients(struct cf_scep_message *message, struct cf_err *err)
{
    char text[RECIPIENT_TEXT_SIZE];
    cf_own(cf_buf) all = cf_buf_new((RECIPIENT_TEXT_SIZE + 2) * CF_SCEP_RECIPIENTS_MAX);

    if (!all)
        return cf_fail_oom(err);
    for (size_t i = 0; i < message->n_recipients; i++) {
        cf_scep_id_text(&message->recipients[i].id, text, sizeof text);
        CF_TRY(cf_buf_appendf(all, err, "%s%s", i > 0 ? ", " : "", text));
    }
    message->recipients_text = strdup(cf_buf_str(all));
    return message->recipients_text ? CF_OK : cf_fail_oom(err);
}

enum cf_rc
cf_scep_read_envelope(struct cf_scep_message *message, struct cf_err *err)
{
    struct cf_err why;

    message->cipher = CF_SCEP_CIPHER_OTHER;
    enum cf_rc rc = cf_ber_to_der(message->content, &message->envelope, &why);
    if (rc == CF_E_OOM)
        return cf_fail_oom(err);
    if (rc != CF_OK || !read_envelope(message)) {
        message->n_recipients = 0;
        message->encrypted = (struct cf_bytes){0};
        cf_scep_set_fault(message, CF_E_FIELD,
                          "SCEP message: its content is no EnvelopedData for an RSA key");
    }
    if (message->encrypted.len > CF_SECRET_MAX)
        cf_scep_set_fault(message, CF_E_LIMIT,
                          "SCEP message: %zu octets are encrypted; at most %d are read",
                          message->encrypted.len, CF_SECRET_MAX);
    ERR_clear_error();
    return name_recipients(message, err);
}
