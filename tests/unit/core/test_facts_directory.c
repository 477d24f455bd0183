/* SPDX-License-Identifier: Apache-2.0 */
/* Facts with a directory behind them, and what of them gets into a certificate. */
#include <stdio.h>
#include <string.h>

#include "fake/fake_directory.h"
#include "unit/core/core_kit.h"

static const char ADA[] = "S-1-5-21-1-2-3-1001";

/* The site closes it. */
static struct fake_directory *
give_directory(struct core_kit *kit)
{
    static const struct fake_directory_entry ada = {.upn = "ada@example.com",
                                                    .dn = "CN=Ada L,OU=Staff,DC=example",
                                                    .sam_account_name = "ada.l",
                                                    .mail = "ada@directory.example",
                                                    .sid = ADA,
                                                    .groups = {"S-1-5-21-1-2-3-513"}};
    static const struct fake_directory_entry bob = {.upn = "bob@example.com"};
    static const struct fake_directory_entry laptop = {.dns_host_name = "laptop-1.example.com",
                                                       .dn = "CN=LAPTOP-1,DC=example",
                                                       .sid = "S-1-5-21-1-2-3-2001"};
    const struct cf_directory_env env = {.clock = kit->clock, .stop_flag = &kit->stop};
    struct fake_directory *directory = fake_directory_new(&env);

    fake_directory_add_account(directory, &ada);
    fake_directory_add_account(directory, &bob);
    fake_directory_add_account(directory, &laptop);
    kit->site->directory = &directory->base;
    return directory;
}

static struct cf_request *
request_of(struct core_kit *kit, const char *const *pairs)
{
    cf_own_str json = core_request(kit, "r", pairs);
    struct cf_request *request = NULL;
    struct cf_err err = {0};

    assert_ok(cf_request_parse(cf_bytes_of(json, strlen(json)), &request, &err), err);
    return request;
}

static void
the_directory_has_the_last_word_on_name_and_sid(void **state)
{
    static const struct {
        const char *variable;
        const char *value;
    } expected[] = {
        {"OnPrem_Distinguished_Name", "CN=Ada L,OU=Staff,DC=example"},
        {"onpremisessamaccountname", "ada.l"},
        {"OnPremisesSecurityIdentifier", ADA},
        {"EmailAddress", "ada.l@example.com"}, /* the cloud's, where it has one */
        {"GivenName", "Ada"},
    };
    struct core_kit *kit = *state;
    struct fake_directory *directory = give_directory(kit);
    cf_own(cf_request) request = request_of(kit, NULL);
    struct cf_facts facts = {.request = request, .directory = &directory->base};
    struct cf_err err = {0};

    for (size_t i = 0; i < CF_COUNT(expected); i++) {
        const char *value = NULL;

        assert_ok(
            cf_facts_find(&facts, expected[i].variable, strlen(expected[i].variable), &value, &err),
            err);
        assert_string_equal(value, expected[i].value);
    }
    assert_int_equal(directory->n_find_user, 1);
    cf_facts_done(&facts);
}

static void
mail_comes_from_the_directory_where_the_cloud_has_none(void **state)
{
    static const char *const pairs[] = {"user.emailAddress", "null", NULL};
    struct core_kit *kit = *state;
    struct fake_directory *directory = give_directory(kit);
    cf_own(cf_request) request = request_of(kit, pairs);
    struct cf_facts facts = {.request = request, .directory = &directory->base};
    const char *value = NULL;
    struct cf_err err = {0};

    assert_ok(cf_facts_find(&facts, "EmailAddress", 12, &value, &err), err);
    assert_string_equal(value, "ada@directory.example");
    cf_facts_done(&facts);
}

static void
groups_that_are_asked_for_later_leave_lent_texts_alone(void **state)
{
    struct core_kit *kit = *state;
    struct fake_directory *directory = give_directory(kit);
    cf_own(cf_request) request = request_of(kit, NULL);
    struct cf_facts facts = {.request = request, .directory = &directory->base};
    const struct cf_account *account = NULL;
    const char *sid = NULL;
    struct cf_err err = {0};

    assert_ok(cf_facts_need_sid(&facts, &sid, &err), err);
    assert_ok(cf_facts_need_account(&facts, true, &account, &err), err);
    assert_true(account->has_groups);
    assert_int_equal(account->n_groups, 1);
    assert_string_equal(sid, ADA);
    assert_ok(cf_facts_need_account(&facts, true, &account, &err), err);
    assert_int_equal(directory->n_find_user, 2);
    cf_facts_done(&facts);
}

