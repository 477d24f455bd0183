/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_check - is a message what the key in its signer's certificate signed? Whose key that is, and
 * whether its certificate is worth anything, is not asked here.
 */
#include "scep_internal.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>

static enum cf_rc
fail_algorithm(enum cf_scep_fail_info *ret_fail_info, struct cf_err *err, const char *what, int nid)
{
    const char *name = nid == NID_undef ? NULL : OBJ_nid2ln(nid);

    *ret_fail_info = CF_SCEP_BAD_ALG;
    return cf_fail(err, CF_E_UNSUPPORTED, "SCEP message: %s (%s) cannot be verified", what,
                   name ? name : "not known");
}

static enum cf_rc
fail_signature(enum cf_scep_fail_info *ret_fail_info, struct cf_err *err, const char *what)
{
    ERR_clear_error();
    *ret_fail_info = CF_SCEP_BAD_MESSAGE_CHECK;
    return cf_fail(err, CF_E_CRYPTO, "SCEP message: %s", what);
}

/* What a signature algorithm says of the key and the digest: many name the key's kind alone. */
static bool
split_signature(int nid, int *ret_key_nid, int *ret_digest_nid)
{
    if (nid == NID_rsaEncryption || nid == NID_X9_62_id_ecPublicKey) {
        *ret_key_nid = nid;
        *ret_digest_nid = NID_undef;
        return true;
    }
    return OBJ_find_sigid_algs(nid, ret_digest_nid, ret_key_nid) == 1 &&
           *ret_digest_nid != NID_undef &&
           (*ret_key_nid == NID_rsaEncryption || *ret_key_nid == NID_X9_62_id_ecPublicKey);
}

static enum cf_rc
check_algorithms(const struct cf_scep_message *message, EVP_PKEY **ret_pkey, const EVP_MD **ret_md,
                 enum cf_scep_fail_info *ret_fail_info, struct cf_err *err)
{
    int key_nid = NID_undef, digest_nid = NID_undef;
    EVP_PKEY *pkey = X509_get0_pubkey(message->signer);
    const EVP_MD *md = cf_scep_digest_md(cf_scep_digest_of_nid(message->digest_nid));

    if (!md)
        return fail_algorithm(ret_fail_info, err, "its digest", message->digest_nid);
    if (!split_signature(message->signature_nid, &key_nid, &digest_nid) ||
        (digest_nid != NID_undef && digest_nid != message->digest_nid))
        return fail_algorithm(ret_fail_info, err, "its kind of signature", message->signature_nid);
    enum cf_rc rc = cf_pkey_check_cost(pkey, err);
    if (rc != CF_OK) {
        *ret_fail_info = CF_SCEP_BAD_ALG;
        (void)cf_err_prefix(err, "SCEP message: its signer");
        return rc;
    }
    if (message->signer_is_rsa != (key_nid == NID_rsaEncryption))
        return fail_signature(ret_fail_info, err,
                              "the signature is of another kind than the signer's key");
    *ret_pkey = pkey;
    *ret_md = md;
    return CF_OK;
}

/* The attributes are signed as a SET, which in the message they are not tagged as. */
static bool
is_signed(const struct cf_scep_message *message, EVP_PKEY *pkey, const EVP_MD *md)
{
    static const uint8_t set = V_ASN1_SET | V_ASN1_CONSTRUCTED;
    struct cf_bytes attributes = message->signed_attributes;
    cf_own_ossl(EVP_MD_CTX) context = EVP_MD_CTX_new();

    return context && EVP_DigestVerifyInit(context, NULL, md, NULL, pkey) == 1 &&
           EVP_DigestVerifyUpdate(context, &set, 1) == 1 &&
           EVP_DigestVerifyUpdate(context, attributes.data + 1, attributes.len - 1) == 1 &&
           EVP_DigestVerifyFinal(context, message->signature.data, message->signature.len) == 1;
}

static bool
has_digest(const struct cf_scep_message *message, const EVP_MD *md)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    return EVP_Digest(message->content.data, message->content.len, digest, &len, md, NULL) == 1 &&
           cf_bytes_equal(cf_bytes_of(digest, len), message->message_digest);
}

enum cf_rc
cf_scep_message_check(const struct cf_scep_message *message, enum cf_scep_fail_info *ret_fail_info,
                      struct cf_err *err)
{
    EVP_PKEY *pkey = NULL;
    const EVP_MD *md = NULL;

    ERR_clear_error();
    CF_TRY(check_algorithms(message, &pkey, &md, ret_fail_info, err));
    if (!is_signed(message, pkey, md))
        return fail_signature(ret_fail_info, err,
                              "the signature is not that of its signer's key; it was changed, or "
                              "signed with another key");
    if (message->message_digest.len > 0 && !has_digest(message, md))
        return fail_signature(ret_fail_info, err, "the content is not the one that was signed");
    if (message->fault.rc != CF_OK) {
        *ret_fail_info = CF_SCEP_BAD_REQUEST;
        return cf_fail(err, message->fault.rc, "%s", message->fault.text);
    }
    return CF_OK;
}
