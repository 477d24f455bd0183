/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "core/policy_internal.h"
#include "unit/core/policy_lab.h"

#define ADA_SID "S-1-5-21-1-2-3-1001"
#define DOMAIN_ADMINS "S-1-5-21-1-2-3-512"
#define DOMAIN_USERS "S-1-5-21-1-2-3-513"
#define VIPS "S-1-5-21-1-2-3-2001"

/* The good request's user and computer, an administrator, and a domain controller. */
static void
add_directory(struct policy_lab *lab)
{
    static const struct fake_directory_entry entries[] = {
        {.upn = "ada@example.com",
         .dn = "CN=Ada,DC=example",
         .sam_account_name = "adal",
         .sid = ADA_SID,
         .groups = {DOMAIN_USERS}},
        {.upn = "boss@example.com",
         .dn = "CN=Boss,DC=example",
         .sam_account_name = "boss",
         .sid = "S-1-5-21-1-2-3-1002",
         .groups = {DOMAIN_USERS, VIPS, DOMAIN_ADMINS}},
        {.dns_host_name = "laptop-1.example.com",
         .dn = "CN=LAPTOP-1,DC=example",
         .sam_account_name = "LAPTOP-1$",
         .sid = "S-1-5-21-1-2-3-1003",
         .groups = {"S-1-5-21-1-2-3-515"}},
        {.dns_host_name = "dc1.example.com",
         .dn = "CN=DC1,DC=example",
         .sam_account_name = "DC1$",
         .sid = "S-1-5-21-1-2-3-1004",
         .groups = {"S-1-5-21-1-2-3-516"}},
    };
    static const struct cf_directory_env env;

    lab->directory = fake_directory_new(&env);
    for (size_t i = 0; i < CF_COUNT(entries); i++)
        fake_directory_add_account(lab->directory, &entries[i]);
    fake_directory_add_group(lab->directory, "VIP users", "CN=VIP users,DC=example", VIPS);
}

static void
request_as(struct policy_lab *lab, const char *upn_json, const char *sid_json)
{
    REQUEST("user.userPrincipalName", upn_json, "user.onPremisesSecurityIdentifier", sid_json,
            "user.onPremisesSamAccountName", "null");
}

static void
sids_are_numbers(void **state)
{
    static const char *const bad[] = {"",
                                      "S",
                                      "S-1",
                                      "S-1-5",
                                      "S-2-5-21",
                                      "S-1-5-",
                                      "S-1-5-21-",
                                      "S-1-5-4294967296",
                                      "S-1-281474976710656-1",
                                      "S-1-5-21x",
                                      "S-1-5--1",
                                      "S-1-5-+1",
                                      "X-1-5-21",
                                      "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16"};
    static const struct {
        const char *text;
        bool is_privileged;
    } cases[] = {
        {"S-1-5-21-1-2-3-500", true}, {"s-1-5-21-1-2-3-0500", true},
        {"S-1-5-21-1-2-3-512", true}, {"S-1-5-21-1-2-3-513", false},
        {"S-1-5-21-1-2-500", false},  {"S-1-5-21-1-2-3-4-500", false},
        {"S-1-5-32-544", true},       {"S-1-5-32-545", false},
        {"S-1-5-32-1-544", false},    {"S-1-12-1-1-2-3-500", false},
        {"S-1-5-21-1-2-3-527", true}, {"S-1-5-21-1-2-3-525", false},
    };
    struct cf_sid a, b;

    (void)state;
    for (size_t i = 0; i < CF_COUNT(bad); i++)
        assert_false(cf_sid_read(bad[i], &a));
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        assert_true(cf_sid_read(cases[i].text, &a));
        if ((cf_sid_privilege(&a) != NULL) != cases[i].is_privileged)
            fail_msg("%s", cases[i].text);
    }
    assert_true(cf_sid_read("S-1-5-21-1-2-3-1001", &a) && cf_sid_read("s-1-5-21-01-2-3-1001", &b));
    assert_true(cf_sid_equal(&a, &b));
    assert_true(cf_sid_read("S-1-5-21-1-2-3", &b));
    assert_false(cf_sid_equal(&a, &b));
}

