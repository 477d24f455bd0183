/* SPDX-License-Identifier: Apache-2.0 */
#include "values.h"

#include <string.h>

#include "certferry/text.h"

enum { NUMBER_MAX = 11 }; /* "-2147483648" */

enum cf_rc
cf_value_text(const char *attribute, struct cf_bytes value, size_t max_len, char **field,
              struct cf_err *err)
{
    const char *text = (const char *)value.data;

    if (value.len > max_len)
        return cf_fail(err, CF_E_PROTOCOL,
                       "the directory's %s has %zu bytes, more than the %zu that are taken",
                       attribute, value.len, max_len);
    if (!cf_text_is_printable(text, value.len))
        return cf_fail(err, CF_E_PROTOCOL,
                       "the directory's %s holds bytes that are no printable text; correct it in "
                       "the directory",
                       attribute);
    if (value.len == 0)
        return CF_OK;
    char *copy = strndup(text, value.len);
    if (!copy)
        return cf_fail_oom(err);
    free(*field);
    *field = copy;
    return CF_OK;
}

enum cf_rc
cf_value_bits(const char *attribute, struct cf_bytes value, uint32_t *ret, struct cf_err *err)
{
    char text[NUMBER_MAX + 1] = "";
    uint64_t number = 0;

    if (value.len <= NUMBER_MAX)
        memcpy(text, value.data, value.len);
    bool is_negative = text[0] == '-';
    if (strlen(text) != value.len ||
        cf_text_u64(text + is_negative, is_negative, INT32_MAX + (uint64_t)is_negative, &number,
                    NULL) != CF_OK)
        return cf_fail(err, CF_E_PROTOCOL, "the directory's %s is no number of 32 bits", attribute);
    *ret = (uint32_t)(is_negative ? (UINT64_C(1) << 32) - number : number);
    return CF_OK;
}

enum cf_rc
cf_value_count(const char *attribute, struct cf_bytes value, unsigned max, unsigned *ret,
               struct cf_err *err)
{
    uint32_t bits = 0;

    CF_TRY(cf_value_bits(attribute, value, &bits, err));
    if (bits > max)
        return cf_fail(err, CF_E_PROTOCOL, "the directory's %s is %d, not in 0..%u", attribute,
                       (int)bits, max);
    *ret = bits;
    return CF_OK;
}
