/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/cloud/contract.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "certferry/json.h"
#include "unit/base/unit.h"

int contract_stop;

static const struct contract_impl *impl;
static struct cf_cloud *cloud;
static struct cf_cloud_page page;
static struct cf_err err;

static enum cf_rc
download(size_t max, uint64_t wait_ms)
{
    cf_cloud_page_done(&page);
    return cloud->ops->download(cloud, max, wait_ms, &page, &err);
}

static enum cf_rc
download_revocations(void)
{
    cf_cloud_page_done(&page);
    return cloud->ops->download_revocations(cloud, 500, &page, &err);
}

/* What an earlier test left behind is taken off the queues. */
static int
setup(void **state)
{
    (void)state;
    __atomic_store_n(&contract_stop, 0, __ATOMIC_RELEASE);
    cloud = impl->open();
    do
        assert_ok(download(500, 0), err);
    while (page.n > 0);
    do
        assert_ok(download_revocations(), err);
    while (page.n > 0);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    cf_cloud_page_done(&page);
    impl->close(cloud);
    impl->check_service();
    return 0;
}

/* A failed result, as text that lives until the fourth next call. */
static struct cf_cloud_result
failed(const char *context, const char *message)
{
    static char texts[4][512];
    static unsigned n;
    char *text = texts[n++ % CF_COUNT(texts)];

    snprintf(text, sizeof texts[0],
             "{\"requestContext\":\"%s\",\"succeeded\":false,\"status\":\"failed\",\"errorCode\":"
             "\"ParameterDataInvalidError\",\"errorMessage\":\"%s\"}",
             context, message);
    return (struct cf_cloud_result){.context = context, .json = cf_bytes_of(text, strlen(text))};
}

static enum cf_rc
upload(const struct cf_cloud_result *result, struct cf_cloud_verdict *ret_verdict)
{
    return cloud->ops->upload(cloud, result, 1, ret_verdict, &err);
}

static char *
one_context(void)
{
    impl->offer(1);
    assert_ok(download(1, 0), err);
    assert_int_equal(page.n, 1);
    char *context = strdup(page.work[0].context);
    assert_non_null(context);
    return context;
}

static void
a_page_holds_at_most_what_was_asked_for(void **state)
{
    char first[2][257];

    (void)state;
    impl->offer(3);
    assert_ok(download(2, 0), err);
    assert_int_equal(page.n, 2);
    assert_int_equal(strlen(page.activity), 36);
    for (size_t i = 0; i < 2; i++)
        snprintf(first[i], sizeof first[i], "%s", page.work[i].context);
    assert_string_not_equal(first[0], first[1]);
    assert_ok(download(2, 0), err);
    assert_int_equal(page.n, 1);
    assert_string_not_equal(page.work[0].context, first[0]);
    assert_string_not_equal(page.work[0].context, first[1]);
    assert_ok(download(2, 0), err);
    assert_int_equal(page.n, 0);
}

static void
work_comes_with_its_text_context_and_lease(void **state)
{
    cf_own(cf_json) json = NULL;
    const char *context = NULL;

    (void)state;
    impl->offer(1);
    assert_ok(download(10, 0), err);
    assert_int_equal(page.n, 1);
    assert_ok(cf_json_parse(cf_buf_bytes(page.work[0].body), 1 << 20, &json, &err), err);
    assert_ok(cf_json_string(json, "requestContext", 1, 256, &context, &err), err);
    assert_string_equal(context, page.work[0].context);
    assert_true(page.work[0].lease_until_ms > cf_clock_now_ms(cf_clock_real()));
}

static void *
offer_soon(void *arg)
{
    usleep(300 * 1000);
    impl->offer(1);
    return arg;
}

static void
a_long_poll_ends_when_there_is_work(void **state)
{
    pthread_t thread;
    const struct cf_clock *clock = cf_clock_real();
    int64_t start_ms = cf_clock_monotonic_ms(clock);

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, offer_soon, NULL), 0);
    assert_ok(download(10, 10000), err);
    assert_int_equal(page.n, 1);
    assert_true(cf_clock_monotonic_ms(clock) - start_ms < 8000);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void *
