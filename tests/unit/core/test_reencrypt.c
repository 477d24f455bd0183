/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates sealed again from their kept copies. */
#include "fake/fake_directory.h"
#include "unit/core/core_kit.h"

#include <stdio.h>
#include <string.h>

#include "certferry/text.h"

static void
keep_copies(struct core_kit *kit)
{
    struct cf_err err = {0};

    assert_ok(cf_identity_generate(CF_KEY_P256, "recovery", cf_clock_now_ms(kit->clock),
                                   365ULL * KIT_DAY_MS, &kit->site->recovery, &err),
              err);
}

static struct cf_ledger_entry *
entry_of(struct core_kit *kit, const char *context)
{
    const struct cf_ledger_filter filter = {.context = context, .limit = 1};
    struct cf_ledger ledger = {0};
    struct cf_err err = {0};

    assert_ok(kit->store->ops->ledger(kit->store, &filter, &ledger, &err), err);
    assert_int_equal(ledger.n, 1);
    struct cf_ledger_entry *entry = cf_give(ledger.entry[0]);
    cf_ledger_done(&ledger);
    return entry;
}

static struct cf_ledger_entry *
issue(struct core_kit *kit, const char *context)
{
    core_receive_good(kit, context);
    assert_int_equal(core_run_ok(kit, context), CF_STATE_WRAPPED);
    return entry_of(kit, context);
}

/* Runs a re-encryption of these changes; the item as it rests. */
static struct cf_item *
reencrypt(struct core_kit *kit, const char *const *pairs)
{
    const char *all[32] = {"requestType", "\"reencrypt\""};
    size_t n = 2;
    static unsigned count;
    char context[32];
    struct cf_err err = {0};

    for (; pairs && *pairs; pairs++)
        all[n++] = *pairs;
    snprintf(context, sizeof context, "again-%u", count++);
    cf_own_str json = core_request(kit, context, all);
    assert_int_equal(cf_request_kind(cf_bytes_of(json, strlen(json))), CF_KIND_REENCRYPT);
    core_receive(kit, CF_KIND_REENCRYPT, context, json);
    assert_ok(core_run(kit, CF_KIND_REENCRYPT, context, &err), err);
    return core_item(kit, CF_KIND_REENCRYPT, context);
}

static void
expect_failure(struct core_kit *kit, const char *const *pairs, enum cf_rc rc, const char *text)
{
    cf_own(cf_item) item = reencrypt(kit, pairs);

    assert_string_equal(cf_state_name(item->state), "failed");
    assert_rc(item->rc, rc);
    assert_contains(item->error, text);
    assert_contains(cf_buf_str(item->result), "\"status\":\"failed\"");
}

static char *
quoted(const char *text)
{
    char *ret = NULL;

    assert_true(asprintf(&ret, "\"%s\"", text) > 0);
    return ret;
}

/* What the agent of the kit's device finds in the result. */
static struct cf_pfx_content *
open_result(struct core_kit *kit, const struct cf_item *item)
{
    cf_own(cf_buf) key = kit_read(&kit->ca_kit, "dev.key");
    cf_own(cf_buf) der = kit_read(&kit->ca_kit, "dev.der");
    cf_own(cf_json) json = NULL;
    cf_own(cf_buf) sealed = NULL;
    cf_own(cf_secret) pem = NULL;
    cf_own(cf_identity) device = NULL;
    cf_own(cf_secret) pfx = NULL;
    cf_own(cf_secret) password = NULL;
    cf_own_str cert_base64 = NULL;
    cf_own_str text = NULL;
    const char *base64 = NULL;
    struct cf_pfx_content *content = NULL;
    struct cf_err err = {0};
    const struct cf_cert *const signers[] = {cf_identity_cert(kit->site->signer)};

    assert_ok(cf_text_base64(cf_buf_bytes(der), &cert_base64, &err), err);
    assert_true(asprintf(&text, "%s-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n",
                         cf_buf_str(key), cert_base64) > 0);
    assert_ok(cf_secret_copy(text, strlen(text), &pem, &err), err);
    assert_ok(cf_identity_parse(pem, &device, &err), err);
    assert_ok(cf_json_parse(cf_buf_bytes(item->result), 1 << 20, &json, &err), err);
    assert_ok(cf_json_string(json, "sealedPfx", 1, 1 << 20, &base64, &err), err);
    assert_ok(cf_text_from_base64(base64, 1 << 20, &sealed, &err), err);
    assert_ok(cf_cms_open_pfx(cf_buf_bytes(sealed), device, item->context, signers, 1, &pfx,
                              &password, &err),
              err);
    assert_ok(
        cf_pfx_open(cf_bytes_of(cf_secret_data(pfx), cf_secret_len(pfx)), password, &content, &err),
        err);
    return content;
}

