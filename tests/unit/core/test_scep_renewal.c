/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that are signed with a certificate of ours. */
#include "unit/core/scep_kit.h"

#include <string.h>

static int
setup(void **state)
{
    if (scep_setup(state))
        return -1;
    scep_profile(*state)->renewal = CF_SCEP_RENEWAL_CERTIFICATE;
    return 0;
}

/* A device that has a certificate of ours, and signs with it. */
static struct scep_device
enrolled(struct core_kit *kit, const char *cn, const char *san)
{
    struct scep_device device = scep_device();
    cf_own(cf_buf) csr =
        scep_csr(device.key, &(struct scep_csr){.cn = cn, .san = san, .challenge = SCEP_CHALLENGE});
    own_answer answer = {0};

    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_ISSUED);
    cf_buf_free(device.signer);
    device.signer = cf_give(answer.cert);
    return device;
}

static enum cf_scep_answer_state
renew(struct core_kit *kit, const struct scep_device *old, enum cf_scep_message_type type,
      EVP_PKEY *key, const struct scep_csr *spec, struct cf_scep_answer *answer)
{
    cf_own(cf_buf) csr = scep_csr(key, spec);
    const struct cf_scep_request request = {
        .profile = "wifi",
        .type = type,
        .transaction_id = "renewal",
        .csr = cf_buf_bytes(csr),
        .signer = cf_buf_bytes(old->signer),
    };

    return scep_settle_request(kit, &request, answer);
}

static void
either_type_and_either_key_renew(void **state)
{
    static const enum cf_scep_message_type types[] = {CF_SCEP_RENEWAL_REQ, CF_SCEP_PKCS_REQ};
    struct core_kit *kit = *state;

    for (unsigned i = 0; i < 4; i++) {
        own_device old = enrolled(kit, "pc1", "DNS:pc1.example.com");
        own_device fresh = scep_device();
        own_answer answer = {0};
        const struct scep_csr spec = {.cn = "pc1", .san = "DNS:pc1.example.com"};

        assert_int_equal(
            renew(kit, &old, types[i / 2], i % 2 ? old.key : fresh.key, &spec, &answer),
            CF_SCEP_ANSWER_ISSUED);
        assert_false(cf_bytes_equal(cf_buf_bytes(answer.cert), cf_buf_bytes(old.signer)));
        assert_int_equal(kit->log.n[CF_EV_ENROLLMENT_RENEWED], i + 1);
    }
}

static void
the_ledger_knows_what_was_renewed(void **state)
{
    struct core_kit *kit = *state;
    own_device old = enrolled(kit, "pc1", NULL);
    own_answer answer = {0};
    struct cf_ledger ledger = {0};
    struct cf_err err = {0};

    assert_int_equal(
        renew(kit, &old, CF_SCEP_RENEWAL_REQ, old.key, &(struct scep_csr){.cn = "pc1"}, &answer),
        CF_SCEP_ANSWER_ISSUED);
    const struct cf_ledger_filter filter = {.ca = "corp", .limit = 10};
    assert_ok(kit->store->ops->ledger(kit->store, &filter, &ledger, &err), err);
    assert_int_equal(ledger.n, 2);
    assert_int_equal(ledger.entry[1]->renews_id, ledger.entry[0]->id);
    assert_int_equal(ledger.entry[0]->renewed_by_id, ledger.entry[1]->id);
    assert_string_equal(ledger.entry[1]->profile_id, "wifi");
    cf_ledger_done(&ledger);
}

static void
the_identity_stays(void **state)
{
    static const struct scep_csr others[] = {
        {.cn = "pc2", .san = "DNS:pc1.example.com"},
        {.cn = "pc1", .san = "DNS:pc2.example.com"},
        {.cn = "pc1"},
        {.cn = "pc1", .san = "DNS:pc1.example.com,DNS:pc2.example.com"},
        {.cn = "PC1", .san = "DNS:pc1.example.com"},
    };
    struct core_kit *kit = *state;
    own_device old = enrolled(kit, "pc1", "DNS:pc1.example.com");

    for (size_t i = 0; i < CF_COUNT(others); i++) {
        own_answer answer = {0};

        assert_int_equal(renew(kit, &old, CF_SCEP_RENEWAL_REQ, old.key, &others[i], &answer),
                         CF_SCEP_ANSWER_FAILED);
        assert_int_equal(answer.fail_info, CF_SCEP_BAD_REQUEST);
    }
    assert_int_equal(kit->ca->n_submits, 1);
}