stop_soon(void *arg)
{
    usleep(300 * 1000);
    __atomic_store_n(&contract_stop, 1, __ATOMIC_RELEASE);
    return arg;
}

static void
stopping_ends_a_long_poll(void **state)
{
    pthread_t thread;
    const struct cf_clock *clock = cf_clock_real();
    int64_t start_ms = cf_clock_monotonic_ms(clock);

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, NULL), 0);
    assert_rc(download(10, 3000), CF_E_STOPPED);
    assert_true(cf_clock_monotonic_ms(clock) - start_ms < 2000);
    assert_int_equal(pthread_join(thread, NULL), 0);
    /* Until it notices, the service would hand the next work to the poll that nobody awaits. */
    usleep(3000 * 1000);
}

static void
the_same_result_is_accepted_again(void **state)
{
    cf_own_str context = one_context();
    struct cf_cloud_result result = failed(context, "no");
    struct cf_cloud_verdict verdict = {0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_ok(upload(&result, &verdict), err);
        assert_true(verdict.accepted);
    }
}

static void
another_result_is_refused_for_that_item_alone(void **state)
{
    cf_own_str first = one_context();
    cf_own_str second = one_context();
    struct cf_cloud_result result = failed(first, "no");
    struct cf_cloud_verdict verdict[2] = {{0}};

    (void)state;
    assert_ok(upload(&result, verdict), err);
    struct cf_cloud_result both[] = {failed(first, "something else"), failed(second, "no")};
    assert_ok(cloud->ops->upload(cloud, both, 2, verdict, &err), err);
    assert_false(verdict[0].accepted);
    assert_false(verdict[0].retryable);
    assert_true(verdict[0].text[0] != '\0');
    assert_true(verdict[1].accepted);
}

static void
a_pending_result_leaves_the_request_open(void **state)
{
    cf_own_str context = one_context();
    char text[512];
    struct cf_cloud_verdict verdict = {0};

    (void)state;
    snprintf(text, sizeof text,
             "{\"requestContext\":\"%s\",\"succeeded\":false,\"status\":\"pending\","
             "\"errorCode\":\"None\"}",
             context);
    struct cf_cloud_result pending = {.context = context, .json = cf_bytes_of(text, strlen(text))};
    assert_ok(upload(&pending, &verdict), err);
    assert_true(verdict.accepted);
    struct cf_cloud_result result = failed(context, "no");
    assert_ok(upload(&result, &verdict), err);
    assert_true(verdict.accepted);
}

static void
an_upload_whose_answer_was_lost_may_be_repeated(void **state)
{
    cf_own_str context = one_context();
    struct cf_cloud_result result = failed(context, "no");
    struct cf_cloud_verdict verdict = {0};

    (void)state;
    impl->go_wrong(CONTRACT_UPLOAD, CONTRACT_LOST_ANSWER);
    /* A connection that dies between two calls may hide the loss: then it was sent again. */
    if (upload(&result, &verdict) != CF_OK) {
        assert_rc(err.rc, CF_E_NET);
        assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
    }
    assert_ok(upload(&result, &verdict), err);
    assert_true(verdict.accepted);
}

static void
an_overloaded_service_tells_when_to_come_again(void **state)
{
    (void)state;
    impl->go_wrong(CONTRACT_DOWNLOAD, CONTRACT_THROTTLED);
    assert_rc(download(1, 0), CF_E_THROTTLED);
    assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
    assert_int_equal(err.retry_after_s, 7);
    assert_ok(download(1, 0), err);
}

static void
a_server_error_is_for_a_while(void **state)
{
    (void)state;
    impl->go_wrong(CONTRACT_DOWNLOAD, CONTRACT_UNWELL);
    assert_rc(download(1, 0), CF_E_HTTP);
    assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
    impl->go_wrong(CONTRACT_DOWNLOAD, CONTRACT_UNWELL);
    assert_rc(cloud->ops->download(cloud, 1, 0, &page, NULL), CF_E_HTTP);
    assert_ok(download(1, 0), err);
}

