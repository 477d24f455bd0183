/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cursor - the one way to read what a peer sent and to write what it gets: little-endian integers,
 * aligned as NDR 2.0 wants it (DCE 1.1 RPC, C706 chapter 14).
 *
 * A read past the end gives zeros and is remembered; ask cf_reader_ok once, before believing
 * anything. A failed write is remembered likewise.
 */
#pragma once

#include <stdint.h>

#include "certferry/buf.h"

struct cf_guid {
    uint8_t octet[16]; /* as on the wire */
};
/* A GUID from its fields, as it is printed: {d1-d2-d3-d4...}. */
#define CF_GUID(d1, d2, d3, ...)                                                                   \
    {                                                                                              \
        {                                                                                          \
            (d1) & 0xff, ((d1) >> 8) & 0xff, ((d1) >> 16) & 0xff, ((d1) >> 24) & 0xff, (d2)&0xff,  \
                ((d2) >> 8) & 0xff, (d3)&0xff, ((d3) >> 8) & 0xff, __VA_ARGS__                     \
        }                                                                                          \
    }
bool cf_guid_equal(const struct cf_guid *a, const struct cf_guid *b);

struct cf_reader {
    struct cf_bytes bytes;
    size_t at;
    bool has_failed;
};
struct cf_reader cf_reader_of(struct cf_bytes bytes);
bool cf_reader_ok(const struct cf_reader *reader);
size_t cf_reader_left(const struct cf_reader *reader);
uint8_t cf_read_u8(struct cf_reader *reader);
uint16_t cf_read_u16(struct cf_reader *reader);
uint32_t cf_read_u32(struct cf_reader *reader);
uint64_t cf_read_u64(struct cf_reader *reader);
struct cf_guid cf_read_guid(struct cf_reader *reader);
/* A borrowed view; empty after a failure. */
struct cf_bytes cf_read_bytes(struct cf_reader *reader, size_t len);
void cf_read_align(struct cf_reader *reader, size_t to);
void cf_read_fail(struct cf_reader *reader); /* what was read makes no sense */

struct cf_writer {
    struct cf_buf *buf;  /* borrowed */
    struct cf_err error; /* the first; rc CF_OK: none */
};
struct cf_writer cf_writer_to(struct cf_buf *buf);
void cf_write_u8(struct cf_writer *writer, uint8_t value);
void cf_write_u16(struct cf_writer *writer, uint16_t value);
void cf_write_u32(struct cf_writer *writer, uint32_t value);
void cf_write_u64(struct cf_writer *writer, uint64_t value);
void cf_write_guid(struct cf_writer *writer, const struct cf_guid *guid);
void cf_write_bytes(struct cf_writer *writer, struct cf_bytes bytes);
void cf_write_zeros(struct cf_writer *writer, size_t len);
void cf_write_align(struct cf_writer *writer, size_t to); /* with zeros */
CF_MUST_USE enum cf_rc cf_writer_end(const struct cf_writer *writer, struct cf_err *err);
