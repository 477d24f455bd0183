/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_test.h"

#include <stdio.h>

static struct cf_dn *
parse(const char *text)
{
    struct cf_err err = {0};
    struct cf_dn *dn = NULL;

    assert_ok(cf_dn_parse_text(text, &dn, &err), err);
    return dn;
}

static void
the_last_rdn_is_written_first(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_dn) dn = cf_dn_new();

    (void)state;
    assert_dn_text(dn, "");
    assert_ok(cf_dn_append(dn, "C", "DE", &err), err);
    assert_ok(cf_dn_append(dn, "O", "o", &err), err);
    assert_ok(cf_dn_append_joined(dn, "OU", "u", &err), err);
    assert_ok(cf_dn_append(dn, "CN", "x", &err), err);
    assert_dn_text(dn, "CN=x,O=o+OU=u,C=DE");
}

static void
what_is_special_is_escaped_and_read_back(void **state)
{
    static const struct {
        const char *value;
        const char *text;
    } CASES[] = {
        {"a,b", "CN=a\\,b"},
        {"a+b;c<d>e", "CN=a\\+b\\;c\\<d\\>e"},
        {"\"q\" \\ =", "CN=\\\"q\\\" \\\\ ="},
        {" a b ", "CN=\\ a b\\ "},
        {" ", "CN=\\ "},
        {"  ", "CN=\\ \\ "},
        {"#1#", "CN=\\#1#"},
        {"Müller 😀", "CN=Müller 😀"},
        {"{{x}}", "CN={{x}}"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_err err = {0};
        cf_own(cf_dn) dn = cf_dn_new();
        assert_ok(cf_dn_append(dn, "CN", CASES[i].value, &err), err);
        assert_ok(cf_dn_append(dn, "OU", "y", &err), err);
        cf_dn_reverse(dn);
        char text[128];
        (void)snprintf(text, sizeof text, "%s,OU=y", CASES[i].text);
        assert_dn_text(dn, text);
        cf_own(cf_dn) back = parse(text);
        assert_true(cf_dn_equal(dn, back));
    }
}

static void
control_characters_of_foreign_names_stay_on_the_line(void **state)
{
    cf_own(cf_dn) dn = parse("CN=a\\0Ab\\c2\\85\\7f");

    (void)state;
    assert_string_equal(cf_dn_find(dn, "2.5.4.3"), "a\nb\xc2\x85\x7f");
    assert_dn_text(dn, "CN=a\\0Ab\\C2\\85\\7F");
    cf_own(cf_dn) back = parse("CN=a\\0Ab\\C2\\85\\7F");
    assert_true(cf_dn_equal(dn, back));
}

static void
a_type_without_keyword_is_written_in_hex(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_dn) dn = cf_dn_new();

    (void)state;
    assert_ok(cf_dn_append(dn, "1.2.3.4", "a,b", &err), err);
    assert_dn_text(dn, "1.2.3.4=#0C03612C62");
    cf_own(cf_dn) back = parse("1.2.3.4=#0C03612C62");
    assert_true(cf_dn_equal(dn, back));
    cf_own(cf_dn) readable = parse("1.2.3.4=a\\,b");
    assert_true(cf_dn_equal(dn, readable));
}

static void
blanks_and_quotes_are_understood(void **state)
{
    cf_own(cf_dn) plain = parse("CN=a b,OU=x\\, y");

    (void)state;
    cf_own(cf_dn) blanks = parse("  CN =  a b  ,\tOU= \"x, y\" ");
    assert_true(cf_dn_equal(plain, blanks));
    cf_own(cf_dn) empty = parse(" ");
    assert_int_equal(cf_dn_count(empty), 0);
}

static void
what_is_no_name_is_refused_with_its_column(void **state)
{
    static const struct {
        const char *text;
        const char *part;
    } CASES[] = {
        {"CN", "column 1"},
        {"CN=a,", "column 6"},
        {"CN=a,,OU=b", "column 6"},
        {",CN=a", "column 1"},
        {"CN=a+", "column 6"},
        {"CN=\"a", "column 4"},
        {"CN=\"a\"b", "column 7"},
        {"CN=a\"b", "column 5"},
        {"CN=a\\", "column 5"},
        {"CN=a\\x", "column 5"},
        {"CN=a\\2", "column 5"},
        {"CN=\\00", "column 4"},
        {"CN=#0C", "column 4"},
        {"CN=#0C0", "column 4"},
        {"CN=#", "column 4"},
        {"CN=#0101FF", "column 4"},
        {"CN=#0C0161x", "column"},
        {"CN=a<b", "column 5"},
        {"XX=a", "XX"},
        {"CN=\"a\\,b\"", "'\\'"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_err err = {0};
        cf_own(cf_dn) dn = NULL;
        enum cf_rc rc = cf_dn_parse_text(CASES[i].text, &dn, &err);
        if (rc != CF_E_SYNTAX)
            fail_msg("%s: %s %s", CASES[i].text, cf_rc_name(rc), err.text);
        assert_contains(err.text, CASES[i].part);
        assert_null(dn);
    }
    assert_rc(cf_dn_parse_text("CN=\xff", &(struct cf_dn *){NULL}, NULL), CF_E_SYNTAX);
}

static void
a_hex_value_of_a_wrong_type_is_refused(void **state)
{
    struct cf_dn *dn = NULL;

    (void)state;
    assert_rc(cf_dn_parse_text("CN=#020101", &dn, NULL), CF_E_ENCODING);
    assert_rc(cf_dn_parse_text("CN=#30030C0161", &dn, NULL), CF_E_ENCODING);
    assert_rc(cf_dn_parse_text("CN=#0C0100", &dn, NULL), CF_E_ENCODING);
    assert_rc(cf_dn_parse_text("CN=#0C0161\\41", &dn, NULL), CF_E_SYNTAX);
}

static void
a_text_past_its_limits_is_refused(void **state)
{
    static char text[CF_SUBJECT_TEXT_MAX + 2];
    struct cf_dn *dn = NULL;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    memcpy(text, "CN=", 3);
    assert_rc(cf_dn_parse_text(text, &dn, NULL), CF_E_LIMIT);
    text[CF_DN_VALUE_MAX + 4] = '\0';
    assert_rc(cf_dn_parse_text(text, &dn, NULL), CF_E_RANGE);
    char many[6 * (CF_DN_RDN_MAX + 1)] = "";
    for (int i = 0; i <= CF_DN_RDN_MAX; i++)
        strcat(many, i ? ",CN=a" : "CN=a");
    assert_rc(cf_dn_parse_text(many, &dn, NULL), CF_E_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_rdn_is_written_first),
        cmocka_unit_test(what_is_special_is_escaped_and_read_back),
        cmocka_unit_test(control_characters_of_foreign_names_stay_on_the_line),
        cmocka_unit_test(a_type_without_keyword_is_written_in_hex),
        cmocka_unit_test(blanks_and_quotes_are_understood),
        cmocka_unit_test(what_is_no_name_is_refused_with_its_column),
        cmocka_unit_test(a_hex_value_of_a_wrong_type_is_refused),
        cmocka_unit_test(a_text_past_its_limits_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
