/* SPDX-License-Identifier: Apache-2.0 */
#include "http_headers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "certferry/clock.h"
#include "certferry/text.h"

#define AUTHORIZATION "Authorization: "
#define BEARER AUTHORIZATION "Bearer "

/* RFC 9110, 5.6.2. */
static bool
is_token_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static size_t
name_len(const char *line)
{
    size_t len = 0;
    while (is_token_char(line[len]))
        len++;
    return len;
}

static bool
is_own_header(const char *name, size_t len)
{
    static const char *const own[] = {
        "Host",    "Content-Length", "Transfer-Encoding", "TE",         "Connection",
        "Upgrade", "Trailer",        "Accept-Encoding",   "Keep-Alive", "Proxy-Authorization",
        "Expect",
    };
    for (size_t i = 0; i < CF_COUNT(own); i++)
        if (strlen(own[i]) == len && strncasecmp(own[i], name, len) == 0)
            return true;
    return false;
}

enum cf_rc
cf_http_check_header(const char *line, struct cf_err *err)
{
    size_t len = name_len(line);
    if (len == 0 || len > 64 || line[len] != ':')
        return cf_fail(err, CF_E_SYNTAX, "HTTP header without a proper name: use \"Name: value\"");
    if (is_own_header(line, len))
        return cf_fail(err, CF_E_SYNTAX, "HTTP header %.*s cannot be set here: leave it out",
                       (int)len, line);

    const char *value = line + len + 1;
    while (*value == ' ')
        value++;
    if (!*value)
        return cf_fail(err, CF_E_SYNTAX, "HTTP header %.*s has no value: leave it out", (int)len,
                       line);
    for (const char *c = value; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return cf_fail(err, CF_E_SYNTAX,
                           "HTTP header %.*s holds a line break or another control character",
                           (int)len, line);
    return CF_OK;
}

/* least: the lowest character that the value may have. */
static enum cf_rc
make_line(const char *prefix, const struct cf_secret *value, uint8_t least,
          struct cf_secret **ret_line, struct cf_err *err)
{
    const size_t prefix_len = strlen(prefix);
    const uint8_t *data = cf_secret_data(value);
    size_t len = cf_secret_len(value);

    for (size_t i = 0; i < len; i++)
        if (data[i] < least || data[i] >= 0x7f)
            return cf_fail(err, CF_E_SYNTAX, "access token holds a character that no token has");
    if (len == 0 || len > CF_SECRET_MAX - prefix_len)
        return cf_fail(err, CF_E_SYNTAX, "access token of %zu bytes", len);

    cf_own(cf_secret) line = NULL;
    CF_TRY(cf_secret_new(prefix_len + len, &line, err));
    memcpy(cf_secret_edit(line), prefix, prefix_len);
    memcpy(cf_secret_edit(line) + prefix_len, data, len);
    *ret_line = cf_give(line);
    return CF_OK;
}

enum cf_rc
cf_http_bearer_line(const struct cf_secret *token, struct cf_secret **ret_line, struct cf_err *err)
{
    return make_line(BEARER, token, '!', ret_line, err);
}

enum cf_rc
cf_http_authorization_line(const struct cf_secret *value, struct cf_secret **ret_line,
                           struct cf_err *err)
{
    return make_line(AUTHORIZATION, value, ' ', ret_line, err);
}

static long
parse_retry_after(const char *value)
{
    uint64_t seconds;
    int64_t at;

    if (cf_text_u64(value, 0, CF_HTTP_RETRY_AFTER_MAX_S, &seconds, NULL) == CF_OK)
        return (long)seconds;
    if (cf_text_http_date(value, &at, NULL) != CF_OK)
        return 0;
    int64_t now = cf_clock_now_ms(cf_clock_real()) / 1000;
    return at > now && at - now <= CF_HTTP_RETRY_AFTER_MAX_S ? (long)(at - now) : 0;
}

static int64_t
parse_date(const char *value)
{
    int64_t at = 0;

    return cf_text_http_date(value, &at, NULL) == CF_OK ? at : 0;
}

static void
parse_content_type(const char *value, char *ret, size_t size)
{
    size_t len = strcspn(value, "; \t");

    ret[0] = '\0';
    if (len >= size)
        return;
    for (size_t i = 0; i < len; i++) {
        char c = value[i];
        if (!is_token_char(c) && c != '/') {
            ret[0] = '\0';
            return;
        }
        ret[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    ret[len] = '\0';
}

static bool
is_name(const char *line, size_t len, const char *name)
{
    return strlen(name) == len && strncasecmp(line, name, len) == 0;
}

enum cf_rc
cf_http_head_take(struct cf_http_head *head, const char *line, size_t len, struct cf_err *err)
{
    char text[CF_HTTP_NEGOTIATE_MAX + 512];

    head->len += len;
    head->n_lines++;
    if (head->len > CF_HTTP_HEAD_LEN_MAX || head->n_lines > CF_HTTP_HEAD_LINES_MAX)
        return cf_fail(err, CF_E_LIMIT, "answer with more than %d bytes or %d lines of headers",
                       CF_HTTP_HEAD_LEN_MAX, CF_HTTP_HEAD_LINES_MAX);

    while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == '\n' || line[len - 1] == ' ' ||
                       line[len - 1] == '\t'))
        len--;
    /* None of the headers looked at is ever that long or holds a NUL. */
    if (len >= sizeof text || memchr(line, '\0', len))
        return CF_OK;
    memcpy(text, line, len);
    text[len] = '\0';

    if (cf_text_starts_with(text, "HTTP/")) {
        /* What an interim answer said does not hold for the one that follows. */
        head->is_framed = false;
        head->retry_after_s = 0;
        head->date_s = 0;
        head->content_type[0] = '\0';
        head->offers_negotiate = false;
        head->negotiate[0] = '\0';
        return CF_OK;
    }
    size_t n = name_len(text);
    if (text[n] != ':')
        return CF_OK;
    const char *value = text + n + 1 + strspn(text + n + 1, " \t");
    if (is_name(text, n, "Retry-After"))
        head->retry_after_s = parse_retry_after(value);
    else if (is_name(text, n, "Date"))
        head->date_s = parse_date(value);
    else if (is_name(text, n, "Content-Type"))
        parse_content_type(value, head->content_type, sizeof head->content_type);
    else if (is_name(text, n, "Content-Length") || is_name(text, n, "Transfer-Encoding"))
        head->is_framed = true;
    else if (is_name(text, n, "WWW-Authenticate"))
        return cf_http_take_challenge(head, value, err);
    return CF_OK;
}
