/* SPDX-License-Identifier: Apache-2.0 */
/* status - PKIStatusInfo (RFC 4210, 5.2.3): who has to act, and what may help. */
#include <openssl/asn1.h>
#include <stdio.h>
#include <string.h>

#include "certferry/text.h"
#include "cmp.h"

enum { WORDS_SIZE = 160, STRINGS_MAX = 4 };

/* The first row whose bit is set counts, so that what says most comes first. */
static const struct failure {
    int bit;
    const char *name;
    enum cf_rc rc;        /* of a request */
    enum cf_rc rc_revoke; /* of a revocation */
    const char *remedy;   /* may be NULL */
} FAILURE[] = {
    {OSSL_CMP_PKIFAILUREINFO_certRevoked, "certRevoked", CF_E_REJECTED, CF_E_CONFLICT, NULL},
    {OSSL_CMP_PKIFAILUREINFO_badCertId, "badCertId", CF_E_REJECTED, CF_E_NOT_FOUND, NULL},
    {OSSL_CMP_PKIFAILUREINFO_systemUnavail, "systemUnavail", CF_E_CA_DOWN, CF_E_CA_DOWN, NULL},
    /* It may have issued before it failed. */
    {OSSL_CMP_PKIFAILUREINFO_systemFailure, "systemFailure", CF_E_PROTOCOL, CF_E_PROTOCOL, NULL},
    {OSSL_CMP_PKIFAILUREINFO_badTime, "badTime", CF_E_CA_DOWN, CF_E_CA_DOWN,
     "set the clocks of this host and of the CA"},
    {OSSL_CMP_PKIFAILUREINFO_timeNotAvailable, "timeNotAvailable", CF_E_CA_DOWN, CF_E_CA_DOWN,
     NULL},
    {OSSL_CMP_PKIFAILUREINFO_transactionIdInUse, "transactionIdInUse", CF_E_PROTOCOL, CF_E_PROTOCOL,
     NULL},
    {OSSL_CMP_PKIFAILUREINFO_badRecipientNonce, "badRecipientNonce", CF_E_PROTOCOL, CF_E_PROTOCOL,
     NULL},
    {OSSL_CMP_PKIFAILUREINFO_badSenderNonce, "badSenderNonce", CF_E_PROTOCOL, CF_E_PROTOCOL, NULL},
    {OSSL_CMP_PKIFAILUREINFO_badMessageCheck, "badMessageCheck", CF_E_CA_CONFIG, CF_E_CA_CONFIG,
     "compare reference and secret_file, or signer_file, with what the CA knows"},
    {OSSL_CMP_PKIFAILUREINFO_wrongIntegrity, "wrongIntegrity", CF_E_CA_CONFIG, CF_E_CA_CONFIG,
     "the CA wants the other kind of protection"},
    {OSSL_CMP_PKIFAILUREINFO_signerNotTrusted, "signerNotTrusted", CF_E_CA_CONFIG, CF_E_CA_CONFIG,
     "have the CA trust the certificate in signer_file"},
    {OSSL_CMP_PKIFAILUREINFO_notAuthorized, "notAuthorized", CF_E_CA_CONFIG, CF_E_CA_CONFIG,
     "give this connector the rights of a registration authority on the CA"},
    {OSSL_CMP_PKIFAILUREINFO_wrongAuthority, "wrongAuthority", CF_E_CA_CONFIG, CF_E_CA_CONFIG,
     "check url and recipient"},
    {OSSL_CMP_PKIFAILUREINFO_unsupportedVersion, "unsupportedVersion", CF_E_CA_CONFIG,
     CF_E_CA_CONFIG, "the CA has to speak CMP version 2"},
    {OSSL_CMP_PKIFAILUREINFO_badAlg, "badAlg", CF_E_CA_CONFIG, CF_E_CA_CONFIG,
     "the CA has to accept SHA-256 and the key's algorithm"},
    {OSSL_CMP_PKIFAILUREINFO_missingTimeStamp, "missingTimeStamp", CF_E_CA_CONFIG, CF_E_CA_CONFIG,
     "the CA must not ask for time stamps"},
    {OSSL_CMP_PKIFAILUREINFO_badPOP, "badPOP", CF_E_REJECTED, CF_E_REJECTED,
     "with request = cr or ir the CA has to accept raVerified, else write p10cr"},
    {OSSL_CMP_PKIFAILUREINFO_unacceptedPolicy, "unacceptedPolicy", CF_E_REJECTED, CF_E_REJECTED,
     NULL},
    {OSSL_CMP_PKIFAILUREINFO_unacceptedExtension, "unacceptedExtension", CF_E_REJECTED,
     CF_E_REJECTED, "the CA's profile has to allow the template's usages and names"},
    {OSSL_CMP_PKIFAILUREINFO_addInfoNotAvailable, "addInfoNotAvailable", CF_E_REJECTED,
     CF_E_REJECTED, NULL},
    {OSSL_CMP_PKIFAILUREINFO_badCertTemplate, "badCertTemplate", CF_E_REJECTED, CF_E_REJECTED,
     "the CA's profile has to allow the subject and the names asked for"},
    {OSSL_CMP_PKIFAILUREINFO_duplicateCertReq, "duplicateCertReq", CF_E_REJECTED, CF_E_REJECTED,
     "have the CA allow several certificates for one name or key"},
    {OSSL_CMP_PKIFAILUREINFO_certConfirmed, "certConfirmed", CF_E_REJECTED, CF_E_REJECTED, NULL},
    {OSSL_CMP_PKIFAILUREINFO_incorrectData, "incorrectData", CF_E_REJECTED, CF_E_REJECTED, NULL},
    {OSSL_CMP_PKIFAILUREINFO_badDataFormat, "badDataFormat", CF_E_REJECTED, CF_E_REJECTED, NULL},
    {OSSL_CMP_PKIFAILUREINFO_badRequest, "badRequest", CF_E_REJECTED, CF_E_REJECTED, NULL},
};

