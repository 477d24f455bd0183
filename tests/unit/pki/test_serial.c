/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cert_lab.h"

static void
equal_integers_give_equal_texts(void **state)
{
    static const char *const same[] = {"0A1b2C",   "a1b2c",    "0xA1B2C",       "0X0a1b2c",
                                       "0a:1b:2c", "0A 1B 2C", " 00:0A:1B:2C ", "0000000a1b2c"};
    (void)state;
    for (size_t i = 0; i < CF_COUNT(same); i++) {
        char text[CF_SERIAL_TEXT_SIZE];
        struct cf_err err;
        assert_ok(cf_serial_normalize(same[i], text, &err), err);
        assert_string_equal(text, "0A1B2C");
    }
}

static void
keeps_a_high_first_bit_without_a_sign_octet(void **state)
{
    char text[CF_SERIAL_TEXT_SIZE];
    struct cf_err err;

    (void)state;
    assert_ok(cf_serial_normalize("00:F3:01", text, &err), err);
    assert_string_equal(text, "F301");
}

static void
writes_zero_as_one_octet(void **state)
{
    static const char *const zeros[] = {"0", "00", "0x0", "00:00:00"};
    (void)state;
    for (size_t i = 0; i < CF_COUNT(zeros); i++) {
        char text[CF_SERIAL_TEXT_SIZE];
        struct cf_err err;
        assert_ok(cf_serial_normalize(zeros[i], text, &err), err);
        assert_string_equal(text, "00");
    }
}

static void
takes_32_octets_and_not_33(void **state)
{
    char input[80], text[CF_SERIAL_TEXT_SIZE];
    struct cf_err err;

    (void)state;
    memset(input, 'f', sizeof input);
    input[64] = '\0';
    assert_ok(cf_serial_normalize(input, text, &err), err);
    assert_int_equal(strlen(text), 64);

    input[64] = 'f';
    input[65] = '\0';
    assert_int_equal(cf_serial_normalize(input, text, &err), CF_E_SYNTAX);
    assert_contains(err.text, "64");
}

static void
refuses_what_is_no_hexadecimal_number(void **state)
{
    static const char *const bad[] = {"",       " ",    "0x",       "-1",     "+1",   "12g4",
                                      "12::34", ":12",  "12:",      "12-34",  "12 x", "0x0x1",
                                      "1\n",    "1  2", "\xc3\xa4", "12 : 34"};
    (void)state;
    for (size_t i = 0; i < CF_COUNT(bad); i++) {
        char text[CF_SERIAL_TEXT_SIZE] = "kept";
        if (cf_serial_normalize(bad[i], text, NULL) != CF_E_SYNTAX)
            fail_msg("'%s' was taken as '%s'", bad[i], text);
        assert_string_equal(text, "kept");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_integers_give_equal_texts),
        cmocka_unit_test(keeps_a_high_first_bit_without_a_sign_octet),
        cmocka_unit_test(writes_zero_as_one_octet),
        cmocka_unit_test(takes_32_octets_and_not_33),
        cmocka_unit_test(refuses_what_is_no_hexadecimal_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
