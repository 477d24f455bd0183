/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "unit/core/policy_lab.h"

static void
a_star_stands_for_anything_and_nothing(void **state)
{
    static const struct {
        const char *pattern;
        const char *text;
        bool matches;
    } cases[] = {
        {"*", "", true},
        {"*", "x", true},
        {"**", "", true},
        {"", "", true},
        {"", "x", false},
        {"x", "", false},
        {"a*", "a", true},
        {"*a", "a", true},
        {"a*b", "ab", true},
        {"a*b", "axxb", true},
        {"a*b", "axxbc", false},
        {"a*b*c", "a1b2b3c", true},
        {"*ab", "aab", true},
        {"*aab", "aaaab", true},
        {"*.example.com", "example.com", false},
        {"ABC", "aBc", true},
        {"K", "\xe2\x84\xaa", false},
        {"\xc3\xa4*", "\xc3\xa4pfel", true},
        {"\xc3\x84*", "\xc3\xa4pfel", false},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        if (cf_policy_match(cases[i].pattern, cases[i].text) != cases[i].matches)
            fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].text);
    }
}

/* Two to the power of the number of stars would not end. */
static void
many_stars_end_soon(void **state)
{
    char pattern[1025], text[1025];

    (void)state;
    for (size_t i = 0; i < 1022; i += 2)
        memcpy(pattern + i, "a*", 2);
    memcpy(pattern + 1022, "b", 2);
    memset(text, 'a', 1024);
    text[1024] = '\0';
    for (unsigned i = 0; i < 20; i++)
        assert_false(cf_policy_match(pattern, text));
}

static void
rules_are_read_or_refused_with_the_reason(void **state)
{
    static const char *const subject[] = {"CN=*",      "cn=a=b",          "OID.2.5.4.97=NTR*",
                                          "2.5.4.3=x", "o=Example, Inc.", "Email=*@example.com"};
    static const char *const bad_subject[] = {"",
                                              "CN",
                                              "=x",
                                              "CN=",
                                              "Cn",
                                              "XX=*",
                                              "1=*",
                                              "CN =x",
                                              "CN=\x01",
                                              "CN=\xff",
                                              "CN=\342\200\256x"};
    static const char *const san[] = {"email:*@example.com",
                                      "UPN:*",
                                      "dns:*.example.com",
                                      "uri:urn:x",
                                      "upn:*@m\xc3\xbcnchen.example",
                                      "email:j\xc3\xb6rg@example.com"};
    static const char *const bad_san[] = {"",
                                          "email:",
                                          "mail:x",
                                          "dns",
                                          "*",
                                          "ip:1.2.3.4",
                                          "dns:m\xc3\xbcnchen.example",
                                          "uri:\xc3\xbc",
                                          "email:*@m\xc3\xbcnchen.example",
                                          "dns:\x7f"};
    struct cf_err err = {0};
    char longer[2000];

    (void)state;
    for (size_t i = 0; i < CF_COUNT(subject); i++)
        assert_ok(cf_policy_check_subject_rule(subject[i], &err), err);
    for (size_t i = 0; i < CF_COUNT(bad_subject); i++)
        assert_rc(cf_policy_check_subject_rule(bad_subject[i], &err), CF_E_SYNTAX);
    for (size_t i = 0; i < CF_COUNT(san); i++)
        assert_ok(cf_policy_check_san_rule(san[i], &err), err);
    for (size_t i = 0; i < CF_COUNT(bad_san); i++)
        assert_rc(cf_policy_check_san_rule(bad_san[i], &err), CF_E_SYNTAX);
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    memcpy(longer, "CN=", 3);
    assert_rc(cf_policy_check_subject_rule(longer, &err), CF_E_SYNTAX);
    memcpy(longer, "uri:", 4);
    assert_rc(cf_policy_check_san_rule(longer, &err), CF_E_SYNTAX);
}

