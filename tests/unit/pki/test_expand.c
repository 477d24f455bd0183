/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_test.h"

static const char *const FACTS[] = {"Name", "n{{Other}}", "Empty", "", "Gone", NULL, NULL};

static enum cf_rc
expand(const char *text, size_t max_len, char **ret, struct cf_err *err)
{
    return cf_expand(text, test_fact, FACTS, max_len, ret, err);
}

static void
variables_are_replaced_once(void **state)
{
    struct cf_err err = {0};
    cf_own_str text = NULL;
    cf_own_str none = NULL;

    (void)state;
    assert_ok(expand("tag:{{name}}@{{Name}}\\,\"", 100, &text, &err), err);
    assert_string_equal(text, "tag:n{{Other}}@n{{Other}}\\,\"");
    assert_ok(expand("", 100, &none, &err), err);
    assert_string_equal(none, "");
}

static void
a_value_that_is_missing_empty_or_unknown_is_named(void **state)
{
    static const char *const CASES[][2] = {
        {"{{Gone}}", "Gone"}, {"x{{Empty}}", "Empty"}, {"{{Nonsense}}", "Nonsense"}};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_err err = {0};
        char *text = NULL;
        assert_rc(expand(CASES[i][0], 100, &text, &err), CF_E_FACT);
        assert_contains(err.text, CASES[i][1]);
        assert_null(text);
    }
}

static void
slips_are_refused(void **state)
{
    static const char *const CASES[] = {"{{",  "{{}}",       "{{a",    "{{a}",
                                        "a}}", "{{{Name}}}", "{{a b}}"};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_err err = {0};
        char *text = NULL;
        assert_rc(expand(CASES[i], 100, &text, &err), CF_E_SYNTAX);
        assert_contains(err.text, "column");
    }
}

static void
text_after_a_variable_is_what_the_management_service_takes(void **state)
{
    static const char *const BAD[] = {"{{Name}}{",  "{{Name}}x}",           "{{Name}}|",
                                      "{{Name}};x", "a{{Name}}b{{Name}}c|", "{{Name}} {x}"};
    static const char *const GOOD[] = {"{a}|;{{Name}}", "{{Name}}-{{Name}}@x.example, (a)",
                                       "{a|b;c}", "tag:x,2022-09-14:sid:{{Name}}"};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(BAD); i++) {
        struct cf_err err = {0};
        char *text = NULL;
        if (expand(BAD[i], 100, &text, &err) != CF_E_SYNTAX)
            fail_msg("%s", BAD[i]);
        assert_contains(err.text, "after a variable");
        assert_contains(err.text, "column");
    }
    for (size_t i = 0; i < CF_COUNT(GOOD); i++) {
        struct cf_err err = {0};
        cf_own_str text = NULL;
        assert_ok(expand(GOOD[i], 100, &text, &err), err);
    }
}

static void
the_result_is_bounded(void **state)
{
    struct cf_err err = {0};
    cf_own_str text = NULL;
    char *none = NULL;

    (void)state;
    assert_ok(expand("{{Name}}", 10, &text, &err), err);
    assert_rc(expand("{{Name}}", 9, &none, &err), CF_E_RANGE);
    assert_contains(err.text, "Name");
    assert_rc(expand("{{Name}}x", 10, &none, &err), CF_E_RANGE);
    assert_rc(expand("xxxxxxxxxxx", 10, &none, &err), CF_E_RANGE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_are_replaced_once),
        cmocka_unit_test(a_value_that_is_missing_empty_or_unknown_is_named),
        cmocka_unit_test(slips_are_refused),
        cmocka_unit_test(text_after_a_variable_is_what_the_management_service_takes),
        cmocka_unit_test(the_result_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
