/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ca/adcs/cursor.h"
#include "unit/base/unit.h"

static const uint8_t BYTES[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b,
                                0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15};

static struct cf_reader
reader(size_t len)
{
    return cf_reader_of(cf_bytes_of(BYTES, len));
}

static void
reads_little_endian_integers(void **state)
{
    struct cf_reader r = reader(15);

    (void)state;
    assert_int_equal(cf_read_u8(&r), 0x01);
    assert_int_equal(cf_read_u16(&r), 0x0302);
    assert_int_equal(cf_read_u32(&r), 0x07060504);
    assert_true(cf_read_u64(&r) == 0x0f0e0d0c0b0a0908);
    assert_int_equal(cf_reader_left(&r), 0);
    assert_true(cf_reader_ok(&r));
}

static void
a_read_past_the_end_gives_zero_and_stays_failed(void **state)
{
    struct cf_reader r = reader(3);

    (void)state;
    assert_int_equal(cf_read_u32(&r), 0);
    assert_false(cf_reader_ok(&r));
    assert_int_equal(cf_reader_left(&r), 0);
    assert_int_equal(cf_read_u8(&r), 0);
    assert_null(cf_read_bytes(&r, 1).data);
    struct cf_guid guid = cf_read_guid(&r), zero = {0};
    assert_true(cf_guid_equal(&guid, &zero));
}

static void
a_length_that_is_huge_does_not_wrap_around(void **state)
{
    struct cf_reader r = reader(8);

    (void)state;
    (void)cf_read_u16(&r);
    assert_int_equal(cf_read_bytes(&r, SIZE_MAX).len, 0);
    assert_false(cf_reader_ok(&r));
}

static void
aligns_from_the_beginning_of_the_bytes(void **state)
{
    struct cf_reader r = reader(16);

    (void)state;
    cf_read_align(&r, 8);
    assert_int_equal(r.at, 0);
    (void)cf_read_u8(&r);
    cf_read_align(&r, 4);
    assert_int_equal(cf_read_u8(&r), 0x05);
    cf_read_align(&r, 8);
    assert_int_equal(cf_read_u8(&r), 0x09);
    struct cf_reader cut = reader(3);
    (void)cf_read_u8(&cut);
    cf_read_align(&cut, 4);
    assert_false(cf_reader_ok(&cut));
}

static void
a_failed_reader_gives_nothing_any_more(void **state)
{
    struct cf_reader r = reader(16);

    (void)state;
    cf_read_fail(&r);
    assert_int_equal(cf_read_u8(&r), 0);
    assert_false(cf_reader_ok(&r));
}

static void
a_guid_is_on_the_wire_as_its_fields_are_little_endian(void **state)
{
    static const struct cf_guid guid =
        CF_GUID(0x04030201, 0x0605, 0x0807, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10);
    struct cf_reader r = reader(16);
    struct cf_guid read = cf_read_guid(&r);

    (void)state;
    assert_true(cf_guid_equal(&guid, &read));
    read.octet[15] ^= 1;
    assert_false(cf_guid_equal(&guid, &read));
}

static void
what_is_written_is_read_back(void **state)
{
    cf_own(cf_buf) buf = cf_buf_new(256);
    struct cf_writer writer = cf_writer_to(buf);
    struct cf_err err;

    (void)state;
    cf_write_u8(&writer, 0xfe);
    cf_write_align(&writer, 4);
    cf_write_u32(&writer, 0xfedcba98);
    cf_write_u16(&writer, 0x8001);
    cf_write_align(&writer, 8);
    cf_write_u64(&writer, 0xfedcba9876543210);
    cf_write_zeros(&writer, 100);
    assert_ok(cf_writer_end(&writer, &err), err);

    struct cf_reader r = cf_reader_of(cf_buf_bytes(buf));
    assert_int_equal(cf_read_u8(&r), 0xfe);
    cf_read_align(&r, 4);
    assert_true(cf_read_u32(&r) == 0xfedcba98);
    assert_int_equal(cf_read_u16(&r), 0x8001);
    cf_read_align(&r, 8);
    assert_true(cf_read_u64(&r) == 0xfedcba9876543210);
    assert_int_equal(cf_reader_left(&r), 100);
}

static void
the_first_failed_write_is_remembered(void **state)
{
    cf_own(cf_buf) buf = cf_buf_new(6);
    struct cf_writer writer = cf_writer_to(buf);
    struct cf_err err;

    (void)state;
    cf_write_u32(&writer, 1);
    cf_write_u32(&writer, 2);
    cf_write_u8(&writer, 3);
    cf_write_zeros(&writer, SIZE_MAX);
    assert_rc(cf_writer_end(&writer, &err), CF_E_LIMIT);
    assert_rc(err.rc, CF_E_LIMIT);
    assert_int_equal(cf_buf_len(buf), 4);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_little_endian_integers),
        cmocka_unit_test(a_read_past_the_end_gives_zero_and_stays_failed),
        cmocka_unit_test(a_length_that_is_huge_does_not_wrap_around),
        cmocka_unit_test(aligns_from_the_beginning_of_the_bytes),
        cmocka_unit_test(a_failed_reader_gives_nothing_any_more),
        cmocka_unit_test(a_guid_is_on_the_wire_as_its_fields_are_little_endian),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(the_first_failed_write_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
