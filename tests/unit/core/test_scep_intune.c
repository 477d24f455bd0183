/* SPDX-License-Identifier: Apache-2.0 */
/* The management service judges before the CA is asked, and hears before the device. */
#include "unit/core/scep_kit.h"

#include <stdio.h>
#include <string.h>

#include "certferry/operator.h"

static int
setup(void **state)
{
    if (scep_setup(state))
        return -1;
    scep_profile(*state)->challenge = CF_SCEP_INTUNE;
    return 0;
}

static unsigned
calls(struct core_kit *kit, enum fake_cloud_call call)
{
    return fake_cloud_calls(kit->cloud, call);
}

static void
it_is_asked_and_told_once_each(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};
    struct fake_cloud_scep last;
    cf_own(cf_cert) cert = NULL;
    struct cf_err err = {0};

    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_ISSUED);
    assert_int_equal(calls(kit, FAKE_CLOUD_SCEP_VALIDATE), 1);
    assert_int_equal(calls(kit, FAKE_CLOUD_SCEP_ISSUED), 1);
    assert_int_equal(calls(kit, FAKE_CLOUD_SCEP_FAILED), 0);
    assert_ok(cf_cert_parse(cf_buf_bytes(answer.cert), &cert, &err), err);
    fake_cloud_last_scep(kit->cloud, &last);
    assert_string_equal(last.transaction_id, "t1");
    assert_true(cf_bytes_equal(cf_buf_bytes(last.csr), cf_buf_bytes(csr)));
    assert_string_equal(last.thumbprint, cf_cert_thumbprint(cert));
    assert_string_equal(last.ca, "corp");
    fake_cloud_scep_done(&last);

    /* What was handed out once is not notified again. */
    assert_int_equal(scep_enroll(kit, &device, csr, &answer), CF_SCEP_ANSWER_ISSUED);
    assert_int_equal(calls(kit, FAKE_CLOUD_SCEP_ISSUED), 1);
}

static void
every_code_but_success_is_a_refusal_without_failure_notification(void **state)
{
    static const char *const codes[] = {"ChallengeExpired", "SubjectNameMismatch", "Unknown",
                                        "NeverHeardOf"};
    struct core_kit *kit = *state;

    for (unsigned i = 0; i < CF_COUNT(codes); i++) {
        own_device device = scep_device();
        cf_own(cf_buf) csr = scep_good_csr(device.key);
        own_answer answer = {0};

        fake_cloud_refuse(kit->cloud, FAKE_CLOUD_SCEP_VALIDATE, codes[i]);
        assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_FAILED);
        assert_int_equal(answer.fail_info, CF_SCEP_BAD_REQUEST);
        assert_contains(answer.text, codes[i]);
        assert_scep_state(kit, answer.context, CF_STATE_REPORTED);
        assert_int_equal(kit->log.n[CF_EV_ENROLLMENT_REFUSED], i + 1);
        assert_rc(kit->log.rc[CF_EV_ENROLLMENT_REFUSED], CF_E_CHALLENGE);
    }
    scep_dispatch(kit);
    assert_int_equal(kit->ca->n_submits, 0);
    assert_int_equal(calls(kit, FAKE_CLOUD_SCEP_FAILED), 0);
    assert_int_equal(calls(kit, FAKE_CLOUD_SCEP_VALIDATE), CF_COUNT(codes));
}

static void
a_csr_without_a_challenge_is_not_sent_there(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_csr(device.key, &(struct scep_csr){.cn = "pc1"});
    own_answer answer = {0};

    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_FAILED);
    assert_int_equal(calls(kit, FAKE_CLOUD_SCEP_VALIDATE), 0);
}

