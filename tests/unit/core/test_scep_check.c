/* SPDX-License-Identifier: Apache-2.0 */
/* What keeps devices from enrolling is found before one tries. */
#include "unit/core/scep_kit.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "certferry/text.h"

struct seen {
    unsigned n[CF_FINDING_ERROR + 1];
    char text[8192];
};

static void
note(void *arg, const struct cf_finding *finding)
{
    struct seen *seen = arg;
    size_t used = strlen(seen->text);

    seen->n[finding->severity]++;
    snprintf(seen->text + used, sizeof seen->text - used, "%d %s: %s\n", finding->severity,
             finding->subject, finding->text);
}

static struct seen
check(struct core_kit *kit)
{
    struct seen seen = {0};

    cf_scep_check(kit->site, note, &seen);
    return seen;
}

/* An authority with certificates of the CA for both uses, good for so long. */
static void
put_authority(struct core_kit *kit, uint64_t validity_ms)
{
    own_device device = scep_device_rsa();
    cf_own(cf_buf) csr = scep_csr(
        device.key, &(struct scep_csr){.cn = "Example RA",
                                       .key_usage = "critical,digitalSignature,keyEncipherment"});
    own_answer answer = {0};
    struct cf_err err = {0};
    cf_own_str base64 = NULL;
    cf_own_str json = NULL;
    uint64_t version = 0;
    cf_own(cf_buf) old = NULL;

    kit->site->settings->templates[0]->validity_ms = validity_ms;
    assert_ok(cf_scep_ra_enroll(kit->scheduler, "corp", CF_SCEP_RA_BOTH, cf_buf_bytes(csr), &answer,
                                &err),
              err);
    scep_wait(kit, answer.item_id);
    cf_own_str context = strdup(answer.context);
    assert_ok(cf_scep_look(kit->scheduler, context, &answer, &err), err);
    assert_int_equal(answer.state, CF_SCEP_ANSWER_ISSUED);
    assert_ok(cf_text_base64(cf_buf_bytes(answer.cert), &base64, &err), err);
    assert_true(asprintf(&json,
                         "{\"generations\":[{\"made\":\"2020-01-01T00:00:00Z\",\"activeFrom\":"
                         "\"2020-01-01T00:00:00Z\",\"replaced\":null,\"sign\":{\"certificate\":"
                         "\"%s\",\"key\":\"x\"},\"encryption\":{\"certificate\":\"%s\",\"key\":"
                         "\"x\"}}],\"pending\":null}",
                         base64, base64) > 0);
    (void)kit->store->ops->ra_get(kit->store, "corp", &version, &old, NULL);
    assert_ok(
        kit->store->ops->ra_put(kit->store, "corp", version, cf_bytes_of(json, strlen(json)), &err),
        err);
}

static void
a_front_door_in_order_has_no_errors(void **state)
{
    struct core_kit *kit = *state;

    put_authority(kit, 365ULL * KIT_DAY_MS);
    struct seen seen = check(kit);
    if (seen.n[CF_FINDING_ERROR] > 0)
        fail_msg("%s", seen.text);
    assert_contains(seen.text, "scep-profile wifi");
    assert_contains(seen.text, "registration authority, both uses");
}

static void
an_authority_without_certificates_is_an_error(void **state)
{
    struct core_kit *kit = *state;
    struct seen seen = check(kit);

    assert_int_equal(seen.n[CF_FINDING_ERROR], 1);
    assert_contains(seen.text, "no certificates yet");
}

static void
the_end_of_its_certificates_is_told_in_stages(void **state)
{
    struct core_kit *kit = *state;

    put_authority(kit, 40ULL * KIT_DAY_MS);
    assert_int_equal(check(kit).n[CF_FINDING_ERROR], 0);
    cf_clock_fake_advance(kit->clock, 15 * KIT_DAY_MS);
    struct seen seen = check(kit);
    assert_int_equal(seen.n[CF_FINDING_ERROR], 0);
    assert_contains(seen.text, "1 scep ca corp: registration authority");
    cf_clock_fake_advance(kit->clock, 20 * KIT_DAY_MS);
    assert_contains(check(kit).text, "2 scep ca corp: registration authority");
    cf_clock_fake_advance(kit->clock, 10 * KIT_DAY_MS);
    assert_contains(check(kit).text, "ended on");
}

