/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "certferry/json.h"

static enum cf_rc
parse(const char *text, struct cf_json **ret, struct cf_err *err)
{
    return cf_json_parse(cf_bytes_of(text, strlen(text)), 1 << 20, ret, err);
}

static void
what_breaks_the_grammar_is_refused(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "",
        " ",
        "{",
        "[",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":1 \"b\":2}",
        "01",
        "-",
        "+1",
        ".5",
        "1.",
        "1e",
        "0x10",
        "NaN",
        "Infinity",
        "-Infinity",
        "True",
        "nul",
        "\"a",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"a\nb\"",
        "\"\t\"",
        "/* */1",
        "1//x",
        "[1]]",
        "[1}",
        "{} {}",
        "\xef\xbb\xbf{}",
        "\"\xff\"",
        "\"\xed\xa0\x80\"",
        "{\"\\ud800\":1}",
        "{\"\\udc00\":1}",
        "{\"\\ud800\\u0041\":1}",
        "{\"a\\u0000b\":1}",
    };

    for (size_t i = 0; i < CF_COUNT(BAD); i++) {
        cf_own(cf_json) document = NULL;
        if (parse(BAD[i], &document, NULL) != CF_E_ENCODING)
            fail_msg("accepted: %s", BAD[i]);
        assert_null(document);
    }
    cf_own(cf_json) document = NULL;
    assert_rc(cf_json_parse(cf_bytes_of("1\0", 2), 10, &document, NULL), CF_E_ENCODING);
}

static void
what_the_grammar_allows_is_read(void **state)
{
    (void)state;
    static const char *const GOOD[] = {
        "{}",
        "[]",
        " [ ] ",
        "12",
        "-0",
        "null",
        "false",
        "\"\\u00e4\"",
        "\"\"",
        "\"\\ud83d\\ude00\"",
        "1E400",
        "-1.5e-3",
        "{\"\":1}",
        "[null,true,{\"a\":[]}]",
        "\r\n\t{\"a\" : 1}\n",
        "[\"\x7f\"]",
    };

    for (size_t i = 0; i < CF_COUNT(GOOD); i++) {
        struct cf_err err;
        cf_own(cf_json) document = NULL;
        assert_ok(parse(GOOD[i], &document, &err), err);
    }
}

/* A device may have such a name; it must not spoil the page that it is in. */
static void
half_a_surrogate_pair_in_a_value_reads_as_lost(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *text;
    } CASES[] = {
        {"{\"a\":\"x\\ud800\"}", "x\xef\xbf\xbd"},
        {"{\"a\":\"\\udc00y\"}", "\xef\xbf\xbdy"},
        {"{\"a\":\"\\ud800\\u0041\"}", "\xef\xbf\xbd"
                                       "A"},
        {"{\"a\":\"\\ud800\\n\"}", "\xef\xbf\xbd\n"},
        {"{\"a\":\"\\ud800z\"}", "\xef\xbf\xbdz"},
        {"{\"a\":\"\\ud800\\ud83d\\ude00\"}", "\xef\xbf\xbd\xf0\x9f\x98\x80"},
    };

    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_err err;
        cf_own(cf_json) document = NULL;
        const char *text = NULL;

        assert_ok(parse(CASES[i].json, &document, &err), err);
        assert_ok(cf_json_string(document, "a", 0, 16, &text, &err), err);
        assert_string_equal(text, CASES[i].text);
    }
}

static void
an_error_tells_line_and_column(void **state)
{
    (void)state;
    struct cf_err err;
    cf_own(cf_json) document = NULL;

    assert_rc(parse("{\n  \"a\": 1,\n  b\n}", &document, &err), CF_E_ENCODING);
    assert_contains(err.text, "line 3 column 3");
}