static void
without_a_verdict_the_device_comes_again_and_nothing_is_done_meanwhile(void **state)
{
    static const enum cf_rc rcs[] = {CF_E_NET, CF_E_TIMEOUT, CF_E_AUTH, CF_E_PROTOCOL};
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);

    for (unsigned i = 0; i < CF_COUNT(rcs); i++) {
        own_answer answer = {0};
        struct cf_err failure = {0};

        cf_fail(&failure, rcs[i], "no verdict");
        fake_cloud_fail(kit->cloud, FAKE_CLOUD_SCEP_VALIDATE, &failure, 1);
        assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_LATER);
        assert_scep_state(kit, answer.context, CF_STATE_REPORTED);
        assert_int_equal(kit->log.n[CF_EV_ENROLLMENT_DELAYED], i + 1);
        cf_clock_fake_advance(kit->clock, 5 * SCEP_MINUTE_MS);
        scep_dispatch(kit);
        assert_int_equal(calls(kit, FAKE_CLOUD_SCEP_VALIDATE), i + 1);
    }
    own_answer answer = {0};
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_ISSUED);
}

static void
a_failure_of_the_ca_is_told_with_its_reason(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};
    struct fake_cloud_scep last;

    kit->ca->reject_reason = "not today";
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_FAILED);
    assert_int_equal(calls(kit, FAKE_CLOUD_SCEP_FAILED), 0);
    scep_dispatch(kit);
    assert_scep_state(kit, answer.context, CF_STATE_REPORTED);
    assert_int_equal(calls(kit, FAKE_CLOUD_SCEP_FAILED), 1);
    fake_cloud_last_scep(kit->cloud, &last);
    assert_rc(last.failure.rc, CF_E_REJECTED);
    assert_contains(last.failure.text, "not today");
    assert_string_equal(last.transaction_id, "t1");
    assert_true(cf_bytes_equal(cf_buf_bytes(last.csr), cf_buf_bytes(csr)));
    fake_cloud_scep_done(&last);
    assert_int_equal(calls(kit, FAKE_CLOUD_SCEP_ISSUED), 0);
    /* The reason stays: it is what the device is answered by. */
    cf_own(cf_item) item = core_item(kit, CF_KIND_SCEP, answer.context);
    assert_rc(item->rc, CF_E_REJECTED);
    assert_contains(item->error, "not today");
}

static void
a_failure_notification_is_tried_again_and_given_up_in_the_end(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};
    struct cf_err failure = {0};

    kit->ca->reject_reason = "not today";
    cf_fail(&failure, CF_E_NET, "gone");
    fake_cloud_fail(kit->cloud, FAKE_CLOUD_SCEP_FAILED, &failure, 1000);
    (void)scep_settle(kit, &device, csr, &answer);
    scep_dispatch(kit);
    assert_scep_state(kit, answer.context, CF_STATE_FAILED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_SCEP, answer.context);
    assert_rc(item->rc, CF_E_REJECTED);
    assert_true(item->due_ms > cf_clock_now_ms(kit->clock));
    cf_clock_fake_advance(kit->clock, 2 * SCEP_MINUTE_MS);
    scep_dispatch(kit);
    assert_int_equal(calls(kit, FAKE_CLOUD_SCEP_FAILED), 2);
    assert_int_equal(scep_enroll(kit, &device, csr, &answer), CF_SCEP_ANSWER_FAILED);
    cf_clock_fake_advance(kit->clock, 11 * SCEP_MINUTE_MS);
    scep_dispatch(kit);
    assert_scep_state(kit, answer.context, CF_STATE_REPORTED);
    assert_int_equal(calls(kit, FAKE_CLOUD_SCEP_FAILED), 2);
}

