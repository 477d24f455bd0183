/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_lab.h"

#include <stdio.h>
#include <string.h>

#define CA(name)                                                                                   \
    "[ca " name "]\nbackend=exec\nhost=" name "\nname=n\ntemplates=Device, User\ncommand=/a\n"
/* From line 6 on; the policy begins in line 14. */
#define BASE LAB_BASE CA("corp") "[template Device]\n[template User]\n"
#define RULES "[policy p]\nca = corp\ntemplates = Device User\ncertificate_type = both\n"

/* One line in the policy, its fault in line 18. */
static void
expect_rule(const char *line, const char *fault)
{
    char text[4096];
    char expected[2048];

    (void)snprintf(text, sizeof text, BASE RULES "%s\n", line);
    (void)snprintf(expected, sizeof expected, "conf:18: [policy p] %s\n", fault);
    lab_expect_faults(text, expected);
}

/* Its text comes from the policy itself. */
static void
expect_no_rule(const char *option, const char *value)
{
    char text[4096];
    char begin[256];

    (void)snprintf(text, sizeof text, BASE RULES "%s = %s\n", option, value);
    (void)snprintf(begin, sizeof begin, "conf:18: [policy p] %s: ", option);
    lab_expect_fault_begins(text, begin);
}

static void
a_ca_without_any_policy_is_refused(void **state)
{
    (void)state;
    lab_expect_faults(BASE, "conf:1: [policy]: there is none, so every request would be refused; "
                            "write one\n");
    /* A policy has to name a CA. */
    cf_own(cf_settings) settings = lab_good(LAB_BASE);
    assert_int_equal(settings->n_policies, 0);
}

static void
a_template_that_no_policy_allows_is_refused(void **state)
{
    (void)state;
    lab_expect_faults(BASE "[policy p]\nca=corp\ntemplates=user\ncertificate_type=user\n",
                      "conf:10: [ca corp] templates: no [policy] allows Device with this CA, so it "
                      "would be refused: name both in one, or remove it\n");
    lab_expect_faults(BASE CA("two") RULES,
                      "conf:18: [ca two] templates: no [policy] allows Device with this CA, so it "
                      "would be refused: name both in one, or remove it\n"
                      "conf:18: [ca two] templates: no [policy] allows User with this CA, so it "
                      "would be refused: name both in one, or remove it\n");
    cf_own(cf_settings) settings =
        lab_good(BASE "[policy p]\nca=corp\ntemplates=user\ncertificate_type=user\n"
                      "[policy q]\nca=corp\ntemplates=device\ncertificate_type=device\n");
    assert_int_equal(settings->n_policies, 2);
}

static void
unknown_cas_and_templates_come_with_the_nearest_one(void **state)
{
    (void)state;
    lab_expect_faults(BASE "[policy p]\nca=corpp, elsewhere\ntemplates=User\n"
                           "certificate_type=user\n",
                      "conf:15: [policy p] ca: there is no section [ca corpp]: did you mean "
                      "corp?\n"
                      "conf:15: [policy p] ca: there is no section [ca elsewhere]: write one\n");
    lab_expect_faults(BASE "[template Other]\n[policy p]\nca=corp\n"
                           "templates=Devise Nothing Other\ncertificate_type=both\n",
                      "conf:17: [policy p] templates: there is no section [template Devise]: did "
                      "you mean Device?\n"
                      "conf:17: [policy p] templates: there is no section [template Nothing]: "
                      "write one\n"
                      "conf:17: [policy p] templates: no CA of this policy issues by Other: add "
                      "it to templates of the [ca] section, or remove it\n");
}

static void
names_are_kept_as_their_sections_write_them(void **state)
{
    (void)state;
    cf_own(cf_settings) settings =
        lab_good(BASE "[policy p]\nca=CORP\ntemplates=DEVICE, user\ncertificate_type=device\n");
    const struct cf_policy_settings *policy = settings->policies[0];

    assert_string_equal(policy->name, "p");
    assert_string_equal(policy->cas[0], "corp");
    assert_null(policy->cas[1]);
    assert_string_equal(policy->templates[0], "Device");
    assert_string_equal(policy->templates[1], "User");
    assert_null(policy->templates[2]);
    assert_int_equal(policy->types, CF_TYPES_DEVICE);
}

