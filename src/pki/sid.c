/* SPDX-License-Identifier: Apache-2.0 */
/* sid - security identifiers: their written form and the extension that carries them. */
#include "certferry/sid.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "certferry/text.h"
#include "internal.h"

#define OID_SID "1.3.6.1.4.1.311.25.2.1"

enum { SUB_AUTHORITIES_MAX = 15, DER_MAX = CF_SID_TEXT_SIZE + 64, HEX_AUTHORITY_DIGITS = 12 };

/* Moves *at behind a number of at most 32 bits without leading zeros. */
static bool
skip_number(const char **at)
{
    const char *begin = *at;
    uint64_t value = 0;

    while (**at >= '0' && **at <= '9' && value <= UINT32_MAX) {
        value = value * 10 + (uint64_t)(**at - '0');
        (*at)++;
    }
    bool has_leading_zero = *begin == '0' && *at - begin > 1;
    return *at > begin && value <= UINT32_MAX && !has_leading_zero;
}

/* Authorities of more than 32 bits are written in hex. */
static bool
skip_authority(const char **at)
{
    if (strncmp(*at, "0x", 2) != 0)
        return skip_number(at);
    *at += 2;
    size_t n = strspn(*at, "0123456789ABCDEF");
    bool is_needed = strncmp(*at, "0000", 4) != 0;
    *at += n;
    return n == HEX_AUTHORITY_DIGITS && is_needed;
}

static bool
is_sid(const char *text)
{
    const char *at = text + 4;
    size_t n = 0;

    if (strncmp(text, "S-1-", 4) != 0 || !skip_authority(&at))
        return false;
    while (*at == '-' && n <= SUB_AUTHORITIES_MAX) {
        at++;
        if (!skip_number(&at))
            return false;
        n++;
    }
    return *at == '\0' && n >= 1 && n <= SUB_AUTHORITIES_MAX;
}

enum cf_rc
cf_sid_check(const char *text, struct cf_err *err)
{
    char shown[64];

    if (is_sid(text))
        return CF_OK;
    cf_text_sanitize(text, strnlen(text, CF_SID_TEXT_SIZE), shown, sizeof shown);
    return cf_fail(err, CF_E_RANGE,
                   "\"%s\" is no security identifier of the form S-1-5-21-1-2-3-1104; take it "
                   "from the account's objectSid",
                   shown);
}

enum cf_rc
cf_sid_der(const char *sid, struct cf_buf **ret_der, struct cf_err *err)
{
    unsigned char *der = NULL;

    CF_TRY(cf_sid_check(sid, err));
    ERR_clear_error();
    cf_own_ossl(GENERAL_NAMES) names = sk_GENERAL_NAME_new_null();
    cf_own_ossl(GENERAL_NAME) name = NULL;
    CF_TRY(cf_other_name_new(OID_SID, V_ASN1_OCTET_STRING, sid, &name, err));
    if (!names || !sk_GENERAL_NAME_push(names, name))
        return cf_fail_oom(err);
    name = NULL;
    int len = i2d_GENERAL_NAMES(names, &der);
    return cf_buf_from_ossl(der, len, ret_der, err);
}

/* The octets of the one name there may be, or NULL. */
static const ASN1_OCTET_STRING *
octets_of(const GENERAL_NAMES *names)
{
    if (sk_GENERAL_NAME_num(names) != 1)
        return NULL;
    const ASN1_TYPE *value = cf_other_name_value(sk_GENERAL_NAME_value(names, 0), OID_SID);
    return value && value->type == V_ASN1_OCTET_STRING ? value->value.octet_string : NULL;
}

enum cf_rc
cf_sid_parse_der(struct cf_bytes der, char **ret_sid, struct cf_err *err)
{
    const unsigned char *at = der.data;
    cf_own(cf_buf) canonical = NULL;

    if (der.len > DER_MAX)
        return cf_fail(err, CF_E_ENCODING, "security identifier of %zu bytes", der.len);
    ERR_clear_error();
    cf_own_ossl(GENERAL_NAMES) names = der.len ? d2i_GENERAL_NAMES(NULL, &at, (long)der.len) : NULL;
    if (!names || at != der.data + der.len)
        return cf_fail_openssl(err, CF_E_ENCODING, "security identifier cannot be decoded");
    const ASN1_OCTET_STRING *octets = octets_of(names);
    if (!octets)
        return cf_fail(err, CF_E_ENCODING,
                       "security identifier that is not one otherName with an OCTET STRING");

    size_t len = (size_t)ASN1_STRING_length(octets);
    cf_own_str text = len ? strndup((const char *)ASN1_STRING_get0_data(octets), len) : strdup("");
    if (!text)
        return cf_fail_oom(err);
    struct cf_err fault = {0};
    if (strlen(text) != len || cf_sid_check(text, &fault) != CF_OK)
        return cf_fail(err, CF_E_ENCODING, "security identifier extension: %s",
                       strlen(text) != len ? "a NUL in it" : fault.text);
    /* One way to write it, so that nobody reads another account out of the same bytes. */
    CF_TRY(cf_sid_der(text, &canonical, err));
    if (!cf_bytes_equal(der, cf_buf_bytes(canonical)))
        return cf_fail(err, CF_E_ENCODING, "security identifier extension: not DER");
    *ret_sid = cf_give(text);
    return CF_OK;
}
