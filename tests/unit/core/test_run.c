/* SPDX-License-Identifier: Apache-2.0 */
/* A request on its way through the steps, and what makes it wait or end. */
#include "unit/core/core_kit.h"

#include <stdio.h>
#include <string.h>

static void
a_request_ends_wrapped_with_its_key_gone(void **state)
{
    struct core_kit *kit = *state;

    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);

    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_null(item->sealed_key);
    assert_non_null(item->result);
    assert_int_equal(item->rc, CF_OK);
    assert_string_equal(item->ca, "corp");
    assert_string_equal(item->device_id, "device-1");
    assert_string_equal(item->user_name, "ada@example.com");
    assert_string_equal(item->template_name, "device");
    assert_string_equal(item->subject, "CN=LAPTOP-1,O=Example");
    assert_non_null(item->serial);
    assert_int_equal(core_ledger(kit, "r1"), 1);
    assert_int_equal(kit->ca->n_submits, 1);
    assert_int_equal(cf_metric_get(CF_M_CERTIFICATES_ISSUED), 1);
    assert_int_equal(kit->log.n[CF_EV_CERTIFICATE_ISSUED], 1);
    assert_string_equal(kit->log.request[CF_EV_CERTIFICATE_ISSUED], "r1");
    assert_int_equal(kit->log.n[CF_EV_SUBMIT_REPEATED], 0);
}

/* It is for people: it may not cost a certificate that is already issued. */
static void
a_profile_name_of_any_kind_labels_the_result(void **state)
{
    static const char *const names[] = {"\"\"", "\"Wi-Fi \\ud83d\\udcf1\"",
                                        "\"\\u202eifiW\\uffff\\n\"", "null"};
    static const char *const platforms[] = {"\"agent\"", "\"iOS\""};
    struct core_kit *kit = *state;

    for (size_t i = 0; i < 2 * CF_COUNT(names); i++) {
        const char *platform = platforms[i % 2];
        const char *const pairs[] = {"profile.name",     names[i / 2],      "profile.platform",
                                     platform,           "device.platform", platform,
                                     "device.osVersion", "\"18.1\"",        NULL};
        char context[32];

        snprintf(context, sizeof context, "named-%zu", i);
        cf_own_str json = core_request(kit, context, pairs);
        core_receive(kit, CF_KIND_PKCS, context, json);
        assert_int_equal(core_run_ok(kit, context), CF_STATE_WRAPPED);
    }
}

/* What is wrong with the request: it fails, is reported, and says why. */
static void
expect_failure(struct core_kit *kit, const char *const *pairs, enum cf_rc rc, enum cf_event event,
               const char *member)
{
    static unsigned n;
    char context[32];

    snprintf(context, sizeof context, "bad-%u", n++);
    cf_own_str json = core_request(kit, context, pairs);
    core_receive(kit, CF_KIND_PKCS, context, json);
    unsigned n_events = kit->log.n[event];
    assert_int_equal(core_run_ok(kit, context), CF_STATE_FAILED);

    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, context);
    assert_rc(item->rc, rc);
    assert_int_equal(item->fault, CF_FAULT_REQUEST);
    assert_contains(item->error, member);
    assert_non_null(item->result);
    assert_contains(cf_buf_str(item->result), "\"status\":\"failed\"");
    assert_contains(cf_buf_str(item->result), cf_cloud_code_name(cf_rc_cloud_code(rc)));
    assert_null(item->sealed_key);
    assert_int_equal(kit->log.n[event], n_events + 1);
    assert_rc(kit->log.rc[event], rc);
    assert_string_equal(kit->log.request[event], context);
    assert_int_equal(core_ledger(kit, context), 0);
}

