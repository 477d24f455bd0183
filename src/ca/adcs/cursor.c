/* SPDX-License-Identifier: Apache-2.0 */
#include "cursor.h"

#include <string.h>

bool
cf_guid_equal(const struct cf_guid *a, const struct cf_guid *b)
{
    return memcmp(a->octet, b->octet, sizeof a->octet) == 0;
}

struct cf_reader
cf_reader_of(struct cf_bytes bytes)
{
    return (struct cf_reader){.bytes = bytes};
}

bool
cf_reader_ok(const struct cf_reader *reader)
{
    return !reader->has_failed;
}

size_t
cf_reader_left(const struct cf_reader *reader)
{
    return reader->has_failed ? 0 : reader->bytes.len - reader->at;
}

void
cf_read_fail(struct cf_reader *reader)
{
    reader->has_failed = true;
}

struct cf_bytes
cf_read_bytes(struct cf_reader *reader, size_t len)
{
    if (len > cf_reader_left(reader)) {
        cf_read_fail(reader);
        return cf_bytes_of(NULL, 0);
    }
    if (len == 0)
        return cf_bytes_of(NULL, 0);
    const uint8_t *data = reader->bytes.data + reader->at;
    reader->at += len;
    return cf_bytes_of(data, len);
}

static uint64_t
read_integer(struct cf_reader *reader, size_t len)
{
    struct cf_bytes bytes = cf_read_bytes(reader, len);
    uint64_t value = 0;

    for (size_t i = bytes.len; i-- > 0;)
        value = value << 8 | bytes.data[i];
    return value;
}

uint8_t
cf_read_u8(struct cf_reader *reader)
{
    return (uint8_t)read_integer(reader, 1);
}

uint16_t
cf_read_u16(struct cf_reader *reader)
{
    return (uint16_t)read_integer(reader, 2);
}

uint32_t
cf_read_u32(struct cf_reader *reader)
{
    return (uint32_t)read_integer(reader, 4);
}

uint64_t
cf_read_u64(struct cf_reader *reader)
{
    return read_integer(reader, 8);
}

struct cf_guid
cf_read_guid(struct cf_reader *reader)
{
    struct cf_guid guid = {0};
    struct cf_bytes bytes = cf_read_bytes(reader, sizeof guid.octet);

    if (bytes.len > 0)
        memcpy(guid.octet, bytes.data, bytes.len);
    return guid;
}

/* How many bytes are missing to a multiple of `to`. */
static size_t
gap(size_t at, size_t to)
{
    return (to - at % to) % to;
}

void
cf_read_align(struct cf_reader *reader, size_t to)
{
    (void)cf_read_bytes(reader, gap(reader->at, to));
}

struct cf_writer
cf_writer_to(struct cf_buf *buf)
{
    return (struct cf_writer){.buf = buf};
}

void
cf_write_bytes(struct cf_writer *writer, struct cf_bytes bytes)
{
    if (writer->error.rc == CF_OK)
        writer->error.rc = cf_buf_append(writer->buf, bytes.data, bytes.len, &writer->error);
}

static void
write_integer(struct cf_writer *writer, uint64_t value, size_t len)
{
    uint8_t octet[sizeof value];

    for (size_t i = 0; i < len; i++)
        octet[i] = (uint8_t)(value >> (8 * i));
    cf_write_bytes(writer, cf_bytes_of(octet, len));
}

void
cf_write_u8(struct cf_writer *writer, uint8_t value)
{
    write_integer(writer, value, 1);
}

void
cf_write_u16(struct cf_writer *writer, uint16_t value)
{
    write_integer(writer, value, 2);
}

void
cf_write_u32(struct cf_writer *writer, uint32_t value)
{
    write_integer(writer, value, 4);
}

void
cf_write_u64(struct cf_writer *writer, uint64_t value)
{
    write_integer(writer, value, 8);
}

void
cf_write_guid(struct cf_writer *writer, const struct cf_guid *guid)
{
    cf_write_bytes(writer, cf_bytes_of(guid->octet, sizeof guid->octet));
}

void
cf_write_zeros(struct cf_writer *writer, size_t len)
{
    static const uint8_t ZEROS[64];

    while (len > 0) {
        size_t part = len < sizeof ZEROS ? len : sizeof ZEROS;
        cf_write_bytes(writer, cf_bytes_of(ZEROS, part));
        len -= part;
        if (writer->error.rc != CF_OK)
            return;
    }
}

void
cf_write_align(struct cf_writer *writer, size_t to)
{
    cf_write_zeros(writer, gap(cf_buf_len(writer->buf), to));
}

enum cf_rc
cf_writer_end(const struct cf_writer *writer, struct cf_err *err)
{
    if (writer->error.rc != CF_OK && err)
        *err = writer->error;
    return writer->error.rc;
}