static void
revocations_are_acknowledged(void **state)
{
    char text[2][512];
    struct cf_cloud_result results[2];

    (void)state;
    impl->offer_revocation("0A1B");
    impl->offer_revocation("0A1C");
    assert_ok(download_revocations(), err);
    assert_int_equal(page.n, 2);
    assert_true(page.work[0].lease_until_ms == 0);
    assert_contains(cf_buf_str(page.work[0].body), "0A1B");
    for (size_t i = 0; i < 2; i++) {
        snprintf(text[i], sizeof text[i],
                 "{\"requestContext\":\"%s\",\"succeeded\":true,\"errorCode\":\"None\"}",
                 page.work[i].context);
        results[i] = (struct cf_cloud_result){.context = page.work[i].context,
                                              .json = cf_bytes_of(text[i], strlen(text[i]))};
    }
    assert_ok(cloud->ops->upload_revocations(cloud, results, 2, &err), err);
    assert_ok(cloud->ops->upload_revocations(cloud, results, 2, &err), err); /* sent again */
    assert_ok(cloud->ops->upload_revocations(cloud, NULL, 0, &err), err);
}

static void
a_heartbeat_tells_the_lease(void **state)
{
    struct cf_cloud_ca_health ca = {.host = "ca.example", .ca_name = "Corp CA", .healthy = true};
    struct cf_cloud_heartbeat heartbeat = {.cas = &ca, .n_cas = 1};
    uint64_t lease_s = 0;

    (void)state;
    assert_ok(cloud->ops->heartbeat(cloud, &heartbeat, &lease_s, &err), err);
    assert_true(lease_s > 0);
}

static void
count_errors(void *arg, const struct cf_finding *finding)
{
    unsigned *n = arg;

    assert_non_null(finding->subject);
    assert_non_null(finding->text);
    if (finding->severity == CF_FINDING_ERROR)
        fail_msg("%s: %s", finding->subject, finding->text);
    ++*n;
}

static void
a_check_finds_all_well(void **state)
{
    unsigned n = 0;

    (void)state;
    assert_ok(cloud->ops->check(cloud, count_errors, &n, &err), err);
    assert_true(n > 0);
}

static void
no_news(void *arg, enum cf_credential_news news, const char *text, const struct cf_err *cause)
{
    (void)arg;
    (void)news;
    (void)cause;
    fail_msg("upkeep told: %s", text);
}

static void
upkeep_says_when_to_come_again(void **state)
{
    int64_t next_ms = 0;

    (void)state;
    assert_ok(cloud->ops->upkeep(cloud, no_news, NULL, &next_ms, &err), err);
    assert_true(next_ms > cf_clock_now_ms(cf_clock_real()));
}

static void
the_port_has_all_its_operations(void **state)
{
    (void)state;
    assert_int_equal(cloud->ops->abi, CF_CLOUD_ABI);
    assert_non_null(cloud->ops->name);
    assert_true(cloud->ops->open && cloud->ops->close && cloud->ops->check);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
contract_run(const struct contract_impl *wanted)
{
    const struct CMUnitTest tests[] = {
        TEST(the_port_has_all_its_operations),
        TEST(a_page_holds_at_most_what_was_asked_for),
        TEST(work_comes_with_its_text_context_and_lease),
        TEST(a_long_poll_ends_when_there_is_work),
        TEST(stopping_ends_a_long_poll),
        TEST(the_same_result_is_accepted_again),
        TEST(another_result_is_refused_for_that_item_alone),
        TEST(a_pending_result_leaves_the_request_open),
        TEST(an_upload_whose_answer_was_lost_may_be_repeated),
        TEST(an_overloaded_service_tells_when_to_come_again),
        TEST(a_server_error_is_for_a_while),
        TEST(revocations_are_acknowledged),
        TEST(a_heartbeat_tells_the_lease),
        TEST(a_check_finds_all_well),
        TEST(upkeep_says_when_to_come_again),
    };

    impl = wanted;
    return cmocka_run_group_tests_name(impl->name, tests, NULL, NULL);
}
