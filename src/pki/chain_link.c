/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain_link - one certificate made by the next, to the end of a chain.
 *
 * The chain is followed as the CA sent it and nothing is looked up elsewhere: the question is
 * what the CA answered, not whom this host trusts.
 */
#include "cert_internal.h"

#include <openssl/err.h>

#include "certferry/text.h"

enum {
    NAME_SIZE = 80,
    SIGNATURE_BITS_MIN = 80 /* OpenSSL's estimate for SHA-1 is 63 */
};

enum cf_rc
cf_cert_check_link(const struct cf_cert *cert, const struct cf_cert *issuer, struct cf_err *err)
{
    char subject[NAME_SIZE], wanted[NAME_SIZE], given[NAME_SIZE];
    int bits = 0;

    cf_cert_name_text(cert->subject, subject, sizeof subject);
    cf_cert_name_text(cert->issuer, wanted, sizeof wanted);
    cf_cert_name_text(issuer->subject, given, sizeof given);

    if (!issuer->extensions.is_ca)
        return cf_fail(err, CF_E_MISMATCH, "chain: the issuer of '%s' is '%s', which is not a CA",
                       subject, given);
    int why = X509_check_issued(issuer->x509, cert->x509);
    if (why == X509_V_ERR_SUBJECT_ISSUER_MISMATCH)
        return cf_fail(err, CF_E_MISMATCH, "issuer of '%s': asked '%s', issued '%s'", subject,
                       given, wanted);
    if (why != X509_V_OK)
        return cf_fail(err, CF_E_MISMATCH, "chain: '%s' cannot have issued '%s': %s", given,
                       subject, X509_verify_cert_error_string(why));
    if (X509_verify(cert->x509, X509_get0_pubkey(issuer->x509)) != 1) {
        ERR_clear_error();
        return cf_fail(err, CF_E_MISMATCH, "signature of '%s': not made by the key of '%s'",
                       subject, given);
    }
    if (X509_get_signature_info(cert->x509, NULL, NULL, &bits, NULL) != 1 ||
        bits < SIGNATURE_BITS_MIN) {
        ERR_clear_error();
        return cf_fail(err, CF_E_MISMATCH,
                       "signature of '%s': its digest is too weak; let the CA sign with SHA-256",
                       subject);
    }
    return CF_OK;
}

static enum cf_rc
check_issuer_facts(const struct cf_cert *issuer, size_t n_below, int64_t now_ms, struct cf_err *err)
{
    char name[NAME_SIZE], limit[CF_TEXT_TIME_SIZE], now[CF_TEXT_TIME_SIZE];
    long path_len = X509_get_pathlen(issuer->x509);

    cf_cert_name_text(issuer->subject, name, sizeof name);
    cf_text_from_time(now_ms, now);
    if (issuer->not_before_ms > now_ms) {
        cf_text_from_time(issuer->not_before_ms, limit);
        return cf_fail(err, CF_E_MISMATCH, "chain: '%s' is valid from '%s', it is '%s' now", name,
                       limit, now);
    }
    if (issuer->not_after_ms <= now_ms) {
        cf_text_from_time(issuer->not_after_ms, limit);
        return cf_fail(err, CF_E_MISMATCH, "chain: '%s' was valid until '%s', it is '%s' now", name,
                       limit, now);
    }
    if (path_len >= 0 && n_below > (size_t)path_len)
        return cf_fail(err, CF_E_MISMATCH,
                       "chain: '%s' allows %ld CA certificates below it, there are %zu", name,
                       path_len, n_below);
    return CF_OK;
}

enum cf_rc
cf_chain_check(const struct cf_cert *cert, const struct cf_chain *chain, int64_t now_ms,
               struct cf_err *err)
{
    const struct cf_cert *below = cert;
    size_t n_below = 0; /* CA certificates under this one, without self-issued ones */

    for (size_t i = 0; i < chain->n_certs; i++) {
        const struct cf_cert *issuer = chain->certs[i];
        CF_TRY(check_issuer_facts(issuer, n_below, now_ms, err));
        CF_TRY(cf_cert_check_link(below, issuer, err));
        if (!cf_dn_equal(issuer->subject, issuer->issuer))
            n_below++;
        below = issuer;
    }
    if (below->is_self_signed && X509_verify(below->x509, X509_get0_pubkey(below->x509)) != 1) {
        char name[NAME_SIZE];
        ERR_clear_error();
        cf_cert_name_text(below->subject, name, sizeof name);
        return cf_fail(err, CF_E_MISMATCH, "signature of '%s': not made by its own key", name);
    }
    return CF_OK;
}
