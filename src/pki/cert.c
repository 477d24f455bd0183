/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert - the facts of a parsed certificate, and the one writing of serial numbers.
 */
#include "cert_internal.h"

#include <string.h>

#include "certferry/text.h"

struct cf_cert *
cf_cert_free(struct cf_cert *cert)
{
    if (!cert)
        return NULL;
    X509_free(cert->x509);
    cf_buf_free(cert->der);
    cf_dn_free(cert->subject);
    cf_dn_free(cert->issuer);
    cf_extensions_done(&cert->extensions);
    free(cert);
    return NULL;
}

X509 *
cf_cert_x509(const struct cf_cert *cert)
{
    (void)X509_up_ref(cert->x509);
    return cert->x509;
}

struct cf_bytes
cf_cert_der(const struct cf_cert *cert)
{
    return cf_buf_bytes(cert->der);
}

const struct cf_dn *
cf_cert_subject(const struct cf_cert *cert)
{
    return cert->subject;
}

const struct cf_dn *
cf_cert_issuer(const struct cf_cert *cert)
{
    return cert->issuer;
}

const char *
cf_cert_sid(const struct cf_cert *cert)
{
    return cert->extensions.sid;
}

const struct cf_san *
cf_cert_san(const struct cf_cert *cert)
{
    return cert->extensions.san;
}

const char *
cf_cert_serial(const struct cf_cert *cert)
{
    return cert->serial;
}

int64_t
cf_cert_not_before_ms(const struct cf_cert *cert)
{
    return cert->not_before_ms;
}

int64_t
cf_cert_not_after_ms(const struct cf_cert *cert)
{
    return cert->not_after_ms;
}

const char *
cf_cert_thumbprint(const struct cf_cert *cert)
{
    return cert->thumbprint;
}

void
cf_cert_sha256(const struct cf_cert *cert, uint8_t ret[32])
{
    memcpy(ret, cert->sha256, sizeof cert->sha256);
}

void
cf_cert_spki_sha256(const struct cf_cert *cert, uint8_t ret[32])
{
    memcpy(ret, cert->spki_sha256, sizeof cert->spki_sha256);
}

bool
cf_cert_is_ca(const struct cf_cert *cert)
{
    /* A certificate that may sign certificates is treated as a CA even where it forgot to say so:
     * some verifiers accept it as an issuer. */
    return cert->extensions.is_ca ||
           (cert->extensions.has_key_usage && cert->extensions.key_usage & CF_KU_KEY_CERT_SIGN);
}

bool
cf_cert_key_is_rsa(const struct cf_cert *cert)
{
    return cert->key_is_rsa;
}

unsigned
cf_cert_key_bits(const struct cf_cert *cert)
{
    return cert->key_bits;
}

void
cf_cert_name_text(const struct cf_dn *dn, char *ret, size_t size)
{
    cf_own_str text = NULL;

    if (cf_dn_text(dn, &text, NULL) != CF_OK) {
        cf_text_sanitize("?", 1, ret, size);
        return;
    }
    cf_text_sanitize(text, strlen(text), ret, size);
}

static bool
is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static const char *
skip_blanks(const char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    return text;
}

enum cf_rc
cf_serial_normalize(const char *text, char ret[CF_SERIAL_TEXT_SIZE], struct cf_err *err)
{
    enum { DIGITS_MAX = CF_SERIAL_TEXT_SIZE - 1 };
    char digits[CF_SERIAL_TEXT_SIZE];
    size_t n_digits = 0;

    const char *at = skip_blanks(text);
    if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X'))
        at += 2;
    if (!is_hex(*at))
        return cf_fail(err, CF_E_SYNTAX, "serial number: a hexadecimal number is expected");

    for (;; at++) {
        /* Leading zeros do not count, so that a sign octet makes no difference. */
        if (n_digits > 0 || *at != '0') {
            if (n_digits == DIGITS_MAX)
                return cf_fail(err, CF_E_SYNTAX, "serial number: longer than %d hexadecimal digits",
                               DIGITS_MAX);
            digits[n_digits++] = (char)(*at >= 'a' ? *at - 'a' + 'A' : *at);
        }
        if ((at[1] == ':' || at[1] == ' ') && is_hex(at[2]))
            at++;
        else if (!is_hex(at[1]))
            break;
    }
    if (*skip_blanks(at + 1))
        return cf_fail(err, CF_E_SYNTAX,
                       "serial number: a character that is no hexadecimal digit at position %zu",
                       (size_t)(skip_blanks(at + 1) - text) + 1);

    char *out = ret;
    if (n_digits == 0)
        *out++ = '0';
    if (n_digits % 2 != 0 || n_digits == 0)
        *out++ = '0';
    memcpy(out, digits, n_digits);
    out[n_digits] = '\0';
    return CF_OK;
}
