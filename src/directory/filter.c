/* SPDX-License-Identifier: Apache-2.0 */
#include "filter.h"

#include <stdio.h>
#include <string.h>

#include "certferry/buf.h"
#include "certferry/text.h"

enum { FILTER_MAX = 16 * CF_LDAP_NAME_MAX };

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
cf_ldap_filter(const char *pattern, const char *name, char **ret_filter, struct cf_err *err)
{
    cf_own_str value = NULL;
    cf_own(cf_buf) filter = cf_buf_new(FILTER_MAX);

    if (!filter)
        return cf_fail_oom(err);
    CF_TRY(cf_ldap_escape(name, &value, err));
    for (const char *at = pattern, *gap; *at; at = gap) {
        gap = strstr(at, "{}");
        CF_TRY(cf_buf_append(filter, at, gap ? (size_t)(gap - at) : strlen(at), err));
        if (!gap)
            break;
        CF_TRY(cf_buf_append_str(filter, value, err));
        gap += 2;
    }
    char *copy = strdup(cf_buf_str(filter));
    if (!copy)
        return cf_fail_oom(err);
    *ret_filter = copy;
    return CF_OK;
}