static void
two_members_of_one_name_are_refused(void **state)
{
    (void)state;
    cf_own(cf_json) document = NULL;

    assert_rc(parse("{\"a\":1,\"a\":1}", &document, NULL), CF_E_ENCODING);
    assert_rc(parse("{\"a\":1,\"\\u0061\":2}", &document, NULL), CF_E_ENCODING);
    assert_rc(parse("[{\"x\":{\"a\":{\"b\":1},\"a\":{\"c\":2}}}]", &document, NULL), CF_E_ENCODING);
    assert_rc(parse("[{\"a\":1},{\"a\":2,\"A\":3}]", &document, NULL), CF_OK);
}

static void
size_depth_and_number_of_values_are_bounded(void **state)
{
    (void)state;
    char text[2 * (CF_JSON_DEPTH_MAX + 1)];
    cf_own(cf_json) document = NULL;
    cf_own(cf_json) deep = NULL;

    assert_rc(cf_json_parse(cf_bytes_of("[1,2]", 5), 4, &document, NULL), CF_E_LIMIT);

    memset(text, '[', CF_JSON_DEPTH_MAX + 1);
    memset(text + CF_JSON_DEPTH_MAX + 1, ']', CF_JSON_DEPTH_MAX + 1);
    assert_rc(cf_json_parse(cf_bytes_of(text, sizeof text), 1000, &document, NULL), CF_E_LIMIT);
    assert_rc(cf_json_parse(cf_bytes_of(text + 1, sizeof text - 2), 1000, &deep, NULL), CF_OK);

    cf_own(cf_buf) many = cf_buf_new(4 << 20);
    assert_rc(cf_buf_append_str(many, "[0", NULL), CF_OK);
    for (int i = 0; i < CF_JSON_VALUES_MAX; i++)
        assert_rc(cf_buf_append_str(many, ",0", NULL), CF_OK);
    assert_rc(cf_buf_append_str(many, "]", NULL), CF_OK);
    assert_rc(cf_json_parse(cf_buf_bytes(many), 4 << 20, &document, NULL), CF_E_LIMIT);
    assert_null(document);
}

static const char PAGE[] =
    "{\"value\":[{},{\"profile\":{\"keySize\":2048,\"name\":\"Wi-Fi\",\"off\":null,"
    "\"big\":9223372036854775808,\"huge\":99999999999999999999999,"
    "\"low\":-99999999999999999999999,\"half\":0.5,\"nul\":\"a\\u0000b\",\"yes\":true,"
    "\"oids\":[\"1.2\",\"1.3\"],\"max\":9223372036854775807}}]}";

struct page {
    struct cf_json *document;
    const struct cf_json *profile;
};

static int
open_page(void **state)
{
    static struct page page;
    const struct cf_json *array;
    const struct cf_json *item;

    *state = &page;
    page.document = NULL;
    return parse(PAGE, &page.document, NULL) == CF_OK &&
                   cf_json_array(page.document, "value", 2, &array, NULL) == CF_OK &&
                   cf_json_length(array) == 2 &&
                   cf_json_at_object(array, 1, &item, NULL) == CF_OK &&
                   cf_json_object(item, "profile", &page.profile, NULL) == CF_OK
               ? 0
               : -1;
}

static int
close_page(void **state)
{
    struct page *page = *state;

    page->document = cf_json_free(page->document);
    return 0;
}

static void
members_are_read_by_type(void **state)
{
    const struct cf_json *profile = ((struct page *)*state)->profile;
    const struct cf_json *oids;
    const char *text;
    int64_t number;
    bool flag;

    assert_rc(cf_json_string(profile, "name", 1, 5, &text, NULL), CF_OK);
    assert_string_equal(text, "Wi-Fi");
    assert_rc(cf_json_int(profile, "keySize", 2048, 4096, &number, NULL), CF_OK);
    assert_int_equal(number, 2048);
    assert_rc(cf_json_int(profile, "max", 0, INT64_MAX, &number, NULL), CF_OK);
    assert_true(number == INT64_MAX);
    assert_rc(cf_json_bool(profile, "yes", &flag, NULL), CF_OK);
    assert_true(flag);
    assert_rc(cf_json_array(profile, "oids", 2, &oids, NULL), CF_OK);
    assert_rc(cf_json_at_string(oids, 1, 1, 10, &text, NULL), CF_OK);
    assert_string_equal(text, "1.3");
    assert_true(cf_json_has(profile, "name"));
    assert_false(cf_json_has(profile, "off"));
    assert_false(cf_json_has(NULL, "x"));
    assert_int_equal(cf_json_length(NULL), 0);
    assert_int_equal(cf_json_length(profile), 0);
}

