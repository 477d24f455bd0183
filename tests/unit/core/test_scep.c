/* SPDX-License-Identifier: Apache-2.0 */
/* A device's request on its way to a certificate, and what makes it end elsewhere. */
#include "unit/core/scep_kit.h"

#include <string.h>

#include "certferry/operator.h"

static void
a_device_gets_a_certificate_for_its_key(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};
    cf_own(cf_cert) cert = NULL;
    cf_own(cf_csr) asked = NULL;
    uint8_t issued[32];
    struct cf_err err = {0};

    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_ISSUED);
    assert_ok(cf_cert_parse(cf_buf_bytes(answer.cert), &cert, &err), err);
    assert_ok(cf_csr_parse(cf_buf_bytes(csr), &asked, &err), err);
    assert_true(cf_dn_equal(cf_cert_subject(cert), cf_csr_subject(asked)));
    cf_cert_spki_sha256(cert, issued);
    assert_true(cf_buf_len(answer.chain) > 0);
    assert_int_equal(core_ledger(kit, answer.context), 1);
    assert_int_equal(kit->log.n[CF_EV_ENROLLMENT_ISSUED], 1);
    assert_int_equal(cf_metric_get(CF_M_CERTIFICATES_ISSUED), 1);
    assert_int_equal(fake_cloud_calls(kit->cloud, FAKE_CLOUD_SCEP_VALIDATE), 0);
    assert_int_equal(fake_cloud_calls(kit->cloud, FAKE_CLOUD_SCEP_ISSUED), 0);

    cf_own(cf_item) item = core_item(kit, CF_KIND_SCEP, answer.context);
    assert_string_equal(item->subject, "CN=pc1");
    assert_string_equal(item->ca, "corp");
    assert_string_equal(item->template_name, "device");
    assert_string_equal(item->device_id, "pc1");
    assert_string_equal(item->serial, cf_cert_serial(cert));
}

static void
a_finished_item_has_forgotten_the_challenge(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) good = scep_good_csr(device.key);
    cf_own(cf_buf) bad = scep_csr(device.key, &(struct scep_csr){.cn = "pc1", .challenge = "no"});
    const struct cf_buf *const csrs[] = {good, bad};

    for (size_t i = 0; i < CF_COUNT(csrs); i++) {
        own_answer answer = {0};

        (void)scep_settle(kit, &device, csrs[i], &answer);
        cf_own(cf_item) item = core_item(kit, CF_KIND_SCEP, answer.context);
        assert_true(cf_machine_is_final(CF_KIND_SCEP, item->state));
        assert_null(item->csr);
        assert_non_null(item->body);
        assert_null(strstr(cf_buf_str(item->body), "csr"));
        assert_non_null(strstr(cf_buf_str(item->body), "t1"));
    }
}

static void
the_same_message_again_gets_the_same_certificate(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer first = {0};
    own_answer second = {0};

    assert_int_equal(scep_settle(kit, &device, csr, &first), CF_SCEP_ANSWER_ISSUED);
    assert_int_equal(scep_enroll(kit, &device, csr, &second), CF_SCEP_ANSWER_ISSUED);
    assert_true(cf_bytes_equal(cf_buf_bytes(first.cert), cf_buf_bytes(second.cert)));
    assert_string_equal(first.context, second.context);
    assert_int_equal(kit->ca->n_submits, 1);
}

static void
a_pruned_request_is_answered_from_the_ledger(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer first = {0};
    own_answer second = {0};
    struct cf_err err = {0};
    uint64_t n = 0;

    assert_int_equal(scep_settle(kit, &device, csr, &first), CF_SCEP_ANSWER_ISSUED);
    cf_clock_fake_advance(kit->clock, 1000);
    assert_ok(kit->store->ops->prune(kit->store, cf_clock_now_ms(kit->clock), &n, &err), err);
    assert_int_equal(n, 1);
    assert_int_equal(scep_enroll(kit, &device, csr, &second), CF_SCEP_ANSWER_ISSUED);
    assert_true(cf_bytes_equal(cf_buf_bytes(first.cert), cf_buf_bytes(second.cert)));
    assert_true(cf_buf_len(second.chain) > 0);
    assert_int_equal(kit->ca->n_submits, 1);
}

