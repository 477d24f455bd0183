/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_reply - CertRep (RFC 8894 3.3.2), with what it takes for the clients there are: all the
 * attributes, an RSA signature that says no more than "RSA", content that is there even when it is
 * empty.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/rand.h>

#include "certferry/text.h"
#include "cms_internal.h"
#include "scep_internal.h"

enum { SENDER_NONCE_LEN = 16, FAIL_TEXT_MAX = 255 };

struct answer {
    const struct cf_scep_message *message;
    const struct cf_scep_reply *reply;
};

static enum cf_rc
add_text(CMS_SignerInfo *signer, const char *oid, int type, const char *text, struct cf_err *err)
{
    return cf_cms_add_attribute(signer, oid, type, cf_bytes_of(text, strlen(text)), err);
}

static enum cf_rc
add_number(CMS_SignerInfo *signer, const char *oid, int number, struct cf_err *err)
{
    char text[16];

    snprintf(text, sizeof text, "%d", number);
    return add_text(signer, oid, V_ASN1_PRINTABLESTRING, text, err);
}

static enum cf_rc
add_nonces(CMS_SignerInfo *signer, const struct cf_scep_message *message, struct cf_err *err)
{
    uint8_t nonce[SENDER_NONCE_LEN];

    if (RAND_bytes(nonce, sizeof nonce) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "SCEP answer: no random bytes");
    CF_TRY(cf_cms_add_attribute(signer, CF_OID_SCEP_SENDER_NONCE, V_ASN1_OCTET_STRING,
                                cf_bytes_of(nonce, sizeof nonce), err));
    if (message->sender_nonce.len == 0)
        return CF_OK;
    return cf_cms_add_attribute(signer, CF_OID_SCEP_RECIPIENT_NONCE, V_ASN1_OCTET_STRING,
                                message->sender_nonce, err);
}

static enum cf_rc
add_failure(CMS_SignerInfo *signer, const struct cf_scep_reply *reply, struct cf_err *err)
{
    char text[FAIL_TEXT_MAX + 1];

    CF_TRY(add_number(signer, CF_OID_SCEP_FAIL_INFO, (int)reply->fail_info, err));
    if (!reply->fail_text || !*reply->fail_text)
        return CF_OK;
    cf_text_sanitize(reply->fail_text, strlen(reply->fail_text), text, sizeof text);
    return add_text(signer, CF_OID_SCEP_FAIL_TEXT, V_ASN1_UTF8STRING, text, err);
}

static enum cf_rc
add_attributes(const void *arg, CMS_SignerInfo *signer, struct cf_err *err)
{
    const struct answer *answer = arg;
    const struct cf_scep_message *message = answer->message;

    CF_TRY(add_text(signer, CF_OID_SCEP_TRANSACTION, message->transaction_type,
                    message->transaction, err));
    CF_TRY(add_number(signer, CF_OID_SCEP_MESSAGE_TYPE, CF_SCEP_CERT_REP, err));
    CF_TRY(add_number(signer, CF_OID_SCEP_STATUS, (int)answer->reply->status, err));
    CF_TRY(add_nonces(signer, message, err));
    return answer->reply->status == CF_SCEP_FAILURE ? add_failure(signer, answer->reply, err)
                                                    : CF_OK;
}

static bool
is_weaker(enum cf_scep_digest digest, enum cf_scep_digest floor)
{
    return digest == CF_SCEP_DIGEST_OTHER || digest < floor;
}

static enum cf_scep_digest
digest_of(const struct cf_scep_message *message, const struct cf_scep_reply *reply)
{
    enum cf_scep_digest digest = cf_scep_message_digest(message);
    enum cf_scep_digest floor = reply->floor < CF_SCEP_DIGEST_OTHER ? reply->floor : CF_SCEP_SHA256;

    /* Nobody has to take MD5 in an answer. */
    if (is_weaker(floor, CF_SCEP_SHA1))
        floor = CF_SCEP_SHA1;
    return is_weaker(digest, floor) ? floor : digest;
}

/* Single DES only to whoever uses it, when the caller goes along with it. */
static enum cf_scep_cipher
cipher_of(const struct cf_scep_message *message, const struct cf_scep_reply *reply)
{
    if (message->cipher != CF_SCEP_DES && message->cipher != CF_SCEP_CIPHER_OTHER)
        return message->cipher;
    bool is_usable = reply->cipher < CF_SCEP_CIPHER_OTHER &&
                     (reply->cipher != CF_SCEP_DES || message->cipher == CF_SCEP_DES);
    return is_usable ? reply->cipher : CF_SCEP_AES128;
}

static enum cf_rc
success_content(const struct cf_scep_message *message, const struct cf_scep_reply *reply,
                struct cf_buf **ret_content, struct cf_err *err)
{
    cf_own(cf_buf) bundle = NULL;

    if ((reply->certs.len == 0) == (reply->crl.len == 0))
        return cf_fail(err, CF_E_BUG, "SCEP answer: SUCCESS is certificates or a CRL");
    CF_TRY(cf_scep_degenerate(reply->certs, reply->crl, &bundle, err));
    return cf_scep_encrypt(cf_buf_bytes(bundle), message, cipher_of(message, reply), ret_content,
                           err);
}

enum cf_rc
cf_scep_reply_build(const struct cf_scep_message *message, const struct cf_scep_ra *signer,
                    const struct cf_scep_reply *reply, struct cf_buf **ret_der, struct cf_err *err)
{
    const struct answer answer = {.message = message, .reply = reply};
    cf_own(cf_buf) content = NULL;

    if (reply->status == CF_SCEP_SUCCESS)
        CF_TRY(success_content(message, reply, &content, err));
    return cf_scep_sign(content ? cf_buf_bytes(content) : (struct cf_bytes){0}, signer,
                        digest_of(message, reply), reply->now_ms, add_attributes, &answer, ret_der,
                        err);
}
