/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cloud_lab.h"
#include "unit/base/unit.h"

#define OPS (lab_connector->base.ops)
#define CLOUD (&lab_connector->base)

static enum cf_rc
download(size_t max, uint64_t wait_ms)
{
    struct cf_cloud_page page = {0};

    enum cf_rc rc = OPS->download(CLOUD, max, wait_ms, &page, &lab_err);
    cf_cloud_page_done(&page);
    return rc;
}

static void
each_call_has_the_headers_of_the_protocol(void **state)
{
    struct cf_cloud_page page = {0};

    (void)state;
    lab_open(CF_AUTH_SECRET);
    assert_ok(OPS->download(CLOUD, 7, 2500, &page, &lab_err), lab_err);
    char activity[CF_UUID_SIZE];
    memcpy(activity, page.activity, sizeof activity);
    cf_cloud_page_done(&page);
    const char *request = lab_last("downloadPkcs");
    assert_contains(request, "POST /svc/CertificateAuthorityRequests/downloadPkcsRequests\n");
    assert_contains(request, "Content-Type: application/json; charset=utf-8\n");
    assert_contains(request, "User-Agent: certferry/" CERTFERRY_VERSION "\n");
    assert_contains(request, "api-version: 1.0\n");
    assert_contains(request, "Authorization: Bearer token-");
    assert_contains(request, activity);
    assert_contains(request, "\n{\"downloadParameters\":{\"connectorId\":\"conn-1\","
                             "\"maxRequests\":7,\"waitSeconds\":2}}");
}

static void
limits_are_kept_to_on_the_wire(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    assert_ok(download(9999, 3600 * 1000), lab_err);
    assert_contains(lab_last("downloadPkcs"), "\"maxRequests\":500,\"waitSeconds\":60}");
    assert_ok(download(0, 0), lab_err);
    assert_contains(lab_last("downloadPkcs"), "\"maxRequests\":1,\"waitSeconds\":0}");
}

static void
revocation_calls_have_their_own_version(void **state)
{
    struct cf_cloud_page page = {0};
    struct cf_cloud_result result = {.context = "r", .json = cf_bytes_of("{\"x\":1}", 7)};

    (void)state;
    lab_open(CF_AUTH_SECRET);
    assert_ok(OPS->download_revocations(CLOUD, 500, &page, &lab_err), lab_err);
    assert_int_equal(page.n, 1);
    cf_cloud_page_done(&page);
    const char *request = lab_last("downloadRevocationRequests");
    assert_contains(request, "api-version: 5019-05-05\n");
    assert_contains(request, "\n{\"downloadParameters\":{\"maxRequests\":500,"
                             "\"issuerName\":null}}");
    assert_ok(OPS->upload_revocations(CLOUD, &result, 1, &lab_err), lab_err);
    request = lab_last("uploadRevocationResults");
    assert_contains(request, "api-version: 5019-05-05\n");
    assert_contains(request, "\n{\"results\":[{\"x\":1}]}");
}

static void
a_revocation_that_is_not_recorded_is_an_error(void **state)
{
    struct cf_cloud_result result = {.context = "r", .json = cf_bytes_of("{}", 2)};

    (void)state;
    lab_open(CF_AUTH_SECRET);
    lab_tell("rules", "[{\"match\":\"uploadRev\",\"body\":{\"value\":false}}]");
    assert_rc(OPS->upload_revocations(CLOUD, &result, 1, &lab_err), CF_E_PROTOCOL);
    assert_int_equal(lab_err.fault, CF_FAULT_TRANSIENT);
}

static void
many_results_go_in_several_calls(void **state)
{
    enum { N = 501 };
    static struct cf_cloud_result results[N];
    static struct cf_cloud_verdict verdicts[N];
    static char contexts[N][8];
    static char json[N][48];

    (void)state;
    for (int i = 0; i < N; i++) {
        snprintf(contexts[i], sizeof contexts[i], "c%d", i);
        snprintf(json[i], sizeof json[i], "{\"requestContext\":\"c%d\"}", i);
        results[i] = (struct cf_cloud_result){.context = contexts[i],
                                              .json = cf_bytes_of(json[i], strlen(json[i]))};
    }
    lab_open(CF_AUTH_SECRET);
    assert_ok(OPS->upload(CLOUD, results, N, verdicts, &lab_err), lab_err);
    assert_int_equal(lab_count("uploadPkcs"), 2);
    for (int i = 0; i < N; i++)
        assert_true(verdicts[i].accepted);
}

static void
a_call_has_no_more_bytes_than_the_service_takes(void **state)
{
    enum { LEN = 5 << 20 };
    char *large = malloc(LEN);
    struct cf_cloud_result results[] = {{.context = "a"}, {.context = "b"}};
    size_t at = 0;

    (void)state;
    assert_non_null(large);
    memset(large, ' ', LEN);
    for (size_t i = 0; i < 2; i++) {
        cf_own(cf_buf) body = NULL;

        results[i].json = cf_bytes_of(large, LEN);
        results[1].json = cf_bytes_of(large, LEN);
        assert_ok(cf_service_results_body(results, 2, &at, &body, &lab_err), lab_err);
        assert_int_equal(at, i + 1);
    }
    free(large);
}