static void
a_revoked_certificate_is_not_handed_out_again(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};
    struct cf_err err = {0};

    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_ISSUED);
    const struct cf_ledger_filter filter = {.context = answer.context, .limit = 1};
    struct cf_ledger ledger = {0};
    assert_ok(kit->store->ops->ledger(kit->store, &filter, &ledger, &err), err);
    assert_ok(kit->store->ops->ledger_revoke(kit->store, ledger.entry[0]->id,
                                             cf_clock_now_ms(kit->clock), 1, &err),
              err);
    cf_ledger_done(&ledger);
    assert_int_equal(scep_enroll(kit, &device, csr, &answer), CF_SCEP_ANSWER_FAILED);
    assert_int_equal(answer.fail_info, CF_SCEP_BAD_REQUEST);
    assert_null(answer.cert);
    assert_int_equal(kit->ca->n_submits, 1);
}

static void
after_its_certificate_has_expired_the_same_csr_is_a_new_request(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer first = {0};
    own_answer second = {0};

    assert_int_equal(scep_settle(kit, &device, csr, &first), CF_SCEP_ANSWER_ISSUED);
    cf_clock_fake_advance(kit->clock, 366 * 24 * 60 * SCEP_MINUTE_MS);
    assert_int_equal(scep_settle(kit, &device, csr, &second), CF_SCEP_ANSWER_ISSUED);
    assert_string_not_equal(first.context, second.context);
    assert_false(cf_bytes_equal(cf_buf_bytes(first.cert), cf_buf_bytes(second.cert)));
    assert_int_equal(scep_enroll(kit, &device, csr, &first), CF_SCEP_ANSWER_ISSUED);
    assert_true(cf_bytes_equal(cf_buf_bytes(first.cert), cf_buf_bytes(second.cert)));
}

static void
another_csr_of_an_unfinished_transaction_is_refused(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    cf_own(cf_buf) other =
        scep_csr(device.key, &(struct scep_csr){.cn = "pc2", .challenge = SCEP_CHALLENGE});
    own_answer answer = {0};
    own_answer refused = {0};

    kit->site->settings->templates[0]->approval = true;
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_PENDING);
    assert_true(answer.retry_after_ms > 0);
    assert_int_equal(scep_enroll(kit, &device, other, &refused), CF_SCEP_ANSWER_FAILED);
    assert_int_equal(refused.fail_info, CF_SCEP_BAD_REQUEST);
    assert_int_equal(scep_enroll(kit, &device, csr, &answer), CF_SCEP_ANSWER_PENDING);

    /* Once that is decided it is a request like any other. */
    struct cf_err err = {0};
    assert_ok(cf_operator_decide(kit->site, answer.context, false, "root", &err), err);
    scep_dispatch(kit);
    assert_int_equal(scep_enroll(kit, &device, csr, &answer), CF_SCEP_ANSWER_FAILED);
    assert_int_equal(scep_settle(kit, &device, other, &refused), CF_SCEP_ANSWER_PENDING);
}

static void
an_approved_request_is_found_by_its_transaction_and_key(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    own_device stranger = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};
    own_answer polled = {0};
    struct cf_err err = {0};

    kit->site->settings->templates[0]->approval = true;
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_PENDING);
    assert_ok(
        cf_scep_poll(kit->scheduler, "wifi", "t1", cf_buf_bytes(device.signer), &polled, &err),
        err);
    assert_int_equal(polled.state, CF_SCEP_ANSWER_PENDING);
    assert_ok(cf_operator_decide(kit->site, answer.context, true, "root", &err), err);
    scep_dispatch(kit);
    assert_ok(
        cf_scep_poll(kit->scheduler, "wifi", "t1", cf_buf_bytes(device.signer), &polled, &err),
        err);
    assert_int_equal(polled.state, CF_SCEP_ANSWER_ISSUED);

    static const char *const transactions[] = {"t1", "t2"};
    for (size_t i = 0; i < CF_COUNT(transactions); i++) {
        own_answer unknown = {0};
        const struct scep_device *who = i == 0 ? &stranger : &device;

        assert_ok(cf_scep_poll(kit->scheduler, "wifi", transactions[i], cf_buf_bytes(who->signer),
                               &unknown, &err),
                  err);
        assert_int_equal(unknown.state, CF_SCEP_ANSWER_FAILED);
        assert_int_equal(unknown.fail_info, CF_SCEP_BAD_CERT_ID);
    }
}

