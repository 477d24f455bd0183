/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, answers and limits; trust and proxies are in test_http_tls.c. */
#include "unit/base/unit.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "certferry/clock.h"
#include "http_lab.h"

static int64_t
now_ms(void)
{
    return cf_clock_monotonic_ms(cf_clock_real());
}

static void
gets_a_page_with_its_type_in_lower_case(void **state)
{
    (void)state;
    assert_ok(lab_fetch("https", "/hello"), lab_err);
    assert_int_equal(lab_response.status, 200);
    assert_string_equal(lab_response.content_type, "text/plain");
    assert_string_equal(lab_body(), "hello");
    assert_rc(cf_http_check_status(&lab_response, &lab_err), CF_OK);
    lab_clean(NULL);
    assert_ok(lab_fetch("https", "/chunked"), lab_err);
    assert_string_equal(lab_body(), "hello world");
    lab_clean(NULL);
    assert_ok(lab_fetch("https", "/nothing"), lab_err);
    assert_int_equal(lab_response.status, 204);
    assert_string_equal(lab_body(), "");
}

static void
forgets_what_an_interim_answer_said(void **state)
{
    (void)state;
    assert_ok(lab_fetch("https", "/interim"), lab_err);
    assert_int_equal(lab_response.status, 200);
    assert_int_equal(lab_response.retry_after_s, 0);
    assert_string_equal(lab_response.content_type, "");
    assert_string_equal(lab_body(), "final");
}

static void
sends_headers_token_and_body_as_given(void **state)
{
    (void)state;
    const char *const headers[] = {"Content-Type: application/json; charset=utf-8",
                                   "client-request-id: 0-1-2", NULL};
    struct cf_http_options options = lab_options();
    struct cf_http_request request = lab_get(lab_url("https", "/echo"));
    cf_own(cf_secret) token = NULL;
    assert_ok(cf_secret_copy("abc.def-123_~+/=", 16, &token, &lab_err), lab_err);
    request.method = "POST";
    request.headers = headers;
    request.bearer = token;
    request.body = cf_bytes_of("{\"a\":1}", 7);
    assert_ok(lab_send(&options, &request), lab_err);
    assert_contains(lab_body(), "POST /echo HTTP/1.1\r\n");
    assert_contains(lab_body(), "Authorization: Bearer abc.def-123_~+/=\r\n");
    assert_contains(lab_body(), "Content-Type: application/json; charset=utf-8\r\n");
    assert_contains(lab_body(), "client-request-id: 0-1-2");
    assert_contains(lab_body(), "\r\n\r\n{\"a\":1}");
    assert_null(strstr(lab_body(), "Accept-Encoding"));
    assert_null(strstr(lab_body(), "Cookie"));
}

static void
sends_a_secret_body_whole_with_nul_bytes(void **state)
{
    (void)state;
    struct cf_http_options options = lab_options();
    struct cf_http_request request = lab_get(lab_url("https", "/echo"));
    cf_own(cf_secret) form = NULL;
    assert_ok(cf_secret_copy("secret=a\0b", 10, &form, &lab_err), lab_err);
    request.method = "POST";
    request.secret_body = form;
    assert_ok(lab_send(&options, &request), lab_err);
    assert_contains(lab_body(), "Content-Length: 10\r\n");
    struct cf_bytes bytes = cf_buf_bytes(lab_response.body);
    assert_memory_equal(bytes.data + bytes.len - 10, "secret=a\0b", 10);
    lab_clean(NULL);
    request.body = cf_bytes_of("x", 1);
    assert_rc(lab_send(&options, &request), CF_E_BUG);
}

static void
posts_an_empty_body(void **state)
{
    (void)state;
    struct cf_http_options options = lab_options();
    struct cf_http_request request = lab_get(lab_url("https", "/echo"));
    request.method = "POST";
    assert_ok(lab_send(&options, &request), lab_err);
    assert_contains(lab_body(), "Content-Length: 0\r\n");
}

