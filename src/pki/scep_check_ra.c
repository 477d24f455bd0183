/* SPDX-License-Identifier: Apache-2.0 */
/* scep_check_ra - will devices take this registration authority's certificate? */
#include <openssl/err.h>
#include <openssl/objects.h>

#include "certferry/text.h"
#include "scep_internal.h"

enum { NAME_SIZE = 200, RSA_BITS_MIN = 2048 };

struct ra_check {
    const struct cf_report *report;
    unsigned n_findings;
};

#define say(check, severity, remedy, ...)                                                          \
    do {                                                                                           \
        (check)->n_findings++;                                                                     \
        cf_report_say((check)->report, severity, remedy, __VA_ARGS__);                             \
    } while (0)

static void
check_key(struct ra_check *check, const struct cf_cert *cert)
{
    if (!cert->key_is_rsa)
        say(check, CF_FINDING_ERROR, "let the CA certify an RSA key of 2048 bits or more",
            "its key is not RSA: devices can neither encrypt to it nor verify its answers");
    else if (cert->key_bits < RSA_BITS_MIN)
        say(check, CF_FINDING_ERROR, "make a new key and have it certified",
            "its RSA key has %u bits; devices want %d or more", cert->key_bits, RSA_BITS_MIN);
}

static void
check_usage(struct ra_check *check, const struct cf_cert *cert, bool can_sign, bool can_decrypt)
{
    static const char remedy[] = "correct the key usage in the RA's template and renew it";
    int at = X509_get_ext_by_NID(cert->x509, NID_key_usage, -1);
    unsigned usage = cert->extensions.has_key_usage ? cert->extensions.key_usage : 0;

    if (cert->extensions.is_ca)
        say(check, CF_FINDING_ERROR, "use a certificate of its own for the RA",
            "it is a CA certificate: clients encrypt to an end-entity certificate");
    if (at < 0) {
        say(check, CF_FINDING_WARNING, remedy,
            "it has no key usage: clients that choose by it may take the wrong certificate");
        return;
    }
    if (X509_EXTENSION_get_critical(X509_get_ext(cert->x509, at)) != 1)
        say(check, CF_FINDING_WARNING, remedy, "its key usage is not critical");
    if (can_sign && (usage & CF_KU_DIGITAL_SIGNATURE) == 0)
        say(check, CF_FINDING_ERROR, remedy,
            "its key usage lacks digitalSignature: clients refuse what it signs");
    if (can_decrypt && (usage & CF_KU_KEY_ENCIPHERMENT) == 0)
        say(check, CF_FINDING_ERROR, remedy,
            "its key usage lacks keyEncipherment: clients encrypt nothing to it");
}

static void
check_time(struct ra_check *check, const struct cf_cert *cert, int64_t now_ms)
{
    char limit[CF_TEXT_TIME_SIZE];

    if (cert->not_before_ms > now_ms) {
        cf_text_from_time(cert->not_before_ms, limit);
        say(check, CF_FINDING_ERROR, "wait, or set the clock right", "it is valid from %s", limit);
    } else if (cert->not_after_ms <= now_ms) {
        cf_text_from_time(cert->not_after_ms, limit);
        say(check, CF_FINDING_ERROR, "renew it", "it was valid until %s", limit);
    }
}

static void
check_issuer(struct ra_check *check, const struct cf_cert *cert, const struct cf_cert *issuer)
{
    struct cf_err err;

    if (issuer && cf_cert_check_link(cert, issuer, &err) != CF_OK)
        say(check, CF_FINDING_ERROR,
            "let the CA that certifies the devices issue it: clients look for it there",
            "it was not issued by the CA itself (%s)", err.text);
}

static void
check_signature(struct ra_check *check, const struct cf_cert *cert)
{
    if (X509_get_signature_nid(cert->x509) == NID_rsassaPss)
        say(check, CF_FINDING_WARNING, "let the CA sign it with PKCS #1 v1.5",
            "it is signed with RSASSA-PSS, which Apple's devices do not take");
}

void
cf_scep_check_ra(const struct cf_cert *cert, const struct cf_cert *issuer, bool can_sign,
                 bool can_decrypt, int64_t now_ms, cf_finding_fn *fn, void *arg)
{
    char name[NAME_SIZE];

    cf_cert_name_text(cert->subject, name, sizeof name);
    const struct cf_report report = cf_report_to(fn, arg, "RA certificate '%s'", name);
    struct ra_check check = {.report = &report};

    check_key(&check, cert);
    check_usage(&check, cert, can_sign, can_decrypt);
    check_time(&check, cert, now_ms);
    check_issuer(&check, cert, issuer);
    check_signature(&check, cert);
    ERR_clear_error();
    if (check.n_findings == 0)
        cf_report_say(&report, CF_FINDING_OK, NULL, "as devices want it (%s%s%s)",
                      can_sign ? "signs" : "", can_sign && can_decrypt ? " and " : "",
                      can_decrypt ? "decrypts" : "");
}
