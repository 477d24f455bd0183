/* SPDX-License-Identifier: Apache-2.0 */
/* cursor - checked reads from bytes that came from outside. */
#include "certferry/buf.h"

struct cf_cursor
cf_cursor_of(struct cf_bytes bytes)
{
    /* No arithmetic on NULL, which an empty view may hold. */
    return (struct cf_cursor){.at = bytes.data,
                              .end = bytes.len ? bytes.data + bytes.len : bytes.data};
}

size_t
cf_cursor_left(const struct cf_cursor *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}

enum cf_rc
cf_cursor_take(struct cf_cursor *cursor, size_t len, struct cf_bytes *ret, struct cf_err *err)
{
    size_t left = cf_cursor_left(cursor);

    if (len > left)
        return cf_fail(err, CF_E_ENCODING, "cut short: %zu bytes wanted, %zu left", len, left);
    *ret = cf_bytes_of(cursor->at, len);
    if (len > 0)
        cursor->at += len;
    return CF_OK;
}

enum cf_rc
cf_cursor_u8(struct cf_cursor *cursor, uint8_t *ret, struct cf_err *err)
{
    struct cf_bytes bytes;

    CF_TRY(cf_cursor_take(cursor, 1, &bytes, err));
    *ret = bytes.data[0];
    return CF_OK;
}

enum cf_rc
cf_cursor_u32be(struct cf_cursor *cursor, uint32_t *ret, struct cf_err *err)
{
    struct cf_bytes bytes;

    CF_TRY(cf_cursor_take(cursor, 4, &bytes, err));
    *ret = (uint32_t)bytes.data[0] << 24 | (uint32_t)bytes.data[1] << 16 |
           (uint32_t)bytes.data[2] << 8 | (uint32_t)bytes.data[3];
    return CF_OK;
}
