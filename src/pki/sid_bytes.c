/* SPDX-License-Identifier: Apache-2.0 */
/* sid_bytes - a security identifier as the directory stores it, turned to text. */
#include "certferry/sid.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HEADER_LEN = 8, SUB_LEN = 4, SUBS_MAX = 15 };

static uint64_t
big_endian(const uint8_t *data, size_t len)
{
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++)
        value = value << 8 | data[i];
    return value;
}

static uint32_t
little_endian(const uint8_t *data)
{
    return (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 |
           (uint32_t)data[3] << 24;
}

enum cf_rc
cf_sid_from_bytes(struct cf_bytes bytes, char ret_text[CF_SID_TEXT_SIZE], struct cf_err *err)
{
    char text[CF_SID_TEXT_SIZE];

    if (bytes.len < HEADER_LEN)
        return cf_fail(err, CF_E_ENCODING, "a security identifier of %zu bytes is cut off",
                       bytes.len);
    size_t n_subs = bytes.data[1];
    if (bytes.data[0] != 1 || n_subs == 0 || n_subs > SUBS_MAX)
        return cf_fail(
            err, CF_E_ENCODING,
            "a security identifier has revision %u and %zu parts in place of 1 and 1..%d",
            bytes.data[0], n_subs, SUBS_MAX);
    if (bytes.len != HEADER_LEN + n_subs * SUB_LEN)
        return cf_fail(err, CF_E_ENCODING,
                       "a security identifier of %zu parts has %zu bytes in place of %zu", n_subs,
                       bytes.len, HEADER_LEN + n_subs * SUB_LEN);

    uint64_t authority = big_endian(bytes.data + 2, 6);
    /* From 2^32 on authorities are written in hexadecimal. */
    int len = snprintf(text, sizeof text,
                       authority > UINT32_MAX ? "S-1-0x%012" PRIX64 : "S-1-%" PRIu64, authority);
    for (size_t i = 0; i < n_subs; i++)
        len += snprintf(text + len, sizeof text - (size_t)len, "-%" PRIu32,
                        little_endian(bytes.data + HEADER_LEN + i * SUB_LEN));
    memcpy(ret_text, text, (size_t)len + 1);
    return CF_OK;
}
