/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_password - what the bytes of an encrypted password mean, and the PFX that one of the
 * meanings opens.
 */
#include <string.h>

#include "certferry/import_key.h"
#include "certferry/pfx.h"
#include "certferry/text.h"

enum { PASSWORD_MAX = 2048 };

static size_t
put_utf8(uint8_t *to, unsigned c)
{
    if (c < 0x80) {
        to[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (uint8_t)(0xc0 | c >> 6);
        to[1] = (uint8_t)(0x80 | (c & 0x3f));
        return 2;
    }
    to[0] = (uint8_t)(0xe0 | c >> 12);
    to[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    to[2] = (uint8_t)(0x80 | (c & 0x3f));
    return 3;
}

static bool
is_control(unsigned c)
{
    return c < 0x20 || c == 0x7f;
}

/* False when it cannot be UTF-8 of printable text. */
static bool
as_utf8(const uint8_t *from, size_t len, uint8_t *to, size_t *ret_len)
{
    if (!cf_text_is_utf8((const char *)from, len))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (is_control(from[i]))
            return false;
    }
    memcpy(to, from, len);
    *ret_len = len;
    return true;
}

/* ASCII alone has been read before. */
static bool
as_latin1(const uint8_t *from, size_t len, uint8_t *to, size_t *ret_len)
{
    size_t n = 0;
    bool is_ascii = true;

    for (size_t i = 0; i < len; i++) {
        if (is_control(from[i]))
            return false;
        is_ascii = is_ascii && from[i] < 0x80;
        n += put_utf8(to + n, from[i]);
    }
    *ret_len = n;
    return !is_ascii;
}

/* Told by the zeros beside its Latin letters: any text of even length could be read so. */
static bool
as_utf16(const uint8_t *from, size_t len, uint8_t *to, size_t *ret_len)
{
    size_t n = 0;

    if (len % 2 != 0 || !memchr(from, 0, len))
        return false;
    for (size_t i = 0; i < len; i += 2) {
        unsigned unit = from[i] | (unsigned)from[i + 1] << 8;

        if (is_control(unit) || (unit >= 0xd800 && unit < 0xe000))
            return false;
        n += put_utf8(to + n, unit);
    }
    *ret_len = n;
    return true;
}

typedef bool reading_fn(const uint8_t *from, size_t len, uint8_t *to, size_t *ret_len);

/* *ret_text stays as it is when the octets are no text of this kind. */
static enum cf_rc
read_as(reading_fn *reading, const struct cf_secret *plain, struct cf_secret **ret_text,
        struct cf_err *err)
{
    cf_own(cf_secret) text = NULL;
    size_t len = cf_secret_len(plain), text_len = 0;

    CF_TRY(cf_secret_new(2 * len + 1, &text, err));
    if (!reading(cf_secret_data(plain), len, cf_secret_edit(text), &text_len))
        return CF_OK;
    cf_secret_truncate(text, text_len);
    *ret_text = cf_give(text);
    return CF_OK;
}

enum cf_rc
cf_import_passwords(const struct cf_secret *plain,
                    struct cf_secret *ret_passwords[CF_IMPORT_PASSWORDS_MAX], size_t *ret_n,
                    struct cf_err *err)
{
    static reading_fn *const readings[] = {as_utf8, as_latin1, as_utf16};
    struct cf_secret *found[CF_IMPORT_PASSWORDS_MAX] = {NULL};
    size_t len = cf_secret_len(plain), n = 0;

    if (len > PASSWORD_MAX)
        return cf_fail(err, CF_E_LIMIT, "the PFX password has %zu bytes; at most %d are read", len,
                       PASSWORD_MAX);
    for (size_t i = 0; i < CF_COUNT(readings) && n < CF_IMPORT_PASSWORDS_MAX; i++) {
        enum cf_rc rc = read_as(readings[i], plain, &found[n], err);
        if (rc != CF_OK) {
            for (size_t k = 0; k < n; k++)
                cf_secret_free(found[k]);
            return rc;
        }
        n += found[n] != NULL;
    }
    if (n == 0)
        return cf_fail(err, CF_E_CRYPTO,
                       "the PFX password is no text in UTF-8, ISO 8859-1 or UTF-16LE");
    for (size_t i = 0; i < n; i++)
        ret_passwords[i] = found[i];
    *ret_n = n;
    return CF_OK;
}

enum cf_rc
cf_pfx_open_imported(struct cf_bytes der, const struct cf_secret *plain,
                     struct cf_pfx_content **ret_content, struct cf_err *err)
{
    struct cf_secret *passwords[CF_IMPORT_PASSWORDS_MAX] = {0};
    size_t n = 0;

    CF_TRY(cf_import_passwords(plain, passwords, &n, err));
    enum cf_rc rc = CF_E_CRYPTO;
    for (size_t i = 0; i < n && rc == CF_E_CRYPTO; i++)
        rc = cf_pfx_open(der, passwords[i], ret_content, err);
    for (size_t i = 0; i < n; i++)
        cf_secret_free(passwords[i]);
    return rc;
}
