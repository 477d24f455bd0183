/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns of the policy, and the rules that hold them. */
#include <string.h>
#include <strings.h>

#include "certferry/text.h"
#include "policy_internal.h"

enum { RULE_MAX = 1024 };

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Only the last '*' is ever tried again: what an earlier one could take, it can take as well. */
bool
cf_policy_match(const char *pattern, const char *text)
{
    const char *star = NULL, *again = NULL;

    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            again = text;
        } else if (*pattern && lower(*pattern) == lower(*text)) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++again;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

/* Length of the blank (any that RFC 4518 maps to a space) that text begins with; 0: none. */
static size_t
blank_len(const char *text)
{
    static const char *const blanks[] = {
        " ", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};

    for (size_t i = 0; i < CF_COUNT(blanks); i++) {
        if (cf_text_starts_with(text, blanks[i]))
            return strlen(blanks[i]);
    }
    /* U+2000 to U+200A */
    bool is_general = cf_text_starts_with(text, "\xe2\x80") && (unsigned char)text[2] >= 0x80 &&
                      (unsigned char)text[2] <= 0x8a;
    return is_general ? 3 : 0;
}

/* U+FF01 to U+FF5E are the ASCII characters once more; 0: it is none of them. */
static char
full_width(const char *text)
{
    const unsigned char *octet = (const unsigned char *)text;

    if (octet[0] != 0xef || (octet[1] != 0xbc && octet[1] != 0xbd) || (octet[2] & 0xc0) != 0x80)
        return '\0';
    unsigned code = 0xf000u | (unsigned)(octet[1] & 0x3f) << 6 | (octet[2] & 0x3fu);
    return code >= 0xff01 && code <= 0xff5e ? (char)(code - 0xfee0) : '\0';
}

/* Length of the joiner (U+200C, U+200D) or variation selector (U+FE00 to U+FE0F, U+E0100 to
 * U+E01EF) that text begins with; 0: none. They are allowed in names, and nobody sees them between
 * Latin letters. */
static size_t
unseen_len(const char *text)
{
    const unsigned char *octet = (const unsigned char *)text;
    bool is_joiner =
        cf_text_starts_with(text, "\xe2\x80") && (octet[2] == 0x8c || octet[2] == 0x8d);
    bool is_selector =
        cf_text_starts_with(text, "\xef\xb8") && octet[2] >= 0x80 && octet[2] <= 0x8f;

    if (cf_text_starts_with(text, "\xf3\xa0") && octet[2] >= 0x84 && octet[2] <= 0x87 && octet[3])
        return octet[2] == 0x87 && octet[3] > 0xaf ? 0 : 4;
    return is_joiner || is_selector ? 3 : 0;
}

static void
fold(const char *text, char *ret)
{
    char *out = ret;

    while (*text) {
        size_t blank = blank_len(text);
        size_t unseen = unseen_len(text);
        char wide = full_width(text);

        if (blank > 0) {
            if (out > ret && out[-1] != ' ')
                *out++ = ' ';
            text += blank;
        } else if (wide) {
            *out++ = wide;
            text += 3;
        } else if (unseen > 0) {
            text += unseen;
        } else {
            *out++ = *text++;
        }
    }
    if (out > ret && out[-1] == ' ')
        out--;
    *out = '\0';
}

bool
cf_policy_match_folded(const char *pattern, const char *text)
{
    char folded[CF_DN_VALUE_MAX + 1];

    if (cf_policy_match(pattern, text))
        return true;
    if (strlen(text) >= sizeof folded)
        return false;
    fold(text, folded);
    return cf_policy_match(pattern, folded);
}

static enum cf_rc
check_text(const char *rule, struct cf_err *err)
{
    size_t len = strlen(rule);

    if (len > RULE_MAX)
        return cf_fail(err, CF_E_SYNTAX, "a rule of %zu bytes; at most %d are possible", len,
                       RULE_MAX);
    if (!cf_text_is_printable(rule, len))
        return cf_fail(err, CF_E_SYNTAX,
                       "'%.80s' has control or invisible characters, or is not UTF-8", rule);
    return CF_OK;
}