static void
a_ca_that_is_down_is_tried_until_patience_ends(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};

    kit->ca->fail = CF_E_CA_DOWN;
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_LATER);
    assert_true(answer.retry_after_ms > 0);
    assert_scep_state(kit, answer.context, CF_STATE_KEYED);
    cf_clock_fake_advance(kit->clock, 11 * SCEP_MINUTE_MS);
    scep_dispatch(kit);
    assert_scep_state(kit, answer.context, CF_STATE_REPORTED);
    assert_int_equal(kit->log.n[CF_EV_ENROLLMENT_FAILED], 1);
    assert_rc(kit->log.rc[CF_EV_ENROLLMENT_FAILED], CF_E_CA_DOWN);

    /* It never came to the CA: the device's next message begins anew. */
    kit->ca->fail = CF_OK;
    cf_clock_fake_advance(kit->clock, SCEP_MINUTE_MS);
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_ISSUED);
}

static void
what_may_have_reached_the_ca_is_not_begun_anew(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};

    kit->ca->fail = CF_E_TIMEOUT;
    (void)scep_settle(kit, &device, csr, &answer);
    cf_clock_fake_advance(kit->clock, 11 * SCEP_MINUTE_MS);
    scep_dispatch(kit);
    assert_scep_state(kit, answer.context, CF_STATE_REPORTED);
    unsigned n_submits = kit->ca->n_submits;
    kit->ca->fail = CF_OK;
    assert_int_equal(scep_enroll(kit, &device, csr, &answer), CF_SCEP_ANSWER_FAILED);
    assert_int_equal(kit->ca->n_submits, n_submits);
}

static void
a_ca_that_refuses_ends_the_request(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};

    kit->ca->reject_reason = "not today";
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_FAILED);
    assert_contains(answer.text, "not today");
    scep_dispatch(kit);
    assert_scep_state(kit, answer.context, CF_STATE_REPORTED);
    assert_int_equal(scep_enroll(kit, &device, csr, &answer), CF_SCEP_ANSWER_FAILED);
    assert_int_equal(kit->ca->n_submits, 1);
    assert_int_equal(fake_cloud_calls(kit->cloud, FAKE_CLOUD_SCEP_FAILED), 0);
}

static void
a_certificate_for_somebody_else_is_not_handed_out(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};

    kit->ca->swaps = true;
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_FAILED);
    assert_null(answer.cert);
    assert_int_equal(kit->log.n[CF_EV_CERTIFICATE_MISMATCH], 1);
    assert_int_equal(core_ledger(kit, answer.context), 1);
    scep_dispatch(kit);
    assert_scep_state(kit, answer.context, CF_STATE_REPORTED);

    /* Nor once the request has been pruned, or would have been. */
    struct cf_err err = {0};
    uint64_t n = 0;
    cf_clock_fake_advance(kit->clock, 1000);
    assert_ok(kit->store->ops->prune(kit->store, cf_clock_now_ms(kit->clock), &n, &err), err);
    assert_int_equal(scep_enroll(kit, &device, csr, &answer), CF_SCEP_ANSWER_FAILED);
    assert_null(answer.cert);
}

