/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ca/adcs/ndr.h"
#include "unit/base/unit.h"

static void
assert_bytes(const struct cf_buf *buf, const void *want, size_t len)
{
    assert_int_equal(cf_buf_len(buf), len);
    assert_memory_equal(cf_buf_bytes(buf).data, want, len);
}

static void
utf8_becomes_utf16(void **state)
{
    static const uint8_t WANT[] = {'a', 0, 0xfc, 0, 0xac, 0x20, 0x3d, 0xd8, 0x00, 0xde, 0, 0};
    cf_own(cf_buf) utf16 = NULL;
    cf_own(cf_buf) bare = NULL;
    struct cf_err err;

    (void)state;
    assert_ok(cf_utf16_from_utf8("a\u00fc\u20ac\U0001f600", true, &utf16, &err), err);
    assert_bytes(utf16, WANT, sizeof WANT);
    assert_ok(cf_utf16_from_utf8("a\u00fc", false, &bare, &err), err);
    assert_bytes(bare, WANT, 4);
}

static void
what_is_not_utf8_is_refused(void **state)
{
    struct cf_buf *utf16 = NULL;

    (void)state;
    assert_rc(cf_utf16_from_utf8("a\xff", true, &utf16, NULL), CF_E_SYNTAX);
    assert_rc(cf_utf16_from_utf8("\xed\xa0\x80", true, &utf16, NULL), CF_E_SYNTAX);
    assert_null(utf16);
}

static void
assert_shown(const void *utf16, size_t len, const char *want)
{
    char text[64];

    cf_utf16_to_text(cf_bytes_of(utf16, len), text, sizeof text);
    assert_string_equal(text, want);
}

static void
text_for_people_is_printable(void **state)
{
    (void)state;
    assert_shown("D\0e\0n\0i\0e\0d\0\0\0x\0", 16, "Denied");
    assert_shown("a\0\r\0\n\0b\0\n\0c\0\r\0\n\0", 14, "a b c");
    assert_shown("a\0\x1b\0\x2e\x20", 6, "a??");
    assert_shown("\x3d\xd8\x00\xde", 4, "\U0001f600");
    assert_shown("\x3d\xd8z\0\x00\xde", 6, "?z?");
    assert_shown("\x3d\xd8", 2, "?");
    assert_shown("a\0b", 3, "a");
    assert_shown("", 0, "");
}

static void
text_is_cut_at_a_character(void **state)
{
    char text[4];

    (void)state;
    cf_utf16_to_text(cf_bytes_of("a\0b\0\xac\x20", 6), text, sizeof text);
    assert_string_equal(text, "ab");
    cf_utf16_to_text(cf_bytes_of("a\0", 2), text, 1);
    assert_string_equal(text, "");
}

static void
a_string_has_its_counts_and_its_nul(void **state)
{
    static const uint8_t WANT[] = {7, 0, 0, 0, 4, 0, 2, 0,   3, 0,   0, 0, 0,
                                   0, 0, 0, 3, 0, 0, 0, 'C', 0, 'A', 0, 0, 0};
    cf_own(cf_buf) buf = cf_buf_new(256);
    struct cf_writer writer = cf_writer_to(buf);
    struct cf_err err;

    (void)state;
    cf_write_u8(&writer, 7);
    cf_ndr_write_string(&writer, 0x00020004, "CA");
    assert_ok(cf_writer_end(&writer, &err), err);
    assert_bytes(buf, WANT, sizeof WANT);

    cf_ndr_write_string(&writer, 1, "\xff");
    assert_rc(cf_writer_end(&writer, &err), CF_E_SYNTAX);
}

static void
a_blob_is_count_pointer_and_bytes(void **state)
{
    static const uint8_t WANT[] = {3,   0,   0,   0, 9, 0, 0, 0, 3, 0, 0, 0,
                                   'a', 'b', 'c', 0, 0, 0, 0, 0, 0, 0, 0, 0};
    cf_own(cf_buf) buf = cf_buf_new(256);
    struct cf_writer writer = cf_writer_to(buf);
    struct cf_err err;

    (void)state;
    cf_ndr_write_blob(&writer, 9, cf_bytes_of("abc", 3));
    cf_ndr_write_blob(&writer, 10, cf_bytes_of(NULL, 0));
    assert_ok(cf_writer_end(&writer, &err), err);
    assert_bytes(buf, WANT, sizeof WANT);

    struct cf_reader reader = cf_reader_of(cf_buf_bytes(buf));
    struct cf_bytes blob = cf_ndr_read_blob(&reader, 3);
    assert_true(cf_bytes_equal(blob, cf_bytes_of("abc", 3)));
    assert_int_equal(cf_ndr_read_blob(&reader, 3).len, 0);
    assert_true(cf_reader_ok(&reader));
    assert_int_equal(cf_reader_left(&reader), 0);
}

static void
blobs_that_contradict_themselves_fail(void **state)
{
    static const struct {
        uint8_t bytes[16];
        size_t len;
    } BAD[] = {
        {{3, 0, 0, 0, 0, 0, 0, 0, 'a', 'b', 'c'}, 11},             /* no pointer, but bytes */
        {{3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 'a', 'b', 'c'}, 15}, /* two counts */
        {{2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 'a', 'b', 'c'}, 15},
        {{4, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 'a', 'b', 'c', 'd'}, 15}, /* cut off */
        {{4, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 'a', 'b', 'c', 'd'}, 16}, /* more than 3 */
        {{255, 255, 255, 255, 1, 0, 0, 0, 255, 255, 255, 255, 'a'}, 16},
    };
    (void)state;
    for (size_t i = 0; i < CF_COUNT(BAD); i++) {
        struct cf_reader reader = cf_reader_of(cf_bytes_of(BAD[i].bytes, BAD[i].len));
        assert_int_equal(cf_ndr_read_blob(&reader, 3).len, 0);
        assert_false(cf_reader_ok(&reader));
    }
}

static void
a_blob_of_nothing_may_have_a_pointer(void **state)
{
    struct cf_reader reader = cf_reader_of(cf_bytes_of("\0\0\0\0\1\0\0\0\0\0\0\0", 12));

    (void)state;
    assert_int_equal(cf_ndr_read_blob(&reader, 3).len, 0);
    assert_true(cf_reader_ok(&reader));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_becomes_utf16),
        cmocka_unit_test(what_is_not_utf8_is_refused),
        cmocka_unit_test(text_for_people_is_printable),
        cmocka_unit_test(text_is_cut_at_a_character),
        cmocka_unit_test(a_string_has_its_counts_and_its_nul),
        cmocka_unit_test(a_blob_is_count_pointer_and_bytes),
        cmocka_unit_test(blobs_that_contradict_themselves_fail),
        cmocka_unit_test(a_blob_of_nothing_may_have_a_pointer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