static void
a_policy_says_for_whom_it_is(void **state)
{
    (void)state;
    lab_expect_faults(BASE "[policy p]\n",
                      "conf:14: [policy p] ca: is missing: The [ca] sections it is for.\n"
                      "conf:14: [policy p] templates: is missing: The templates it is for; at "
                      "least one of its CAs issues by each.\n"
                      "conf:14: [policy p] certificate_type: is missing: Whether it is for "
                      "certificates of users, of devices or of both.\n");
    lab_expect_faults(BASE RULES "[policy]\n",
                      "conf:18: [policy] needs a name: write [policy NAME]\n");
    lab_expect_faults(BASE RULES "certificate_typ = user\n",
                      "conf:18: [policy] has no key \"certificate_typ\": did you mean "
                      "certificate_type?\n");
    lab_expect_fault_begins(BASE "[policy p]\nca=corp\ntemplates=User Device\n"
                                 "certificate_type=users\n",
                            "conf:17: [policy p] certificate_type: \"users\" is none of user, "
                            "device, both: did you mean user?");
}

static void
every_rule_is_kept(void **state)
{
    (void)state;
    cf_own(cf_settings) settings = lab_good(
        BASE RULES "eku = clientAuth 1.2.3\n"
                   "subject_allow = CN=*.example.com \"O=Example, Inc.\"\n  2.5.4.97=NTR*\n"
                   "subject_refuse = CN=admin*\n"
                   "san_allow = dns:*.example.com, email:*@example.com\n"
                   "san_refuse = uri:*\n"
                   "upn_suffixes = example.com corp.example\n"
                   "refused_accounts = root@example.com svc-backup S-1-5-21-1-2-3-500\n"
                   "min_rsa = 3072\nmin_ec = 384\nmax_validity = 90d\n"
                   "per_user_hour = 5\nper_device_hour = 6\nper_hour = 7000\n");
    const struct cf_policy_settings *policy = settings->policies[0];

    assert_int_equal(policy->n_eku, 2);
    assert_string_equal(policy->eku[1], "1.2.3");
    assert_string_equal(policy->subject_allow[1], "O=Example, Inc.");
    assert_string_equal(policy->subject_allow[2], "2.5.4.97=NTR*");
    assert_null(policy->subject_allow[3]);
    assert_string_equal(policy->subject_refuse[0], "CN=admin*");
    assert_string_equal(policy->san_allow[1], "email:*@example.com");
    assert_string_equal(policy->san_refuse[0], "uri:*");
    assert_string_equal(policy->upn_suffixes[1], "corp.example");
    assert_string_equal(policy->refused_accounts[2], "S-1-5-21-1-2-3-500");
    assert_string_equal(policy->refused_groups[0], "privileged");
    assert_int_equal(policy->min_rsa_bits, 3072);
    assert_int_equal(policy->min_ec_bits, 384);
    assert_int_equal(policy->max_validity_ms, 90ULL * 86400000);
    assert_int_equal(policy->per_user_hour, 5);
    assert_int_equal(policy->per_device_hour, 6);
    assert_int_equal(policy->per_hour, 7000);
}

static void
without_rules_only_the_least_keys_and_no_privilege_are_asked(void **state)
{
    (void)state;
    cf_own(cf_settings) settings = lab_good(BASE RULES);
    const struct cf_policy_settings *policy = settings->policies[0];

    assert_null(policy->eku);
    assert_int_equal(policy->n_eku, 0);
    assert_null(policy->subject_allow);
    assert_null(policy->subject_refuse);
    assert_null(policy->san_allow);
    assert_null(policy->san_refuse);
    assert_null(policy->upn_suffixes);
    assert_null(policy->refused_accounts);
    assert_string_equal(policy->refused_groups[0], "privileged");
    assert_null(policy->refused_groups[1]);
    assert_int_equal(policy->min_rsa_bits, 2048);
    assert_int_equal(policy->min_ec_bits, 256);
    assert_int_equal(policy->max_validity_ms, 0);
    assert_int_equal(policy->per_user_hour, 0);
}

