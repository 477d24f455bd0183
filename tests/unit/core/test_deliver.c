/* SPDX-License-Identifier: Apache-2.0 */
/* Results stay until the cloud has them, and no bad one holds the others up. */
#include "unit/core/core_kit.h"

#include <stdio.h>
#include <string.h>

static enum cf_rc
deliver(struct core_kit *kit, struct cf_err *err)
{
    uint64_t next_ms = 0;

    return cf_duty_deliver(kit->scheduler, kit->site, &next_ms, err);
}

/* n requests that were downloaded and failed at once, which is cheap: "r0", "r1", ... */
static void
make_results(struct core_kit *kit, unsigned n)
{
    struct cf_cloud_page page = {0};
    struct cf_err err = {0};

    core_start_scheduler(kit, 1);
    kit->scheduler->has_started = true;
    for (unsigned i = 0; i < n; i++) {
        char json[64], context[16];

        snprintf(context, sizeof context, "r%u", i);
        snprintf(json, sizeof json, "{\"requestContext\":\"%s\"}", context);
        fake_cloud_offer(kit->cloud, json);
        core_receive(kit, CF_KIND_PKCS, context, json);
        assert_int_equal(core_run_ok(kit, context), CF_STATE_FAILED);
    }
    assert_ok(kit->site->cloud->ops->download(kit->site->cloud, 100, 0, &page, &err), err);
    cf_cloud_page_done(&page);
}

static size_t
count(struct core_kit *kit, enum cf_state wanted)
{
    uint64_t counts[CF_STATE_MAX_];
    struct cf_err err = {0};

    assert_ok(kit->store->ops->count(kit->store, CF_KIND_PKCS, counts, &err), err);
    return counts[wanted];
}

static void
batches_go_up_to_the_configured_size(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    make_results(kit, 10);
    assert_ok(deliver(kit, &err), err);
    assert_int_equal(count(kit, CF_STATE_REPORTED), 8);
    assert_ok(deliver(kit, &err), err);
    assert_int_equal(count(kit, CF_STATE_REPORTED), 10);
    assert_int_equal(fake_cloud_calls(kit->cloud, FAKE_CLOUD_UPLOAD), 2);
    assert_int_equal(cf_metric_get(CF_M_RESULTS_DELIVERED), 10);
    assert_int_equal(kit->log.n[CF_EV_RESULT_DELIVERED], 10);
    assert_int_equal(kit->log.n[CF_EV_CLOUD_CONNECTED], 1);
    assert_ok(deliver(kit, &err), err);
    assert_int_equal(fake_cloud_calls(kit->cloud, FAKE_CLOUD_UPLOAD), 2);
}

static void
results_of_all_kinds_go_up_together(void **state)
{
    static const struct {
        enum cf_kind kind;
        const char *context;
    } items[] = {{CF_KIND_PKCS, "a"}, {CF_KIND_REENCRYPT, "b"}, {CF_KIND_IMPORT, "c"}};
    struct core_kit *kit = *state;
    struct cf_cloud_page page = {0};
    struct cf_err err = {0};

    core_start_scheduler(kit, 1);
    kit->scheduler->has_started = true;
    for (size_t i = 0; i < CF_COUNT(items); i++) {
        char json[64];

        snprintf(json, sizeof json, "{\"requestContext\":\"%s\"}", items[i].context);
        fake_cloud_offer(kit->cloud, json);
        core_receive(kit, items[i].kind, items[i].context, json);
        assert_ok(core_run(kit, items[i].kind, items[i].context, &err), err);
    }
    assert_ok(kit->site->cloud->ops->download(kit->site->cloud, 100, 0, &page, &err), err);
    cf_cloud_page_done(&page);
    assert_ok(deliver(kit, &err), err);
    assert_int_equal(fake_cloud_calls(kit->cloud, FAKE_CLOUD_UPLOAD), 1);
    assert_int_equal(cf_metric_get(CF_M_RESULTS_DELIVERED), 3);
    for (size_t i = 0; i < CF_COUNT(items); i++) {
        cf_own(cf_item) item = core_item(kit, items[i].kind, items[i].context);

        assert_string_equal(cf_state_name(item->state), "reported");
        assert_contains(cf_buf_str(item->result), "\"status\":\"failed\"");
    }
}

