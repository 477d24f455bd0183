/* SPDX-License-Identifier: Apache-2.0 */
#include "ndr.h"

#include <string.h>

#include "certferry/text.h"

enum { TEXT_MAX = 1 << 20 };

/* The next character of valid UTF-8. */
static uint32_t
next_code(const uint8_t **at)
{
    const uint8_t *text = *at;
    uint32_t code = text[0];
    size_t n_more = code < 0x80 ? 0 : code < 0xe0 ? 1 : code < 0xf0 ? 2 : 3;

    if (n_more > 0)
        code &= 0x3fU >> n_more;
    for (size_t i = 1; i <= n_more; i++)
        code = code << 6 | (text[i] & 0x3f);
    *at += n_more + 1;
    return code;
}

enum cf_rc
cf_utf16_from_utf8(const char *text, bool with_nul, struct cf_buf **ret, struct cf_err *err)
{
    size_t len = strlen(text);

    if (!cf_text_is_utf8(text, len))
        return cf_fail(err, CF_E_SYNTAX, "text is not UTF-8");
    cf_own(cf_buf) utf16 = cf_buf_new(TEXT_MAX);
    if (!utf16)
        return cf_fail_oom(err);

    struct cf_writer writer = cf_writer_to(utf16);
    const uint8_t *at = (const uint8_t *)text;
    const uint8_t *end = at + len;
    while (at < end) {
        uint32_t code = next_code(&at);
        if (code >= 0x10000) {
            code -= 0x10000;
            cf_write_u16(&writer, (uint16_t)(0xd800 | code >> 10));
            code = 0xdc00 | (code & 0x3ff);
        }
        cf_write_u16(&writer, (uint16_t)code);
    }
    if (with_nul)
        cf_write_u16(&writer, 0);
    CF_TRY(cf_writer_end(&writer, err));
    *ret = cf_give(utf16);
    return CF_OK;
}

static size_t
utf8_of(uint32_t code, char text[4])
{
    static const uint8_t LEAD[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (size_t i = len; i-- > 1; code >>= 6)
        text[i] = (char)(0x80 | (code & 0x3f));
    text[0] = (char)(LEAD[len] | code);
    return len;
}

/* The next character, as it may be shown; a lone surrogate is none and shown as '?'. */
static uint32_t
next_shown(struct cf_reader *reader)
{
    uint32_t code = cf_read_u16(reader);
    struct cf_reader ahead = *reader;

    if (code == '\r' || code == '\n') {
        if (code == '\r' && cf_read_u16(&ahead) == '\n')
            *reader = ahead;
        return ' ';
    }
    if (code < 0xd800 || code > 0xdfff)
        return code;
    uint32_t low = cf_read_u16(&ahead);
    if (code > 0xdbff || low < 0xdc00 || low > 0xdfff)
        return '?';
    *reader = ahead;
    return 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
}

void
cf_utf16_to_text(struct cf_bytes utf16, char *ret, size_t size)
{
    struct cf_reader reader = cf_reader_of(utf16);
    size_t len = 0;

    if (size == 0)
        return;
    while (cf_reader_left(&reader) >= 2) {
        char character[4];
        uint32_t code = next_shown(&reader);
        if (code == 0)
            break;
        size_t part = utf8_of(code, character);
        if (!cf_text_is_printable(character, part))
            part = utf8_of('?', character);
        if (part >= size - len)
            break;
        memcpy(ret + len, character, part);
        len += part;
    }
    while (len > 0 && ret[len - 1] == ' ')
        len--;
    ret[len] = '\0';
}

void
cf_ndr_write_string(struct cf_writer *writer, uint32_t referent, const char *utf8)
{
    cf_own(cf_buf) utf16 = NULL;

    if (writer->error.rc != CF_OK || cf_utf16_from_utf8(utf8, true, &utf16, &writer->error))
        return;
    uint32_t n_units = (uint32_t)(cf_buf_len(utf16) / 2);
    cf_write_align(writer, 4);
    cf_write_u32(writer, referent);
    cf_write_u32(writer, n_units);
    cf_write_u32(writer, 0);
    cf_write_u32(writer, n_units);
    cf_write_bytes(writer, cf_buf_bytes(utf16));
}

void
cf_ndr_write_blob(struct cf_writer *writer, uint32_t referent, struct cf_bytes bytes)
{
    uint32_t count = (uint32_t)bytes.len;

    cf_write_align(writer, 4);
    cf_write_u32(writer, count);
    cf_write_u32(writer, count > 0 ? referent : 0);
    if (count > 0) {
        cf_write_u32(writer, count);
        cf_write_bytes(writer, bytes);
    }
}

struct cf_bytes
cf_ndr_read_blob(struct cf_reader *reader, size_t max)
{
    cf_read_align(reader, 4);
    uint32_t count = cf_read_u32(reader);
    uint32_t referent = cf_read_u32(reader);

    if (referent == 0) {
        if (count != 0)
            cf_read_fail(reader);
        return cf_bytes_of(NULL, 0);
    }
    if (cf_read_u32(reader) != count || count > max)
        cf_read_fail(reader);
    return cf_read_bytes(reader, count);
}