static enum cf_rc
check_pattern(const char *rule, const char *pattern, struct cf_err *err)
{
    if (*pattern == '\0')
        return cf_fail(err, CF_E_SYNTAX,
                       "'%.80s' has no pattern, so that nothing can match it; '*' matches all",
                       rule);
    return CF_OK;
}

enum cf_rc
cf_subject_rule_read(const char *rule, char ret_oid[CF_DN_OID_MAX], const char **ret_pattern,
                     struct cf_err *err)
{
    char type[CF_DN_OID_MAX + sizeof "OID."];
    char oid[CF_DN_OID_MAX];

    CF_TRY(check_text(rule, err));
    const char *equals = strchr(rule, '=');
    size_t len = equals ? (size_t)(equals - rule) : 0;
    if (!equals || len == 0 || len >= sizeof type)
        return cf_fail(err, CF_E_SYNTAX,
                       "'%.80s' is not of the form TYPE=PATTERN, as in O=Example* or "
                       "2.5.4.97=NTR*",
                       rule);
    memcpy(type, rule, len);
    type[len] = '\0';
    CF_TRY(cf_dn_type_oid(type, oid, err));
    CF_TRY(check_pattern(rule, equals + 1, err));

    memcpy(ret_oid, oid, sizeof oid);
    *ret_pattern = equals + 1;
    return CF_OK;
}

/* International domains stand in certificates in their xn-- form, and URIs are ASCII. */
static enum cf_rc
check_ascii(const char *rule, const char *pattern, enum cf_san_type type, struct cf_err *err)
{
    const char *at = type == CF_SAN_EMAIL ? strrchr(pattern, '@') : NULL;
    const char *part = type == CF_SAN_EMAIL ? at : pattern;

    for (; type != CF_SAN_UPN && part && *part; part++) {
        if ((unsigned char)*part >= 0x80)
            return cf_fail(err, CF_E_SYNTAX,
                           "'%.80s': host names and URIs are compared as they stand in "
                           "certificates; write the xn-- or %%-encoded form",
                           rule);
    }
    return CF_OK;
}

enum cf_rc
cf_san_rule_read(const char *rule, enum cf_san_type *ret_type, const char **ret_pattern,
                 struct cf_err *err)
{
    static const struct {
        const char *prefix;
        enum cf_san_type type;
    } kinds[] = {
        {"email:", CF_SAN_EMAIL}, {"upn:", CF_SAN_UPN}, {"dns:", CF_SAN_DNS}, {"uri:", CF_SAN_URI}};

    CF_TRY(check_text(rule, err));
    for (size_t i = 0; i < CF_COUNT(kinds); i++) {
        size_t len = strlen(kinds[i].prefix);

        if (strncasecmp(rule, kinds[i].prefix, len) != 0)
            continue;
        CF_TRY(check_pattern(rule, rule + len, err));
        CF_TRY(check_ascii(rule, rule + len, kinds[i].type, err));
        *ret_type = kinds[i].type;
        *ret_pattern = rule + len;
        return CF_OK;
    }
    return cf_fail(err, CF_E_SYNTAX,
                   "'%.80s' does not begin with email:, upn:, dns: or uri:, as in "
                   "dns:*.example.com",
                   rule);
}

enum cf_rc
cf_policy_check_subject_rule(const char *rule, struct cf_err *err)
{
    char oid[CF_DN_OID_MAX];
    const char *pattern;

    return cf_subject_rule_read(rule, oid, &pattern, err);
}

enum cf_rc
cf_policy_check_san_rule(const char *rule, struct cf_err *err)
{
    enum cf_san_type type;
    const char *pattern;

    return cf_san_rule_read(rule, &type, &pattern, err);
}
