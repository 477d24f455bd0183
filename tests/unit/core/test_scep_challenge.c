/* SPDX-License-Identifier: Apache-2.0 */
/* Static and one-time challenges. */
#include "unit/core/scep_kit.h"

#include <string.h>

static enum cf_scep_answer_state
try_challenge(struct core_kit *kit, const char *cn, const char *challenge,
              struct cf_scep_answer *answer)
{
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_csr(device.key, &(struct scep_csr){.cn = cn, .challenge = challenge});

    return scep_settle(kit, &device, csr, answer);
}

static void
each_line_of_the_file_is_a_challenge(void **state)
{
    struct core_kit *kit = *state;
    own_answer answer = {0};

    assert_int_equal(try_challenge(kit, "pc1", SCEP_CHALLENGE, &answer), CF_SCEP_ANSWER_ISSUED);
    assert_int_equal(try_challenge(kit, "pc1", "some other challenge", &answer),
                     CF_SCEP_ANSWER_ISSUED);
}

static void
nothing_near_a_line_is_one(void **state)
{
    static const char *const wrong[] = {NULL,
                                        "x",
                                        "correct horse battery stapl",
                                        "correct horse battery staple ",
                                        "Correct horse battery staple",
                                        "some other challenge\r",
                                        "some other challenge\r\ncorrect horse battery staple\n"};
    struct core_kit *kit = *state;

    for (size_t i = 0; i < CF_COUNT(wrong); i++) {
        own_answer answer = {0};

        assert_int_equal(try_challenge(kit, "pc1", wrong[i], &answer), CF_SCEP_ANSWER_FAILED);
        assert_int_equal(answer.fail_info, CF_SCEP_BAD_REQUEST);
        if (wrong[i])
            assert_null(strstr(answer.text, wrong[i]));
    }
    assert_int_equal(kit->ca->n_submits, 0);
}

static void
a_profile_without_challenges_refuses_all(void **state)
{
    struct core_kit *kit = *state;
    own_answer answer = {0};

    kit->site->scep_challenges[0] = cf_secret_free(kit->site->scep_challenges[0]);
    assert_int_equal(try_challenge(kit, "pc1", SCEP_CHALLENGE, &answer), CF_SCEP_ANSWER_FAILED);
}

static char *
make(struct core_kit *kit, const char *subject, uint64_t lifetime_ms)
{
    cf_own(cf_secret) code = NULL;
    cf_own(cf_dn) dn = NULL;
    int64_t expires_ms = 0;
    struct cf_err err = {0};

    if (subject)
        assert_ok(cf_dn_parse_text(subject, &dn, &err), err);
    assert_ok(
        cf_scep_new_challenge(kit->site, "wifi", dn, lifetime_ms, "root", &code, &expires_ms, &err),
        err);
    assert_int_equal(expires_ms, cf_clock_now_ms(kit->clock) + (int64_t)lifetime_ms);
    assert_int_equal(cf_secret_len(code), 32);
    char *text = strndup((const char *)cf_secret_data(code), 32);
    assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), 32);
    return text;
}

static void
a_one_time_challenge_is_good_for_one_request(void **state)
{
    struct core_kit *kit = *state;
    own_answer answer = {0};
    own_device device = scep_device();

    scep_profile(kit)->challenge = CF_SCEP_ONE_TIME;
    cf_own_str code = make(kit, NULL, 60 * SCEP_MINUTE_MS);
    cf_own(cf_buf) csr = scep_csr(device.key, &(struct scep_csr){.cn = "pc1", .challenge = code});
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_ISSUED);
    assert_int_equal(scep_enroll(kit, &device, csr, &answer), CF_SCEP_ANSWER_ISSUED);
    assert_int_equal(try_challenge(kit, "pc2", code, &answer), CF_SCEP_ANSWER_FAILED);
    assert_contains(answer.text, "used by another");
    assert_int_equal(kit->ca->n_submits, 1);
}

static void
it_is_typed_in_either_case(void **state)
{
    struct core_kit *kit = *state;
    own_answer answer = {0};

    scep_profile(kit)->challenge = CF_SCEP_ONE_TIME;
    cf_own_str code = make(kit, NULL, 60 * SCEP_MINUTE_MS);
    for (char *at = code; *at; at++)
        *at = (char)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
    assert_int_equal(try_challenge(kit, "pc1", code, &answer), CF_SCEP_ANSWER_ISSUED);
}

static void
it_ends_and_may_be_for_one_subject(void **state)
{
    struct core_kit *kit = *state;
    own_answer answer = {0};

    scep_profile(kit)->challenge = CF_SCEP_ONE_TIME;
    cf_own_str bound = make(kit, "CN=pc1", 60 * SCEP_MINUTE_MS);
    assert_int_equal(try_challenge(kit, "pc2", bound, &answer), CF_SCEP_ANSWER_FAILED);
    assert_contains(answer.text, "another subject");
    assert_int_equal(try_challenge(kit, "pc1", bound, &answer), CF_SCEP_ANSWER_ISSUED);

    cf_own_str brief = make(kit, NULL, 2 * SCEP_MINUTE_MS);
    cf_clock_fake_advance(kit->clock, 2 * SCEP_MINUTE_MS);
    assert_int_equal(try_challenge(kit, "pc3", brief, &answer), CF_SCEP_ANSWER_FAILED);
    assert_contains(answer.text, "expired");
    assert_int_equal(try_challenge(kit, "pc3", "AAAABBBBCCCCDDDDEEEEFFFFGGGGHHHH", &answer),
                     CF_SCEP_ANSWER_FAILED);
    assert_contains(answer.text, "does not exist");
}