static void
rules_that_could_match_nothing_are_told(void **state)
{
    (void)state;
    expect_no_rule("subject_allow", "CN");
    expect_no_rule("subject_refuse", "KN=a");
    expect_no_rule("san_allow", "example.com");
    expect_no_rule("san_refuse", "dns:");
    expect_rule("upn_suffixes = @example.com",
                "upn_suffixes: \"@example.com\" has an @: write only what stands behind it");
    expect_rule("upn_suffixes = *.example.com",
                "upn_suffixes: \"*.example.com\" is no domain: write each as a whole, such as "
                "example.com");
    expect_no_rule("upn_suffixes", "*.");
    expect_rule("refused_accounts = admin*",
                "refused_accounts: \"admin*\" has a *, but names are whole ones here");
    expect_no_rule("refused_accounts", "s-1-5-x");
    expect_rule("refused_accounts = a, A", "refused_accounts: A is there twice: remove one");
    expect_rule("refused_accounts = \"\"", "refused_accounts: a word is empty: remove its quotes");
    expect_rule("refused_accounts = ,", "refused_accounts: the list is empty");
}

#define DIRECTORY "[directory]\nuri = ldaps://dc.example.com\nkeytab_file = /etc/certferry/keytab\n"

static void
privileged_accounts_are_refused_unless_it_says_none(void **state)
{
    (void)state;
    cf_own(cf_settings) by_default = lab_good(BASE RULES DIRECTORY);
    assert_string_equal(by_default->policies[0]->refused_groups[0], "privileged");
    assert_null(by_default->policies[0]->refused_groups[1]);

    cf_own(cf_settings) own = lab_good(
        BASE RULES "refused_groups = \"CN=VIP, all,DC=example,DC=com\" S-1-5-32-544\n" DIRECTORY);
    assert_string_equal(own->policies[0]->refused_groups[0], "CN=VIP, all,DC=example,DC=com");
    assert_string_equal(own->policies[0]->refused_groups[1], "S-1-5-32-544");

    /* Printed, it must not become the default again. */
    cf_own(cf_settings) none = lab_good(BASE RULES "refused_groups = none\n" DIRECTORY);
    assert_non_null(none->policies[0]->refused_groups);
    assert_null(none->policies[0]->refused_groups[0]);
    cf_own_str text = lab_print(none);
    assert_contains(text, "\nrefused_groups = none\n");
    cf_own(cf_settings) again = lab_good(text);
    assert_null(again->policies[0]->refused_groups[0]);
}

static void
groups_other_than_privileged_need_a_directory(void **state)
{
    (void)state;
    expect_rule("refused_groups = privileged S-1-5-32-544",
                "refused_groups: only a directory knows who is a member of S-1-5-32-544: set uri "
                "in [directory], or remove it");
    expect_rule("refused_groups = \"Domain Admins\"",
                "refused_groups: only a directory knows who is a member of Domain Admins: set uri "
                "in [directory], or remove it");
    expect_rule("refused_groups = none privileged", "refused_groups: none can only stand alone");
    expect_rule("refused_groups = Privileged", "refused_groups: write privileged in small letters");
    cf_own(cf_settings) none = lab_good(BASE RULES "refused_groups = none\n");
    assert_null(none->policies[0]->refused_groups[0]);
    cf_own(cf_settings) known = lab_good(BASE RULES "refused_groups = privileged\n");
    assert_string_equal(known->policies[0]->refused_groups[0], "privileged");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ca_without_any_policy_is_refused),
        cmocka_unit_test(a_template_that_no_policy_allows_is_refused),
        cmocka_unit_test(unknown_cas_and_templates_come_with_the_nearest_one),
        cmocka_unit_test(names_are_kept_as_their_sections_write_them),
        cmocka_unit_test(a_policy_says_for_whom_it_is),
        cmocka_unit_test(every_rule_is_kept),
        cmocka_unit_test(without_rules_only_the_least_keys_and_no_privilege_are_asked),
        cmocka_unit_test(rules_that_could_match_nothing_are_told),
        cmocka_unit_test(privileged_accounts_are_refused_unless_it_says_none),
        cmocka_unit_test(groups_other_than_privileged_need_a_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
