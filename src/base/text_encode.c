/* SPDX-License-Identifier: Apache-2.0 */
/* text_encode - hexadecimal and base64. */
#include <assert.h>
#include <string.h>

#include "certferry/text.h"

static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char BASE64URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
cf_text_hex(struct cf_bytes bytes, bool upper, char *ret, size_t size)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

    assert(size > 2 * bytes.len);
    (void)size;
    for (size_t i = 0; i < bytes.len; i++) {
        ret[2 * i] = digits[bytes.data[i] >> 4];
        ret[2 * i + 1] = digits[bytes.data[i] & 0xf];
    }
    ret[2 * bytes.len] = '\0';
}

int
cf_text_hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

enum cf_rc
cf_text_from_hex(const char *text, struct cf_buf **ret, struct cf_err *err)
{
    size_t len = strlen(text);

    if (len % 2 != 0)
        return cf_fail(err, CF_E_SYNTAX, "hexadecimal text of %zu digits: the number must be even",
                       len);
    cf_own(cf_buf) buf = cf_buf_new(len / 2);
    if (!buf)
        return cf_fail_oom(err);
    for (size_t i = 0; i < len; i += 2) {
        int high = cf_text_hex_value(text[i]);
        int low = cf_text_hex_value(text[i + 1]);
        if (high < 0 || low < 0)
            return cf_fail(err, CF_E_SYNTAX, "character %zu is no hexadecimal digit",
                           high < 0 ? i + 1 : i + 2);
        uint8_t byte = (uint8_t)(high << 4 | low);
        CF_TRY(cf_buf_append(buf, &byte, 1, err));
    }
    *ret = cf_give(buf);
    return CF_OK;
}

/* Writes the text without a NUL; returns its length. */
static size_t
encode(struct cf_bytes bytes, const char *alphabet, bool pad, char *ret)
{
    size_t used = 0;

    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t n = bytes.len - i < 3 ? bytes.len - i : 3;
        uint32_t group = (uint32_t)bytes.data[i] << 16;
        if (n > 1)
            group |= (uint32_t)bytes.data[i + 1] << 8;
        if (n > 2)
            group |= bytes.data[i + 2];
        for (size_t j = 0; j < 4; j++) {
            if (j <= n)
                ret[used++] = alphabet[group >> (18 - 6 * j) & 0x3f];
            else if (pad)
                ret[used++] = '=';
        }
    }
    return used;
}

enum cf_rc
cf_text_base64(struct cf_bytes bytes, char **ret_text, struct cf_err *err)
{
    if (bytes.len > SIZE_MAX / 2)
        return cf_fail(err, CF_E_LIMIT, "%zu bytes are too many for base64", bytes.len);
    char *text = malloc((bytes.len + 2) / 3 * 4 + 1);
    if (!text)
        return cf_fail_oom(err);
    text[encode(bytes, BASE64, true, text)] = '\0';
    *ret_text = text;
    return CF_OK;
}

void
cf_text_base64url(struct cf_bytes bytes, char *ret, size_t size)
{
    assert(size > (bytes.len + 2) / 3 * 4);
    (void)size;
    ret[encode(bytes, BASE64URL, false, ret)] = '\0';
}

static int
base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters, of which the last n_pad are '='. */
static enum cf_rc
decode_group(const char *text, size_t at, size_t n_pad, uint8_t ret[3], struct cf_err *err)
{
    uint32_t group = 0;

    for (size_t i = 0; i < 4; i++) {
        int value = i < 4 - n_pad ? base64_value(text[at + i]) : 0;
        if (value < 0)
            return cf_fail(err, CF_E_ENCODING, "character %zu is no base64", at + i + 1);
        group = group << 6 | (uint32_t)value;
    }
    /* Bits that no byte holds must be zero, or several texts would mean the same bytes. */
    if ((n_pad == 1 && (group & 0xff)) || (n_pad == 2 && (group & 0xffff)))
        return cf_fail(err, CF_E_ENCODING, "base64 text whose last character is not canonical");
    ret[0] = (uint8_t)(group >> 16);
    ret[1] = (uint8_t)(group >> 8);
    ret[2] = (uint8_t)group;
    return CF_OK;
}

enum cf_rc
cf_text_from_base64(const char *text, size_t max_len, struct cf_buf **ret, struct cf_err *err)
{
    size_t len = strlen(text);

    if (len % 4 != 0)
        return cf_fail(err, CF_E_ENCODING,
                       "base64 text of %zu characters: it must be padded to a multiple of 4", len);
    size_t n_pad = len == 0 ? 0 : text[len - 1] != '=' ? 0 : text[len - 2] != '=' ? 1 : 2;
    size_t decoded_len = len / 4 * 3 - n_pad;
    if (decoded_len > max_len)
        return cf_fail(err, CF_E_LIMIT, "base64 text of %zu bytes: at most %zu are allowed",
                       decoded_len, max_len);

    cf_own(cf_buf) buf = cf_buf_new(decoded_len);
    if (!buf)
        return cf_fail_oom(err);
    for (size_t i = 0; i < len; i += 4) {
        size_t pad_here = i + 4 == len ? n_pad : 0;
        uint8_t bytes[3];
        CF_TRY(decode_group(text, i, pad_here, bytes, err));
        CF_TRY(cf_buf_append(buf, bytes, 3 - pad_here, err));
    }
    *ret = cf_give(buf);
    return CF_OK;
}