static void
each_attribute_of_the_subject_has_to_be_allowed(void **state)
{
    struct policy_lab *lab = *state;

    lab->policy.subject_allow =
        LIST("CN=*.example.com", "CN=kiosk", "O=Example, Inc.", "2.5.4.11=*");
    assert_allowed(lab); /* an empty subject has nothing to refuse */
    lab_subject(lab, "O", "example, inc.");
    lab_subject(lab, "OU", "anything");
    lab_subject(lab, "CN", "HOST.example.com");
    assert_allowed(lab);
    assert_ok(cf_dn_append_joined(lab->subject, "CN", "kiosk2", &lab->err), lab->err);
    assert_refused(lab, "CN=kiosk2 matches no rule of [policy staff] subject_allow");
    lab_no_names(lab);
    lab_subject(lab, "E", "a@example.com");
    assert_refused(lab, "E=a@example.com matches no rule");
}

static void
names_that_only_look_alike_are_not_allowed(void **state)
{
    static const char *const names[] = {"host.example.com.", "host.exampl\xd0\xb5.com",
                                        "host.example.com ", "host\343\200\202example.com",
                                        "host.example.co",   "hostexample.com"};
    struct policy_lab *lab = *state;

    lab->policy.subject_allow = LIST("CN=*.example.com");
    for (size_t i = 0; i < CF_COUNT(names); i++) {
        lab_no_names(lab);
        lab_subject(lab, "CN", names[i]);
        assert_refused(lab, "subject_allow");
    }
}

static void
refusals_are_not_evaded_by_case_blanks_width_or_joiners(void **state)
{
    static const char *const refused[] = {"Domain Admin",
                                          "dOMAIN ADMIN",
                                          "Domain  Admin",
                                          " Domain Admin",
                                          "Domain Admin\xc2\xa0",
                                          "Domain\342\200\203Admin",
                                          "\xef\xbc\xa4omain Admin",
                                          "Domain Ad\xe2\x80\x8dmin",
                                          "Do\xef\xb8\x8fmain Admin",
                                          "Domain \363\240\204\200Admin",
                                          "Domain Admin\363\240\207\257"};
    static const char *const allowed[] = {"Domain Admins", "DomainAdmin", "Admin", "x"};
    struct policy_lab *lab = *state;

    lab->policy.subject_refuse = LIST("CN=Domain Admin", "OU=*admin*");
    assert_allowed(lab);
    for (size_t i = 0; i < CF_COUNT(refused); i++) {
        lab_no_names(lab);
        lab_subject(lab, "CN", refused[i]);
        assert_refused(lab, "subject_refuse: CN=Domain Admin");
    }
    for (size_t i = 0; i < CF_COUNT(allowed); i++) {
        lab_no_names(lab);
        lab_subject(lab, "CN", allowed[i]);
        assert_allowed(lab);
    }
    lab_subject(lab, "OU", "the Admins");
    assert_refused(lab, "OU=the Admins");
}

static void
a_refusal_counts_more_than_an_allowance(void **state)
{
    struct policy_lab *lab = *state;

    lab->policy.subject_allow = LIST("CN=*");
    lab->policy.subject_refuse = LIST("CN=root*");
    lab->policy.san_allow = LIST("dns:*");
    lab->policy.san_refuse = LIST("dns:dc*.example.com");
    lab_subject(lab, "CN", "rooster");
    lab_san(lab, CF_SAN_DNS, "w1.example.com");
    assert_allowed(lab);
    lab_san(lab, CF_SAN_DNS, "DC1.example.com");
    assert_refused(lab, "dc");
    lab_subject(lab, "CN", "root");
    assert_rc(lab_explain(lab), CF_E_POLICY);
    assert_string_equal(lab->marks, "mrmr---");
    assert_contains(lab->err.text, "CN=root");
}

static void
each_alternative_name_has_to_be_allowed_as_what_it_is(void **state)
{
    struct policy_lab *lab = *state;

    lab->policy.san_allow = LIST("email:*@example.com", "upn:*@example.com", "uri:urn:uuid:*");
    assert_allowed(lab);
    lab_san(lab, CF_SAN_EMAIL, "ada@example.com");
    lab_san(lab, CF_SAN_UPN, "ADA@EXAMPLE.COM");
    lab_san(lab, CF_SAN_URI, "urn:uuid:1");
    assert_allowed(lab);
    lab_san(lab, CF_SAN_DNS, "example.com");
    assert_refused(lab, "DNS example.com matches no rule of [policy staff] san_allow");
    lab_no_names(lab);
    lab_san(lab, CF_SAN_UPN, "ada@example.com.evil.example");
    assert_refused(lab, "UPN ada@example.com.evil.example");
    lab_no_names(lab);
    lab_san(lab, CF_SAN_UPN, "ada@ex\xd0\xb0mple.com");
    assert_refused(lab, "san_allow");
}

