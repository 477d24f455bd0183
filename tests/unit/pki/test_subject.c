/* SPDX-License-Identifier: Apache-2.0 */
#include "subject_test.h"

static void
the_first_rdn_becomes_the_last(void **state)
{
    (void)state;
    cf_own(cf_dn) dn =
        render("CN={{DeviceName}},OU=Fleet+L=Bonn,C=DE", FACTS("DeviceName", "laptop-1"));
    assert_dn_text(dn, "CN=laptop-1,OU=Fleet+L=Bonn,C=DE");
    assert_int_equal(cf_dn_count(dn), 3);
}

static void
names_that_are_known_to_make_trouble_come_out_as_meant(void **state)
{
    static const char *const CASES[][2] = {
        {"CN=Test User (TestCompany\\, LLC),OU=x", "CN=Test User (TestCompany\\, LLC),OU=x"},
        {"CN=\"Test User (TestCompany, LLC)\",OU=x", "CN=Test User (TestCompany\\, LLC),OU=x"},
        {"CN=Test User (TestCompany LLC),OU=x", "CN=Test User (TestCompany LLC),OU=x"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        cf_own(cf_dn) dn = render(CASES[i][0], NULL);
        assert_dn_text(dn, CASES[i][1]);
        assert_string_equal(cf_dn_find(dn, "2.5.4.11"), "x");
    }
}

static void
all_separators_and_escapes_are_understood(void **state)
{
    static const char *const CASES[][2] = {
        {"CN=a;OU=b\nO=c\r\nC=DE\n", "CN=a,OU=b,O=c,C=DE"},
        {"CN=a,\n OU=b", "CN=a,OU=b"},
        {" cn = a b , ou= c ", "CN=a b,OU=c"},
        {"CN=\\2C\\;\\+\\=\\ ", "CN=\\,\\;\\+=\\ "},
        {"CN=\"say \"\"x\"\" + y\"", "CN=say \\\"x\\\" \\+ y"},
        {"CN=\\7B\\7Bx}", "CN={{x}"},
        {"CN=a{b}", "CN=a{b}"},
        {"CN=M\\C3\\BCller", "CN=Müller"},
        {"2.5.4.3=a", "CN=a"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        cf_own(cf_dn) dn = render(CASES[i][0], NULL);
        assert_dn_text(dn, CASES[i][1]);
    }
}

static void
a_fact_never_leaves_its_attribute(void **state)
{
    static const char *const HOSTILE[] = {
        "x,CN=root", "x+OU=admins", "x;O=evil",   "\"", "\"x\",OU=y", "\\",  "x\\",      "\\2C",
        "#0C0161",   " x ",         "{{Secret}}", "}}", "=",          "<x>", "x\\,CN=y",
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(HOSTILE); i++) {
        const char *const *facts = FACTS("N", HOSTILE[i], "Secret", "leaked");
        cf_own(cf_dn) plain = render("CN={{N}},OU=Fleet", facts);
        cf_own(cf_dn) quoted = render("CN=\"{{N}}\",OU=Fleet", facts);
        assert_int_equal(cf_dn_count(plain), 2);
        assert_string_equal(cf_dn_find(plain, "2.5.4.3"), HOSTILE[i]);
        assert_true(cf_dn_equal(plain, quoted));
        cf_own(cf_buf) der = NULL;
        cf_own(cf_dn) back = NULL;
        cf_own_str text = NULL;
        cf_own(cf_dn) reread = NULL;
        assert_int_equal(cf_dn_der(plain, &der, NULL), CF_OK);
        assert_int_equal(cf_dn_parse_der(cf_buf_bytes(der), &back, NULL), CF_OK);
        assert_true(cf_dn_equal(plain, back));
        assert_int_equal(cf_dn_text(plain, &text, NULL), CF_OK);
        assert_int_equal(cf_dn_parse_text(text, &reread, NULL), CF_OK);
        assert_true(cf_dn_equal(plain, reread));
    }
}

static void
facts_with_control_characters_or_bad_utf8_are_refused(void **state)
{
    static const char *const HOSTILE[] = {"x\nCN=root", "\r",       "\x7f",
                                          "\xff",       "\xc0\xaf", "\xed\xa0\x80"};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(HOSTILE); i++) {
        struct cf_err err = {0};
        assert_rc(try_render("CN={{N}}", FACTS("N", HOSTILE[i]), &err), CF_E_RANGE);
        assert_contains(err.text, "CN");
    }
}

static void
a_variable_without_value_fails_and_is_named(void **state)
{
    struct cf_err err = {0};

    (void)state;
    assert_rc(try_render("CN={{DeviceName}},E={{EmailAddress}}",
                         FACTS("DeviceName", "d", "EmailAddress", NULL), &err),
              CF_E_FACT);
    assert_contains(err.text, "EmailAddress");
    assert_contains(err.text, "subject E");
    assert_rc(try_render("CN={{Nonsense}}", FACTS("DeviceName", "d"), &err), CF_E_FACT);
    assert_contains(err.text, "Nonsense");
    assert_rc(try_render("CN=a{{DeviceName}}", FACTS("DeviceName", ""), &err), CF_E_FACT);
    assert_contains(err.text, "DeviceName");
}

static void
values_are_checked_against_their_attribute(void **state)
{
    static char name[CF_DN_VALUE_MAX + 1];
    struct cf_err err = {0};

    (void)state;
    memset(name, 'x', CF_DN_VALUE_MAX);
    assert_rc(try_render("CN={{N}}", FACTS("N", name), &err), CF_OK);
    assert_rc(try_render("CN={{N}}y", FACTS("N", name), &err), CF_E_RANGE);
    assert_rc(try_render("CN={{N}}{{N}}", FACTS("N", name), &err), CF_E_RANGE);
    assert_rc(try_render("C={{N}}", FACTS("N", "Germany"), &err), CF_E_RANGE);
    assert_rc(try_render("SERIALNUMBER={{N}}", FACTS("N", "ü"), &err), CF_E_RANGE);
}

static void
templates_with_slips_are_refused_with_their_column(void **state)
{
    static const struct {
        const char *text;
        const char *part;
    } CASES[] = {
        {"CN=", "column 4"},         {"CN=,OU=x", "column 4"},
        {"CN=a,b", "column 6"},      {"CN=Test User (TestCompany, LLC),OU=x", "column 28"},
        {"CN=C++ team", "column 6"}, {"CN=a+", "column 6"},
        {"CN=a,", "column 6"},       {"{{Type}}=x", "no known attribute"},
        {"CN={{", "column 4"},       {"CN={{}}", "column 4"},
        {"CN={{a b}}", "column 4"},  {"CN={{a}", "column 4"},
        {"CN=a}}", "column 5"},      {"CN=\"a}}\"", "column 6"},
        {"CN={{a}}}}", "column 9"},  {"CN=#1 Team", "column 4"},
        {"CN=\"a", "column 4"},      {"CN=\"DOMAIN\\x\"", "column 11"},
        {"CN=\"a\" b", "column 8"},  {"CN=\"\"", "column 4"},
        {"Emial=x", "Email"},        {"=x", "column 1"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_err err = {0};
        cf_own(cf_subject) subject = NULL;
        enum cf_rc rc = cf_subject_compile(CASES[i].text, &subject, &err);
        if (rc != CF_E_SYNTAX)
            fail_msg("%s: %s %s", CASES[i].text, cf_rc_name(rc), err.text);
        assert_contains(err.text, CASES[i].part);
        assert_contains(err.text, "subject name format");
        assert_null(subject);
    }
}

static void
a_template_of_too_many_parts_is_refused(void **state)
{
    char text[5 * 70 + 1] = "";

    (void)state;
    for (int i = 0; i < 70; i++)
        strcat(text, i ? "+CN=a" : "CN=a");
    assert_rc(try_render(text, NULL, NULL), CF_E_LIMIT);
    text[0] = '\0';
    for (int i = 0; i < CF_DN_RDN_MAX + 1; i++)
        strcat(text, i ? ",CN=a" : "CN=a");
    assert_rc(try_render(text, NULL, NULL), CF_E_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_rdn_becomes_the_last),
        cmocka_unit_test(names_that_are_known_to_make_trouble_come_out_as_meant),
        cmocka_unit_test(all_separators_and_escapes_are_understood),
        cmocka_unit_test(a_fact_never_leaves_its_attribute),
        cmocka_unit_test(facts_with_control_characters_or_bad_utf8_are_refused),
        cmocka_unit_test(a_variable_without_value_fails_and_is_named),
        cmocka_unit_test(values_are_checked_against_their_attribute),
        cmocka_unit_test(templates_with_slips_are_refused_with_their_column),
        cmocka_unit_test(a_template_of_too_many_parts_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
