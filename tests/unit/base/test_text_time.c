/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>
#include <time.h>

#include "certferry/text.h"

static void
times_of_any_offset_and_fraction_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } GOOD[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2031-05-06T07:08:09Z", 1935817689000},
        {"2031-05-06t07:08:09z", 1935817689000},
        {"2031-05-06T09:38:09+02:30", 1935817689000},
        {"2031-05-05T23:08:09-08:00", 1935817689000},
        {"2031-05-06T07:08:09.5Z", 1935817689500},
        {"2031-05-06T07:08:09.123456789Z", 1935817689123},
        {"2000-02-29T00:00:00Z", 951782400000},
        {"2016-12-31T23:59:60Z", 1483228800000},
        {"9999-12-31T23:59:59.999Z", 253402300799999},
    };

    for (size_t i = 0; i < CF_COUNT(GOOD); i++) {
        struct cf_err err;
        int64_t ms = -1;
        assert_ok(cf_text_time(GOOD[i].text, &ms, &err), err);
        assert_int_equal(ms, GOOD[i].ms);
    }
}

static void
what_is_no_rfc_3339_time_is_refused(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "",
        "2031-05-06",
        "2031-05-06T07:08:09",
        "2031-05-06 07:08:09Z",
        "2031-05-06T07:08Z",
        "2031-5-6T07:08:09Z",
        "2031-05-06T07:08:09.Z",
        "2031-05-06T07:08:09.1234567890Z",
        "2031-05-06T07:08:09+0200",
        "2031-05-06T07:08:09 Z",
        " 2031-05-06T07:08:09Z",
        "2031-05-06T07:08:09Zx",
        "12031-05-06T07:08:09Z",
    };
    int64_t ms = 77;

    for (size_t i = 0; i < CF_COUNT(BAD); i++)
        assert_rc(cf_text_time(BAD[i], &ms, NULL), CF_E_SYNTAX);
    assert_int_equal(ms, 77);
}

static void
days_that_do_not_exist_are_refused(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "2031-02-29T00:00:00Z", "1900-02-29T00:00:00Z",      "2031-00-01T00:00:00Z",
        "2031-13-01T00:00:00Z", "2031-04-31T00:00:00Z",      "2031-04-00T00:00:00Z",
        "2031-04-01T24:00:00Z", "2031-04-01T00:60:00Z",      "2031-04-01T00:00:61Z",
        "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00",
        "9999-12-31T23:59:60Z",
    };
    int64_t ms;

    for (size_t i = 0; i < CF_COUNT(BAD); i++)
        assert_rc(cf_text_time(BAD[i], &ms, NULL), CF_E_RANGE);
    assert_rc(cf_text_time("2031-04-01T00:00:00+24:00", &ms, NULL), CF_E_SYNTAX);
}

static void
a_written_time_agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t ms = 0; ms < 253402300800000; ms += 86400000LL * 97 + 12345678) {
        char text[CF_TEXT_TIME_SIZE];
        char expected[64];
        time_t seconds = ms / 1000;
        struct tm tm;
        int64_t back;

        cf_text_from_time(ms, text);
        gmtime_r(&seconds, &tm);
        strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S", &tm);
        assert_memory_equal(text, expected, 19);
        assert_rc(cf_text_time(text, &back, NULL), CF_OK);
        assert_int_equal(back, ms);
    }
}

static void
times_outside_the_years_are_written_as_the_nearest(void **state)
{
    (void)state;
    char text[CF_TEXT_TIME_SIZE];

    cf_text_from_time(-1, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    cf_text_from_time(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
}

static void
http_dates_are_read_in_their_fixed_form_only(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "sun, 06 nov 1994 08:49:37 GMT",
    };
    struct cf_err err;
    int64_t seconds = 77;

    for (size_t i = 0; i < CF_COUNT(BAD); i++)
        assert_rc(cf_text_http_date(BAD[i], &seconds, NULL), CF_E_SYNTAX);
    assert_rc(cf_text_http_date("Mon, 06 Nov 1994 08:49:37 GMT", &seconds, NULL), CF_E_RANGE);
    assert_rc(cf_text_http_date("Sun, 31 Nov 1994 08:49:37 GMT", &seconds, NULL), CF_E_RANGE);
    assert_int_equal(seconds, 77);
    assert_ok(cf_text_http_date("Sun, 06 Nov 1994 08:49:37 GMT", &seconds, &err), err);
    assert_int_equal(seconds, 784111777);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_of_any_offset_and_fraction_are_read),
        cmocka_unit_test(what_is_no_rfc_3339_time_is_refused),
        cmocka_unit_test(days_that_do_not_exist_are_refused),
        cmocka_unit_test(a_written_time_agrees_with_the_c_library),
        cmocka_unit_test(times_outside_the_years_are_written_as_the_nearest),
        cmocka_unit_test(http_dates_are_read_in_their_fixed_form_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