static void
a_certificate_is_sealed_again_for_another_device_of_its_user(void **state)
{
    struct core_kit *kit = *state;

    keep_copies(kit);
    cf_own(cf_ledger_entry) entry = issue(kit, "r1");
    assert_true(entry->has_recovery);
    cf_own_str thumbprint = quoted(entry->thumbprint);
    const char *const pairs[] = {"certificateThumbprint",
                                 thumbprint,
                                 "device.id",
                                 "\"device-2\"",
                                 "profile.id",
                                 "\"profile-2\"",
                                 "user.userPrincipalName",
                                 "\"ADA@example.com\"",
                                 NULL};
    cf_own(cf_item) item = reencrypt(kit, pairs);
    assert_string_equal(cf_state_name(item->state), "wrapped");
    assert_string_equal(item->serial, entry->serial);
    assert_string_equal(item->ca, "corp");
    assert_string_equal(item->device_id, "device-2");
    assert_contains(cf_buf_str(item->result), entry->thumbprint);
    assert_contains(cf_buf_str(item->result), "\"caConfiguration\":\"corp\"");
    assert_contains(cf_buf_str(item->result), "\"rootCertificate\":\"");

    cf_own(cf_pfx_content) content = open_result(kit, item);
    assert_string_equal(cf_cert_thumbprint(cf_pfx_content_cert(content)), entry->thumbprint);
    assert_int_equal(kit->log.n[CF_EV_CERTIFICATE_RESEALED], 1);
    assert_int_equal(kit->ca->n_submits, 1);
    assert_int_equal(cf_metric_get(CF_M_CERTIFICATES_ISSUED), 1);
}

static void
without_a_thumbprint_the_newest_of_profile_device_and_user_is_meant(void **state)
{
    static const char *const other[] = {"profile.id", "\"profile-2\"", NULL};
    struct core_kit *kit = *state;

    keep_copies(kit);
    cf_ledger_entry_free(issue(kit, "r1"));
    cf_own(cf_ledger_entry) second = issue(kit, "r2");
    cf_own(cf_item) item = reencrypt(kit, NULL);
    assert_string_equal(cf_state_name(item->state), "wrapped");
    assert_string_equal(item->serial, second->serial);
    expect_failure(kit, other, CF_E_NOT_FOUND, "profile-2");
}

static void
nobody_gets_the_certificate_of_somebody_else(void **state)
{
    struct core_kit *kit = *state;

    keep_copies(kit);
    cf_own(cf_ledger_entry) entry = issue(kit, "r1");
    cf_own_str thumbprint = quoted(entry->thumbprint);
    const char *const other_user[] = {"certificateThumbprint", thumbprint, "user.userPrincipalName",
                                      "\"eve@example.com\"", NULL};
    const char *const no_user[] = {"certificateThumbprint", thumbprint, "user", "null", NULL};
    const char *const other_type[] = {"certificateThumbprint",
                                      thumbprint,
                                      "profile.certificateType",
                                      "\"device\"",
                                      "user.userPrincipalName",
                                      "\"eve@example.com\"",
                                      NULL};
    const char *const same_name[] = {"certificateThumbprint",
                                     thumbprint,
                                     "device.id",
                                     "\"device-2\"",
                                     "user.userPrincipalName",
                                     "\"\"",
                                     "user.userName",
                                     "\"ada@example.com\"",
                                     NULL};

    expect_failure(kit, other_user, CF_E_POLICY, "another user");
    expect_failure(kit, no_user, CF_E_POLICY, "another user");
    expect_failure(kit, other_type, CF_E_POLICY, "another user");
    expect_failure(kit, same_name, CF_E_POLICY, "userPrincipalName");
}

