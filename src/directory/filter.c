/* SPDX-License-Identifier: Apache-2.0 */
#include "filter.h"

#include <stdio.h>
#include <string.h>

#include "certferry/text.h"

static bool
is_plain(unsigned char byte)
{
    return byte > 0x20 && byte < 0x7f && !strchr("*()\\&|!=<>~/", byte);
}

enum cf_rc
cf_ldap_escape(const char *name, char **ret_text, struct cf_err *err)
{
    size_t len = strlen(name);

    if (len == 0 || len > CF_LDAP_NAME_MAX)
        return cf_fail(err, CF_E_RANGE, "a name of %zu bytes cannot be looked up (1 to %d)", len,
                       CF_LDAP_NAME_MAX);
    if (!cf_text_is_printable(name, len))
        return cf_fail(err, CF_E_ENCODING,
                       "a name with bytes that are no printable text cannot be looked up");

    char *text = malloc(3 * len + 1);
    if (!text)
        return cf_fail_oom(err);
    char *at = text;
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)name[i];
        if (is_plain(byte))
            *at++ = (char)byte;
        else
            at += snprintf(at, 4, "\\%02x", byte);
    }
    *at = '\0';
    *ret_text = text;
    return CF_OK;
}

enum cf_rc
cf_ldap_filter(const char *format, const char *name, char **ret_filter, struct cf_err *err)
{
    cf_own_str value = NULL;
    char *filter = NULL;

    CF_TRY(cf_ldap_escape(name, &value, err));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    int len = asprintf(&filter, format, value);
#pragma GCC diagnostic pop
    if (len < 0)
        return cf_fail_oom(err);
    *ret_filter = filter;
    return CF_OK;
}