static void
a_missing_member_is_named_by_its_full_path(void **state)
{
    const struct cf_json *profile = ((struct page *)*state)->profile;
    struct cf_err err;
    const char *text = "as it was";

    assert_rc(cf_json_string(profile, "id", 0, 9, &text, &err), CF_E_FIELD);
    assert_string_equal(err.text, "value[1].profile.id: is missing");
    assert_rc(cf_json_string(profile, "off", 0, 9, &text, &err), CF_E_FIELD);
    assert_rc(cf_json_string_opt(profile, "off", 0, 9, &text, &err), CF_OK);
    assert_rc(cf_json_string_opt(profile, "id", 0, 9, &text, &err), CF_OK);
    assert_string_equal(text, "as it was");
}

static void
a_wrong_type_is_refused_even_when_optional(void **state)
{
    const struct cf_json *profile = ((struct page *)*state)->profile;
    const struct cf_json *view = NULL;
    const char *text = NULL;
    int64_t number = 77;
    bool flag = false;

    assert_rc(cf_json_string_opt(profile, "keySize", 0, 9, &text, NULL), CF_E_FIELD);
    assert_rc(cf_json_int_opt(profile, "name", 0, 9, &number, NULL), CF_E_FIELD);
    assert_rc(cf_json_int_opt(profile, "half", 0, 9, &number, NULL), CF_E_FIELD);
    assert_rc(cf_json_bool_opt(profile, "keySize", &flag, NULL), CF_E_FIELD);
    assert_rc(cf_json_object_opt(profile, "oids", &view, NULL), CF_E_FIELD);
    assert_rc(cf_json_array_opt(profile, "name", 9, &view, NULL), CF_E_FIELD);
    assert_rc(cf_json_string(NULL, "x", 0, 9, &text, NULL), CF_E_FIELD);
    assert_rc(cf_json_at_object(profile, 0, &view, NULL), CF_E_FIELD);
    assert_rc(cf_json_string_opt(profile, "nul", 0, 9, &text, NULL), CF_E_FIELD);
    assert_null(text);
    assert_null(view);
    assert_int_equal(number, 77);
}

static void
values_outside_their_limits_are_refused(void **state)
{
    const struct cf_json *profile = ((struct page *)*state)->profile;
    const struct cf_json *oids = NULL;
    struct cf_err err;
    const char *text = NULL;
    int64_t number = 77;

    assert_rc(cf_json_int(profile, "keySize", 2049, 4096, &number, &err), CF_E_RANGE);
    assert_contains(err.text, "keySize: must be from 2049 to 4096");
    assert_rc(cf_json_int(profile, "big", INT64_MIN, INT64_MAX, &number, &err), CF_E_RANGE);
    assert_rc(cf_json_int(profile, "huge", INT64_MIN, INT64_MAX, &number, &err), CF_E_RANGE);
    assert_rc(cf_json_int(profile, "low", INT64_MIN, INT64_MAX, &number, &err), CF_E_RANGE);
    assert_rc(cf_json_string(profile, "name", 0, 4, &text, &err), CF_E_RANGE);
    assert_rc(cf_json_string(profile, "name", 6, 9, &text, &err), CF_E_RANGE);
    assert_rc(cf_json_array(profile, "oids", 1, &oids, &err), CF_E_RANGE);
    assert_null(oids);
    assert_rc(cf_json_array(profile, "oids", 2, &oids, &err), CF_OK);
    assert_rc(cf_json_at_string(oids, 2, 0, 9, &text, &err), CF_E_FIELD);
    assert_string_equal(err.text, "value[1].profile.oids[2]: the array is shorter");
    assert_null(text);
    assert_int_equal(number, 77);
}