static void
an_account_is_refused_by_each_of_its_names(void **state)
{
    static const char *const entries[] = {
        "ada@example.com", "ADA@example.COM",     "adal", "AdaL", "CORP\\adal", "ada",
        ADA_SID,           "s-1-5-21-1-2-3-01001"};
    static const char *const others[] = {"ada@example.org", "adalx", "da@example.com",
                                         "S-1-5-21-1-2-3-100"};
    struct policy_lab *lab = *state;
    static char entry[64];
    static char *list[] = {entry, NULL};

    lab->policy.refused_accounts = list;
    for (size_t i = 0; i < CF_COUNT(entries); i++) {
        snprintf(entry, sizeof entry, "%s", entries[i]);
        assert_refused(lab, "refused_accounts");
    }
    for (size_t i = 0; i < CF_COUNT(others); i++) {
        snprintf(entry, sizeof entry, "%s", others[i]);
        assert_allowed(lab);
    }
}

static void
what_the_cloud_leaves_out_the_directory_knows(void **state)
{
    struct policy_lab *lab = *state;

    lab->policy.refused_accounts = LIST("boss", "S-1-5-21-1-2-3-1002", "x@example.com");
    request_as(lab, "\"boss@example.com\"", "null");
    assert_refused(lab, "boss");
    lab->policy.refused_accounts = LIST("S-1-5-21-1-2-3-1002");
    assert_allowed(lab);
    add_directory(lab);
    assert_refused(lab, "S-1-5-21-1-2-3-1002");
    request_as(lab, "\"ada@example.com\"", "null");
    assert_allowed(lab);
    /* Known to the request already: the directory may be down. */
    lab->policy.refused_accounts = LIST("ada@example.com");
    fake_directory_set_failure(lab->directory, CF_E_DIRECTORY_DOWN, 0);
    assert_refused(lab, "ada@example.com");
    request_as(lab, "\"bob@example.com\"", "null");
    assert_rc(lab_judge(lab), CF_E_DIRECTORY_DOWN);
}

static void
an_alternative_name_of_a_refused_account_is_refused(void **state)
{
    struct policy_lab *lab = *state;

    lab->policy.refused_accounts = LIST("boss@example.com", "krbtgt", "S-1-5-21-1-2-3-1002");
    lab_san(lab, CF_SAN_UPN, "eve@example.com");
    assert_allowed(lab);
    lab_san(lab, CF_SAN_UPN, "Boss@Example.com");
    assert_refused(lab, "profile.subjectAlternativeNames");
    lab_no_names(lab);
    lab_san(lab, CF_SAN_UPN, "krbtgt@example.com");
    assert_refused(lab, "krbtgt");
    lab_no_names(lab);
    lab_san(lab, CF_SAN_URI, "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-1002");
    assert_refused(lab, "S-1-5-21-1-2-3-1002");
}

static void
an_address_of_a_refused_account_is_refused_in_san_and_subject(void **state)
{
    struct policy_lab *lab = *state;

    lab->policy.refused_accounts = LIST("boss@example.com", "krbtgt");
    lab_san(lab, CF_SAN_EMAIL, "eve@example.com");
    lab_san(lab, CF_SAN_EMAIL, "krbtgt@example.com"); /* a mailbox is no SAM account name */
    lab_subject(lab, "E", "eve@example.com");
    lab_subject(lab, "CN", "boss@example.com");
    assert_allowed(lab);
    lab_san(lab, CF_SAN_EMAIL, "Boss@Example.com");
    assert_refused(lab, "profile.subjectAlternativeNames: Boss@Example.com");
    lab_no_names(lab);
    lab_subject(lab, "E", "boss@example.COM");
    assert_refused(lab, "profile.subjectNameFormat: boss@example.COM");
}