static void
each_result_gets_its_own_verdict(void **state)
{
    static const struct cf_cloud_verdict later = {.retryable = true, .text = "busy"};
    static const struct cf_cloud_verdict never = {.text = "ConflictError"};
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    make_results(kit, 3);
    fake_cloud_judge(kit->cloud, "r0", &later);
    fake_cloud_judge(kit->cloud, "r1", &never);
    assert_ok(deliver(kit, &err), err);

    assert_state(kit, "r0", CF_STATE_FAILED);
    assert_state(kit, "r1", CF_STATE_REPORTED);
    assert_state(kit, "r2", CF_STATE_REPORTED);
    assert_int_equal(kit->log.n[CF_EV_RESULT_REFUSED], 1);
    assert_string_equal(kit->log.request[CF_EV_RESULT_REFUSED], "r1");
    assert_int_equal(cf_metric_get(CF_M_RESULTS_REFUSED), 1);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r0");
    assert_int_equal(item->attempts, 1);
    assert_true(item->due_ms > cf_clock_now_ms(kit->clock));
    assert_int_equal(item->claimed_until_ms, 0);

    assert_ok(deliver(kit, &err), err);
    assert_int_equal(fake_cloud_uploads(kit->cloud, "r0"), 1); /* not yet due */
    core_wait(kit, "r0");
    assert_ok(deliver(kit, &err), err);
    assert_state(kit, "r0", CF_STATE_REPORTED);
    assert_int_equal(fake_cloud_uploads(kit->cloud, "r0"), 2);
    assert_int_equal(fake_cloud_uploads(kit->cloud, "r1"), 1);
}

static void
a_cloud_that_is_down_keeps_the_results_here(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err down = {0}, err = {0};

    make_results(kit, 3);
    cf_fail(&down, CF_E_NET, "no route");
    fake_cloud_fail(kit->cloud, FAKE_CLOUD_UPLOAD, &down, 2);
    for (int i = 0; i < 2; i++) {
        assert_rc(deliver(kit, &err), CF_E_NET);
        assert_int_equal(count(kit, CF_STATE_FAILED), 3);
        cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r0");
        assert_int_equal(item->claimed_until_ms, 0);
    }
    assert_ok(deliver(kit, &err), err);
    assert_int_equal(count(kit, CF_STATE_REPORTED), 3);
    assert_int_equal(fake_cloud_calls(kit->cloud, FAKE_CLOUD_UPLOAD), 3);
}

static void
a_lost_answer_sends_the_same_result_again(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    make_results(kit, 2);
    fake_cloud_lose_answers(kit->cloud, FAKE_CLOUD_UPLOAD, 1);
    assert_rc(deliver(kit, &err), CF_E_NET);
    assert_ok(deliver(kit, &err), err);
    assert_int_equal(count(kit, CF_STATE_REPORTED), 2);
    assert_int_equal(fake_cloud_uploads(kit->cloud, "r0"), 2);
    assert_int_equal(kit->log.n[CF_EV_RESULT_REFUSED], 0);
}

/* As the cloud client reports a 4xx of the call as a whole. */
static struct cf_err
bad_request(long status)
{
    struct cf_err err = {0};

    cf_fail(&err, CF_E_HTTP, "HTTP status %ld", status);
    err.fault = CF_FAULT_CONFIG;
    err.native = status;
    return err;
}

