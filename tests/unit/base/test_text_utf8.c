/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "certferry/text.h"

static void
valid_utf8_is_recognized(void **state)
{
    (void)state;
    static const char *const GOOD[] = {"",
                                       "abc",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};

    for (size_t i = 0; i < CF_COUNT(GOOD); i++)
        assert_true(cf_text_is_utf8(GOOD[i], strlen(GOOD[i])));
    assert_true(cf_text_is_utf8("a\0b", 3));
}

static void
broken_overlong_and_surrogate_sequences_are_not_utf8(void **state)
{
    (void)state;
    static const char *const BAD[] = {"\x80",
                                      "\xc2",
                                      "\xc2\x41",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x9f\xbf",
                                      "\xe2\x82",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "\xff"};

    for (size_t i = 0; i < CF_COUNT(BAD); i++) {
        assert_false(cf_text_is_utf8(BAD[i], strlen(BAD[i])));
        assert_false(cf_text_is_printable(BAD[i], strlen(BAD[i])));
    }
}

static void
control_characters_are_not_printable(void **state)
{
    (void)state;
    assert_true(cf_text_is_printable("Gr\xc3\xbc\xc3\x9f"
                                     "e \xe2\x82\xac",
                                     11));
    assert_false(cf_text_is_printable("a\n", 2));
    assert_false(cf_text_is_printable("a\x7f", 2));
    assert_false(cf_text_is_printable("\xc2\x85", 2));
    assert_false(cf_text_is_printable("\0", 1));
}

static void
marks_that_deceive_a_reader_are_not_printable(void **state)
{
    (void)state;
    static const char *const DECEPTIVE[] = {
        "\xd8\x9c",         /* U+061C, Arabic letter mark */
        "\xe2\x80\x8b",     /* U+200B, a space without width */
        "\xe2\x80\xa8",     /* U+2028, a line break */
        "\xe2\x80\xae",     /* U+202E, right to left from here */
        "\xe2\x81\xa0",     /* U+2060, joins and shows nothing */
        "\xe2\x81\xa6",     /* U+2066 */
        "\xe2\x81\xaa",     /* U+206A */
        "\xef\xbb\xbf",     /* U+FEFF */
        "\xef\xbf\xb9",     /* U+FFF9 */
        "\xf3\xa0\x81\xa1", /* U+E0061, an "a" that is not seen */
        "\xef\xbf\xbd",     /* U+FFFD, in place of what could not be read */
        "\xef\xbf\xbf",     /* U+FFFF, which XML cannot hold */
        "\xc2\xad",         /* U+00AD, a hyphen that is not seen */
        "\xe2\x80\x8e",     /* U+200E and the other marks of direction */
        "\xe2\x80\x8f",     "\xe2\x80\xaa", "\xe2\x80\xab", "\xe2\x80\xac", "\xe2\x80\xad",
        "\xe2\x81\xa7",     "\xe2\x81\xa8", "\xe2\x81\xa9", "\xcd\x8f", /* U+034F */
        "\xe3\x85\xa4",     /* U+3164, a letter without a shape */
        "\xef\xbe\xa0",     /* U+FFA0 */
        "\xe2\xa0\x80",     /* U+2800, a pattern without dots */
        "\xf0\x9d\x85\xb3", /* U+1D173 */
        "\xf0\x9f\xbf\xbf", /* U+1FFFF */
    };
    char text[16];

    for (size_t i = 0; i < CF_COUNT(DECEPTIVE); i++) {
        size_t len = strlen(DECEPTIVE[i]);
        assert_false(cf_text_is_printable(DECEPTIVE[i], len));
        cf_text_sanitize(DECEPTIVE[i], len, text, sizeof text);
        assert_string_equal(text, "?");
    }
    /* Persian words and joined emoji need theirs. */
    assert_true(cf_text_is_printable("\xe2\x80\x8c\xe2\x80\x8d\xef\xb8\x8f", 9));
}