static void
a_heartbeat_says_who_and_what(void **state)
{
    struct cf_cloud_ca_health ca = {.host = "ca.example", .ca_name = "Corp", .healthy = true};
    struct cf_cloud_heartbeat heartbeat = {.cas = &ca, .n_cas = 1, .has_import = true};
    uint64_t lease_s = 0;

    (void)state;
    lab_open(CF_AUTH_SECRET);
    assert_ok(OPS->heartbeat(CLOUD, &heartbeat, &lease_s, &lab_err), lab_err);
    assert_int_equal(lease_s, 300);
    const char *request = lab_last("Connectors/heartbeat");
    assert_contains(request, "\"connectorId\":\"conn-1\"");
    assert_contains(request, "\"hostName\":\"host.example\"");
    assert_contains(request, "{\"certificationAuthority\":\"ca.example\","
                             "\"certificationAuthorityName\":\"Corp\",\"healthy\":true}");
    assert_contains(request, "\"counters\":{\"requestsReceived\":");
    assert_contains(request, "\"features\":[\"issue\",\"renew\",\"revoke\",\"importPfx\"]");
}

static void
a_refused_token_is_replaced_once(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    assert_ok(download(1, 0), lab_err);
    int tokens = lab_count("token");
    lab_tell("revoke", "");
    assert_ok(download(1, 0), lab_err);
    assert_int_equal(lab_count("token"), tokens + 1);
    assert_int_equal(lab_count("downloadPkcs"), 3);
}

static void
a_second_refusal_is_reported(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    lab_tell("rules", "[{\"match\":\"downloadPkcs\",\"status\":401,\"times\":9}]");
    assert_rc(download(1, 0), CF_E_AUTH);
    assert_int_equal(lab_err.native, 401);
    assert_int_equal(lab_count("downloadPkcs"), 2);
}

static void
a_missing_role_drops_the_token_without_a_repeat(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    lab_tell("rules", "[{\"match\":\"downloadPkcs\",\"status\":403}]");
    assert_rc(download(1, 0), CF_E_AUTH);
    assert_int_equal(lab_count("downloadPkcs"), 1);
    int tokens = lab_count("token");
    assert_ok(download(1, 0), lab_err);
    assert_int_equal(lab_count("token"), tokens + 1);
}

static void
nothing_else_is_repeated(void **state)
{
    static const struct {
        int status;
        enum cf_rc rc;
        enum cf_fault fault;
    } CASES[] = {
        {429, CF_E_THROTTLED, CF_FAULT_TRANSIENT}, {503, CF_E_HTTP, CF_FAULT_TRANSIENT},
        {500, CF_E_HTTP, CF_FAULT_TRANSIENT},      {408, CF_E_HTTP, CF_FAULT_TRANSIENT},
        {400, CF_E_HTTP, CF_FAULT_CONFIG},         {302, CF_E_HTTP, CF_FAULT_CONFIG},
    };

    (void)state;
    lab_open(CF_AUTH_SECRET);
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        char rule[160];
        int before = lab_count("downloadPkcs");

        snprintf(rule, sizeof rule,
                 "[{\"match\":\"downloadPkcs\",\"status\":%d,\"times\":9,\"headers\":"
                 "{\"Retry-After\":\"11\",\"Location\":\"/away\"}}]",
                 CASES[i].status);
        lab_tell("rules", rule);
        assert_rc(download(1, 0), CASES[i].rc);
        assert_int_equal(lab_err.fault, CASES[i].fault);
        assert_int_equal(lab_err.native, CASES[i].status);
        if (CASES[i].fault == CF_FAULT_TRANSIENT)
            assert_int_equal(lab_err.retry_after_s, 11);
        assert_int_equal(lab_count("downloadPkcs"), before + 1);
    }
    assert_int_equal(lab_count("away"), 0);
}

static void
errors_name_the_call_and_its_id(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    lab_tell("rules", "[{\"match\":\"downloadPkcs\",\"status\":400,\"body\":{\"error\":"
                      "{\"code\":\"BadRequest\",\"message\":\"because\"}}}]");
    assert_rc(download(1, 0), CF_E_HTTP);
    assert_contains(lab_err.text, "downloadPkcsRequests (client-request-id ");
    assert_contains(lab_err.text, "BadRequest: because");
}

static void
a_peer_that_quotes_the_secret_puts_it_into_no_text(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    lab_tell("rules",
             "[{\"match\":\"oauth2\",\"status\":400,\"body\":{\"error\":\"invalid_request\","
             "\"error_description\":\"you sent s3cret &% to us\"}}]");
    assert_int_not_equal(download(1, 0), CF_OK);
    assert_contains(lab_err.text, "you sent ********* to us");
    lab_tell("rules", "[{\"match\":\"downloadPkcs\",\"status\":400,\"body\":{\"error\":"
                      "{\"code\":\"BadRequest\",\"message\":\"bearer token-1 and token-2\"}}}]");
    assert_rc(download(1, 0), CF_E_HTTP);
    assert_null(strstr(lab_err.text, "token-2"));
}