static void
a_request_that_can_never_work_is_reported_failed(void **state)
{
    static const char *const no_name[] = {"device.deviceName", "null", NULL};
    static const char *const no_type[] = {"requestType", "\"replace\"", NULL};
    static const char *const no_template[] = {"certificateTemplateName", "\"secret\"", NULL};
    static const char *const no_platform[] = {"device.platform", "\"plan9\"", "profile.platform",
                                              "\"plan9\"", NULL};
    static const char *const old_phone[] = {
        "device.platform", "\"iOS\"", "profile.platform", "\"iOS\"", "device.osVersion",
        "\"17\"",          NULL};
    static const char *const no_subject[] = {"profile.subjectNameFormat", "\"nonsense\"", NULL};
    static const char *const no_san[] = {
        "profile.subjectAlternativeNames",
        "[{\"type\":\"domainNameService\",\"value\":\"{{Nothing}}\"}]", NULL};
    struct core_kit *kit = *state;

    expect_failure(kit, no_name, CF_E_FACT, CF_EV_REQUEST_FAILED, "DeviceName");
    expect_failure(kit, no_type, CF_E_UNSUPPORTED, CF_EV_REQUEST_FAILED, "requestType");
    expect_failure(kit, no_template, CF_E_POLICY, CF_EV_POLICY_REFUSED, "certificateTemplateName");
    expect_failure(kit, no_platform, CF_E_UNSUPPORTED, CF_EV_REQUEST_FAILED, "device.platform");
    expect_failure(kit, old_phone, CF_E_POLICY, CF_EV_POLICY_REFUSED, "allow_legacy");
    expect_failure(kit, no_subject, CF_E_SYNTAX, CF_EV_REQUEST_FAILED, "profile.subjectNameFormat");
    expect_failure(kit, no_san, CF_E_FACT, CF_EV_REQUEST_FAILED,
                   "profile.subjectAlternativeNames[0]");
    assert_int_equal(kit->ca->n_submits, 0);
    assert_int_equal(cf_metric_get(CF_M_REQUESTS_REFUSED), 2);
    assert_int_equal(cf_metric_get(CF_M_REQUESTS_FAILED), 5);
}

static void
a_recipient_that_is_not_trusted_is_refused(void **state)
{
    struct core_kit *kit = *state;
    cf_own(cf_buf) roots = kit_read(&kit->ca_kit, "ca.pem");
    struct cf_err err = {0};

    kit->site->settings->check_recipient = true;
    assert_ok(cf_trust_new(cf_buf_bytes(roots), cf_bytes_of(NULL, 0), &kit->site->trust, &err),
              err);
    expect_failure(kit, NULL, CF_E_RECIPIENT, CF_EV_RECIPIENT_REFUSED, "recipientCertificate");
    assert_int_equal(cf_metric_get(CF_M_REQUESTS_REFUSED), 1);
}

static void
expect_wait(struct core_kit *kit, const char *context, enum cf_state rests_in, enum cf_event event,
            enum cf_rc rc, int64_t least_ms, int64_t most_ms)
{
    unsigned n_events = kit->log.n[event];
    uint64_t n_retried = cf_metric_get(CF_M_STEPS_RETRIED);
    cf_own(cf_item) before = core_item(kit, CF_KIND_PKCS, context);

    assert_int_equal(core_run_ok(kit, context), rests_in);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, context);
    assert_rc(item->rc, rc);
    assert_int_equal(item->fault, cf_rc_fault(rc));
    assert_int_equal(item->attempts, before->state == item->state ? before->attempts + 1 : 1);
    assert_true(item->first_failed_ms > 0);
    assert_in_range(item->due_ms - cf_clock_now_ms(kit->clock), least_ms, most_ms);
    assert_int_equal(kit->log.n[event], n_events + 1);
    assert_rc(kit->log.rc[event], rc);
    assert_int_equal(cf_metric_get(CF_M_STEPS_RETRIED), n_retried + 1);
    assert_null(item->result);
}

