/* SPDX-License-Identifier: Apache-2.0 */
/* What the profile says of a message's algorithms, key and time. */
#include <inttypes.h>
#include <stdio.h>

#include "certferry/text.h"
#include "pki.h"

static enum cf_rc
judge_digest(const struct cf_scep_message *message, const struct cf_scep_profile *profile,
             struct cf_err *err)
{
    enum cf_scep_digest digest = cf_scep_message_digest(message);

    switch (digest) {
    case CF_SCEP_SHA224:
    case CF_SCEP_SHA256:
    case CF_SCEP_SHA384:
    case CF_SCEP_SHA512:
        return CF_OK;
    case CF_SCEP_SHA1:
        if (profile->allow_sha1)
            return CF_OK;
        return cf_fail(err, CF_E_POLICY,
                       "the message is signed with SHA-1; a device that knows no other hash needs "
                       "allow_sha1 in its profile");
    case CF_SCEP_MD5:
    case CF_SCEP_DIGEST_OTHER:
        break;
    }
    return cf_fail(err, CF_E_POLICY, "the message is signed with %s, which nobody may use",
                   cf_scep_digest_name(digest));
}

static enum cf_rc
judge_cipher(const struct cf_scep_message *message, const struct cf_scep_profile *profile,
             struct cf_err *err)
{
    enum cf_scep_cipher cipher = cf_scep_message_cipher(message);

    switch (cipher) {
    case CF_SCEP_AES128:
    case CF_SCEP_AES192:
    case CF_SCEP_AES256:
        return CF_OK;
    case CF_SCEP_DES3:
        if (profile->allow_3des)
            return CF_OK;
        return cf_fail(err, CF_E_POLICY,
                       "the message is encrypted with triple DES; a device that knows no other "
                       "cipher needs allow_3des in its profile");
    case CF_SCEP_DES:
        if (profile->allow_single_des)
            return CF_OK;
        return cf_fail(err, CF_E_POLICY,
                       "the message is encrypted with single DES, which is no protection; a device "
                       "that knows no other cipher needs allow_single_des in its profile");
    case CF_SCEP_CIPHER_OTHER:
        break;
    }
    return cf_fail(err, CF_E_POLICY,
                   "the message is encrypted with a cipher that is not supported");
}

static enum cf_rc
judge_time(const struct cf_scep_message *message, const struct cf_scep_profile *profile,
           int64_t now_ms, struct cf_err *err)
{
    char text[CF_TEXT_TIME_SIZE];
    int64_t signed_ms = 0;

    if (profile->clock_tolerance_ms == 0 || !cf_scep_message_signing_time(message, &signed_ms))
        return CF_OK;
    int64_t tolerance_ms = (int64_t)profile->clock_tolerance_ms;
    if (signed_ms >= now_ms - tolerance_ms && signed_ms <= now_ms + tolerance_ms)
        return CF_OK;
    cf_text_from_time(signed_ms, text);
    return cf_fail(err, CF_E_POLICY,
                   "the message was signed at %s by the device's clock, further from now than "
                   "clock_tolerance allows",
                   text);
}

enum cf_rc
cf_scep_pki_judge_signer(const struct cf_scep_message *message,
                         const struct cf_scep_profile *profile,
                         enum cf_scep_fail_info *ret_fail_info, struct cf_err *err)
{
    *ret_fail_info = CF_SCEP_BAD_REQUEST;
    if (!cf_scep_message_signer_is_rsa(message))
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "the message is signed with a key that is not RSA, so no answer can be "
                       "encrypted to it; the request may be about such a key, its signer may not");
    *ret_fail_info = CF_SCEP_BAD_ALG;
    if (cf_scep_message_signer_bits(message) < profile->min_rsa_bits)
        return cf_fail(err, CF_E_POLICY,
                       "the message is signed with an RSA key of %u bits; the profile asks for "
                       "%" PRIu64,
                       cf_scep_message_signer_bits(message), profile->min_rsa_bits);
    return judge_digest(message, profile, err);
}

enum cf_rc
cf_scep_pki_judge_seal(const struct cf_scep_message *message, const struct cf_scep_profile *profile,
                       int64_t now_ms, enum cf_scep_fail_info *ret_fail_info, struct cf_err *err)
{
    *ret_fail_info = CF_SCEP_BAD_ALG;
    CF_TRY(judge_cipher(message, profile, err));
    if (cf_scep_message_transport(message) == CF_SCEP_TRANSPORT_OTHER)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "the message's content key is encrypted neither with RSA PKCS#1 v1.5 nor "
                       "with OAEP");
    *ret_fail_info = CF_SCEP_BAD_TIME;
    return judge_time(message, profile, now_ms, err);
}

void
cf_scep_pki_weak(const struct cf_scep_message *message, char ret[CF_SCEP_WEAK_SIZE])
{
    enum cf_scep_cipher cipher = cf_scep_message_cipher(message);
    bool is_sha1 = cf_scep_message_digest(message) == CF_SCEP_SHA1;
    const char *des = cipher == CF_SCEP_DES3 ? "triple DES" : "single DES";
    bool is_des = cipher == CF_SCEP_DES3 || cipher == CF_SCEP_DES;

    snprintf(ret, CF_SCEP_WEAK_SIZE, "%s%s%s", is_sha1 ? "SHA-1" : "",
             is_sha1 && is_des ? " and " : "", is_des ? des : "");
}
