/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "certferry/text.h"

static void
decimal_numbers_are_read_whole(void **state)
{
    (void)state;
    struct cf_err err;
    uint64_t value;

    assert_ok(cf_text_u64("0", 0, 10, &value, &err), err);
    assert_int_equal(value, 0);
    assert_ok(cf_text_u64("18446744073709551615", 0, UINT64_MAX, &value, &err), err);
    assert_true(value == UINT64_MAX);
}

static void
what_is_no_plain_number_is_refused(void **state)
{
    (void)state;
    static const char *const BAD[] = {"", " 1", "1 ", "+1", "-1", "01", "0x1", "1.0", "1e3", "a"};
    uint64_t value = 77;

    for (size_t i = 0; i < CF_COUNT(BAD); i++)
        assert_rc(cf_text_u64(BAD[i], 0, 100, &value, NULL), CF_E_SYNTAX);
    assert_rc(cf_text_u64("18446744073709551616", 0, UINT64_MAX, &value, NULL), CF_E_RANGE);
    assert_int_equal(value, 77);
}

static void
a_number_out_of_range_is_told_the_range(void **state)
{
    (void)state;
    struct cf_err err;
    uint64_t value;

    assert_rc(cf_text_u64("11", 2, 10, &value, &err), CF_E_RANGE);
    assert_contains(err.text, "from 2 to 10");
    assert_rc(cf_text_u64("1", 2, 10, &value, &err), CF_E_RANGE);
}

static void
durations_are_sums_of_terms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } GOOD[] = {{"0", 0},           {"250ms", 250},      {"30s", 30000},
                {"5m", 300000},     {"2h", 7200000},     {"7d", 604800000},
                {"2w", 1209600000}, {"1y", 31536000000}, {"1h 30m", 5400000},
                {"90s 10ms", 90010}};

    for (size_t i = 0; i < CF_COUNT(GOOD); i++) {
        uint64_t ms = 0;
        assert_rc(cf_text_duration(GOOD[i].text, 0, UINT64_MAX, &ms, NULL), CF_OK);
        assert_int_equal(ms, GOOD[i].ms);
    }
}

static void
a_duration_needs_a_unit_and_no_doubt(void **state)
{
    (void)state;
    static const char *const BAD[] = {"",    "5",       "5 s",     "s",      "-5s",  "5S",   "1.5h",
                                      "05s", "1h  30m", "1h 30m ", "1h,30m", "5sec", "1m30s"};
    uint64_t ms = 77;

    for (size_t i = 0; i < CF_COUNT(BAD); i++)
        assert_rc(cf_text_duration(BAD[i], 0, UINT64_MAX, &ms, NULL), CF_E_SYNTAX);
    assert_rc(cf_text_duration("99999999999999y", 0, UINT64_MAX, &ms, NULL), CF_E_RANGE);
    assert_rc(cf_text_duration("584942417y 584942417y", 0, UINT64_MAX, &ms, NULL), CF_E_RANGE);
    assert_int_equal(ms, 77);
}

static void
a_duration_out_of_range_is_told_the_range_in_words(void **state)
{
    (void)state;
    struct cf_err err;
    uint64_t ms;

    assert_rc(cf_text_duration("1s", 5000, 3600000, &ms, &err), CF_E_RANGE);
    assert_contains(err.text, "from 5s to 1h");
}

static void
a_written_duration_reads_back(void **state)
{
    (void)state;
    static const uint64_t MS[] = {0,         1, 999, 1000, 90000, 86400001, 31536000000 + 61001,
                                  UINT64_MAX};

    for (size_t i = 0; i < CF_COUNT(MS); i++) {
        char text[64];
        uint64_t back;
        cf_text_from_duration(MS[i], text, sizeof text);
        assert_rc(cf_text_duration(text, 0, UINT64_MAX, &back, NULL), CF_OK);
        assert_true(back == MS[i]);
    }
    char text[64];
    cf_text_from_duration(90000, text, sizeof text);
    assert_string_equal(text, "1m 30s");
}

static void
sizes_take_a_binary_unit(void **state)
{
    (void)state;
    uint64_t size;

    assert_rc(cf_text_size("4096", 0, UINT64_MAX, &size, NULL), CF_OK);
    assert_int_equal(size, 4096);
    assert_rc(cf_text_size("64K", 0, UINT64_MAX, &size, NULL), CF_OK);
    assert_int_equal(size, 65536);
    assert_rc(cf_text_size("1G", 0, UINT64_MAX, &size, NULL), CF_OK);
    assert_int_equal(size, 1 << 30);
    assert_rc(cf_text_size("8k", 0, UINT64_MAX, &size, NULL), CF_E_SYNTAX);
    assert_rc(cf_text_size("8 M", 0, UINT64_MAX, &size, NULL), CF_E_SYNTAX);
    assert_rc(cf_text_size("8MB", 0, UINT64_MAX, &size, NULL), CF_E_SYNTAX);
    assert_rc(cf_text_size("99999999999G", 0, UINT64_MAX, &size, NULL), CF_E_RANGE);
    assert_rc(cf_text_size("2K", 0, 2047, &size, NULL), CF_E_RANGE);
}

static void
yes_and_no_have_four_spellings(void **state)
{
    (void)state;
    bool value = false;

    assert_rc(cf_text_bool("Yes", &value, NULL), CF_OK);
    assert_true(value);
    assert_rc(cf_text_bool("OFF", &value, NULL), CF_OK);
    assert_false(value);
    assert_rc(cf_text_bool("y", &value, NULL), CF_E_SYNTAX);
    assert_rc(cf_text_bool("", &value, NULL), CF_E_SYNTAX);
    assert_rc(cf_text_bool("2", &value, NULL), CF_E_SYNTAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimal_numbers_are_read_whole),
        cmocka_unit_test(what_is_no_plain_number_is_refused),
        cmocka_unit_test(a_number_out_of_range_is_told_the_range),
        cmocka_unit_test(durations_are_sums_of_terms),
        cmocka_unit_test(a_duration_needs_a_unit_and_no_doubt),
        cmocka_unit_test(a_duration_out_of_range_is_told_the_range_in_words),
        cmocka_unit_test(a_written_duration_reads_back),
        cmocka_unit_test(sizes_take_a_binary_unit),
        cmocka_unit_test(yes_and_no_have_four_spellings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