static void
privileged_accounts_are_known_by_their_sid_alone(void **state)
{
    struct policy_lab *lab = *state;

    lab->policy.refused_groups = LIST("Privileged");
    assert_allowed(lab);
    request_as(lab, "\"root@example.com\"", "\"S-1-5-21-9-8-7-500\"");
    assert_refused(lab, "Administrator");
    request_as(lab, "\"root@example.com\"", "\"S-1-5-21-9-8-7-502\"");
    assert_refused(lab, "krbtgt");
    request_as(lab, "\"root@example.com\"", "\"nonsense\"");
    assert_refused(lab, "is no SID");
    request_as(lab, "\"ada@example.com\"", "null");
    lab_san(lab, CF_SAN_URI, "TAG:microsoft.com,2022-09-14:sid:S-1-5-21-9-8-7-500");
    assert_refused(lab, "Administrator");
}

static void
members_of_refused_groups_are_refused_by_name_dn_and_sid(void **state)
{
    static const char *const entries[] = {"VIP users", "vip USERS", "CN=VIP users,DC=example", VIPS,
                                          "privileged"};
    struct policy_lab *lab = *state;
    static char entry[64];
    static char *list[] = {entry, NULL};

    add_directory(lab);
    lab->policy.refused_groups = list;
    for (size_t i = 0; i < CF_COUNT(entries); i++) {
        snprintf(entry, sizeof entry, "%s", entries[i]);
        request_as(lab, "\"boss@example.com\"", "null");
        assert_refused(lab, "[policy staff] refused_groups");
        request_as(lab, "\"ada@example.com\"", "null");
        assert_allowed(lab);
    }
    strcpy(entry, "no such group");
    assert_rc(lab_judge(lab), CF_E_CONFIG);
    assert_contains(lab->err.text, "no such group");
}

static void
who_is_not_in_the_directory_has_unknown_groups(void **state)
{
    struct policy_lab *lab = *state;

    add_directory(lab);
    lab->policy.refused_groups = LIST("privileged");
    request_as(lab, "\"ghost@example.com\"", "null");
    assert_refused(lab, "ghost@example.com");
    request_as(lab, "null", "null");
    assert_refused(lab, "user.userPrincipalName");
    /* A device of no domain is in no group. */
    REQUEST("profile.certificateType", "\"device\"", "device.fullyQualifiedDomainName", "null");
    assert_allowed(lab);
    REQUEST("profile.certificateType", "\"device\"", "device.fullyQualifiedDomainName",
            "\"phone.example.com\"");
    assert_allowed(lab);
    REQUEST("profile.certificateType", "\"device\"", "device.fullyQualifiedDomainName",
            "\"dc1.example.com\"");
    assert_refused(lab, "Domain Controllers");
}

static void
names_of_other_accounts_are_looked_up_as_well(void **state)
{
    struct policy_lab *lab = *state;
    char name[64];

    add_directory(lab);
    lab->policy.refused_groups = LIST("privileged");
    lab_san(lab, CF_SAN_UPN, "ADA@example.com");
    lab_san(lab, CF_SAN_DNS, "www.example.com");
    assert_allowed(lab);
    lab_san(lab, CF_SAN_UPN, "boss@example.com");
    assert_refused(lab, "Domain Admins");
    lab_no_names(lab);
    lab_san(lab, CF_SAN_DNS, "dc1.example.com");
    assert_refused(lab, "Domain Controllers");
    lab_no_names(lab);
    lab_san(lab, CF_SAN_UPN, "ghost@example.com");
    assert_refused(lab, "ghost@example.com");
    lab_no_names(lab);
    lab_san(lab, CF_SAN_URI, "tag:microsoft.com,2022-09-14:sid:" ADA_SID);
    assert_allowed(lab);
    lab_san(lab, CF_SAN_URI, "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-1002");
    assert_refused(lab, "is not the SID of the account");
    lab_no_names(lab);
    /* As many as a certificate can hold, and the last of them counts. */
    for (unsigned i = 0; i < CF_SAN_MAX - 1; i++) {
        snprintf(name, sizeof name, "w%u.example.com", i);
        lab_san(lab, CF_SAN_DNS, name);
    }
    assert_allowed(lab);
    lab_san(lab, CF_SAN_DNS, "dc1.example.com");
    assert_refused(lab, "Domain Controllers");
}