static void
a_refused_notification_revokes_the_certificate(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};
    struct cf_ledger ledger = {0};
    struct cf_err err = {0};

    fake_cloud_refuse(kit->cloud, FAKE_CLOUD_SCEP_ISSUED, "ScepProfileNoLongerTargetedToTheClient");
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_FAILED);
    assert_null(answer.cert);
    assert_scep_state(kit, answer.context, CF_STATE_REFUSED);
    assert_int_equal(kit->log.n[CF_EV_ENROLLMENT_WITHDRAWN], 1);
    assert_contains(kit->log.last[CF_EV_ENROLLMENT_WITHDRAWN], "NoLongerTargeted");

    /* The CA is away for a while: nothing is forgotten. */
    kit->ca->fail = CF_E_CA_DOWN;
    kit->ca->fail_times = 1;
    scep_dispatch(kit);
    assert_scep_state(kit, answer.context, CF_STATE_REFUSED);
    cf_clock_fake_advance(kit->clock, 60 * SCEP_MINUTE_MS);
    scep_dispatch(kit);
    assert_scep_state(kit, answer.context, CF_STATE_REPORTED);
    const struct cf_ledger_filter filter = {.context = answer.context, .limit = 2};
    assert_ok(kit->store->ops->ledger(kit->store, &filter, &ledger, &err), err);
    assert_int_equal(ledger.n, 1);
    assert_true(ledger.entry[0]->revoked_ms > 0);
    cf_ledger_done(&ledger);
    assert_int_equal(kit->log.n[CF_EV_CERTIFICATE_REVOKED], 1);
    assert_int_equal(calls(kit, FAKE_CLOUD_SCEP_FAILED), 0);
    assert_int_equal(scep_enroll(kit, &device, csr, &answer), CF_SCEP_ANSWER_FAILED);
    assert_int_equal(kit->ca->n_submits, 1);
}

static void
until_it_is_notified_nothing_is_handed_out(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};
    struct cf_err failure = {0};

    cf_fail(&failure, CF_E_HTTP, "503");
    fake_cloud_fail(kit->cloud, FAKE_CLOUD_SCEP_ISSUED, &failure, 2);
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_LATER);
    assert_null(answer.cert);
    assert_scep_state(kit, answer.context, CF_STATE_RECORDED);
    assert_int_equal(core_ledger(kit, answer.context), 1);
    assert_int_equal(scep_enroll(kit, &device, csr, &answer), CF_SCEP_ANSWER_LATER);
    cf_clock_fake_advance(kit->clock, SCEP_MINUTE_MS);
    scep_dispatch(kit);
    cf_clock_fake_advance(kit->clock, SCEP_MINUTE_MS);
    scep_dispatch(kit);
    assert_int_equal(scep_enroll(kit, &device, csr, &answer), CF_SCEP_ANSWER_ISSUED);
    assert_int_equal(calls(kit, FAKE_CLOUD_SCEP_ISSUED), 3);
    assert_int_equal(kit->ca->n_submits, 1);
}

static void
get_cert_state(struct core_kit *kit, const char *context, enum cf_scep_answer_state expected)
{
    const struct cf_ledger_filter filter = {.context = context, .limit = 1};
    struct cf_ledger ledger = {0};
    cf_own(cf_cert) cert = NULL;
    cf_own(cf_buf) issuer = NULL;
    own_answer answer = {0};
    struct cf_err err = {0};

    assert_ok(kit->store->ops->ledger(kit->store, &filter, &ledger, &err), err);
    assert_int_equal(ledger.n, 1);
    assert_ok(cf_cert_parse(cf_buf_bytes(ledger.entry[0]->cert), &cert, &err), err);
    cf_ledger_done(&ledger);
    assert_ok(cf_dn_der(cf_cert_issuer(cert), &issuer, &err), err);
    assert_ok(cf_scep_get_cert(kit->scheduler, "wifi", cf_buf_bytes(issuer), cf_cert_serial(cert),
                               &answer, &err),
              err);
    assert_int_equal(answer.state, expected);
    if (expected == CF_SCEP_ANSWER_FAILED)
        assert_int_equal(answer.fail_info, CF_SCEP_BAD_CERT_ID);
}

static void
get_cert_gives_out_only_what_the_device_was_to_have(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    own_device other = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    cf_own(cf_buf) other_csr = scep_good_csr(other.key);
    own_answer answer = {0};
    own_answer refused = {0};
    struct cf_err failure = {0};

    cf_fail(&failure, CF_E_HTTP, "503");
    fake_cloud_fail(kit->cloud, FAKE_CLOUD_SCEP_ISSUED, &failure, 1);
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_LATER);
    get_cert_state(kit, answer.context, CF_SCEP_ANSWER_FAILED);
    cf_clock_fake_advance(kit->clock, SCEP_MINUTE_MS);
    scep_dispatch(kit);
    get_cert_state(kit, answer.context, CF_SCEP_ANSWER_ISSUED);

    fake_cloud_refuse(kit->cloud, FAKE_CLOUD_SCEP_ISSUED, "SubjectNameMismatch");
    assert_int_equal(scep_settle(kit, &other, other_csr, &refused), CF_SCEP_ANSWER_FAILED);
    get_cert_state(kit, refused.context, CF_SCEP_ANSWER_FAILED);
    scep_dispatch(kit);
    get_cert_state(kit, refused.context, CF_SCEP_ANSWER_FAILED);
}

