/* SPDX-License-Identifier: Apache-2.0 */
/* json_scan - the grammar of RFC 8259, one function per production. */
#include "json_scan.h"

#include "certferry/json.h"
#include "certferry/text.h"

struct scan {
    const uint8_t *start;
    const uint8_t *at;
    const uint8_t *end;
    unsigned depth;
    struct cf_json_counts counts;
    struct cf_err *err;
};

static enum cf_rc
refuse(const struct scan *scan, enum cf_rc rc, const char *fault)
{
    size_t line = 1;
    size_t column = 1;

    for (const uint8_t *p = scan->start; p < scan->at; p++) {
        column++;
        if (*p == '\n') {
            line++;
            column = 1;
        }
    }
    return cf_fail(scan->err, rc, "JSON line %zu column %zu: %s", line, column, fault);
}

static enum cf_rc
bad(const struct scan *scan, const char *fault)
{
    return refuse(scan, CF_E_ENCODING, fault);
}

/* The next byte, or -1 at the end. */
static int
peek(const struct scan *scan)
{
    return scan->at < scan->end ? *scan->at : -1;
}

static bool
accept(struct scan *scan, char c)
{
    if (peek(scan) != c)
        return false;
    scan->at++;
    return true;
}

static bool
accept_digits(struct scan *scan)
{
    const uint8_t *first = scan->at;

    while (peek(scan) >= '0' && peek(scan) <= '9')
        scan->at++;
    return scan->at > first;
}

static void
skip_blank(struct scan *scan)
{
    while (peek(scan) == ' ' || peek(scan) == '\t' || peek(scan) == '\n' || peek(scan) == '\r')
        scan->at++;
}

static enum cf_rc
literal(struct scan *scan, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (!accept(scan, *p))
            return bad(scan, "only true, false and null are words");
    }
    return CF_OK;
}

static enum cf_rc
number(struct scan *scan)
{
    (void)accept(scan, '-');
    if (!accept(scan, '0') && !accept_digits(scan))
        return bad(scan, "a value was expected");
    if (accept(scan, '.') && !accept_digits(scan))
        return bad(scan, "a digit was expected after the point");
    if (accept(scan, 'e') || accept(scan, 'E')) {
        if (!accept(scan, '+'))
            (void)accept(scan, '-');
        if (!accept_digits(scan))
            return bad(scan, "a digit was expected in the exponent");
    }
    return CF_OK;
}

/* The four digits after \u. */
static enum cf_rc
code_unit(struct scan *scan, unsigned *ret)
{
    unsigned unit = 0;

    for (int i = 0; i < 4; i++, scan->at++) {
        int c = peek(scan);
        if (c >= '0' && c <= '9')
            unit = unit << 4 | (unsigned)(c - '0');
        else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
            unit = unit << 4 | (unsigned)((c | 0x20) - 'a' + 10);
        else
            return bad(scan, "four hexadecimal digits were expected after \\u");
    }
    *ret = unit;
    return CF_OK;
}

static enum cf_rc
escape(struct scan *scan, bool is_name)
{
    unsigned unit = 0;

    if (!accept(scan, 'u')) {
        for (const char *p = "\"\\/bfnrt"; *p; p++) {
            if (accept(scan, *p))
                return CF_OK;
        }
        return bad(scan, "unknown escape after \\");
    }
    CF_TRY(code_unit(scan, &unit));
    /* Half a pair in a value is read as U+FFFD, "lost": that is one value's fault, not the page's.
     * A name has to be what was written. */
    if (!is_name)
        return CF_OK;
    /* json-c would cut the name here and take it for another one. */
    if (unit == 0)
        return bad(scan, "\\u0000 in a member name");
    if (unit >= 0xdc00 && unit <= 0xdfff)
        return bad(scan, "second half of a surrogate pair without the first");
    if (unit >= 0xd800 && unit <= 0xdbff) {
        if (!accept(scan, '\\') || !accept(scan, 'u'))
            return bad(scan, "first half of a surrogate pair without the second");
        CF_TRY(code_unit(scan, &unit));
        if (unit < 0xdc00 || unit > 0xdfff)
            return bad(scan, "first half of a surrogate pair without the second");
    }
    return CF_OK;
}

static enum cf_rc
string(struct scan *scan, bool is_name)
{
    if (!accept(scan, '"'))
        return bad(scan, "a string was expected");
    while (!accept(scan, '"')) {
        int c = peek(scan);
        if (c < 0)
            return bad(scan, "the string does not end");
        if (c < 0x20)
            return bad(scan, "control character in a string");
        scan->at++;
        if (c == '\\')
            CF_TRY(escape(scan, is_name));
    }
    return CF_OK;
}

static enum cf_rc value(struct scan *scan);

static enum cf_rc
member(struct scan *scan)
{
    skip_blank(scan);
    CF_TRY(string(scan, true));
    skip_blank(scan);
    if (!accept(scan, ':'))
        return bad(scan, "\":\" was expected");
    scan->counts.n_members++;
    return value(scan);
}

static enum cf_rc
container(struct scan *scan, bool is_object)
{
    char close = is_object ? '}' : ']';

    scan->at++;
    scan->counts.n_containers++;
    if (++scan->depth > CF_JSON_DEPTH_MAX)
        return refuse(scan, CF_E_LIMIT, "nested too deeply");
    skip_blank(scan);
    if (!accept(scan, close)) {
        do {
            CF_TRY(is_object ? member(scan) : value(scan));
            skip_blank(scan);
        } while (accept(scan, ','));
        if (!accept(scan, close))
            return bad(scan,
                       is_object ? "\",\" or \"}\" was expected" : "\",\" or \"]\" was expected");
    }
    scan->depth--;
    return CF_OK;
}

static enum cf_rc
value(struct scan *scan)
{
    skip_blank(scan);
    if (++scan->counts.n_values > CF_JSON_VALUES_MAX)
        return refuse(scan, CF_E_LIMIT, "too many values");
    switch (peek(scan)) {
    case '{':
        return container(scan, true);
    case '[':
        return container(scan, false);
    case '"':
        return string(scan, false);
    case 't':
        return literal(scan, "true");
    case 'f':
        return literal(scan, "false");
    case 'n':
        return literal(scan, "null");
    default:
        return number(scan);
    }
}

enum cf_rc
cf_json_scan(struct cf_bytes text, struct cf_json_counts *ret, struct cf_err *err)
{
    struct scan scan = {.start = text.data, .at = text.data, .err = err};

    if (text.len == 0)
        return bad(&scan, "the text is empty");
    scan.end = text.data + text.len;
    if (!cf_text_is_utf8((const char *)text.data, text.len))
        return cf_fail(err, CF_E_ENCODING, "JSON text is not valid UTF-8");
    CF_TRY(value(&scan));
    skip_blank(&scan);
    if (scan.at != scan.end)
        return bad(&scan, "text after the end of the document");
    *ret = scan.counts;
    return CF_OK;
}