static void
a_refused_batch_is_halved_until_it_passes(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err refused = bad_request(413), err = {0};

    make_results(kit, 8);
    fake_cloud_fail(kit->cloud, FAKE_CLOUD_UPLOAD, &refused, 2);
    assert_rc(deliver(kit, &err), CF_E_HTTP);
    assert_int_equal(kit->scheduler->batch[CF_KIND_PKCS], 4);
    assert_rc(deliver(kit, &err), CF_E_HTTP);
    assert_int_equal(kit->scheduler->batch[CF_KIND_PKCS], 2);
    assert_ok(deliver(kit, &err), err);
    assert_int_equal(count(kit, CF_STATE_REPORTED), 2);
    assert_ok(deliver(kit, &err), err);
    assert_int_equal(count(kit, CF_STATE_REPORTED), 6);
    assert_ok(deliver(kit, &err), err);
    assert_int_equal(count(kit, CF_STATE_REPORTED), 8);
}

static void
the_one_bad_result_steps_aside(struct core_kit *kit, const struct cf_err *refused)
{
    struct cf_err err = {0};

    make_results(kit, 3);
    kit->scheduler->batch[CF_KIND_PKCS] = 1;
    fake_cloud_fail(kit->cloud, FAKE_CLOUD_UPLOAD, refused, 1);
    assert_rc(deliver(kit, &err), refused->rc);
    cf_own(cf_item) first = core_item(kit, CF_KIND_PKCS, "r0");
    assert_true(first->due_ms > cf_clock_now_ms(kit->clock));
    assert_int_equal(first->claimed_until_ms, 0);
    assert_ok(deliver(kit, &err), err);
    assert_ok(deliver(kit, &err), err);
    assert_state(kit, "r0", CF_STATE_FAILED);
    assert_state(kit, "r1", CF_STATE_REPORTED);
    assert_state(kit, "r2", CF_STATE_REPORTED);
    core_wait(kit, "r0");
    assert_ok(deliver(kit, &err), err);
    assert_state(kit, "r0", CF_STATE_REPORTED);
}

static void
one_bad_result_does_not_hold_the_others_up(void **state)
{
    const struct cf_err refused = bad_request(400);

    the_one_bad_result_steps_aside(*state, &refused);
}

static void
one_result_that_is_too_large_does_not_either(void **state)
{
    struct cf_err refused = {0};

    cf_fail(&refused, CF_E_LIMIT, "too large");
    the_one_bad_result_steps_aside(*state, &refused);
}

static void
what_is_no_fault_of_the_batch_does_not_halve_it(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err refused = {0}, err = {0};

    make_results(kit, 1);
    cf_fail(&refused, CF_E_AUTH, "token refused");
    fake_cloud_fail(kit->cloud, FAKE_CLOUD_UPLOAD, &refused, 1);
    assert_rc(deliver(kit, &err), CF_E_AUTH);
    assert_int_equal(kit->scheduler->batch[CF_KIND_PKCS], 8);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r0");
    assert_true(item->due_ms <= cf_clock_now_ms(kit->clock));
}

static void
a_store_that_forgets_a_verdict_has_the_result_sent_again(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    make_results(kit, 2);
    cf_fake_store_fail_next_of(kit->store, "commit", CF_E_DISK_FULL);
    assert_rc(deliver(kit, &err), CF_E_DISK_FULL);
    assert_int_equal(count(kit, CF_STATE_FAILED), 2);
    assert_int_equal(kit->log.n[CF_EV_RESULT_DELIVERED], 0);
    assert_ok(deliver(kit, &err), err);
    assert_int_equal(count(kit, CF_STATE_REPORTED), 2);
}