static void
what_was_not_issued_here_renews_nothing(void **state)
{
    struct core_kit *kit = *state;
    own_device stranger = scep_device();
    own_answer answer = {0};

    assert_int_equal(renew(kit, &stranger, CF_SCEP_RENEWAL_REQ, stranger.key,
                           &(struct scep_csr){.cn = "pc1", .challenge = SCEP_CHALLENGE}, &answer),
                     CF_SCEP_ANSWER_FAILED);
    /* With a challenge and as a new request it is one. */
    assert_int_equal(renew(kit, &stranger, CF_SCEP_PKCS_REQ, stranger.key,
                           &(struct scep_csr){.cn = "pc1", .challenge = SCEP_CHALLENGE}, &answer),
                     CF_SCEP_ANSWER_ISSUED);
    assert_int_equal(renew(kit, &stranger, CF_SCEP_PKCS_REQ, stranger.key,
                           &(struct scep_csr){.cn = "pc2"}, &answer),
                     CF_SCEP_ANSWER_FAILED);
}

static void
a_certificate_of_another_profile_renews_nothing(void **state)
{
    struct core_kit *kit = *state;
    own_device old = enrolled(kit, "pc1", NULL);
    own_answer answer = {0};

    free(scep_profile(kit)->name);
    scep_profile(kit)->name = strdup("vpn");
    cf_own(cf_buf) csr = scep_csr(old.key, &(struct scep_csr){.cn = "pc1"});
    const struct cf_scep_request request = {.profile = "vpn",
                                            .type = CF_SCEP_RENEWAL_REQ,
                                            .transaction_id = "renewal",
                                            .csr = cf_buf_bytes(csr),
                                            .signer = cf_buf_bytes(old.signer)};
    assert_int_equal(scep_settle_request(kit, &request, &answer), CF_SCEP_ANSWER_FAILED);
}

static void
revoked_and_expired_certificates_renew_nothing(void **state)
{
    struct core_kit *kit = *state;
    own_device revoked = enrolled(kit, "pc1", NULL);
    own_device expired = enrolled(kit, "pc2", NULL);
    own_answer answer = {0};
    struct cf_err err = {0};

    assert_ok(kit->store->ops->ledger_revoke(kit->store, 1, cf_clock_now_ms(kit->clock), 1, &err),
              err);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(
            renew(kit, &revoked, i ? CF_SCEP_PKCS_REQ : CF_SCEP_RENEWAL_REQ, revoked.key,
                  &(struct scep_csr){.cn = "pc1", .challenge = SCEP_CHALLENGE}, &answer),
            CF_SCEP_ANSWER_FAILED);
        assert_contains(answer.text, "revoked");
    }
    cf_clock_fake_advance(kit->clock, 366 * 24 * 60 * SCEP_MINUTE_MS);
    assert_int_equal(renew(kit, &expired, CF_SCEP_RENEWAL_REQ, expired.key,
                           &(struct scep_csr){.cn = "pc2", .challenge = SCEP_CHALLENGE}, &answer),
                     CF_SCEP_ANSWER_FAILED);
    assert_int_equal(renew(kit, &expired, CF_SCEP_PKCS_REQ, expired.key,
                           &(struct scep_csr){.cn = "pc2"}, &answer),
                     CF_SCEP_ANSWER_FAILED);
    assert_int_equal(renew(kit, &expired, CF_SCEP_PKCS_REQ, expired.key,
                           &(struct scep_csr){.cn = "pc2", .challenge = SCEP_CHALLENGE}, &answer),
                     CF_SCEP_ANSWER_ISSUED);
}

