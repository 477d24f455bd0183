/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/filter.h"

#include <string.h>

#include "unit/base/unit.h"

static struct cf_err err;

static void
escapes_to(const char *name, const char *expected)
{
    cf_own_str text = NULL;

    assert_ok(cf_ldap_escape(name, &text, &err), err);
    assert_string_equal(text, expected);
}

static void
plain_names_stay_as_they_are(void **state)
{
    (void)state;
    escapes_to("alice@corp.example", "alice@corp.example");
    escapes_to("PC-1$", "PC-1$");
}

static void
what_means_something_in_a_filter_is_escaped(void **state)
{
    (void)state;
    escapes_to("*", "\\2a");
    escapes_to("a)(b", "a\\29\\28b");
    escapes_to("\\2a", "\\5c2a");
    escapes_to("a=b|c&d!e", "a\\3db\\7cc\\26d\\21e");
    escapes_to("two words", "two\\20words");
    escapes_to("zoë", "zo\\c3\\ab");
}

static void
a_filter_holds_the_name_wherever_it_is_named(void **state)
{
    cf_own_str filter = NULL;

    (void)state;
    assert_ok(cf_ldap_filter("(|(a={})(b={}))", "x*", &filter, &err), err);
    assert_string_equal(filter, "(|(a=x\\2a)(b=x\\2a))");
}

static void
refuses(const char *name, enum cf_rc rc)
{
    char *untouched = NULL;

    assert_rc(cf_ldap_escape(name, &untouched, &err), rc);
    assert_null(untouched);
}

static void
odd_names_are_refused(void **state)
{
    char longest[CF_LDAP_NAME_MAX + 2];

    (void)state;
    memset(longest, 'a', sizeof longest);
    longest[CF_LDAP_NAME_MAX + 1] = '\0';
    refuses("", CF_E_RANGE);
    refuses(longest, CF_E_RANGE);
    refuses("a\nb", CF_E_ENCODING);
    refuses("a\xc3", CF_E_ENCODING);
    refuses("a\xe2\x80\xae"
            "b",
            CF_E_ENCODING);
    longest[CF_LDAP_NAME_MAX] = '\0';
    escapes_to(longest, longest);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_names_stay_as_they_are),
        cmocka_unit_test(what_means_something_in_a_filter_is_escaped),
        cmocka_unit_test(a_filter_holds_the_name_wherever_it_is_named),
        cmocka_unit_test(odd_names_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