/* Nobody can revoke it, and it is good for a year: the refusal is not forgotten. */
static void
what_was_refused_and_cannot_be_revoked_is_kept_back_for_good(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};
    struct cf_err err = {0};
    uint64_t n = 0;

    fake_cloud_refuse(kit->cloud, FAKE_CLOUD_SCEP_ISSUED, "SubjectNameMismatch");
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_FAILED);
    kit->ca->fail = CF_E_UNSUPPORTED;
    scep_dispatch(kit);
    kit->ca->fail = CF_OK;
    assert_scep_state(kit, answer.context, CF_STATE_REPORTED);
    cf_clock_fake_advance(kit->clock, 100 * 24 * 60 * SCEP_MINUTE_MS);
    assert_ok(kit->store->ops->prune(kit->store, cf_clock_now_ms(kit->clock), &n, &err), err);
    assert_int_equal(scep_enroll(kit, &device, csr, &answer), CF_SCEP_ANSWER_FAILED);
    get_cert_state(kit, answer.context, CF_SCEP_ANSWER_FAILED);
    assert_int_equal(kit->ca->n_submits, 1);
}

static void
a_notification_that_never_gets_through_revokes_the_certificate(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};
    struct cf_err failure = {0};

    cf_fail(&failure, CF_E_NET, "gone");
    fake_cloud_fail(kit->cloud, FAKE_CLOUD_SCEP_ISSUED, &failure, 1000);
    (void)scep_settle(kit, &device, csr, &answer);
    cf_clock_fake_advance(kit->clock, 11 * SCEP_MINUTE_MS);
    scep_dispatch(kit);
    assert_scep_state(kit, answer.context, CF_STATE_REPORTED);
    assert_int_equal(kit->ca->n_revokes, 1);
    assert_int_equal(kit->log.n[CF_EV_ENROLLMENT_WITHDRAWN], 1);
}

/* The administrator changes the profile while the service is away. */
static void
what_was_admitted_for_the_service_s_verdict_gets_no_other(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr =
        scep_csr(device.key, &(struct scep_csr){.cn = "pc1", .challenge = "not in the file"});
    own_answer answer = {0};
    struct cf_err failure = {0};

    cf_fail(&failure, CF_E_STOPPED, "the service is stopping");
    fake_cloud_fail(kit->cloud, FAKE_CLOUD_SCEP_VALIDATE, &failure, 1);
    (void)scep_settle(kit, &device, csr, &answer);
    assert_scep_state(kit, answer.context, CF_STATE_ADMITTED);
    scep_profile(kit)->challenge = CF_SCEP_STATIC;
    fake_cloud_refuse(kit->cloud, FAKE_CLOUD_SCEP_VALIDATE, "ChallengeDecodingError");
    scep_dispatch(kit);
    assert_scep_state(kit, answer.context, CF_STATE_REPORTED);
    assert_int_equal(kit->ca->n_submits, 0);
}

static void
what_the_service_judged_it_is_told_of(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};
    struct cf_err failure = {0};

    cf_fail(&failure, CF_E_HTTP, "503");
    fake_cloud_fail(kit->cloud, FAKE_CLOUD_SCEP_ISSUED, &failure, 1);
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_LATER);
    scep_profile(kit)->challenge = CF_SCEP_STATIC;
    cf_clock_fake_advance(kit->clock, SCEP_MINUTE_MS);
    scep_dispatch(kit);
    assert_scep_state(kit, answer.context, CF_STATE_DELIVERED);
    assert_int_equal(calls(kit, FAKE_CLOUD_SCEP_ISSUED), 2);
}