/* Neither for what the request says of the profile nor for its user. */
static void
a_certificate_of_a_device_stays_on_it(void **state)
{
    static const char *const of_device[] = {"profile.certificateType",
                                            "\"device\"",
                                            "profile.subjectNameFormat",
                                            "\"CN={{DeviceId}}\"",
                                            "profile.subjectAlternativeNames",
                                            "[]",
                                            NULL};
    struct core_kit *kit = *state;
    cf_own_str json = core_request(kit, "r1", of_device);

    keep_copies(kit);
    core_receive(kit, CF_KIND_PKCS, "r1", json);
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    cf_own(cf_ledger_entry) entry = entry_of(kit, "r1");
    assert_null(entry->user_name);
    cf_own_str thumbprint = quoted(entry->thumbprint);
    const char *const as_users[] = {"certificateThumbprint", thumbprint, "device.id",
                                    "\"device-2\"", NULL};
    const char *const as_users_here[] = {"certificateThumbprint", thumbprint, NULL};
    const char *const elsewhere[] = {
        "certificateThumbprint", thumbprint, "profile.certificateType", "\"device\"", "device.id",
        "\"device-2\"",          NULL};
    const char *const here[] = {"certificateThumbprint", thumbprint, "profile.certificateType",
                                "\"device\"", NULL};

    expect_failure(kit, as_users, CF_E_POLICY, "another device");
    expect_failure(kit, as_users_here, CF_E_POLICY, "belongs to the device");
    expect_failure(kit, elsewhere, CF_E_POLICY, "another device");
    cf_own(cf_item) item = reencrypt(kit, here);
    assert_string_equal(cf_state_name(item->state), "wrapped");
}

/* Two users without a UPN are not one user. */
static void
empty_names_are_nobodys(void **state)
{
    static const char *const nameless[] = {"user.userPrincipalName", "\"\"", "user.userName",
                                           "\"\"", NULL};
    struct core_kit *kit = *state;

    keep_copies(kit);
    cf_own(cf_ledger_entry) entry = issue(kit, "r1");
    cf_own_str thumbprint = quoted(entry->thumbprint);
    const char *const pairs[] = {"certificateThumbprint",
                                 thumbprint,
                                 "user.userPrincipalName",
                                 "\"\"",
                                 "user.userName",
                                 "\"\"",
                                 NULL};
    expect_failure(kit, pairs, CF_E_POLICY, "another user");
    cf_own_str json = core_request(kit, "r2", nameless);
    core_receive(kit, CF_KIND_PKCS, "r2", json);
    (void)core_run_ok(kit, "r2");
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r2");
    assert_null(item->user_name);
}

static void
a_connector_without_recovery_says_so_and_keeps_nothing(void **state)
{
    struct core_kit *kit = *state;
    cf_own(cf_ledger_entry) entry = issue(kit, "r1");

    assert_false(entry->has_recovery);
    expect_failure(kit, NULL, CF_E_UNSUPPORTED, "[recovery]");
    keep_copies(kit);
    expect_failure(kit, NULL, CF_E_NOT_FOUND, "no copy");
}

