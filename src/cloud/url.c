/* SPDX-License-Identifier: Apache-2.0 */
/* url - addresses put together from configured parts. */
#include <stdio.h>
#include <string.h>

#include "parts.h"

enum cf_rc
cf_url_join(const char *base, const char *path, char **ret_url, struct cf_err *err)
{
    size_t len = strlen(base);
    char *url = NULL;

    while (len > 0 && base[len - 1] == '/')
        len--;
    if (asprintf(&url, "%.*s/%s", (int)len, base, path) < 0)
        return cf_fail_oom(err);
    *ret_url = url;
    return CF_OK;
}

static bool
is_unreserved(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("-._~", c));
}

size_t
cf_url_encode(struct cf_bytes text, char *out)
{
    static const char DIGITS[] = "0123456789ABCDEF";
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        bool plain = is_unreserved(c);

        if (out && plain) {
            out[len] = (char)c;
        } else if (out) {
            out[len] = '%';
            out[len + 1] = DIGITS[c >> 4];
            out[len + 2] = DIGITS[c & 0xf];
        }
        len += plain ? 1 : 3;
    }
    return len;
}
