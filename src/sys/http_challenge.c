/* SPDX-License-Identifier: Apache-2.0 */
/* http_challenge - what WWW-Authenticate offers (RFC 9110 section 11.6.1, RFC 4559). */
#include <string.h>
#include <strings.h>

#include "http_headers.h"

#define NEGOTIATE "Negotiate"
#define BLANKS " \t"

/* Up to the comma that ends the element; one inside a quoted string does not. */
static size_t
element_len(const char *at)
{
    bool is_quoted = false;
    size_t len = 0;

    for (; at[len] && (is_quoted || at[len] != ','); len++) {
        if (at[len] == '"')
            is_quoted = !is_quoted;
        else if (is_quoted && at[len] == '\\' && at[len + 1])
            len++;
    }
    return len;
}

static bool
is_base64(const char *text, size_t len)
{
    static const char ALPHABET[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    size_t n = strspn(text, ALPHABET);
    if (n > len)
        n = len;
    return len % 4 == 0 && len - n <= 2 && (len == n || text[len - 1] == '=') &&
           (len - n < 2 || text[len - 2] == '=');
}

static enum cf_rc
take_token(struct cf_http_head *head, const char *token, size_t len, struct cf_err *err)
{
    if (head->negotiate[0])
        return cf_fail(err, CF_E_PROTOCOL, "answer with two Negotiate tokens");
    if (len > CF_HTTP_NEGOTIATE_MAX || !is_base64(token, len))
        return cf_fail(err, CF_E_PROTOCOL, "answer with a Negotiate token that is none");
    memcpy(head->negotiate, token, len);
    head->negotiate[len] = '\0';
    return CF_OK;
}

enum cf_rc
cf_http_take_challenge(struct cf_http_head *head, const char *value, struct cf_err *err)
{
    const size_t name_len = sizeof NEGOTIATE - 1;

    for (const char *at = value; *at;) {
        at += strspn(at, BLANKS);
        size_t len = element_len(at);
        const char *next = at + len + (at[len] == ',');
        while (len > 0 && strchr(BLANKS, at[len - 1]))
            len--;
        if (len >= name_len && strncasecmp(at, NEGOTIATE, name_len) == 0 &&
            (len == name_len || strchr(BLANKS, at[name_len]))) {
            const char *token = at + name_len + strspn(at + name_len, BLANKS);
            head->offers_negotiate = true;
            if (len > name_len)
                CF_TRY(take_token(head, token, (size_t)(at + len - token), err));
        }
        at = next;
    }
    return CF_OK;
}