static void
revocations_are_acknowledged_all_or_none_and_by_their_own_batch(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err refused = bad_request(400), err = {0};
    struct cf_cloud_page page = {0};
    uint64_t next_ms = 0;

    core_start_scheduler(kit, 1);
    kit->scheduler->has_started = true;
    for (unsigned i = 0; i < 4; i++) {
        char json[100], context[16];

        snprintf(context, sizeof context, "v%u", i);
        snprintf(json, sizeof json, "{\"requestContext\":\"%s\",\"serialNumber\":\"77%u\"}",
                 context, i);
        fake_cloud_offer_revocation(kit->cloud, json);
        core_receive(kit, CF_KIND_REVOCATION, context, json);
        assert_ok(core_run(kit, CF_KIND_REVOCATION, context, &err), err);
    }
    assert_ok(kit->site->cloud->ops->download_revocations(kit->site->cloud, 100, &page, &err), err);
    cf_cloud_page_done(&page);

    struct cf_err unrecorded = {0};
    cf_fail(&unrecorded, CF_E_PROTOCOL, "{\"value\":false}");
    fake_cloud_fail(kit->cloud, FAKE_CLOUD_UPLOAD_REVOCATIONS, &unrecorded, 1);
    assert_rc(cf_duty_acknowledge(kit->scheduler, kit->site, &next_ms, &err), CF_E_PROTOCOL);
    fake_cloud_fail(kit->cloud, FAKE_CLOUD_UPLOAD_REVOCATIONS, &refused, 1);
    assert_rc(cf_duty_acknowledge(kit->scheduler, kit->site, &next_ms, &err), CF_E_HTTP);
    assert_int_equal(kit->scheduler->batch[CF_KIND_REVOCATION], 2);
    assert_int_equal(kit->scheduler->batch[CF_KIND_PKCS], 0);
    for (int i = 0; i < 2; i++)
        assert_ok(cf_duty_acknowledge(kit->scheduler, kit->site, &next_ms, &err), err);
    for (unsigned i = 0; i < 4; i++) {
        char context[16];

        snprintf(context, sizeof context, "v%u", i);
        cf_own(cf_item) item = core_item(kit, CF_KIND_REVOCATION, context);
        assert_int_equal(item->state, CF_STATE_REPORTED);
        cf_own_str result = fake_cloud_result(kit->cloud, context);
        assert_contains(result, "CertificateNotFoundError");
    }
}

static void
nothing_is_claimed_before_the_claims_of_an_earlier_life_are_back(void **state)
{
    struct core_kit *kit = *state;
    struct cf_items items = {0};
    struct cf_err err = {0};
    int64_t now = cf_clock_now_ms(kit->clock);
    uint64_t next_ms = 0;

    make_results(kit, 2);
    kit->scheduler->has_started = false;
    assert_ok(kit->store->ops->claim(kit->store, kit->site->owner, CF_STATE_BIT(CF_STATE_FAILED),
                                     1u << CF_KIND_PKCS, NULL, 0, now, now + CF_CLAIM_MS, 2, &items,
                                     &err),
              err);
    cf_items_done(&items);
    assert_ok(deliver(kit, &err), err);
    assert_int_equal(fake_cloud_calls(kit->cloud, FAKE_CLOUD_UPLOAD), 0);
    assert_ok(cf_duty_dispatch(kit->scheduler, kit->site, &next_ms, &err), err);
    assert_ok(deliver(kit, &err), err);
    assert_int_equal(count(kit, CF_STATE_REPORTED), 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        core_test(batches_go_up_to_the_configured_size),
        core_test(each_result_gets_its_own_verdict),
        core_test(results_of_all_kinds_go_up_together),
        core_test(a_cloud_that_is_down_keeps_the_results_here),
        core_test(a_lost_answer_sends_the_same_result_again),
        core_test(a_refused_batch_is_halved_until_it_passes),
        core_test(one_bad_result_does_not_hold_the_others_up),
        core_test(one_result_that_is_too_large_does_not_either),
        core_test(what_is_no_fault_of_the_batch_does_not_halve_it),
        core_test(a_store_that_forgets_a_verdict_has_the_result_sent_again),
        core_test(revocations_are_acknowledged_all_or_none_and_by_their_own_batch),
        core_test(nothing_is_claimed_before_the_claims_of_an_earlier_life_are_back),
    };

    return cmocka_run_group_tests(tests, core_group_setup, core_group_teardown);
}