static void
a_document_or_view_is_printed_compactly_within_a_limit(void **state)
{
    const struct page *page = *state;
    const struct cf_json *oids;
    cf_own(cf_buf) text = NULL;
    cf_own(cf_buf) whole = NULL;

    assert_rc(cf_json_array(page->profile, "oids", 2, &oids, NULL), CF_OK);
    assert_rc(cf_json_print(oids, 12, &text, NULL), CF_E_LIMIT);
    assert_null(text);
    assert_rc(cf_json_print(oids, 13, &text, NULL), CF_OK);
    assert_string_equal(cf_buf_str(text), "[\"1.2\",\"1.3\"]");
    assert_rc(cf_json_print(page->document, 1000, &whole, NULL), CF_OK);
    assert_contains(cf_buf_str(whole), "\"half\":0.5");
}

static void
base64_is_read_strictly(void **state)
{
    static const struct {
        const char *text;
        enum cf_rc rc;
    } cases[] = {{"{\"o\":{\"b\":\"aGVsbG8=\"}}", CF_OK},
                 {"{\"o\":{\"b\":\"\"}}", CF_E_RANGE},
                 {"{\"o\":{\"b\":\"====\"}}", CF_E_ENCODING},
                 {"{\"o\":{\"b\":\"aGVsbG8\"}}", CF_E_ENCODING},
                 {"{\"o\":{\"b\":\"aGVs\\nbG8=\"}}", CF_E_RANGE},
                 {"{\"o\":{\"b\":\"aGVsbG8h\"}}", CF_E_LIMIT},
                 {"{\"o\":{\"b\":\"aGVsbG8haGVs\"}}", CF_E_RANGE},
                 {"{\"o\":{\"b\":7}}", CF_E_FIELD},
                 {"{\"o\":{}}", CF_E_FIELD}};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        cf_own(cf_json) document = NULL;
        cf_own(cf_buf) bytes = NULL;
        const struct cf_json *object = NULL;
        struct cf_err err = {0};

        assert_rc(parse(cases[i].text, &document, NULL), CF_OK);
        assert_rc(cf_json_object(document, "o", &object, NULL), CF_OK);
        assert_rc(cf_json_base64(object, "b", 5, &bytes, &err), cases[i].rc);
        if (cases[i].rc == CF_OK)
            assert_string_equal(cf_buf_str(bytes), "hello");
        else
            assert_contains(err.text, "o.b: ");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_breaks_the_grammar_is_refused),
        cmocka_unit_test(what_the_grammar_allows_is_read),
        cmocka_unit_test(half_a_surrogate_pair_in_a_value_reads_as_lost),
        cmocka_unit_test(an_error_tells_line_and_column),
        cmocka_unit_test(two_members_of_one_name_are_refused),
        cmocka_unit_test(size_depth_and_number_of_values_are_bounded),
        cmocka_unit_test_setup_teardown(members_are_read_by_type, open_page, close_page),
        cmocka_unit_test_setup_teardown(a_missing_member_is_named_by_its_full_path, open_page,
                                        close_page),
        cmocka_unit_test_setup_teardown(a_wrong_type_is_refused_even_when_optional, open_page,
                                        close_page),
        cmocka_unit_test_setup_teardown(values_outside_their_limits_are_refused, open_page,
                                        close_page),
        cmocka_unit_test_setup_teardown(a_document_or_view_is_printed_compactly_within_a_limit,
                                        open_page, close_page),
        cmocka_unit_test(base64_is_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