static void
what_the_directory_lacks_is_not_taken_from_the_cloud(void **state)
{
    static const char *const bob[] = {"user.userPrincipalName", "\"bob@example.com\"", NULL};
    static const char *const eve[] = {"user.userPrincipalName", "\"eve@example.com\"", NULL};
    static const char *const nobody[] = {"user.userPrincipalName", "null", NULL};
    static const struct {
        const char *const *pairs;
        const char *text;
    } cases[] = {{bob, "no value"}, {eve, "eve@example.com"}, {nobody, "user.userPrincipalName"}};
    struct core_kit *kit = *state;
    struct fake_directory *directory = give_directory(kit);

    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        cf_own(cf_request) request = request_of(kit, cases[i].pairs);
        struct cf_facts facts = {.request = request, .directory = &directory->base};
        const char *value = NULL;
        struct cf_err err = {0};

        assert_rc(cf_facts_find(&facts, "OnPremisesSamAccountName", 24, &value, &err), CF_E_FACT);
        assert_contains(err.text, cases[i].text);
        assert_null(value);
        cf_facts_done(&facts);
    }
}

/* Runs a request with these changes until it rests. */
static struct cf_item *
run(struct core_kit *kit, const char *context, const char *const *pairs)
{
    cf_own_str json = core_request(kit, context, pairs);

    core_receive(kit, CF_KIND_PKCS, context, json);
    (void)core_run_ok(kit, context);
    return core_item(kit, CF_KIND_PKCS, context);
}

static void
expect(const struct cf_item *item, enum cf_state state, enum cf_rc rc, const char *text)
{
    if (item->state != state)
        fail_msg("%s, not %s: %s", cf_state_name(item->state), cf_state_name(state),
                 item->error ? item->error : "");
    assert_rc(item->rc, rc);
    if (text)
        assert_contains(item->error, text);
}

static void
a_sid_that_the_cloud_names_otherwise_is_refused(void **state)
{
    static const char *const pairs[] = {"user.onPremisesSecurityIdentifier",
                                        "\"S-1-5-21-1-2-3-500\"",
                                        "profile.includeSecurityIdentifier", "true", NULL};
    struct core_kit *kit = *state;

    (void)give_directory(kit);
    cf_own(cf_item) item = run(kit, "r1", pairs);
    expect(item, CF_STATE_FAILED, CF_E_POLICY, "S-1-5-21-1-2-3-500");
    assert_int_equal(kit->ca->n_submits, 0);
}

static void
a_directory_that_is_down_delays_only_those_who_need_it(void **state)
{
    static const char *const needs[] = {"profile.includeSecurityIdentifier", "true", NULL};
    struct core_kit *kit = *state;
    struct fake_directory *directory = give_directory(kit);

    fake_directory_set_failure(directory, CF_E_DIRECTORY_DOWN, 0);
    cf_own(cf_item) waits = run(kit, "r1", needs);
    expect(waits, CF_STATE_RECEIVED, CF_E_DIRECTORY_DOWN, NULL);
    cf_own(cf_item) goes_on = run(kit, "r2", NULL);
    expect(goes_on, CF_STATE_WRAPPED, CF_OK, NULL);

    fake_directory_set_failure(directory, CF_OK, 0);
    core_wait(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
}

static const char *
sid_of(const struct cf_item *item, struct cf_csr **ret_csr)
{
    struct cf_err err = {0};

    assert_ok(cf_csr_parse(cf_buf_bytes(item->csr), ret_csr, &err), err);
    return cf_csr_sid(*ret_csr);
}

static bool
has_uri(const struct cf_csr *csr, const char *uri)
{
    const struct cf_san *san = cf_csr_san(csr);

    for (size_t i = 0; i < cf_san_count(san); i++) {
        if (cf_san_type_at(san, i) == CF_SAN_URI && strcmp(cf_san_value_at(san, i), uri) == 0)
            return true;
    }
    return false;
}

static void
the_sid_goes_in_as_the_template_says(void **state)
{
    static const char *const asks[] = {"profile.includeSecurityIdentifier", "true", NULL};
    static const char uri[] = "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-1001";
    static const struct {
        enum cf_sid_mode mode;
        enum cf_sid_form form;
        bool asks;
        bool has_extension;
        bool has_uri;
    } cases[] = {
        {CF_SID_AS_CA, CF_SID_FORM_AS_CA, false, false, false},
        {CF_SID_AS_CA, CF_SID_FORM_AS_CA, true, true, false},
        {CF_SID_ALWAYS, CF_SID_FORM_URI, false, false, true},
        {CF_SID_ON_REQUEST, CF_SID_FORM_BOTH, true, true, true},
        {CF_SID_OFF, CF_SID_FORM_BOTH, false, false, false},
    };
    struct core_kit *kit = *state;
    struct cf_template_settings *settings = kit->site->settings->templates[0];

    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        cf_own(cf_csr) csr = NULL;
        char context[16];

        settings->sid_mode = cases[i].mode;
        settings->sid_form = cases[i].form;
        snprintf(context, sizeof context, "r%zu", i);
        cf_own(cf_item) item = run(kit, context, cases[i].asks ? asks : NULL);
        expect(item, CF_STATE_WRAPPED, CF_OK, NULL);
        const char *sid = sid_of(item, &csr);
        assert_int_equal(sid != NULL, cases[i].has_extension);
        if (sid)
            assert_string_equal(sid, ADA);
        assert_int_equal(has_uri(csr, uri), cases[i].has_uri);
    }
    settings->sid_mode = CF_SID_OFF;
    cf_own(cf_item) off = run(kit, "off", asks);
    expect(off, CF_STATE_FAILED, CF_E_POLICY, "[template device] security_identifier");
    assert_contains(off->error, "profile.includeSecurityIdentifier");
}