static void
what_the_policy_refuses_today_is_not_sealed_again(void **state)
{
    struct core_kit *kit = *state;
    struct cf_policy_settings *policy = kit->site->settings->policies[0];
    char *nobody[] = {(char[]){"ada@example.com"}, NULL};
    char *only_others[] = {(char[]){"CN=somebody"}, NULL};

    keep_copies(kit);
    cf_ledger_entry_free(issue(kit, "r1"));
    policy->refused_accounts = nobody;
    expect_failure(kit, NULL, CF_E_POLICY, "refused_accounts");
    policy->refused_accounts = NULL;
    policy->subject_allow = only_others;
    expect_failure(kit, NULL, CF_E_POLICY, "subject_allow");
    policy->subject_allow = NULL;
    assert_int_equal(kit->log.n[CF_EV_POLICY_REFUSED], 2);

    policy->per_hour = 1;
    cf_own(cf_item) item = reencrypt(kit, NULL);
    assert_string_equal(cf_state_name(item->state), "wrapped");
    expect_failure(kit, NULL, CF_E_RATE, "per_hour");
}

/* What the connector put in by itself was not judged by the patterns then, and is not now. */
static void
a_sid_that_the_connector_added_needs_no_pattern(void **state)
{
    struct core_kit *kit = *state;
    struct cf_policy_settings *policy = kit->site->settings->policies[0];
    struct cf_template_settings *settings = kit->site->settings->templates[0];
    char *allowed[] = {(char[]){"upn:*"}, (char[]){"email:*"}, (char[]){"dns:*"}, NULL};
    char *refused[] = {(char[]){"uri:*"}, NULL};

    keep_copies(kit);
    settings->sid_mode = CF_SID_ALWAYS;
    settings->sid_form = CF_SID_FORM_URI;
    policy->san_allow = allowed;
    policy->san_refuse = refused;
    cf_ledger_entry_free(issue(kit, "r1"));
    cf_own(cf_item) item = reencrypt(kit, NULL);
    assert_string_equal(cf_state_name(item->state), "wrapped");
    policy->san_allow = NULL;
    policy->san_refuse = NULL;
}

static void
a_certificate_is_not_sealed_for_the_heir_of_a_name(void **state)
{
    struct core_kit *kit = *state;
    const struct cf_directory_env env = {.clock = kit->clock, .stop_flag = &kit->stop};
    const struct fake_directory_entry ada = {.upn = "ada@example.com",
                                             .sid = "S-1-5-21-1-2-3-1001"};
    struct fake_directory *directory = fake_directory_new(&env);

    fake_directory_add_account(directory, &ada);
    kit->site->directory = &directory->base; /* closed with the site */
    kit->site->settings->cas[0]->sid_mode = CF_SID_ALWAYS;
    kit->site->settings->cas[0]->sid_must_be_kept = true;
    keep_copies(kit);
    cf_ledger_entry_free(issue(kit, "r1"));
    cf_own(cf_item) item = reencrypt(kit, NULL);
    assert_string_equal(cf_state_name(item->state), "wrapped");

    directory->account[0].sid = "S-1-5-21-1-2-3-1777";
    const char *const silent[] = {"user.onPremisesSecurityIdentifier", "null", NULL};
    expect_failure(kit, silent, CF_E_POLICY, "SID");
}

static void
revoked_and_expired_certificates_stay_where_they_are(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    keep_copies(kit);
    cf_own(cf_ledger_entry) entry = issue(kit, "r1");
    assert_ok(
        kit->store->ops->ledger_revoke(kit->store, entry->id, cf_clock_now_ms(kit->clock), 1, &err),
        err);
    expect_failure(kit, NULL, CF_E_NOT_FOUND, "revoked");
    cf_ledger_entry_free(issue(kit, "r2"));
    cf_clock_fake_advance(kit->clock, 91 * (int64_t)KIT_DAY_MS);
    expect_failure(kit, NULL, CF_E_NOT_FOUND, "expired");
}

static void
another_recovery_identity_waits_for_the_administrator(void **state)
{
    struct core_kit *kit = *state;

    keep_copies(kit);
    cf_ledger_entry_free(issue(kit, "r1"));
    kit->site->recovery = cf_identity_free(kit->site->recovery);
    keep_copies(kit);
    cf_own(cf_item) item = reencrypt(kit, NULL);
    assert_string_equal(cf_state_name(item->state), "received");
    assert_int_equal(item->fault, CF_FAULT_CONFIG);
    assert_contains(item->error, "identity_file");
}

