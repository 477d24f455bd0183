/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "certferry/text.h"

static void
hex_is_written_in_either_case_and_reads_back(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0x00, 0xab, 0xff};
    char text[7];
    cf_own(cf_buf) back = NULL;
    cf_own(cf_buf) empty = NULL;

    cf_text_hex(cf_bytes_of(bytes, 3), true, text, sizeof text);
    assert_string_equal(text, "00ABFF");
    cf_text_hex(cf_bytes_of(bytes, 3), false, text, sizeof text);
    assert_string_equal(text, "00abff");
    assert_rc(cf_text_from_hex("00aBFf", &back, NULL), CF_OK);
    assert_true(cf_bytes_equal(cf_buf_bytes(back), cf_bytes_of(bytes, 3)));
    assert_rc(cf_text_from_hex("", &empty, NULL), CF_OK);
    assert_int_equal(cf_buf_len(empty), 0);
}

static void
hex_with_anything_else_is_refused_by_position(void **state)
{
    (void)state;
    struct cf_err err;
    cf_own(cf_buf) back = NULL;

    assert_rc(cf_text_from_hex("abc", &back, &err), CF_E_SYNTAX);
    assert_rc(cf_text_from_hex("abcg", &back, &err), CF_E_SYNTAX);
    assert_contains(err.text, "character 4");
    assert_rc(cf_text_from_hex("0x12", &back, &err), CF_E_SYNTAX);
    assert_contains(err.text, "character 2");
    assert_rc(cf_text_from_hex("12 3", &back, &err), CF_E_SYNTAX);
    assert_null(back);
}

static void
base64_agrees_with_the_test_vectors_of_its_standard(void **state)
{
    (void)state;
    static const char *const PAIR[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };

    for (size_t i = 0; i < CF_COUNT(PAIR); i++) {
        struct cf_bytes plain = cf_bytes_of(PAIR[i][0], strlen(PAIR[i][0]));
        cf_own_str text = NULL;
        cf_own(cf_buf) back = NULL;

        assert_rc(cf_text_base64(plain, &text, NULL), CF_OK);
        assert_string_equal(text, PAIR[i][1]);
        assert_rc(cf_text_from_base64(text, 6, &back, NULL), CF_OK);
        assert_true(cf_bytes_equal(cf_buf_bytes(back), plain));
    }
}

static void
all_bytes_survive_base64(void **state)
{
    (void)state;
    uint8_t bytes[256];
    cf_own_str text = NULL;
    cf_own(cf_buf) back = NULL;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    assert_rc(cf_text_base64(cf_bytes_of(bytes, sizeof bytes), &text, NULL), CF_OK);
    assert_rc(cf_text_from_base64(text, sizeof bytes, &back, NULL), CF_OK);
    assert_true(cf_bytes_equal(cf_buf_bytes(back), cf_bytes_of(bytes, sizeof bytes)));
}

static void
base64_that_is_not_canonical_is_refused(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "Zg",   "Zg=",      "Zg===", "Zh==", "Zm9=",      "Zm9v\n", " Zm9v", "Zm9v====",
        "====", "Zg==Zg==", "Z===",  "Zm-_", "Zm9v Zm9v", "=m9v",   "Zm=v",
    };
    cf_own(cf_buf) back = NULL;

    for (size_t i = 0; i < CF_COUNT(BAD); i++)
        assert_rc(cf_text_from_base64(BAD[i], 100, &back, NULL), CF_E_ENCODING);
    assert_null(back);
}

static void
base64_over_the_limit_is_refused(void **state)
{
    (void)state;
    cf_own(cf_buf) back = NULL;

    assert_rc(cf_text_from_base64("Zm9vYmFy", 5, &back, NULL), CF_E_LIMIT);
    assert_rc(cf_text_from_base64("Zm9vYmE=", 5, &back, NULL), CF_OK);
}

static void
base64url_has_its_own_letters_and_no_padding(void **state)
{
    (void)state;
    char text[9];

    cf_text_base64url(cf_bytes_of("\xff\xef\xbe\xff", 4), text, sizeof text);
    assert_string_equal(text, "_---_w");
    cf_text_base64url(cf_bytes_of("", 0), text, sizeof text);
    assert_string_equal(text, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_is_written_in_either_case_and_reads_back),
        cmocka_unit_test(hex_with_anything_else_is_refused_by_position),
        cmocka_unit_test(base64_agrees_with_the_test_vectors_of_its_standard),
        cmocka_unit_test(all_bytes_survive_base64),
        cmocka_unit_test(base64_that_is_not_canonical_is_refused),
        cmocka_unit_test(base64_over_the_limit_is_refused),
        cmocka_unit_test(base64url_has_its_own_letters_and_no_padding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