static void
a_transient_failure_waits_longer_each_time_and_then_goes_on(void **state)
{
    struct core_kit *kit = *state;

    core_receive_good(kit, "r1");
    kit->ca->fail = CF_E_CA_DOWN;
    kit->ca->fail_times = 3;
    expect_wait(kit, "r1", CF_STATE_KEYED, CF_EV_REQUEST_WAITING, CF_E_CA_DOWN, 500, 1000);
    cf_own(cf_item) first = core_item(kit, CF_KIND_PKCS, "r1");
    core_wait(kit, "r1");
    expect_wait(kit, "r1", CF_STATE_KEYED, CF_EV_REQUEST_WAITING, CF_E_CA_DOWN, 1000, 2000);
    core_wait(kit, "r1");
    expect_wait(kit, "r1", CF_STATE_KEYED, CF_EV_REQUEST_WAITING, CF_E_CA_DOWN, 2000, 4000);
    cf_own(cf_item) third = core_item(kit, CF_KIND_PKCS, "r1");
    assert_int_equal(third->first_failed_ms, first->first_failed_ms);
    assert_true(atomic_load(&kit->site->cas[0].unhealthy));
    assert_int_equal(cf_metric_get(CF_M_CA_ERRORS), 3);
    assert_int_equal(kit->log.n[CF_EV_CA_UNAVAILABLE], 1);

    core_wait(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_int_equal(item->attempts, 0);
    assert_int_equal(item->first_failed_ms, 0);
    assert_int_equal(item->rc, CF_OK);
    assert_null(item->error);
    assert_false(atomic_load(&kit->site->cas[0].unhealthy));
    assert_int_equal(kit->log.n[CF_EV_CA_RECOVERED], 1);
}

static void
a_fault_of_the_configuration_parks_the_request(void **state)
{
    struct core_kit *kit = *state;

    core_receive_good(kit, "r1");
    kit->ca->fail = CF_E_CA_CONFIG;
    expect_wait(kit, "r1", CF_STATE_KEYED, CF_EV_REQUEST_PARKED, CF_E_CA_CONFIG, CORE_MAX_MS / 2,
                CORE_MAX_MS);
    assert_false(atomic_load(&kit->site->cas[0].unhealthy));
    assert_int_equal(kit->log.n[CF_EV_CA_UNAVAILABLE], 0);
}

static void
a_bug_fails_the_request_and_is_logged_as_one(void **state)
{
    struct core_kit *kit = *state;

    core_receive_good(kit, "r1");
    kit->ca->fail = CF_E_BUG;
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_FAILED);
    assert_int_equal(kit->log.n[CF_EV_INTERNAL_ERROR], 1);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_contains(cf_buf_str(item->result), "NonRetryableServiceException");
}

static void
a_refusal_of_the_ca_is_reported_with_its_reason(void **state)
{
    struct core_kit *kit = *state;

    core_receive_good(kit, "r1");
    kit->ca->reject_reason = "not on Sundays";
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_FAILED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_rc(item->rc, CF_E_REJECTED);
    assert_contains(cf_buf_str(item->result), "not on Sundays");
    assert_false(atomic_load(&kit->site->cas[0].unhealthy));
}

static void
a_stop_is_nobodys_failure(void **state)
{
    struct core_kit *kit = *state;

    core_receive_good(kit, "r1");
    kit->ca->fail = CF_E_STOPPED;
    kit->ca->fail_times = 1;
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_KEYED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_int_equal(item->attempts, 0);
    assert_int_equal(item->first_failed_ms, 0);
    assert_true(item->due_ms <= cf_clock_now_ms(kit->clock));
    assert_false(atomic_load(&kit->site->cas[0].unhealthy));
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
}