static void
a_sid_uri_of_another_account_is_refused(void **state)
{
    static const char *const foreign[] = {
        "profile.subjectAlternativeNames",
        "[{\"type\":\"universalResourceIdentifier\",\"value\":"
        "\"TAG:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500\"}]",
        NULL};
    static const char *const own[] = {
        "profile.subjectAlternativeNames",
        "[{\"type\":\"universalResourceIdentifier\",\"value\":"
        "\"tag:microsoft.com,2022-09-14:sid:{{OnPremisesSecurityIdentifier}}\"}]",
        NULL};
    struct core_kit *kit = *state;

    (void)give_directory(kit);
    cf_own(cf_item) refused = run(kit, "r1", foreign);
    expect(refused, CF_STATE_FAILED, CF_E_POLICY, "profile.subjectAlternativeNames[0]");
    cf_own(cf_item) served = run(kit, "r2", own);
    expect(served, CF_STATE_WRAPPED, CF_OK, NULL);
}

static void
a_computer_has_its_sid_from_the_directory_and_on_windows_only(void **state)
{
    static const char *const windows[] = {"profile.certificateType",
                                          "\"device\"",
                                          "profile.includeSecurityIdentifier",
                                          "true",
                                          "profile.platform",
                                          "\"windows\"",
                                          "device.platform",
                                          "\"windows\"",
                                          "device.osVersion",
                                          "\"10.0.19045\"",
                                          "profile.subjectAlternativeNames",
                                          "[]",
                                          NULL};
    static const char *const agent[] = {"profile.certificateType",
                                        "\"device\"",
                                        "profile.includeSecurityIdentifier",
                                        "true",
                                        "profile.subjectAlternativeNames",
                                        "[]",
                                        NULL};
    struct core_kit *kit = *state;
    cf_own(cf_csr) csr = NULL;

    cf_own(cf_item) without = run(kit, "r0", windows);
    expect(without, CF_STATE_FAILED, CF_E_FACT, "[directory]");
    (void)give_directory(kit);
    cf_own(cf_item) served = run(kit, "r1", windows);
    expect(served, CF_STATE_WRAPPED, CF_OK, NULL);
    assert_string_equal(sid_of(served, &csr), "S-1-5-21-1-2-3-2001");
    cf_own(cf_item) refused = run(kit, "r2", agent);
    expect(refused, CF_STATE_FAILED, CF_E_FACT, "Windows");
}

static void
a_distinguished_name_takes_the_place_of_its_attribute(void **state)
{
    static const char *const pairs[] = {"profile.subjectNameFormat",
                                        "\"CN={{OnPrem_Distinguished_Name}}\"", NULL};
    struct core_kit *kit = *state;

    (void)give_directory(kit);
    cf_own(cf_item) item = run(kit, "r1", pairs);
    expect(item, CF_STATE_WRAPPED, CF_OK, NULL);
    assert_string_equal(item->subject, "CN=Ada L,OU=Staff,DC=example");
}

static void
limits_are_counted_once_for_each_request_and_last_of_all(void **state)
{
    static const char *const bad[] = {"device.deviceName", "null", NULL};
    struct core_kit *kit = *state;

    kit->site->settings->policies[0]->per_user_hour = 1;
    cf_own(cf_item) refused = run(kit, "r0", bad);
    expect(refused, CF_STATE_FAILED, CF_E_FACT, NULL);
    cf_own(cf_item) first = run(kit, "r1", NULL);
    expect(first, CF_STATE_WRAPPED, CF_OK, NULL);
    cf_own(cf_item) second = run(kit, "r2", NULL);
    expect(second, CF_STATE_FAILED, CF_E_RATE, NULL);
    assert_contains(cf_buf_str(second->result), "ServiceTooBusyException");
    assert_int_equal(kit->ca->n_submits, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        core_test(the_directory_has_the_last_word_on_name_and_sid),
        core_test(mail_comes_from_the_directory_where_the_cloud_has_none),
        core_test(groups_that_are_asked_for_later_leave_lent_texts_alone),
        core_test(what_the_directory_lacks_is_not_taken_from_the_cloud),
        core_test(a_sid_that_the_cloud_names_otherwise_is_refused),
        core_test(a_directory_that_is_down_delays_only_those_who_need_it),
        core_test(the_sid_goes_in_as_the_template_says),
        core_test(a_sid_uri_of_another_account_is_refused),
        core_test(a_computer_has_its_sid_from_the_directory_and_on_windows_only),
        core_test(a_distinguished_name_takes_the_place_of_its_attribute),
        core_test(limits_are_counted_once_for_each_request_and_last_of_all),
    };

    return cmocka_run_group_tests(tests, core_group_setup, core_group_teardown);
}