static void
nonsense_is_refused_whole(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    lab_tell("rules",
             "[{\"match\":\"download\",\"body\":\"<html>\"},{\"match\":\"download\",\"size\":"
             "9000000},{\"match\":\"download\",\"body\":{\"value\":42}},"
             "{\"match\":\"download\",\"body\":{\"value\":[{},{}]}}]");
    for (int i = 0; i < 4; i++) {
        assert_rc(download(1, 0), CF_E_PROTOCOL);
        assert_int_equal(lab_err.fault, CF_FAULT_TRANSIENT);
    }
    assert_ok(download(1, 0), lab_err);
}

static void
a_service_that_thinks_for_too_long_is_left(void **state)
{
    (void)state;
    lab_settings.timeout_ms = 700;
    lab_open(CF_AUTH_SECRET);
    assert_ok(download(1, 0), lab_err);
    lab_tell("rules", "[{\"match\":\"download\",\"delay\":1.5,\"pass\":true,\"times\":2}]");
    assert_rc(download(1, 0), CF_E_TIMEOUT);
    /* the time it was allowed to wait for work is added */
    assert_ok(download(1, 2000), lab_err);
}

static void *
stop_soon(void *arg)
{
    usleep(300 * 1000);
    __atomic_store_n(&lab_stop, 1, __ATOMIC_RELEASE);
    return arg;
}

static void
stopping_ends_a_long_poll(void **state)
{
    pthread_t thread;
    const struct cf_clock *clock = cf_clock_real();

    (void)state;
    lab_open(CF_AUTH_SECRET);
    assert_ok(download(1, 0), lab_err);
    lab_tell("rules", "[{\"match\":\"download\",\"delay\":4,\"pass\":true}]");
    int64_t start_ms = cf_clock_monotonic_ms(clock);
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, NULL), 0);
    assert_rc(download(1, 60000), CF_E_STOPPED);
    assert_true(cf_clock_monotonic_ms(clock) - start_ms < 3000);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void
callers_may_do_without_the_error(void **state)
{
    struct cf_cloud_page page = {0};
    int64_t next_ms = 0;

    (void)state;
    lab_open(CF_AUTH_SECRET);
    lab_tell("rules", "[{\"match\":\"\",\"status\":500,\"times\":99}]");
    assert_rc(OPS->download(CLOUD, 1, 0, &page, NULL), CF_E_HTTP);
    assert_rc(OPS->download_revocations(CLOUD, 1, &page, NULL), CF_E_HTTP);
    assert_rc(OPS->upkeep(CLOUD, NULL, NULL, &next_ms, NULL), CF_OK);
}

static void *
download_often(void *arg)
{
    enum cf_rc rc = CF_OK;
    struct cf_err err;

    for (int i = 0; i < 5 && rc == CF_OK; i++) {
        struct cf_cloud_page page = {0};

        rc = OPS->download(CLOUD, 1, 0, &page, &err);
        cf_cloud_page_done(&page);
    }
    return rc == CF_OK ? arg : NULL;
}

static void
threads_call_side_by_side(void **state)
{
    pthread_t thread[4];

    (void)state;
    lab_open(CF_AUTH_SECRET);
    for (size_t i = 0; i < CF_COUNT(thread); i++)
        assert_int_equal(pthread_create(&thread[i], NULL, download_often, &thread), 0);
    for (size_t i = 0; i < CF_COUNT(thread); i++) {
        void *is_good = NULL;

        assert_int_equal(pthread_join(thread[i], &is_good), 0);
        assert_non_null(is_good);
    }
    assert_int_equal(lab_count("downloadPkcs"), 20);
    assert_int_equal(lab_count("token"), 2); /* one for the directory, one for the service */
    assert_int_equal(lab_count("servicePrincipals"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lab_setup, lab_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_call_has_the_headers_of_the_protocol),
        TEST(limits_are_kept_to_on_the_wire),
        TEST(revocation_calls_have_their_own_version),
        TEST(a_revocation_that_is_not_recorded_is_an_error),
        TEST(many_results_go_in_several_calls),
        cmocka_unit_test(a_call_has_no_more_bytes_than_the_service_takes),
        TEST(a_heartbeat_says_who_and_what),
        TEST(a_refused_token_is_replaced_once),
        TEST(a_second_refusal_is_reported),
        TEST(a_missing_role_drops_the_token_without_a_repeat),
        TEST(nothing_else_is_repeated),
        TEST(errors_name_the_call_and_its_id),
        TEST(a_peer_that_quotes_the_secret_puts_it_into_no_text),
        TEST(nonsense_is_refused_whole),
        TEST(a_service_that_thinks_for_too_long_is_left),
        TEST(stopping_ends_a_long_poll),
        TEST(callers_may_do_without_the_error),
        TEST(threads_call_side_by_side),
    };

    return cmocka_run_group_tests(tests, lab_start, lab_end);
}