static void
lets_no_header_or_token_smuggle_another(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "X: a\r\nEvil: b",
        "X: a\nEvil: b",
        "X: a\rb",
        "X\r\nEvil: b",
        "X",
        ": a",
        "X:",
        "X: ",
        "X y: a",
        "X: a\x01",
        "X: a\x7f",
        "Content-Length: 5",
        "transfer-encoding: chunked",
        "Host: evil",
        "Proxy-Authorization: x",
        "",
    };
    struct cf_http_options options = lab_options();
    struct cf_http_request request = lab_get(lab_url("https", "/hello"));
    for (size_t i = 0; i < CF_COUNT(bad); i++) {
        const char *const headers[] = {bad[i], NULL};
        request.headers = headers;
        assert_rc(lab_send(&options, &request), CF_E_SYNTAX);
    }
    request.headers = NULL;
    static const char *const tokens[] = {"a\r\nEvil: b", "a\nb", "a b", "a\xc3\xa9"};
    for (size_t i = 0; i < CF_COUNT(tokens); i++) {
        cf_own(cf_secret) token = NULL;
        assert_ok(cf_secret_copy(tokens[i], strlen(tokens[i]), &token, &lab_err), lab_err);
        request.bearer = token;
        assert_rc(lab_send(&options, &request), CF_E_SYNTAX);
        assert_null(strstr(lab_err.text, "Evil"));
    }
}

static void
follows_no_redirect(void **state)
{
    (void)state;
    assert_ok(lab_fetch("https", "/redirect"), lab_err);
    assert_int_equal(lab_response.status, 302);
    assert_rc(cf_http_check_status(&lab_response, &lab_err), CF_E_HTTP);
    assert_int_equal(lab_err.fault, CF_FAULT_CONFIG);
    assert_contains(lab_err.text, "redirect");
}

static void
reads_retry_after_in_both_forms(void **state)
{
    (void)state;
    assert_ok(lab_fetch("https", "/retry-seconds"), lab_err);
    assert_int_equal(lab_response.retry_after_s, 120);
    assert_rc(cf_http_check_status(&lab_response, &lab_err), CF_E_HTTP);
    assert_int_equal(lab_err.retry_after_s, 120);
    assert_int_equal(lab_err.native, 503);
    lab_clean(NULL);
    assert_ok(lab_fetch("https", "/retry-date"), lab_err);
    assert_in_range(lab_response.retry_after_s, 290, 300);
    assert_rc(cf_http_check_status(&lab_response, &lab_err), CF_E_THROTTLED);
    lab_clean(NULL);
    assert_ok(lab_fetch("https", "/retry-past"), lab_err);
    assert_int_equal(lab_response.retry_after_s, 0);
    lab_clean(NULL);
    assert_ok(lab_fetch("https", "/retry-nonsense"), lab_err);
    assert_int_equal(lab_response.retry_after_s, 0);
}

static void
sorts_statuses_by_who_has_to_act(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum cf_rc rc;
        enum cf_fault fault;
    } cases[] = {
        {"/status/400", CF_E_HTTP, CF_FAULT_CONFIG},
        {"/status/401", CF_E_AUTH, CF_FAULT_CONFIG},
        {"/status/403", CF_E_AUTH, CF_FAULT_CONFIG},
        {"/status/404", CF_E_HTTP, CF_FAULT_CONFIG},
        {"/status/408", CF_E_HTTP, CF_FAULT_TRANSIENT},
        {"/status/429", CF_E_THROTTLED, CF_FAULT_TRANSIENT},
        {"/status/500", CF_E_HTTP, CF_FAULT_TRANSIENT},
        {"/status/599", CF_E_HTTP, CF_FAULT_TRANSIENT},
    };
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        lab_clean(NULL);
        assert_ok(lab_fetch("https", cases[i].path), lab_err);
        assert_rc(cf_http_check_status(&lab_response, &lab_err), cases[i].rc);
        assert_int_equal(lab_err.fault, cases[i].fault);
        assert_int_equal(lab_err.native, lab_response.status);
        assert_contains(lab_err.text, "because?[31m of ? reasons");
    }
}

static void
calls_an_answer_cut_short_a_network_failure(void **state)
{
    (void)state;
    static const char *const paths[] = {"/reset",       "/reset-in-body", "/empty",      "/short",
                                        "/short-chunk", "/until-cut",     "/until-close"};
    for (size_t i = 0; i < CF_COUNT(paths); i++) {
        lab_clean(NULL);
        assert_rc(lab_fetch("https", paths[i]), CF_E_NET);
        assert_contains(lab_err.text, paths[i]);
        assert_null(lab_response.body);
    }
    assert_rc(lab_fetch("plain", "/until-close"), CF_E_NET);
    assert_contains(lab_err.text, "Content-Length");
    assert_ok(lab_fetch("plain", "/hello"), lab_err);
}

