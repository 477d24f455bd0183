/* SPDX-License-Identifier: Apache-2.0 */
/* scep_check_tls - would the usual devices connect to a server with this certificate? */
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "cert_internal.h"
#include "certferry/scep_message.h"
#include "certferry/text.h"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)
#define SERVER_AUTH "1.3.6.1.5.5.7.3.1"

enum { LIFETIME_DAYS_MAX = 825, RSA_BITS_MIN = 2048, EC_BITS_MIN = 256, SOON_DAYS = 30 };

static bool
has_sha2(const struct cf_cert *cert)
{
    int digest = NID_undef;

    if (X509_get_signature_info(cert->x509, &digest, NULL, NULL, NULL) != 1) {
        ERR_clear_error();
        return false;
    }
    return digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512;
}

static bool
has_dns_name(const struct cf_cert *cert)
{
    for (size_t i = 0; i < cf_san_count(cert->extensions.san); i++) {
        if (cf_san_type_at(cert->extensions.san, i) == CF_SAN_DNS)
            return true;
    }
    return false;
}

static bool
has_usage(const struct cf_cert *cert, const char *oid)
{
    for (size_t i = 0; i < cert->extensions.n_eku; i++) {
        if (strcmp(cert->extensions.eku[i], oid) == 0)
            return true;
    }
    return false;
}

static void
check_key_and_hash(const struct cf_report *report, const struct cf_cert *cert, size_t index)
{
    unsigned min = cert->key_is_rsa ? RSA_BITS_MIN : EC_BITS_MIN;

    if (cert->key_bits < min)
        cf_report_say(
            report, CF_FINDING_ERROR, "make it anew with RSA of 2048 bits or P-256",
            "certificate %zu has a key of %u bits; devices want RSA of 2048 bits or more, "
            "or P-256",
            index + 1, cert->key_bits);
    /* A root is trusted for itself. */
    if (!(cert->is_self_signed && index > 0) && !has_sha2(cert))
        cf_report_say(report, CF_FINDING_ERROR, "have it issued with SHA-256",
                      "certificate %zu is not signed with SHA-2", index + 1);
}

static void
check_server(const struct cf_report *report, const struct cf_cert *cert)
{
    int64_t days = (cert->not_after_ms - cert->not_before_ms) / DAY_MS;

    if (!has_dns_name(cert))
        cf_report_say(
            report, CF_FINDING_ERROR, "have it issued with the server's name as a DNS name",
            "no DNS name among its alternative names; devices do not look at the subject");
    if (!has_usage(cert, SERVER_AUTH))
        cf_report_say(report, CF_FINDING_ERROR, "have it issued for server authentication",
                      "its extended key usages lack server authentication (%s)", SERVER_AUTH);
    if (days > LIFETIME_DAYS_MAX)
        cf_report_say(report, CF_FINDING_ERROR, "have it issued for 825 days or less",
                      "it is valid for %lld days; Apple's devices take no more than %d",
                      (long long)days, LIFETIME_DAYS_MAX);
    if (cf_cert_is_ca(cert))
        cf_report_say(report, CF_FINDING_ERROR,
                      "put the server's own certificate first, then its issuers",
                      "the first certificate of the file is a CA's");
}

static void
check_time(const struct cf_report *report, const struct cf_cert *cert, int64_t now_ms)
{
    int64_t left_ms = cert->not_after_ms - now_ms;
    char text[CF_TEXT_TIME_SIZE];

    cf_text_from_time(left_ms > 0 && cert->not_before_ms > now_ms ? cert->not_before_ms
                                                                  : cert->not_after_ms,
                      text);
    if (left_ms <= 0)
        cf_report_say(report, CF_FINDING_ERROR, "put a new one in its place", "it ended on %s",
                      text);
    else if (cert->not_before_ms > now_ms)
        cf_report_say(report, CF_FINDING_ERROR, "look at the clock, or wait",
                      "it is not valid before %s", text);
    else if (left_ms <= SOON_DAYS * DAY_MS)
        cf_report_say(report, CF_FINDING_WARNING, "put a new one in its place before",
                      "it ends on %s", text);
    else
        cf_report_say(report, CF_FINDING_OK, NULL, "valid until %s", text);
}

/* Devices get the file as it is; most do not look for a missing issuer. */
static void
check_order(const struct cf_report *report, const struct cf_chain *chain)
{
    size_t n = cf_chain_count(chain);
    const struct cf_cert *last = cf_chain_at(chain, n - 1);
    struct cf_err err = {0};

    for (size_t i = 0; i + 1 < n; i++) {
        if (cf_cert_check_link(cf_chain_at(chain, i), cf_chain_at(chain, i + 1), &err) != CF_OK)
            cf_report_say(report, CF_FINDING_ERROR,
                          "put the certificates in order: the server's, then each one's issuer",
                          "certificate %zu was not issued by the next one: %.200s", i + 1,
                          err.text);
    }
    if (n == 1 && !last->is_self_signed)
        cf_report_say(report, CF_FINDING_WARNING, "add its issuers, up to below the root",
                      "the file has no issuers; devices that do not have them cannot connect");
}

void
cf_scep_check_tls(const struct cf_chain *chain, int64_t now_ms, cf_finding_fn *fn, void *arg)
{
    const struct cf_report report = cf_report_to(fn, arg, "scep tls_cert_file");
    size_t n = cf_chain_count(chain);

    if (n == 0) {
        cf_report_say(&report, CF_FINDING_ERROR, "put the server's certificate into it",
                      "the file has no certificate");
        return;
    }
    check_time(&report, cf_chain_at(chain, 0), now_ms);
    check_server(&report, cf_chain_at(chain, 0));
    for (size_t i = 0; i < n; i++)
        check_key_and_hash(&report, cf_chain_at(chain, i), i);
    check_order(&report, chain);
}