/* Each commit in turn is lost, as in a crash; the work is begun again from what the store has. */
static void
a_crash_between_any_two_steps_gives_one_certificate(void **state)
{
    struct core_kit *kit = *state;

    for (unsigned n_lost = 1; n_lost <= 4; n_lost++) {
        own_device device = scep_device();
        cf_own(cf_buf) csr = scep_good_csr(device.key);
        char context[32];
        bool is_lost = false;
        struct cf_err err = {0};

        snprintf(context, sizeof context, "wifi/k/%u", n_lost);
        scep_receive(kit, context, &device, csr);
        struct cf_item *item = NULL;
        int64_t now = cf_clock_now_ms(kit->clock);
        assert_ok(kit->store->ops->claim_one(kit->store, kit->site->owner, CF_KIND_SCEP, context,
                                             now, now + CF_CLAIM_MS, &item, &err),
                  err);
        int64_t id = item->id;
        cf_own(cf_work) work = cf_work_new(kit->site, item);
        enum cf_lane lane = CF_LANE_CPU;
        bool handoff = true;
        size_t n_before = cf_fake_store_counts(kit->store).commits;
        while (handoff) {
            if (cf_fake_store_counts(kit->store).commits - n_before + 1 == n_lost)
                cf_fake_store_fail_next_of(kit->store, "commit", CF_E_IO);
            if (cf_work_run(work, lane, &handoff, &lane, &err) != CF_OK) {
                is_lost = true;
                break;
            }
        }
        cf_fake_store_fail_next_of(kit->store, "commit", CF_OK);
        if (is_lost)
            assert_ok(kit->store->ops->release(kit->store, kit->site->owner, &id, 1, &err), err);
        scep_dispatch(kit);
        assert_scep_state(kit, context, CF_STATE_DELIVERED);
        assert_int_equal(core_ledger(kit, context), 1);
    }
    assert_int_equal(kit->ca->n_changed, 0);
}

static void
a_cancelled_request_is_no_longer_certified(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};
    struct cf_err err = {0};

    kit->ca->fail = CF_E_CA_DOWN;
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_LATER);
    assert_ok(cf_operator_cancel(kit->site, answer.context, "root", &err), err);
    assert_scep_state(kit, answer.context, CF_STATE_FAILED);
    assert_rc(cf_operator_cancel(kit->site, answer.context, "root", &err), CF_E_CONFLICT);
    scep_dispatch(kit);
    assert_scep_state(kit, answer.context, CF_STATE_REPORTED);
    assert_int_equal(calls(kit, FAKE_CLOUD_SCEP_FAILED), 1);
}

#define intune_test(name) cmocka_unit_test_setup_teardown(name, setup, core_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        intune_test(it_is_asked_and_told_once_each),
        intune_test(every_code_but_success_is_a_refusal_without_failure_notification),
        intune_test(a_csr_without_a_challenge_is_not_sent_there),
        intune_test(without_a_verdict_the_device_comes_again_and_nothing_is_done_meanwhile),
        intune_test(a_failure_of_the_ca_is_told_with_its_reason),
        intune_test(a_failure_notification_is_tried_again_and_given_up_in_the_end),
        intune_test(a_refused_notification_revokes_the_certificate),
        intune_test(until_it_is_notified_nothing_is_handed_out),
        intune_test(get_cert_gives_out_only_what_the_device_was_to_have),
        intune_test(what_was_refused_and_cannot_be_revoked_is_kept_back_for_good),
        intune_test(a_notification_that_never_gets_through_revokes_the_certificate),
        intune_test(what_was_admitted_for_the_service_s_verdict_gets_no_other),
        intune_test(what_the_service_judged_it_is_told_of),
        intune_test(a_crash_between_any_two_steps_gives_one_certificate),
        intune_test(a_cancelled_request_is_no_longer_certified),
    };

    return cmocka_run_group_tests(tests, scep_group_setup, scep_group_teardown);
}
