/* SPDX-License-Identifier: Apache-2.0 */
/* text_utf8 - what is valid UTF-8, what may be shown, and ASCII comparisons. */
#include <string.h>

#include "certferry/text.h"

/* The length of the valid sequence at the start of text (RFC 3629, section 4), or 0. */
static size_t
sequence_len(const uint8_t *text, size_t left, uint32_t *ret_code)
{
    static const uint32_t LOWEST[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t lead = text[0];
    size_t len;
    uint32_t code;

    if (lead < 0x80) {
        *ret_code = lead;
        return 1;
    }
    if ((lead & 0xe0) == 0xc0) {
        len = 2;
        code = lead & 0x1f;
    } else if ((lead & 0xf0) == 0xe0) {
        len = 3;
        code = lead & 0x0f;
    } else if ((lead & 0xf8) == 0xf0) {
        len = 4;
        code = lead & 0x07;
    } else {
        return 0;
    }
    if (len > left)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
    if (code < LOWEST[len] || code > 0x10ffff || is_surrogate)
        return 0;
    *ret_code = code;
    return len;
}

static bool
is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

/* Line and paragraph separators, the marks that turn the direction of text around, and characters
 * that are not seen: valid, but able to make a text show something else than it says. Directories
 * leave most of them out when they compare names (RFC 4518, section 2.2). U+FFFD stands for
 * something that was lost, U+FFFE and U+FFFF for nothing. The joiners U+200C and
 * U+200D and the variation selectors stay: words of some languages need them. */
static bool
is_deceptive(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } RANGES[] = {
        {0xad, 0xad},       {0x34f, 0x34f},     {0x61c, 0x61c},     {0x115f, 0x1160},
        {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x200b, 0x200b},   {0x200e, 0x200f},
        {0x2028, 0x202e},   {0x2060, 0x206f},   {0x2800, 0x2800},   {0x3164, 0x3164},
        {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xffff},   {0x1bca0, 0x1bca3},
        {0x1d173, 0x1d17a}, {0xe0000, 0xe00ff}, {0xe01f0, 0xe0fff},
    };

    for (size_t i = 0; i < CF_COUNT(RANGES); i++) {
        if (code >= RANGES[i].first && code <= RANGES[i].last)
            return true;
    }
    return (code & 0xfffe) == 0xfffe; /* the last two of each plane are no characters */
}

bool
cf_text_is_ascii(const char *text)
{
    while (*text != '\0' && (uint8_t)*text < 0x80)
        text++;
    return *text == '\0';
}

bool
cf_text_is_utf8(const char *text, size_t len)
{
    const uint8_t *at = (const uint8_t *)text;
    uint32_t code;

    for (size_t i = 0; i < len;) {
        size_t step = sequence_len(at + i, len - i, &code);
        if (step == 0)
            return false;
        i += step;
    }
    return true;
}

bool
cf_text_is_printable(const char *text, size_t len)
{
    const uint8_t *at = (const uint8_t *)text;
    uint32_t code;

    for (size_t i = 0; i < len;) {
        size_t step = sequence_len(at + i, len - i, &code);
        if (step == 0 || is_control(code) || is_deceptive(code))
            return false;
        i += step;
    }
    return true;
}

void
cf_text_sanitize(const char *text, size_t len, char *ret, size_t size)
{
    const uint8_t *at = (const uint8_t *)text;
    size_t used = 0;

    if (size == 0)
        return;
    for (size_t i = 0; i < len;) {
        uint32_t code = 0;
        size_t step = sequence_len(at + i, len - i, &code);
        bool is_bad = step == 0 || is_control(code) || is_deceptive(code);
        size_t out_len = is_bad ? 1 : step;

        if (out_len > size - 1 - used)
            break;
        if (is_bad)
            ret[used] = '?';
        else
            memcpy(ret + used, at + i, step);
        used += out_len;
        i += step ? step : 1;
    }
    ret[used] = '\0';
}

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool
cf_text_equal_nocase(const char *a, const char *b)
{
    if (!a || !b)
        return false;
    for (; lower(*a) == lower(*b); a++, b++) {
        if (*a == '\0')
            return true;
    }
    return false;
}

bool
cf_text_is_listed(char *const *words, const char *text)
{
    for (; words && *words; words++) {
        if (strcmp(*words, text) == 0)
            return true;
    }
    return false;
}

bool
cf_text_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}