static void
a_lost_answer_repeats_the_same_csr_and_says_so(void **state)
{
    struct core_kit *kit = *state;

    core_receive_good(kit, "r1");
    kit->ca->lose = CF_E_TIMEOUT;
    kit->ca->lose_times = 2;
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_KEYED);
    assert_int_equal(kit->log.n[CF_EV_SUBMIT_REPEATED], 0);
    core_wait(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_KEYED);
    assert_int_equal(kit->log.n[CF_EV_SUBMIT_REPEATED], 1);
    core_wait(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    assert_int_equal(kit->log.n[CF_EV_SUBMIT_REPEATED], 2);
    assert_int_equal(kit->ca->n_submits, 3);
    assert_int_equal(kit->ca->n_repeats, 2);
    assert_int_equal(kit->ca->n_changed, 0);
    assert_int_equal(core_ledger(kit, "r1"), 1);
}

static void
an_idempotent_ca_is_asked_again_in_silence(void **state)
{
    struct core_kit *kit = *state;

    kit->ca->ops.is_idempotent = true;
    core_receive_good(kit, "r1");
    kit->ca->lose = CF_E_TIMEOUT;
    kit->ca->lose_times = 1;
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_KEYED);
    core_wait(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    assert_int_equal(kit->ca->n_repeats, 1);
    assert_int_equal(kit->log.n[CF_EV_SUBMIT_REPEATED], 0);
}

static void
a_ca_that_was_not_reached_was_not_asked(void **state)
{
    struct core_kit *kit = *state;

    core_receive_good(kit, "r1");
    kit->ca->fail = CF_E_CA_DOWN;
    kit->ca->fail_times = 2;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_KEYED);
        core_wait(kit, "r1");
    }
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    assert_int_equal(kit->ca->n_repeats, 0);
    assert_int_equal(kit->log.n[CF_EV_SUBMIT_REPEATED], 0);
}

static void
a_ca_that_left_the_configuration_was_not_asked_either(void **state)
{
    struct core_kit *kit = *state;
    struct cf_site *site = kit->site;

    core_receive_good(kit, "r1");
    kit->ca->fail = CF_E_CA_DOWN;
    kit->ca->fail_times = 1;
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_KEYED);
    site->n_cas = 0; /* the section stays, what was opened for it does not */
    core_wait(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_KEYED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_rc(item->rc, CF_E_CA_CONFIG);
    assert_int_equal(item->submits, 0);
    site->n_cas = 1;
    core_wait(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    assert_int_equal(kit->log.n[CF_EV_SUBMIT_REPEATED], 0);
}

static void
a_reached_ca_stays_reached_when_it_is_down_later(void **state)
{
    struct core_kit *kit = *state;

    core_receive_good(kit, "r1");
    kit->ca->lose = CF_E_TIMEOUT;
    kit->ca->lose_times = 1;
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_KEYED);
    kit->ca->fail = CF_E_CA_DOWN;
    kit->ca->fail_times = 1;
    core_wait(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_KEYED);
    core_wait(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    assert_int_equal(kit->ca->n_repeats, 2);
}

static void
pending_is_polled_until_it_is_approved(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    kit->site->settings->templates[0]->approval = true;
    kit->ca->retry_after_ms = 5000;
    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_SUBMITTED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_non_null(item->cookie);
    assert_non_null(item->sealed_key);
    assert_int_equal(item->due_ms - cf_clock_now_ms(kit->clock), 5000);
    assert_int_equal(kit->log.n[CF_EV_REQUEST_PENDING], 1);
    struct cf_history history = {0};
    assert_ok(kit->store->ops->history(kit->store, item->id, &history, &err), err);
    assert_true(history.n > 0);
    assert_non_null(strstr(history.line[history.n - 1].text, "wants time: request 12"));
    cf_history_done(&history);

    kit->ca->retry_after_ms = 0;
    int64_t least = 0;
    for (unsigned i = 0; i < 10; i++) { /* waits grow up to an hour */
        core_wait(kit, "r1");
        assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_SUBMITTED);
        cf_own(cf_item) again = core_item(kit, CF_KIND_PKCS, "r1");
        int64_t wait = again->due_ms - cf_clock_now_ms(kit->clock);
        assert_true(wait >= least && wait <= 3600000);
        assert_int_equal(again->attempts, i + 1);
        least = wait;
    }
    assert_int_equal(least, 3600000);
    assert_ok(kit->ca->ops.decide(&kit->ca->base, item->cookie, true, NULL), (struct cf_err){0});
    core_wait(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    assert_int_equal(kit->ca->n_submits, 1);
    assert_int_equal(kit->ca->n_polls, 11);
}

static void
the_first_poll_does_not_wait_for_the_failures_before(void **state)
{
    struct core_kit *kit = *state;

    kit->site->settings->templates[0]->approval = true;
    core_receive_good(kit, "r1");
    kit->ca->fail = CF_E_CA_DOWN;
    kit->ca->fail_times = 5;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_KEYED);
        core_wait(kit, "r1");
    }
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_SUBMITTED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_int_equal(item->due_ms - cf_clock_now_ms(kit->clock), 30000);
}