static void
the_recipient_is_checked_before_any_copy_is_opened(void **state)
{
    struct core_kit *kit = *state;
    cf_own(cf_buf) roots = kit_read(&kit->ca_kit, "ca.pem");
    struct cf_err err = {0};

    keep_copies(kit);
    cf_ledger_entry_free(issue(kit, "r1"));
    kit->site->settings->check_recipient = true;
    assert_ok(cf_trust_new(cf_buf_bytes(roots), cf_bytes_of(NULL, 0), &kit->site->trust, &err),
              err);
    expect_failure(kit, NULL, CF_E_RECIPIENT, "recipientCertificate");
    assert_int_equal(kit->log.n[CF_EV_RECIPIENT_REFUSED], 1);
}

static void
a_copy_is_kept_also_when_wrapping_had_to_wait(void **state)
{
    struct core_kit *kit = *state;
    struct cf_secret *key = kit->site->store_key;
    struct cf_err err = {0};

    keep_copies(kit);
    core_receive_good(kit, "r1");
    kit->ca->lose = CF_E_TIMEOUT; /* so that the key has to be unsealed later */
    kit->ca->lose_times = 1;
    (void)core_run_ok(kit, "r1");
    assert_ok(cf_secret_copy("some other key, not the right one", 32, &kit->site->store_key, &err),
              err);
    core_wait(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_ISSUED);
    cf_secret_free(kit->site->store_key);
    kit->site->store_key = key;
    core_wait(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    cf_own(cf_ledger_entry) entry = entry_of(kit, "r1");
    assert_true(entry->has_recovery);
}

static void
a_renewal_is_linked_with_what_it_replaces(void **state)
{
    static const char *const renew[] = {"requestType", "\"renew\"", NULL};
    static const char *const of_other[] = {"requestType", "\"renew\"", "device.id", "\"device-2\"",
                                           NULL};
    struct core_kit *kit = *state;
    cf_own(cf_ledger_entry) first = issue(kit, "r1");
    cf_own_str json = core_request(kit, "r2", renew);
    cf_own_str other = core_request(kit, "r3", of_other);

    core_receive(kit, CF_KIND_PKCS, "r2", json);
    assert_int_equal(core_run_ok(kit, "r2"), CF_STATE_WRAPPED);
    cf_own(cf_ledger_entry) second = entry_of(kit, "r2");
    cf_own(cf_ledger_entry) replaced = entry_of(kit, "r1");
    assert_int_equal(second->renews_id, first->id);
    assert_int_equal(replaced->renewed_by_id, second->id);

    core_receive(kit, CF_KIND_PKCS, "r3", other);
    assert_int_equal(core_run_ok(kit, "r3"), CF_STATE_WRAPPED);
    cf_own(cf_ledger_entry) third = entry_of(kit, "r3");
    assert_int_equal(third->renews_id, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        core_test(a_certificate_is_sealed_again_for_another_device_of_its_user),
        core_test(without_a_thumbprint_the_newest_of_profile_device_and_user_is_meant),
        core_test(nobody_gets_the_certificate_of_somebody_else),
        core_test(a_certificate_of_a_device_stays_on_it),
        core_test(empty_names_are_nobodys),
        core_test(a_connector_without_recovery_says_so_and_keeps_nothing),
        core_test(what_the_policy_refuses_today_is_not_sealed_again),
        core_test(a_sid_that_the_connector_added_needs_no_pattern),
        core_test(a_certificate_is_not_sealed_for_the_heir_of_a_name),
        core_test(revoked_and_expired_certificates_stay_where_they_are),
        core_test(another_recovery_identity_waits_for_the_administrator),
        core_test(the_recipient_is_checked_before_any_copy_is_opened),
        core_test(a_copy_is_kept_also_when_wrapping_had_to_wait),
        core_test(a_renewal_is_linked_with_what_it_replaces),
    };

    return cmocka_run_group_tests(tests, core_group_setup, core_group_teardown);
}