static void
user_principal_names_end_in_a_suffix_as_a_whole(void **state)
{
    static const char *const allowed[] = {"ada@example.com", "ada@EXAMPLE.com",
                                          "ada@third.example"};
    static const char *const refused[] = {"ada@evilexample.com",
                                          "ada@example.com.",
                                          "ada@example.comx",
                                          "ada@corp.example",
                                          "ada@.corp.example",
                                          "ada@xcorp.example",
                                          "ada@sub.example.com",
                                          "example.com",
                                          "@example.com",
                                          "ada@evil@example.com",
                                          "ada@ex\xd0\xb0mple.com",
                                          "ada",
                                          "ada@"};
    struct policy_lab *lab = *state;
    char json[128];

    lab->policy.upn_suffixes = LIST("example.com", "third.example");
    for (size_t i = 0; i < CF_COUNT(allowed); i++) {
        snprintf(json, sizeof json, "\"%s\"", allowed[i]);
        REQUEST("user.userPrincipalName", json);
        assert_allowed(lab);
    }
    for (size_t i = 0; i < CF_COUNT(refused); i++) {
        snprintf(json, sizeof json, "\"%s\"", refused[i]);
        REQUEST("user.userPrincipalName", json);
        assert_refused(lab, "user.userPrincipalName");
    }
    REQUEST("user.userPrincipalName", "null");
    assert_refused(lab, "user.userPrincipalName: missing");
}

static void
suffixes_hold_for_alternative_names_too(void **state)
{
    struct policy_lab *lab = *state;

    lab->policy.upn_suffixes = LIST("example.com");
    lab_san(lab, CF_SAN_UPN, "bob@example.com");
    lab_san(lab, CF_SAN_EMAIL, "bob@other.example");
    assert_allowed(lab);
    lab_san(lab, CF_SAN_UPN, "bob@other.example");
    assert_refused(lab, "profile.subjectAlternativeNames: bob@other.example");
    /* A device's certificate does not speak for its user, but for whom its names say. */
    REQUEST("profile.certificateType", "\"device\"", "user.userPrincipalName", "\"x@y.example\"");
    assert_refused(lab, "bob@other.example");
    lab_no_names(lab);
    assert_allowed(lab);
    assert_ok(lab_explain(lab), lab->err);
    assert_string_equal(lab->marks, "-------");
}

static void
a_rule_that_cannot_be_read_refuses_until_it_is_corrected(void **state)
{
    struct policy_lab *lab = *state;

    lab_subject(lab, "CN", "x");
    lab->policy.subject_refuse = LIST("XX=*");
    assert_rc(lab_judge(lab), CF_E_CONFIG);
    assert_contains(lab->err.text, "[policy staff] subject_refuse");
    assert_int_equal(lab->err.fault, CF_FAULT_CONFIG);
    assert_rc(lab_explain(lab), CF_E_CONFIG);
    assert_string_equal(lab->marks, "-?-----");
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, lab_setup, lab_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_star_stands_for_anything_and_nothing),
        cmocka_unit_test(many_stars_end_soon),
        cmocka_unit_test(rules_are_read_or_refused_with_the_reason),
        TEST(each_attribute_of_the_subject_has_to_be_allowed),
        TEST(names_that_only_look_alike_are_not_allowed),
        TEST(refusals_are_not_evaded_by_case_blanks_width_or_joiners),
        TEST(a_refusal_counts_more_than_an_allowance),
        TEST(each_alternative_name_has_to_be_allowed_as_what_it_is),
        TEST(user_principal_names_end_in_a_suffix_as_a_whole),
        TEST(suffixes_hold_for_alternative_names_too),
        TEST(a_rule_that_cannot_be_read_refuses_until_it_is_corrected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