static void
a_failed_poll_is_forgotten_by_the_next_good_one(void **state)
{
    struct core_kit *kit = *state;

    kit->site->settings->templates[0]->approval = true;
    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_SUBMITTED);
    kit->ca->fail = CF_E_CA_DOWN;
    kit->ca->fail_times = 1;
    core_wait(kit, "r1");
    expect_wait(kit, "r1", CF_STATE_SUBMITTED, CF_EV_REQUEST_WAITING, CF_E_CA_DOWN, 500, 1000);
    core_wait(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_SUBMITTED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_int_equal(item->first_failed_ms, 0);
    assert_int_equal(item->rc, CF_OK);
    assert_null(item->error);
}

static void
pending_that_is_denied_fails(void **state)
{
    struct core_kit *kit = *state;

    kit->site->settings->templates[0]->approval = true;
    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_SUBMITTED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_ok(kit->ca->ops.decide(&kit->ca->base, item->cookie, false, NULL), (struct cf_err){0});
    core_wait(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_FAILED);
    cf_own(cf_item) after = core_item(kit, CF_KIND_PKCS, "r1");
    assert_rc(after->rc, CF_E_REJECTED);
    assert_null(after->sealed_key);
}

static void
pending_without_a_cookie_is_asked_again(void **state)
{
    struct core_kit *kit = *state;

    kit->site->settings->templates[0]->approval = true;
    kit->ca->drops_cookie = true;
    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_KEYED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_rc(item->rc, CF_E_PROTOCOL);
    kit->ca->drops_cookie = false;
    core_wait(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_SUBMITTED);
    assert_int_equal(kit->ca->n_changed, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        core_test(a_request_ends_wrapped_with_its_key_gone),
        core_test(a_profile_name_of_any_kind_labels_the_result),
        core_test(a_request_that_can_never_work_is_reported_failed),
        core_test(a_recipient_that_is_not_trusted_is_refused),
        core_test(a_transient_failure_waits_longer_each_time_and_then_goes_on),
        core_test(a_fault_of_the_configuration_parks_the_request),
        core_test(a_bug_fails_the_request_and_is_logged_as_one),
        core_test(a_refusal_of_the_ca_is_reported_with_its_reason),
        core_test(a_stop_is_nobodys_failure),
        core_test(a_lost_answer_repeats_the_same_csr_and_says_so),
        core_test(an_idempotent_ca_is_asked_again_in_silence),
        core_test(a_ca_that_was_not_reached_was_not_asked),
        core_test(a_ca_that_left_the_configuration_was_not_asked_either),
        core_test(a_reached_ca_stays_reached_when_it_is_down_later),
        core_test(pending_is_polled_until_it_is_approved),
        core_test(the_first_poll_does_not_wait_for_the_failures_before),
        core_test(a_failed_poll_is_forgotten_by_the_next_good_one),
        core_test(pending_that_is_denied_fails),
        core_test(pending_without_a_cookie_is_asked_again),
    };

    return cmocka_run_group_tests(tests, core_group_setup, core_group_teardown);
}
