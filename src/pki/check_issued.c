/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_issued - is the certificate that came back the one that was asked for?
 */
#include "cert_internal.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

#include "certferry/text.h"

enum {
    SHOWN_SIZE = 96,              /* two of them and the field's name fit in an error text */
    CLOCK_SKEW_MS = 5 * 60 * 1000 /* how far the CA's clock may be ahead of ours */
};

static enum cf_rc
differs(struct cf_err *err, const char *field, const char *asked, const char *issued)
{
    return cf_fail(err, CF_E_MISMATCH, "%s: asked '%s', issued '%s'", field, asked, issued);
}

static enum cf_rc
check_public_key(const struct cf_cert *cert, const struct cf_csr *csr, struct cf_err *err)
{
    struct cf_bytes asked = cf_csr_spki(csr);
    const unsigned char *at = asked.data;
    uint8_t digest[32];
    char asked_hex[2 * sizeof digest + 1], issued_hex[2 * sizeof digest + 1];

    cf_own_ossl(EVP_PKEY) pkey = d2i_PUBKEY(NULL, &at, (long)asked.len);
    if (!pkey)
        return cf_fail_openssl(err, CF_E_ENCODING, "request: the public key cannot be read");
    /* Compared as keys: a CA may write the same key with other parameters. */
    if (EVP_PKEY_eq(pkey, X509_get0_pubkey(cert->x509)) == 1)
        return CF_OK;
    ERR_clear_error();

    if (EVP_Digest(asked.data, asked.len, digest, NULL, EVP_sha256(), NULL) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "request: the public key cannot be hashed");
    cf_text_hex(cf_bytes_of(digest, sizeof digest), false, asked_hex, sizeof asked_hex);
    cf_text_hex(cf_bytes_of(cert->spki_sha256, sizeof cert->spki_sha256), false, issued_hex,
                sizeof issued_hex);
    return differs(err, "public key (SHA-256)", asked_hex, issued_hex);
}

static enum cf_rc
check_subject(const struct cf_cert *cert, const struct cf_csr *csr, struct cf_err *err)
{
    char asked[SHOWN_SIZE], issued[SHOWN_SIZE];

    if (cf_dn_equal(cf_csr_subject(csr), cert->subject))
        return CF_OK;
    cf_cert_name_text(cf_csr_subject(csr), asked, sizeof asked);
    cf_cert_name_text(cert->subject, issued, sizeof issued);
    return differs(err, "subject", asked, issued);
}

/* Adds to a text of SHOWN_SIZE and marks where it was cut. */
static void
show(char text[SHOWN_SIZE], const char *label, const char *value)
{
    char added[SHOWN_SIZE];
    size_t used = strlen(text);
    int len = snprintf(added, sizeof added, "%s%s%s", used > 0 ? ", " : "", label, value);

    if (used + (size_t)len < SHOWN_SIZE - sizeof "..." + 1)
        memcpy(text + used, added, (size_t)len + 1);
    else if (used < 3 || strcmp(text + used - 3, "...") != 0)
        cf_text_sanitize("...", 3, text + used, SHOWN_SIZE - used);
}

static void
show_san(const struct cf_san *san, size_t n_other, char text[SHOWN_SIZE])
{
    text[0] = '\0';
    for (size_t i = 0; i < cf_san_count(san); i++) {
        char named[SHOWN_SIZE];
        char value[SHOWN_SIZE / 2];
        cf_text_sanitize(cf_san_value_at(san, i), strlen(cf_san_value_at(san, i)), value,
                         sizeof value);
        snprintf(named, sizeof named, "%s ", cf_san_type_name(cf_san_type_at(san, i)));
        show(text, named, value);
    }
    if (n_other > 0) {
        char count[32];
        snprintf(count, sizeof count, "%zu", n_other);
        show(text, "names of other types: ", count);
    }
    if (text[0] == '\0')
        show(text, "", "none");
}

static enum cf_rc
check_san(const struct cf_cert *cert, const struct cf_csr *csr, struct cf_err *err)
{
    char asked[SHOWN_SIZE], issued[SHOWN_SIZE];

    if (cert->extensions.n_other_san == 0 && cf_san_equal(cf_csr_san(csr), cert->extensions.san))
        return CF_OK;
    show_san(cf_csr_san(csr), 0, asked);
    show_san(cert->extensions.san, cert->extensions.n_other_san, issued);
    return differs(err, "subjectAltName", asked, issued);
}

static void
show_key_usage(unsigned bits, char text[SHOWN_SIZE])
{
    static const char *const names[] = {"digitalSignature", "nonRepudiation", "keyEncipherment",
                                        "dataEncipherment", "keyAgreement",   "keyCertSign",
                                        "cRLSign",          "encipherOnly",   "decipherOnly"};

    text[0] = '\0';
    for (size_t i = 0; i < CF_COUNT(names); i++) {
        if (bits & 1U << i)
            show(text, "", names[i]);
    }
    if (text[0] == '\0')
        show(text, "", "none");
}

/* Of those that a template has for keys of any kind. */
static unsigned
bits_for_key(const struct cf_csr *csr, unsigned bits)
{
    bool is_rsa = false;

    (void)cf_csr_key_bits(csr, &is_rsa);
    return is_rsa ? bits & ~(unsigned)CF_KU_KEY_AGREEMENT
                  : bits & ~(unsigned)(CF_KU_KEY_ENCIPHERMENT | CF_KU_DATA_ENCIPHERMENT);
}

static enum cf_rc
check_key_usage(const struct cf_cert *cert, const struct cf_cert_expectation *expectation,
                struct cf_err *err)
{
    const struct cf_csr *csr = expectation->csr;
    unsigned issued_bits = cert->extensions.key_usage;
    char asked[SHOWN_SIZE], issued[SHOWN_SIZE];