static void
a_rule_that_needs_the_directory_waits_for_it(void **state)
{
    struct policy_lab *lab = *state;

    lab->policy.refused_groups = LIST("VIP users");
    assert_rc(lab_judge(lab), CF_E_CONFIG);
    assert_contains(lab->err.text, "[directory]");
    assert_rc(lab_explain(lab), CF_E_CONFIG);
    assert_string_equal(lab->marks, "------?");
    add_directory(lab);
    fake_directory_set_failure(lab->directory, CF_E_DIRECTORY_DOWN, 0);
    assert_rc(lab_judge(lab), CF_E_DIRECTORY_DOWN);
    assert_int_equal(lab->err.fault, CF_FAULT_TRANSIENT);
    /* A refusal that needs no directory is told at once, and does not wait. */
    lab->policy.upn_suffixes = LIST("other.example");
    assert_refused(lab, "upn_suffixes");
    assert_rc(lab_explain(lab), CF_E_POLICY);
    assert_string_equal(lab->marks, "----r-?");
    fake_directory_set_failure(lab->directory, CF_OK, 0);
    assert_rc(lab_explain(lab), CF_E_POLICY);
    assert_string_equal(lab->marks, "----r-m");
}

static void
groups_that_were_not_read_are_no_pass(void **state)
{
    struct policy_lab *lab = *state;

    add_directory(lab);
    lab->directory->has_no_groups = true;
    lab->policy.refused_groups = LIST("privileged");
    assert_true(lab_judge(lab) != CF_OK);
}

struct group_findings {
    unsigned n[3];
    char subject[64], text[128];
};

static void
take_group(void *arg, const struct cf_finding *finding)
{
    struct group_findings *findings = arg;

    findings->n[finding->severity]++;
    assert_true((finding->remedy == NULL) == (finding->severity == CF_FINDING_OK));
    (void)snprintf(findings->subject, sizeof findings->subject, "%s", finding->subject);
    (void)snprintf(findings->text, sizeof findings->text, "%s", finding->text);
}

static void
check_finds_groups_that_are_not_there(void **state)
{
    struct policy_lab *lab = *state;
    struct cf_policy_settings *policies[] = {&lab->policy};
    const struct cf_settings settings = {.policies = policies, .n_policies = 1};
    struct group_findings findings = {0};

    add_directory(lab);
    struct cf_directory *directory = &lab->directory->base;
    lab->policy.refused_groups = LIST("privileged", VIPS, "VIP users");
    cf_policy_check_groups(&settings, directory, take_group, &findings);
    assert_int_equal(findings.n[CF_FINDING_OK], 1);
    assert_int_equal(findings.n[CF_FINDING_ERROR], 0);
    assert_contains(findings.text, VIPS);

    lab->policy.refused_groups = LIST("VIP usres");
    cf_policy_check_groups(&settings, directory, take_group, &findings);
    assert_int_equal(findings.n[CF_FINDING_ERROR], 1);
    assert_contains(findings.subject, "policy ");
    assert_contains(findings.text, "no group 'VIP usres'");

    /* That it does not answer is told by its own check. */
    fake_directory_set_failure(lab->directory, CF_E_DIRECTORY_DOWN, 9);
    cf_policy_check_groups(&settings, directory, take_group, &findings);
    assert_int_equal(findings.n[CF_FINDING_OK] + findings.n[CF_FINDING_ERROR], 2);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, lab_setup, lab_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sids_are_numbers),
        TEST(an_account_is_refused_by_each_of_its_names),
        TEST(what_the_cloud_leaves_out_the_directory_knows),
        TEST(an_alternative_name_of_a_refused_account_is_refused),
        TEST(an_address_of_a_refused_account_is_refused_in_san_and_subject),
        TEST(privileged_accounts_are_known_by_their_sid_alone),
        TEST(members_of_refused_groups_are_refused_by_name_dn_and_sid),
        TEST(who_is_not_in_the_directory_has_unknown_groups),
        TEST(names_of_other_accounts_are_looked_up_as_well),
        TEST(a_rule_that_needs_the_directory_waits_for_it),
        TEST(groups_that_were_not_read_are_no_pass),
        TEST(check_finds_groups_that_are_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
