/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/sid.h"

#include <string.h>

#include "unit/base/unit.h"

static struct cf_err err;

static void
reads_as(const void *bytes, size_t len, const char *expected)
{
    char text[CF_SID_TEXT_SIZE];

    assert_ok(cf_sid_from_bytes(cf_bytes_of(bytes, len), text, &err), err);
    assert_string_equal(text, expected);
}

static void
refuses(const void *bytes, size_t len)
{
    char text[CF_SID_TEXT_SIZE] = "untouched";

    assert_rc(cf_sid_from_bytes(cf_bytes_of(bytes, len), text, &err), CF_E_ENCODING);
    assert_string_equal(text, "untouched");
}

static const uint8_t ADMINS[] = {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0};

static void
known_identifiers_are_read(void **state)
{
    static const uint8_t everyone[] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};

    (void)state;
    reads_as(ADMINS, sizeof ADMINS, "S-1-5-32-544");
    reads_as(everyone, sizeof everyone, "S-1-1-0");
}

static void
the_longest_identifier_fits(void **state)
{
    uint8_t bytes[8 + 15 * 4] = {1, 15};
    char expected[CF_SID_TEXT_SIZE] = "S-1-0xFFFFFFFFFFFF";

    (void)state;
    memset(bytes + 2, 0xff, sizeof bytes - 2);
    for (int i = 0; i < 15; i++)
        strcat(expected, "-4294967295");
    reads_as(bytes, sizeof bytes, expected);
}

static void
every_cut_is_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof ADMINS; len++)
        refuses(ADMINS, len);
}

static void
bytes_after_the_end_are_refused(void **state)
{
    uint8_t longer[sizeof ADMINS + 4] = {0};

    (void)state;
    memcpy(longer, ADMINS, sizeof ADMINS);
    refuses(longer, sizeof ADMINS + 1);
    refuses(longer, sizeof longer);
}

static void
a_false_revision_or_count_is_refused(void **state)
{
    uint8_t bytes[8 + 16 * 4] = {2, 2, 0, 0, 0, 0, 0, 5};

    (void)state;
    refuses(bytes, 16);
    bytes[0] = 1;
    bytes[1] = 0;
    refuses(bytes, 8);
    bytes[1] = 16;
    refuses(bytes, sizeof bytes);
    bytes[1] = 255;
    refuses(bytes, sizeof bytes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_identifiers_are_read),
        cmocka_unit_test(the_longest_identifier_fits),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(bytes_after_the_end_are_refused),
        cmocka_unit_test(a_false_revision_or_count_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
