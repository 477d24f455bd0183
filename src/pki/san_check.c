/* SPDX-License-Identifier: Apache-2.0 */
/* san_check - the form of alternative names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/text.h"
#include "idn.h"
#include "san_internal.h"

enum { DNS_NAME_MAX = 253, DNS_LABEL_MAX = 63, MAILBOX_LOCAL_MAX = 64, MAILBOX_MAX = 254 };

static bool
is_alnum(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
has_only(const char *text, size_t len, const char *others)
{
    for (size_t i = 0; i < len; i++) {
        if (!is_alnum(text[i]) && !strchr(others, text[i]))
            return false;
    }
    return true;
}

/* What is wrong with a host name; NULL: nothing. The underscore is no letter of RFC 1034, but
 * device names have it. */
static const char *
dns_fault(const char *name)
{
    bool has_letter = false;

    if (strlen(name) > DNS_NAME_MAX)
        return "has more than 253 characters";
    if (name[0] == '*')
        return "is a wildcard, which stands for no device";
    for (const char *label = name;;) {
        size_t len = strcspn(label, ".");
        if (len == 0)
            return "has an empty label (two dots, or one at its end)";
        if (len > DNS_LABEL_MAX)
            return "has a label of more than 63 characters";
        if (!has_only(label, len, "-_"))
            return "has characters other than letters, digits, '-', '_' and '.'";
        if (label[0] == '-' || label[len - 1] == '-')
            return "has a label that begins or ends with '-'";
        has_letter = has_letter || strspn(label, "0123456789") < len;
        if (label[len] == '\0')
            return has_letter || !strchr(name, '.') ? NULL : "is an address, not a name";
        label += len + 1;
    }
}

/* Atoms and dots of RFC 5321, and what is not ASCII (RFC 6531 section 3.3). */
static bool
is_local_part(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool is_ascii = (unsigned char)text[i] < 0x80;
        if (is_ascii && !has_only(text + i, 1, ".!#$%&'*+/=?^_`{|}~-"))
            return false;
    }
    return true;
}

static const char *
email_fault(const char *mailbox)
{
    const char *at = strrchr(mailbox, '@');
    size_t len = at ? (size_t)(at - mailbox) : 0;

    if (!at || len == 0)
        return "is no mailbox of the form local@domain";
    if (len > MAILBOX_LOCAL_MAX)
        return "has more than 64 characters before the '@'";
    if (!is_local_part(mailbox, len))
        return "has characters before the '@' that need quoting";
    if (strlen(mailbox) > MAILBOX_MAX)
        return "has more than 254 characters";
    if (mailbox[0] == '.' || at[-1] == '.' || strstr(mailbox, ".."))
        return "has a '.' where no mailbox has one";
    return dns_fault(at + 1);
}

static const char *
upn_fault(const char *upn)
{
    const char *at = strchr(upn, '@');

    if (!at || at == upn || at[1] == '\0' || strchr(at + 1, '@'))
        return "is no user principal name of the form user@realm";
    if (strpbrk(upn, " \"\\/[]:;|=,+*?<>"))
        return "has characters that no user principal name has";
    return NULL;
}

static bool
is_hex_digit(char c)
{
    return c != '\0' && strchr("0123456789abcdefABCDEF", c);
}

static const char *
uri_fault(const char *uri)
{
    size_t scheme_len = strcspn(uri, ":");

    if (uri[scheme_len] == '\0' || !has_only(uri, scheme_len, "+-.") ||
        strspn(uri, "0123456789+-.") > 0 || scheme_len == 0)
        return "does not begin with a scheme and ':'";
    if (!cf_text_is_ascii(uri))
        return "has characters that are not ASCII; percent-encode them, and write an international "
               "host name in its xn-- form";
    const char *rest = uri + scheme_len + 1;
    if (rest[0] == '\0')
        return "ends after its scheme";
    if (!has_only(rest, strlen(rest), "-._~:/?#[]@!$&'()*+,;=%"))
        return "has characters that have to be percent-encoded";
    for (const char *c = strchr(rest, '%'); c; c = strchr(c + 1, '%')) {
        if (!is_hex_digit(c[1]) || !is_hex_digit(c[2]))
            return "has a '%' that is not followed by two hex digits";
    }
    return NULL;
}

static const char *
fault_of(enum cf_san_type type, const char *value)
{
    switch (type) {
    case CF_SAN_EMAIL:
        return email_fault(value);
    case CF_SAN_UPN:
        return upn_fault(value);
    case CF_SAN_DNS:
        return dns_fault(value);
    case CF_SAN_URI:
        return uri_fault(value);
    }
    return "is of an unknown type";
}

static enum cf_rc
check_text(enum cf_san_type type, const char *value, struct cf_err *err)
{
    size_t len = strlen(value);

    if (len == 0)
        return cf_fail(err, CF_E_RANGE, "alternative name (%s): the value is empty",
                       cf_san_type_name(type));
    if (len > CF_SAN_VALUE_MAX)
        return cf_fail(err, CF_E_RANGE,
                       "alternative name (%s): a value of %zu bytes; at most %d are possible",
                       cf_san_type_name(type), len, CF_SAN_VALUE_MAX);
    if (!cf_text_is_printable(value, len))
        return cf_fail(err, CF_E_RANGE,
                       "alternative name (%s): \"%.100s\" has control or invisible characters, or "
                       "is not UTF-8",
                       cf_san_type_name(type), value);
    return CF_OK;
}

/* The value with the domain in it as A-labels. */
static enum cf_rc
with_ascii_domain(enum cf_san_type type, const char *value, char **ret_value, struct cf_err *err)
{
    const char *at = type == CF_SAN_EMAIL ? strrchr(value, '@') : NULL;
    int prefix_len = at ? (int)(at + 1 - value) : 0;
    bool has_domain = type == CF_SAN_DNS || at;
    cf_own_str domain = NULL;
    char *joined = NULL;

    if (has_domain) {
        enum cf_rc rc = cf_idn_to_ascii(value + prefix_len, &domain, err);
        if (rc != CF_OK)
            return (void)cf_err_prefix(err, "alternative name (%s): \"%.100s\"",
                                       cf_san_type_name(type), value),
                   rc;
    }
    if (asprintf(&joined, "%.*s%s", prefix_len, value, has_domain ? domain : value) < 0)
        return cf_fail_oom(err);
    *ret_value = joined;
    return CF_OK;
}

enum cf_rc
cf_san_normalize(enum cf_san_type type, const char *value, char **ret_value, struct cf_err *err)
{
    cf_own_str normal = NULL;

    CF_TRY(check_text(type, value, err));
    CF_TRY(with_ascii_domain(type, value, &normal, err));
    const char *fault = fault_of(type, normal);
    if (fault)
        return cf_fail(err, CF_E_RANGE, "alternative name (%s): \"%.100s\" %s",
                       cf_san_type_name(type), value, fault);
    *ret_value = cf_give(normal);
    return CF_OK;
}