static void
calls_an_answer_that_is_not_http_a_protocol_violation(void **state)
{
    (void)state;
    assert_rc(lab_fetch("https", "/garbage"), CF_E_PROTOCOL);
    assert_rc(lab_fetch("https", "/bad-length"), CF_E_PROTOCOL);
}

static void
takes_no_answer_over_the_limits(void **state)
{
    (void)state;
    static const char *const paths[] = {"/large", "/large-chunked", "/many-headers",
                                        "/long-headers"};
    for (size_t i = 0; i < CF_COUNT(paths); i++) {
        assert_rc(lab_fetch("https", paths[i]), CF_E_LIMIT);
        assert_contains(lab_err.text, paths[i]);
    }
    struct cf_http_options options = lab_options();
    struct cf_http_request request = lab_get(lab_url("https", "/large"));
    options.response_max = 5000;
    assert_ok(lab_send(&options, &request), lab_err);
}

static void
gives_up_at_the_timeout(void **state)
{
    (void)state;
    static const char *const paths[] = {"/slow", "/long-poll"};
    struct cf_http_options options = lab_options();
    for (size_t i = 0; i < CF_COUNT(paths); i++) {
        struct cf_http_request request = lab_get(lab_url("https", paths[i]));
        request.timeout_ms = 300;
        int64_t start = now_ms();
        assert_rc(lab_send(&options, &request), CF_E_TIMEOUT);
        assert_true(now_ms() - start < 4000);
    }
    struct cf_http_request request = lab_get(lab_url("mute", "/"));
    options.connect_timeout_ms = 300;
    assert_rc(lab_send(&options, &request), CF_E_TIMEOUT);
}

static void *
raise_stop(void *arg)
{
    usleep(200000);
    __atomic_store_n(&lab_stop, 1, __ATOMIC_RELEASE);
    return arg;
}

static void
ends_soon_after_the_stop_flag_whatever_it_waits_for(void **state)
{
    (void)state;
    const char *const urls[] = {lab_url("https", "/long-poll"), lab_url("https", "/slow"),
                                lab_url("mute", "/")};
    for (size_t i = 0; i < CF_COUNT(urls); i++) {
        pthread_t thread;
        struct cf_http_options options = lab_options();
        struct cf_http_request request = lab_get(urls[i]);
        request.timeout_ms = 60000;
        lab_clean(NULL);
        int64_t start = now_ms();
        pthread_create(&thread, NULL, raise_stop, NULL);
        enum cf_rc rc = lab_send(&options, &request);
        int64_t took = now_ms() - start;
        pthread_join(thread, NULL);
        assert_rc(rc, CF_E_STOPPED);
        assert_true(took < 2000);
    }
    /* And does not even begin once it is set. */
    assert_rc(lab_fetch("https", "/hello"), CF_E_STOPPED);
}

static void
keeps_a_connection_and_survives_its_silent_end(void **state)
{
    (void)state;
    struct cf_http_options options = lab_options();
    struct cf_http_request request = lab_get(lab_url("https", "/close-next"));
    cf_own(cf_http) http = NULL;
    assert_ok(cf_http_new(&options, &http, &lab_err), lab_err);
    for (int i = 0; i < 3; i++) {
        assert_ok(cf_http_send(http, &request, &lab_response, &lab_err), lab_err);
        assert_string_equal(lab_body(), "closing");
        lab_clean(NULL);
    }
    /* A failed request leaves nothing behind for the next. */
    request.url = lab_url("https", "/short");
    assert_rc(cf_http_send(http, &request, &lab_response, &lab_err), CF_E_NET);
    request.url = lab_url("https", "/hello");
    assert_ok(cf_http_send(http, &request, &lab_response, &lab_err), lab_err);
}