    if (cf_csr_has_key_usage(csr) || expectation->key_usage == 0) {
        if (issued_bits == cf_csr_key_usage(csr))
            return CF_OK;
        show_key_usage(cf_csr_key_usage(csr), asked);
    } else {
        if ((issued_bits & ~expectation->key_usage) == 0 &&
            bits_for_key(csr, issued_bits) == bits_for_key(csr, expectation->key_usage))
            return CF_OK;
        show_key_usage(expectation->key_usage, asked);
    }
    show_key_usage(issued_bits, issued);
    return differs(err, "key usage", asked, issued);
}

static bool
list_has(const char *const *list, size_t n, const char *oid)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i], oid) == 0)
            return true;
    }
    return false;
}

static enum cf_rc
check_usages(const char *const *asked_list, size_t n_asked, const char *field, char *const *list,
             size_t n, struct cf_err *err)
{
    const char *const *issued_list = (const char *const *)list;
    char asked[SHOWN_SIZE] = "", issued[SHOWN_SIZE] = "";
    bool is_same = true;

    for (size_t i = 0; i < n_asked; i++) {
        is_same = is_same && list_has(issued_list, n, asked_list[i]);
        show(asked, "", asked_list[i]);
    }
    for (size_t i = 0; i < n; i++) {
        is_same = is_same && list_has(asked_list, n_asked, issued_list[i]);
        show(issued, "", issued_list[i]);
    }
    if (is_same)
        return CF_OK;
    return differs(err, field, asked[0] ? asked : "none", issued[0] ? issued : "none");
}

static enum cf_rc
check_eku(const struct cf_cert *cert, const struct cf_cert_expectation *expectation,
          struct cf_err *err)
{
    const struct cf_extensions *extensions = &cert->extensions;
    const char *asked[CF_EKU_MAX];
    const char *const *list = asked;
    size_t n = 0;

    for (; n < cf_csr_n_eku(expectation->csr) && n < CF_COUNT(asked); n++)
        asked[n] = cf_csr_eku(expectation->csr, n);
    if (n == 0 && expectation->n_eku > 0) {
        list = expectation->eku;
        n = expectation->n_eku;
    }
    CF_TRY(check_usages(list, n, "extended key usage", extensions->eku, extensions->n_eku, err));
    /* A CA may leave them out; one that writes them has to say the same. */
    if (extensions->n_application_policy == 0)
        return CF_OK;
    return check_usages(list, n, "application policies", extensions->application_policy,
                        extensions->n_application_policy, err);
}

/* A directory takes it for the account that logs on, whatever the names say. */
static enum cf_rc
check_sid(const struct cf_cert *cert, const struct cf_cert_expectation *expectation,
          struct cf_err *err)
{
    const char *asked = cf_csr_sid(expectation->csr);
    const char *issued = cert->extensions.sid;
    char asked_text[SHOWN_SIZE], issued_text[SHOWN_SIZE];

    if (asked && issued ? strcmp(asked, issued) == 0 : !asked && !issued)
        return CF_OK;
    if (!issued && expectation->sid_may_be_missing)
        return CF_OK;
    asked = asked ? asked : "none";
    issued = issued ? issued : "none";
    cf_text_sanitize(asked, strlen(asked), asked_text, sizeof asked_text);
    cf_text_sanitize(issued, strlen(issued), issued_text, sizeof issued_text);
    return differs(err, "security identifier", asked_text, issued_text);
}

static enum cf_rc
check_validity(const struct cf_cert *cert, const struct cf_cert_expectation *expectation,
               struct cf_err *err)
{
    char limit[CF_TEXT_TIME_SIZE], issued[CF_TEXT_TIME_SIZE];
    int64_t latest_start = expectation->now_ms + CLOCK_SKEW_MS;

    if (cert->not_before_ms > latest_start) {
        cf_text_from_time(latest_start, limit);
        cf_text_from_time(cert->not_before_ms, issued);
        return cf_fail(err, CF_E_MISMATCH, "notBefore: asked '%s' or before, issued '%s'", limit,
                       issued);
    }
    if (cert->not_after_ms <= expectation->now_ms) {
        cf_text_from_time(expectation->now_ms, limit);
        cf_text_from_time(cert->not_after_ms, issued);
        return cf_fail(err, CF_E_MISMATCH, "notAfter: asked '%s' or later, issued '%s'", limit,
                       issued);
    }
    if (expectation->not_after_max_ms != 0 && cert->not_after_ms > expectation->not_after_max_ms) {
        cf_text_from_time(expectation->not_after_max_ms, limit);
        cf_text_from_time(cert->not_after_ms, issued);
        return cf_fail(err, CF_E_MISMATCH, "notAfter: asked '%s' or before, issued '%s'%s%s", limit,
                       issued, expectation->validity_remedy ? "; " : "",
                       expectation->validity_remedy ? expectation->validity_remedy : "");
    }
    return CF_OK;
}

enum cf_rc
cf_cert_check_issued(const struct cf_cert *cert, const struct cf_cert_expectation *expectation,
                     struct cf_err *err)
{
    CF_TRY(check_public_key(cert, expectation->csr, err));
    CF_TRY(check_subject(cert, expectation->csr, err));
    CF_TRY(check_san(cert, expectation->csr, err));
    CF_TRY(check_key_usage(cert, expectation, err));
    CF_TRY(check_eku(cert, expectation, err));
    CF_TRY(check_sid(cert, expectation, err));
    if (cf_cert_is_ca(cert))
        return differs(err, "basic constraints", "end entity", "CA");
    CF_TRY(check_validity(cert, expectation, err));
    return cf_chain_check(cert, expectation->chain, expectation->now_ms, err);
}