static void
a_window_keeps_renewals_back_until_little_is_left(void **state)
{
    struct core_kit *kit = *state;
    own_device old = enrolled(kit, "pc1", NULL);
    own_answer answer = {0};
    const struct scep_csr spec = {.cn = "pc1"};

    scep_profile(kit)->renewal_window_percent = 20;
    assert_int_equal(renew(kit, &old, CF_SCEP_RENEWAL_REQ, old.key, &spec, &answer),
                     CF_SCEP_ANSWER_FAILED);
    assert_contains(answer.text, "renewal_window");
    cf_clock_fake_advance(kit->clock, 300 * 24 * 60 * SCEP_MINUTE_MS);
    assert_int_equal(renew(kit, &old, CF_SCEP_RENEWAL_REQ, old.key, &spec, &answer),
                     CF_SCEP_ANSWER_ISSUED);
}

static void
where_a_challenge_is_wanted_the_certificate_is_not_enough(void **state)
{
    struct core_kit *kit = *state;
    own_device old = enrolled(kit, "pc1", NULL);
    own_answer answer = {0};

    scep_profile(kit)->renewal = CF_SCEP_RENEWAL_CHALLENGE;
    assert_int_equal(
        renew(kit, &old, CF_SCEP_RENEWAL_REQ, old.key, &(struct scep_csr){.cn = "pc1"}, &answer),
        CF_SCEP_ANSWER_FAILED);
    assert_contains(answer.text, "challenge");
    scep_profile(kit)->renewal = CF_SCEP_RENEWAL_CERTIFICATE;
    scep_profile(kit)->challenge = CF_SCEP_INTUNE;
    assert_int_equal(
        renew(kit, &old, CF_SCEP_RENEWAL_REQ, old.key, &(struct scep_csr){.cn = "pc1"}, &answer),
        CF_SCEP_ANSWER_FAILED);
    assert_int_equal(fake_cloud_calls(kit->cloud, FAKE_CLOUD_SCEP_VALIDATE), 0);
    assert_int_equal(renew(kit, &old, CF_SCEP_RENEWAL_REQ, old.key,
                           &(struct scep_csr){.cn = "pc1", .challenge = "blob"}, &answer),
                     CF_SCEP_ANSWER_ISSUED);
    assert_int_equal(fake_cloud_calls(kit->cloud, FAKE_CLOUD_SCEP_VALIDATE), 1);
}

static void
the_same_renewal_again_gets_the_same_certificate(void **state)
{
    struct core_kit *kit = *state;
    own_device old = enrolled(kit, "pc1", NULL);
    cf_own(cf_buf) csr = scep_csr(old.key, &(struct scep_csr){.cn = "pc1"});
    const struct cf_scep_request request = {.profile = "wifi",
                                            .type = CF_SCEP_RENEWAL_REQ,
                                            .transaction_id = "renewal",
                                            .csr = cf_buf_bytes(csr),
                                            .signer = cf_buf_bytes(old.signer)};
    own_answer first = {0};
    own_answer second = {0};

    assert_int_equal(scep_settle_request(kit, &request, &first), CF_SCEP_ANSWER_ISSUED);
    assert_int_equal(scep_settle_request(kit, &request, &second), CF_SCEP_ANSWER_ISSUED);
    assert_true(cf_bytes_equal(cf_buf_bytes(first.cert), cf_buf_bytes(second.cert)));
}

#define renewal_test(name) cmocka_unit_test_setup_teardown(name, setup, core_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        renewal_test(either_type_and_either_key_renew),
        renewal_test(the_ledger_knows_what_was_renewed),
        renewal_test(the_identity_stays),
        renewal_test(what_was_not_issued_here_renews_nothing),
        renewal_test(a_certificate_of_another_profile_renews_nothing),
        renewal_test(revoked_and_expired_certificates_renew_nothing),
        renewal_test(a_window_keeps_renewals_back_until_little_is_left),
        renewal_test(where_a_challenge_is_wanted_the_certificate_is_not_enough),
        renewal_test(the_same_renewal_again_gets_the_same_certificate),
    };

    return cmocka_run_group_tests(tests, scep_group_setup, scep_group_teardown);
}
