/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_code - what each refusal of a SCEP request means, and what asks to be done about it.
 *
 * docs/protocol/scep-validation.md has the same table.
 */
#include <string.h>

#include "wire.h"

#define NOT_OF_INTUNE                                                                              \
    "check that the device enrolls by a SCEP profile of Intune, and not with a fixed password"
#define SYNC_DEVICE "let the device synchronise, so that it gets a new challenge"
#define ASSIGN_AGAIN "let the device synchronise; if that does not help, make the SCEP profile anew"
#define FIT_PROFILE "let the device synchronise; compare its request with the SCEP profile"

static const struct cf_scep_code CODES[] = {
    {"CertificateRequestDecodingFailed", "the service cannot read the certificate request",
     "look for a proxy that changes bodies"},
    {"ChallengePasswordMissing", "the request has no challenge",
     "a device that is not managed gets its certificate by a profile with another challenge"},
    {"ChallengeDecodingError", "the challenge is not one of Intune's", NOT_OF_INTUNE},
    {"ChallengeDeserializationError", "the challenge does not hold what one of Intune's does",
     NOT_OF_INTUNE},
    {"ChallengeDecryptionError", "the challenge is not for the service of this tenant",
     "check that tenant and client_id are of the tenant that has the SCEP profile"},
    {"SignatureValidationFailed", "the challenge is forged or was cut short",
     "look at the device; check which length of request lines proxies let through"},
    {"ChallengeInvalidTimestamp", "the times in the challenge cannot be right", SYNC_DEVICE},
    {"ChallengeExpired", "the challenge is too old (an hour, unless Intune says otherwise)",
     SYNC_DEVICE "; look for what delays requests"},
    {"BadCertificateRequestIdInChallenge", "the challenge names no valid request", ASSIGN_AGAIN},
    {"BadDeviceIdInChallenge", "the challenge names no valid device", ASSIGN_AGAIN},
    {"BadUserIdInChallenge", "the challenge names no valid user", ASSIGN_AGAIN},
    {"BadTenantIdInChallenge", "the challenge is of another tenant",
     "register the application in the tenant that has the SCEP profile; set tenant and client_id"},
    {"SubjectNameMissing", "the request has no subject, and the SCEP profile has one", FIT_PROFILE},
    {"SubjectNameMismatch", "the subject is not the SCEP profile's",
     "put a value with + , ; or = in quotes in the profile's subject format, without backslashes"},
    {"SubjectAltNameMissing", "the request lacks the profile's alternative names", FIT_PROFILE},
    {"SubjectAltNameMismatch", "the alternative names are not the SCEP profile's", FIT_PROFILE},
    {"KeyUsageMismatch", "the key usage is not the SCEP profile's", FIT_PROFILE},
    {"KeyLengthMismatch", "the key's size is not the SCEP profile's", FIT_PROFILE},
    {"EnhancedKeyUsageMissing", "the request lacks the profile's extended key usages", FIT_PROFILE},
    {"EnhancedKeyUsageMismatch", "the extended key usages are not the SCEP profile's", FIT_PROFILE},
    {"AadKeyIdentifierListMissing", "the service knows no key of the device's registration",
     "register the device with Microsoft Entra again"},
    {"RegisteredKeyMismatch", "the key is none that the device registered",
     "register the device with Microsoft Entra again"},
    {"SigningCertThumbprintMismatch",
     "the message was not signed with the certificate that is to be renewed", SYNC_DEVICE},
    {"ScepProfileNoLongerTargetedToTheClient", "the SCEP profile is not assigned any more",
     "nothing, unless the device should have it: assign it again"},
    {"Unknown", "the service gives no reason", "look into the SCEP profile's status in Intune"},
};

const struct cf_scep_code *
cf_wire_scep_code(const char *name)
{
    for (size_t i = 0; i < CF_COUNT(CODES); i++) {
        if (strcmp(CODES[i].name, name) == 0)
            return &CODES[i];
    }
    return NULL;
}