static void
for_one_subject_it_is_for_no_other_names(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();

    scep_profile(kit)->challenge = CF_SCEP_ONE_TIME;
    cf_own_str bound = make(kit, "CN=pc1.example.com", 60 * SCEP_MINUTE_MS);
    cf_own_str open = make(kit, NULL, 60 * SCEP_MINUTE_MS);
    const struct {
        const char *san;
        const char *code;
        enum cf_scep_answer_state state;
    } rows[] = {
        {"otherName:msUPN;UTF8:admin@example.com", bound, CF_SCEP_ANSWER_FAILED},
        {"DNS:pc1.example.com,DNS:dc1.example.com", bound, CF_SCEP_ANSWER_FAILED},
        {"DNS:PC1.example.com", bound, CF_SCEP_ANSWER_ISSUED},
        {"DNS:pc1.example.com,DNS:pc2.example.com", open, CF_SCEP_ANSWER_ISSUED},
    };

    for (size_t i = 0; i < CF_COUNT(rows); i++) {
        own_answer answer = {0};
        cf_own(cf_buf) csr = scep_csr(device.key, &(struct scep_csr){.cn = "pc1.example.com",
                                                                     .san = rows[i].san,
                                                                     .challenge = rows[i].code});

        assert_int_equal(scep_settle(kit, &device, csr, &answer), rows[i].state);
        if (rows[i].state == CF_SCEP_ANSWER_FAILED)
            assert_contains(answer.text, "for fewer names");
    }
}

static void
a_request_that_is_refused_otherwise_does_not_use_it_up(void **state)
{
    struct core_kit *kit = *state;
    struct cf_policy_settings *policy = kit->site->settings->policies[0];
    own_answer answer = {0};

    scep_profile(kit)->challenge = CF_SCEP_ONE_TIME;
    policy->subject_allow = calloc(2, sizeof(char *));
    policy->subject_allow[0] = strdup("CN=pc*");
    cf_own_str code = make(kit, NULL, 60 * SCEP_MINUTE_MS);
    assert_int_equal(try_challenge(kit, "admin", code, &answer), CF_SCEP_ANSWER_FAILED);
    assert_int_equal(try_challenge(kit, "pc1", code, &answer), CF_SCEP_ANSWER_ISSUED);
}

static void
no_two_are_the_same_and_the_store_has_none(void **state)
{
    struct core_kit *kit = *state;

    scep_profile(kit)->challenge = CF_SCEP_ONE_TIME;
    cf_own_str a = make(kit, NULL, 60 * SCEP_MINUTE_MS);
    cf_own_str b = make(kit, NULL, 60 * SCEP_MINUTE_MS);
    assert_string_not_equal(a, b);
}

static void
it_is_made_for_profiles_that_want_it_and_not_for_ever(void **state)
{
    struct core_kit *kit = *state;
    cf_own(cf_secret) code = NULL;
    int64_t expires_ms = 0;
    struct cf_err err = {0};
    const uint64_t hour = 60 * SCEP_MINUTE_MS;

    assert_rc(
        cf_scep_new_challenge(kit->site, "wifi", NULL, hour, "root", &code, &expires_ms, &err),
        CF_E_UNSUPPORTED);
    scep_profile(kit)->challenge = CF_SCEP_ONE_TIME;
    assert_rc(
        cf_scep_new_challenge(kit->site, "none", NULL, hour, "root", &code, &expires_ms, &err),
        CF_E_NOT_FOUND);
    assert_rc(
        cf_scep_new_challenge(kit->site, "wifi", NULL, 1000, "root", &code, &expires_ms, &err),
        CF_E_RANGE);
    assert_rc(cf_scep_new_challenge(kit->site, "wifi", NULL, 24 * 31 * hour, "root", &code,
                                    &expires_ms, &err),
              CF_E_RANGE);
    assert_null(code);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        scep_test(each_line_of_the_file_is_a_challenge),
        scep_test(nothing_near_a_line_is_one),
        scep_test(a_profile_without_challenges_refuses_all),
        scep_test(a_one_time_challenge_is_good_for_one_request),
        scep_test(it_is_typed_in_either_case),
        scep_test(it_ends_and_may_be_for_one_subject),
        scep_test(for_one_subject_it_is_for_no_other_names),
        scep_test(a_request_that_is_refused_otherwise_does_not_use_it_up),
        scep_test(no_two_are_the_same_and_the_store_has_none),
        scep_test(it_is_made_for_profiles_that_want_it_and_not_for_ever),
    };

    return cmocka_run_group_tests(tests, scep_group_setup, scep_group_teardown);
}