static void
the_journal_hears_of_it_once_per_stage(void **state)
{
    static const int days[] = {11, 1, 16, 7, 6};
    struct core_kit *kit = *state;
    uint64_t next_ms = 0;
    struct cf_err err = {0};

    put_authority(kit, 40ULL * KIT_DAY_MS);
    assert_ok(cf_duty_expiry(kit->scheduler, kit->site, &next_ms, &err), err);
    assert_int_equal(kit->log.n[CF_EV_RA_EXPIRING], 0);
    for (size_t i = 0; i < CF_COUNT(days); i++) {
        cf_clock_fake_advance(kit->clock, days[i] * KIT_DAY_MS);
        for (unsigned round = 0; round < 2; round++)
            assert_ok(cf_duty_expiry(kit->scheduler, kit->site, &next_ms, &err), err);
    }
    /* 30 days, 14, 7 and 1 and the end; the second step crosses none. */
    assert_int_equal(kit->log.n[CF_EV_RA_EXPIRING], 4);
    assert_contains(kit->log.last[CF_EV_RA_EXPIRING], "corp");
}

static void
what_a_profile_names_has_to_be_there(void **state)
{
    struct core_kit *kit = *state;
    struct cf_scep_profile_settings *profile = scep_profile(kit);

    put_authority(kit, 365ULL * KIT_DAY_MS);
    free(profile->template_name);
    profile->template_name = strdup("nothing");
    struct seen seen = check(kit);
    assert_int_equal(seen.n[CF_FINDING_ERROR], 2);
    assert_contains(seen.text, "does not list nothing");
    assert_contains(seen.text, "no [policy]");
    profile->next_ca_file = strdup("/nonexistent/next.pem");
    assert_contains(check(kit).text, "/nonexistent/next.pem");
    free(profile->ca);
    profile->ca = strdup("nowhere");
    assert_contains(check(kit).text, "there is no [ca nowhere]");
}

static void
challenges_that_can_be_guessed_are_told_of(void **state)
{
    struct core_kit *kit = *state;
    struct cf_secret **lines = &kit->site->scep_challenges[0];
    struct cf_err err = {0};

    put_authority(kit, 365ULL * KIT_DAY_MS);
    *lines = cf_secret_free(*lines);
    assert_ok(cf_secret_copy("password\nlong enough to be one\n1234\n", 36, lines, &err), err);
    struct seen seen = check(kit);
    assert_contains(seen.text, "2 of 3 challenges");
    assert_null(strstr(seen.text, "password"));
    *lines = cf_secret_free(*lines);
    assert_ok(cf_secret_copy("\n\n", 2, lines, &err), err);
    assert_contains(check(kit).text, "no challenge in it");
}

static void
a_challenge_that_all_share_wants_a_policy_for_names(void **state)
{
    struct core_kit *kit = *state;
    struct cf_policy_settings *policy = kit->site->settings->policies[0];
    char **words = calloc(2, sizeof *words);

    put_authority(kit, 365ULL * KIT_DAY_MS);
    assert_null(policy->subject_allow);
    assert_contains(check(kit).text, "allows any name");
    words[0] = strdup("CN=*.corp.example");
    policy->subject_allow = words;
    assert_null(strstr(check(kit).text, "allows any name"));
}

static void
a_challenge_of_intune_needs_the_cloud(void **state)
{
    struct core_kit *kit = *state;

    scep_profile(kit)->challenge = CF_SCEP_INTUNE;
    kit->site->settings->cloud.is_off = true;
    assert_contains(check(kit).text, "no management service");
}

static void
without_a_front_door_nothing_is_looked_at(void **state)
{
    struct core_kit *kit = *state;

    kit->site->settings->scep.is_on = false;
    struct seen seen = check(kit);
    assert_string_equal(seen.text, "");
}

static void
the_certificate_of_the_listener_is_looked_at(void **state)
{
    struct core_kit *kit = *state;
    char path[300];

    snprintf(path, sizeof path, "%s", kit->site->settings->cas[0]->cert_file);
    kit->site->settings->scep.tls_cert_file = strdup(path);
    assert_contains(check(kit).text, "scep tls_cert_file");
    assert_contains(check(kit).text, "is a CA's");
    free(kit->site->settings->scep.tls_cert_file);
    kit->site->settings->scep.tls_cert_file = strdup("/nonexistent/tls.pem");
    assert_contains(check(kit).text, "/nonexistent/tls.pem");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        scep_test(a_front_door_in_order_has_no_errors),
        scep_test(an_authority_without_certificates_is_an_error),
        scep_test(the_end_of_its_certificates_is_told_in_stages),
        scep_test(the_journal_hears_of_it_once_per_stage),
        scep_test(what_a_profile_names_has_to_be_there),
        scep_test(challenges_that_can_be_guessed_are_told_of),
        scep_test(a_challenge_that_all_share_wants_a_policy_for_names),
        scep_test(a_challenge_of_intune_needs_the_cloud),
        scep_test(without_a_front_door_nothing_is_looked_at),
        scep_test(the_certificate_of_the_listener_is_looked_at),
    };

    return cmocka_run_group_tests(tests, scep_group_setup, scep_group_teardown);
}