static const struct failure *
find_failure(int bits)
{
    for (size_t i = 0; bits > 0 && i < CF_COUNT(FAILURE); i++) {
        if (bits & (1 << FAILURE[i].bit))
            return &FAILURE[i];
    }
    return NULL;
}

static void
words_of_the_ca(const OSSL_CMP_CTX *ctx, char words[WORDS_SIZE])
{
    OSSL_CMP_PKIFREETEXT *strings = OSSL_CMP_CTX_get0_statusString(ctx);
    size_t used = 0;

    words[0] = '\0';
    for (int i = 0; strings && i < sk_ASN1_UTF8STRING_num(strings) && i < STRINGS_MAX; i++) {
        const ASN1_UTF8STRING *string = sk_ASN1_UTF8STRING_value(strings, i);
        if (used + 3 >= WORDS_SIZE)
            break;
        used += (size_t)snprintf(words + used, WORDS_SIZE - used, "%s", i > 0 ? ", " : "");
        cf_text_sanitize((const char *)ASN1_STRING_get0_data(string),
                         (size_t)ASN1_STRING_length(string), words + used, WORDS_SIZE - used);
        used += strlen(words + used);
    }
}

enum cf_rc
cf_cmp_status_fail(const OSSL_CMP_CTX *ctx, bool is_revocation, struct cf_err *err)
{
    const struct failure *failure = find_failure(OSSL_CMP_CTX_get_failInfoCode(ctx));
    char words[WORDS_SIZE];

    words_of_the_ca(ctx, words);
    const char *text = *words ? words : "it does not say why";
    if (!failure)
        return cf_fail(err, CF_E_REJECTED, "%s", text);
    enum cf_rc rc = is_revocation ? failure->rc_revoke : failure->rc;
    if (failure->remedy)
        return cf_fail(err, rc, "%s (%s): %s", text, failure->name, failure->remedy);
    return cf_fail(err, rc, "%s (%s)", text, failure->name);
}