static void
refuses_urls_it_cannot_or_must_not_use(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "localhost/hello",
        "ftp://localhost/",
        "file:///etc/passwd",
        "http://localhost/",
        "https://user:hunter2@localhost/",
        "https://local host/",
        "https://localhost/\r\nEvil: x",
    };
    struct cf_http_options options = lab_options();
    for (size_t i = 0; i < CF_COUNT(bad); i++) {
        struct cf_http_request request = lab_get(bad[i]);
        assert_rc(lab_send(&options, &request), CF_E_CONFIG);
        assert_null(strstr(lab_err.text, "hunter2"));
        assert_null(strstr(lab_err.text, "\n"));
    }
}

static void
keeps_the_query_out_of_error_texts(void **state)
{
    (void)state;
    struct cf_http_options options = lab_options();
    struct cf_http_request request = lab_get(lab_url("https", "/short?code=hunter2"));
    assert_ok(lab_send(&options, &request), lab_err);
    request.url = lab_url("resetter", "/?code=hunter2");
    lab_clean(NULL);
    assert_rc(lab_send(&options, &request), CF_E_NET);
    assert_null(strstr(lab_err.text, "hunter2"));
}

/* TLS fails before the request, "/short" breaks off after it. */
static void
tells_whether_a_request_can_have_reached_its_peer(void **state)
{
    struct cf_http_options options = lab_options();
    struct cf_http_request request = lab_get(lab_url("https", "/short"));
    bool was_sent = false;

    (void)state;
    request.ret_was_sent = &was_sent;
    assert_rc(lab_send(&options, &request), CF_E_NET);
    assert_true(was_sent);
    request.url = "https://localhost:1/";
    assert_rc(lab_send(&options, &request), CF_E_NET);
    assert_false(was_sent);
    was_sent = true;
    options.ca_file = NULL;
    request.url = lab_url("https", "/hello");
    assert_rc(lab_send(&options, &request), CF_E_TLS);
    assert_false(was_sent);
}

static void
sends_on_a_kept_connection_only_once_what_must_not_be_sent_twice(void **state)
{
    struct cf_http_options options = lab_options();
    struct cf_http_request request = lab_get(lab_url("https", "/hello"));
    cf_own(cf_http) http = NULL;
    bool was_sent = false;

    (void)state;
    assert_ok(cf_http_new(&options, &http, &lab_err), lab_err);
    assert_ok(cf_http_send(http, &request, &lab_response, &lab_err), lab_err);
    request.method = "POST";
    request.url = lab_url("https", "/swallow");
    request.body = cf_bytes_of("x", 1);
    request.is_once = true;
    request.ret_was_sent = &was_sent;
    assert_rc(cf_http_send(http, &request, &lab_response, &lab_err), CF_E_NET);
    assert_contains(lab_err.text, "may have been heard");
    assert_true(was_sent);
    lab_clean(NULL);
    assert_ok(lab_fetch("https", "/swallowed"), lab_err);
    assert_string_equal(lab_body(), "1");
}

#define HTTP_TEST(name) cmocka_unit_test_teardown(name, lab_clean)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        HTTP_TEST(gets_a_page_with_its_type_in_lower_case),
        HTTP_TEST(forgets_what_an_interim_answer_said),
        HTTP_TEST(sends_headers_token_and_body_as_given),
        HTTP_TEST(sends_a_secret_body_whole_with_nul_bytes),
        HTTP_TEST(posts_an_empty_body),
        HTTP_TEST(lets_no_header_or_token_smuggle_another),
        HTTP_TEST(follows_no_redirect),
        HTTP_TEST(reads_retry_after_in_both_forms),
        HTTP_TEST(sorts_statuses_by_who_has_to_act),
        HTTP_TEST(calls_an_answer_cut_short_a_network_failure),
        HTTP_TEST(calls_an_answer_that_is_not_http_a_protocol_violation),
        HTTP_TEST(takes_no_answer_over_the_limits),
        HTTP_TEST(gives_up_at_the_timeout),
        HTTP_TEST(ends_soon_after_the_stop_flag_whatever_it_waits_for),
        HTTP_TEST(keeps_a_connection_and_survives_its_silent_end),
        HTTP_TEST(refuses_urls_it_cannot_or_must_not_use),
        HTTP_TEST(keeps_the_query_out_of_error_texts),
        HTTP_TEST(tells_whether_a_request_can_have_reached_its_peer),
        HTTP_TEST(sends_on_a_kept_connection_only_once_what_must_not_be_sent_twice),
    };
    return cmocka_run_group_tests(tests, lab_start, lab_end);
}