static void
a_certificate_that_another_got_is_not_handed_out(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    own_device other = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    cf_own(cf_buf) other_csr = scep_good_csr(other.key);
    own_answer answer = {0};

    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_ISSUED);
    kit->ca->replays = true;
    assert_int_equal(scep_settle(kit, &other, other_csr, &answer), CF_SCEP_ANSWER_FAILED);
    assert_int_equal(core_ledger(kit, answer.context), 0);
}

static void
without_room_or_start_the_store_keeps_the_request(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};
    struct cf_err err = {0};

    kit->scheduler->has_started = false;
    assert_int_equal(scep_enroll(kit, &device, csr, &answer), CF_SCEP_ANSWER_WORKING);
    assert_int_equal(cf_scheduler_in_flight(kit->scheduler), 0);
    assert_scep_state(kit, answer.context, CF_STATE_RECEIVED);
    cf_clock_fake_advance(kit->clock, 3000);
    scep_dispatch(kit);
    assert_ok(cf_scep_look(kit->scheduler, answer.context, &answer, &err), err);
    assert_int_equal(answer.state, CF_SCEP_ANSWER_ISSUED);
}

static void
what_nobody_has_waited_for_since_long_is_not_certified(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};

    kit->scheduler->has_started = false;
    (void)scep_enroll(kit, &device, csr, &answer);
    cf_clock_fake_advance(kit->clock, 11 * SCEP_MINUTE_MS);
    scep_dispatch(kit);
    assert_scep_state(kit, answer.context, CF_STATE_REPORTED);
    assert_int_equal(kit->ca->n_submits, 0);
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_ISSUED);
}

static void
what_is_no_request_makes_no_item(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};
    struct cf_err err = {0};
    struct cf_scep_request request = {.profile = "wifi",
                                      .type = CF_SCEP_GET_CERT,
                                      .transaction_id = "t1",
                                      .csr = cf_buf_bytes(csr),
                                      .signer = cf_buf_bytes(device.signer)};

    assert_int_equal(scep_send(kit, &request, &answer), CF_SCEP_ANSWER_FAILED);
    request.type = CF_SCEP_PKCS_REQ;
    request.transaction_id = "";
    assert_int_equal(scep_send(kit, &request, &answer), CF_SCEP_ANSWER_FAILED);
    request.transaction_id = "t1";
    request.csr.len = 0;
    assert_int_equal(scep_send(kit, &request, &answer), CF_SCEP_ANSWER_FAILED);
    request.csr = cf_buf_bytes(csr);
    request.signer.len--;
    assert_int_equal(scep_send(kit, &request, &answer), CF_SCEP_ANSWER_FAILED);
    request.profile = "none";
    assert_rc(cf_scep_enroll(kit->scheduler, &request, &answer, &err), CF_E_NOT_FOUND);
    assert_int_equal(cf_metric_get(CF_M_REQUESTS_RECEIVED), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        scep_test(a_device_gets_a_certificate_for_its_key),
        scep_test(a_finished_item_has_forgotten_the_challenge),
        scep_test(the_same_message_again_gets_the_same_certificate),
        scep_test(a_pruned_request_is_answered_from_the_ledger),
        scep_test(a_revoked_certificate_is_not_handed_out_again),
        scep_test(after_its_certificate_has_expired_the_same_csr_is_a_new_request),
        scep_test(another_csr_of_an_unfinished_transaction_is_refused),
        scep_test(an_approved_request_is_found_by_its_transaction_and_key),
        scep_test(a_ca_that_is_down_is_tried_until_patience_ends),
        scep_test(what_may_have_reached_the_ca_is_not_begun_anew),
        scep_test(a_ca_that_refuses_ends_the_request),
        scep_test(a_certificate_for_somebody_else_is_not_handed_out),
        scep_test(a_certificate_that_another_got_is_not_handed_out),
        scep_test(without_room_or_start_the_store_keeps_the_request),
        scep_test(what_nobody_has_waited_for_since_long_is_not_certified),
        scep_test(what_is_no_request_makes_no_item),
    };

    return cmocka_run_group_tests(tests, scep_group_setup, scep_group_teardown);
}
