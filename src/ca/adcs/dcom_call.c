/* SPDX-License-Identifier: Apache-2.0 */
/* dcom_call - what stands before the arguments and the results of every call. */
#include <string.h>

#include "certferry/text.h"
#include "dcom.h"

enum { VERSION_MAJOR = 5, VERSION_MINOR = 7, UUID_DIGITS = 32 };

/* Any number will do that nobody else has: the house's own are UUIDs. */
static struct cf_guid
random_guid(struct cf_writer *writer)
{
    struct cf_guid guid = {{0}};
    cf_own(cf_buf) octets = NULL;
    char uuid[CF_UUID_SIZE];
    char digits[UUID_DIGITS + 1];
    size_t n = 0;

    cf_text_uuid(uuid);
    for (size_t i = 0; uuid[i] && n < UUID_DIGITS; i++) {
        if (uuid[i] != '-')
            digits[n++] = uuid[i];
    }
    digits[n] = '\0';
    if (writer->error.rc == CF_OK && cf_text_from_hex(digits, &octets, &writer->error) == CF_OK &&
        cf_buf_len(octets) == sizeof guid.octet)
        memcpy(guid.octet, cf_buf_bytes(octets).data, sizeof guid.octet);
    return guid;
}

void
cf_dcom_write_this(struct cf_writer *writer)
{
    struct cf_guid causality = random_guid(writer);

    cf_write_u16(writer, VERSION_MAJOR);
    cf_write_u16(writer, VERSION_MINOR);
    cf_write_u32(writer, 0); /* flags */
    cf_write_u32(writer, 0); /* reserved */
    cf_write_guid(writer, &causality);
    cf_write_u32(writer, 0); /* extensions */
}

static void
skip_extension(struct cf_reader *reader)
{
    cf_read_align(reader, 4);
    uint32_t room = cf_read_u32(reader);
    (void)cf_read_guid(reader);
    uint32_t size = cf_read_u32(reader);
    if (size > room || room - size >= 8)
        cf_read_fail(reader);
    (void)cf_read_bytes(reader, room);
}

void
cf_dcom_read_that(struct cf_reader *reader)
{
    uint32_t n_present = 0;

    (void)cf_read_u32(reader); /* flags */
    if (cf_read_u32(reader) == 0)
        return;
    uint32_t n = cf_read_u32(reader);
    (void)cf_read_u32(reader); /* reserved */
    if (cf_read_u32(reader) == 0)
        return;
    uint32_t n_pointers = cf_read_u32(reader);
    if (n > CF_DCOM_EXTENSIONS_MAX || n_pointers != (n + 1) / 2 * 2)
        cf_read_fail(reader);
    for (uint32_t i = 0; cf_reader_ok(reader) && i < n_pointers; i++)
        n_present += cf_read_u32(reader) != 0;
    for (uint32_t i = 0; cf_reader_ok(reader) && i < n_present; i++)
        skip_extension(reader);
    cf_read_align(reader, 4);
}