static void
ascii_is_told_from_more(void **state)
{
    (void)state;
    assert_true(cf_text_is_ascii(""));
    assert_true(cf_text_is_ascii("a\x7f"));
    assert_false(cf_text_is_ascii("a\x80"));
    assert_false(cf_text_is_ascii("\xc3\xa9"));
}

static void
unsafe_text_is_made_safe(void **state)
{
    (void)state;
    char text[64];

    cf_text_sanitize("a\r\nb\x1b[0m\xc2\x9b\xff\xe2\x82", 13, text, sizeof text);
    assert_string_equal(text, "a??b?[0m????");
    cf_text_sanitize("abc\xe2\x80\xae"
                     "fdp.exe",
                     13, text, sizeof text);
    assert_string_equal(text, "abc?fdp.exe");
    cf_text_sanitize("a\0b", 3, text, sizeof text);
    assert_string_equal(text, "a?b");
}

static void
safe_text_is_cut_between_characters(void **state)
{
    (void)state;
    char text[5] = "xxxx";

    cf_text_sanitize("ab\xe2\x82\xac", 5, text, sizeof text);
    assert_string_equal(text, "ab");
    cf_text_sanitize("a\xe2\x82\xac", 4, text, sizeof text);
    assert_string_equal(text, "a\xe2\x82\xac");
    cf_text_sanitize("abc", 3, text, 1);
    assert_string_equal(text, "");
    cf_text_sanitize("abc", 3, NULL, 0);
}

static void
names_compare_without_ascii_case(void **state)
{
    (void)state;
    assert_true(cf_text_equal_nocase("Retry-After", "retry-AFTER"));
    assert_false(cf_text_equal_nocase("abc", "abcd"));
    assert_false(cf_text_equal_nocase("[", "{"));
    assert_false(cf_text_equal_nocase(NULL, NULL));

    char first[] = "corp", second[] = "Lab";
    char *const words[] = {first, second, NULL};
    assert_true(cf_text_is_listed(words, "corp"));
    assert_true(cf_text_is_listed(words, "Lab"));
    assert_false(cf_text_is_listed(words, "lab"));
    assert_false(cf_text_is_listed(words, "cor"));
    assert_false(cf_text_is_listed(NULL, "corp"));
    assert_true(cf_text_starts_with("https://x", "https://"));
    assert_false(cf_text_starts_with("http", "https"));
}

static void
the_nearest_name_is_found_and_a_far_one_is_not(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"endpoint", "poll_interval", "ca"};

    assert_string_equal(cf_text_nearest("endpiont", NAMES, 3), "endpoint");
    assert_string_equal(cf_text_nearest("pol_interval", NAMES, 3), "poll_interval");
    assert_null(cf_text_nearest("colour", NAMES, 3));
    assert_null(cf_text_nearest("", NAMES, 3));
    assert_null(cf_text_nearest("endpoint", NAMES, 0));
    char longer[200];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_null(cf_text_nearest(longer, NAMES, 3));
}

static void
uuids_have_their_form_and_differ(void **state)
{
    (void)state;
    char a[CF_UUID_SIZE];
    char b[CF_UUID_SIZE];

    cf_text_uuid(a);
    cf_text_uuid(b);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), 36);
    assert_int_equal(strspn(a, "0123456789abcdef-"), 36);
    assert_int_equal(a[14], '4');
    assert_non_null(strchr("89ab", a[19]));
    assert_true(a[8] == '-' && a[13] == '-' && a[18] == '-' && a[23] == '-');
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_utf8_is_recognized),
        cmocka_unit_test(broken_overlong_and_surrogate_sequences_are_not_utf8),
        cmocka_unit_test(control_characters_are_not_printable),
        cmocka_unit_test(marks_that_deceive_a_reader_are_not_printable),
        cmocka_unit_test(ascii_is_told_from_more),
        cmocka_unit_test(unsafe_text_is_made_safe),
        cmocka_unit_test(safe_text_is_cut_between_characters),
        cmocka_unit_test(names_compare_without_ascii_case),
        cmocka_unit_test(the_nearest_name_is_found_and_a_far_one_is_not),
        cmocka_unit_test(uuids_have_their_form_and_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
