/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the client trusts, what it shows of itself, and which way it goes. */
#include "unit/base/unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certferry/clock.h"
#include "http_lab.h"

#define SSL_KEY_LOG "/tmp/certferry-http-key-log-of-test"

static void
assert_tls_failure(const char *server, const char *remedy)
{
    assert_rc(lab_fetch(server, "/hello"), CF_E_TLS);
    assert_contains(lab_err.text, remedy);
    assert_int_equal(lab_err.fault, CF_FAULT_CONFIG);
    assert_null(lab_response.body);
}

static void
trusts_no_server_but_the_right_one_and_says_what_is_wrong(void **state)
{
    (void)state;
    assert_tls_failure("untrusted", "not in the configured CA file");
    assert_tls_failure("wronghost", "host name");
    assert_tls_failure("expired", "renew the server's certificate");
    assert_tls_failure("future", "clock");
}

static void
trusts_the_system_without_a_ca_file(void **state)
{
    (void)state;
    struct cf_http_options options = lab_options();
    struct cf_http_request request = lab_get(lab_url("https", "/hello"));
    options.ca_file = NULL;
    assert_rc(lab_send(&options, &request), CF_E_TLS);
    assert_contains(lab_err.text, "configure a CA file");
}

static void
refuses_tls_older_than_1_2(void **state)
{
    (void)state;
    assert_tls_failure("oldtls", "TLS 1.2");
}

static void
calls_a_handshake_cut_off_a_network_failure(void **state)
{
    (void)state;
    assert_rc(lab_fetch("resetter", "/"), CF_E_NET);
    assert_int_equal(lab_err.fault, CF_FAULT_TRANSIENT);
    /* A server without TLS on that port is no matter of trust, but no matter of patience either. */
    char url[64];
    snprintf(url, sizeof url, "https://localhost:%d/hello", lab_port("plain"));
    struct cf_http_options options = lab_options();
    struct cf_http_request request = lab_get(url);
    request.timeout_ms = 500;
    enum cf_rc rc = lab_send(&options, &request);
    assert_true(rc == CF_E_TLS || rc == CF_E_TIMEOUT);
}

static void
names_a_ca_file_it_cannot_use(void **state)
{
    (void)state;
    struct cf_http_options options = lab_options();
    struct cf_http_request request = lab_get(lab_url("https", "/hello"));
    options.ca_file = "/nonexistent/ca.pem";
    assert_rc(lab_send(&options, &request), CF_E_CONFIG);
    assert_contains(lab_err.text, "/nonexistent/ca.pem");
}

static void
shows_its_client_certificate(void **state)
{
    (void)state;
    static const char *const servers[] = {"mutual", "mutual12"};
    for (size_t i = 0; i < CF_COUNT(servers); i++) {
        struct cf_http_options options = lab_options();
        struct cf_http_request request = lab_get(lab_url(servers[i], "/hello"));
        char cert[128], key[128];
        lab_clean(NULL);
        assert_rc(lab_send(&options, &request), CF_E_TLS);
        assert_contains(lab_err.text, "client certificate");

        snprintf(cert, sizeof cert, "%s", lab_file("stranger.pem"));
        snprintf(key, sizeof key, "%s", lab_file("stranger.key"));
        options.client_cert_file = cert;
        options.client_key_file = key;
        assert_rc(lab_send(&options, &request), CF_E_TLS);

        snprintf(cert, sizeof cert, "%s", lab_file("client.pem"));
        assert_rc(lab_send(&options, &request), CF_E_CONFIG);
        assert_contains(lab_err.text, "belong together");

        snprintf(key, sizeof key, "%s", lab_file("client.key"));
        assert_ok(lab_send(&options, &request), lab_err);
        assert_string_equal(lab_body(), "hello");
    }
}

static void
takes_no_client_key_that_others_may_read(void **state)
{
    (void)state;
    struct cf_http_options options = lab_options();
    cf_own(cf_http) http = NULL;
    options.client_cert_file = lab_file("client.pem");
    assert_rc(cf_http_new(&options, &http, &lab_err), CF_E_CONFIG);
    options.client_key_file = lab_file("client.key");
    assert_int_equal(chmod(options.client_key_file, 0640), 0);
    assert_rc(cf_http_new(&options, &http, &lab_err), CF_E_PERMISSION);
    assert_int_equal(chmod(options.client_key_file, 0600), 0);
    assert_ok(cf_http_new(&options, &http, &lab_err), lab_err);
}

static const char *
proxy_url(const char *server)
{
    static char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", lab_port(server));
    return url;
}

static void
goes_through_the_proxy_and_knows_its_refusals(void **state)
{
    (void)state;
    struct cf_http_options options = lab_options();
    struct cf_http_request request = lab_get(lab_url("https", "/hello"));
    cf_own(cf_secret) password = NULL;
    assert_ok(cf_secret_copy("pa ss", 5, &password, &lab_err), lab_err);

    options.proxy = proxy_url("proxy");
    assert_ok(lab_send(&options, &request), lab_err);
    assert_string_equal(lab_body(), "hello");
    lab_clean(NULL);
    options.proxy = proxy_url("denyproxy");
    assert_rc(lab_send(&options, &request), CF_E_NET);
    assert_contains(lab_err.text, "403");
    assert_int_equal(lab_err.native, 403);

    options.proxy = proxy_url("authproxy");
    assert_rc(lab_send(&options, &request), CF_E_AUTH);
    assert_contains(lab_err.text, "authentication");
    options.proxy_user = "user";
    assert_rc(lab_send(&options, &request), CF_E_AUTH);
    options.proxy_password = password;
    assert_ok(lab_send(&options, &request), lab_err);
    lab_clean(NULL);

    options.proxy = "http://127.0.0.1:1";
    assert_rc(lab_send(&options, &request), CF_E_NET);
    assert_null(strstr(lab_err.text, "pa ss"));
}

static void
refuses_proxies_it_was_not_meant_for(void **state)
{
    (void)state;
    static const char *const bad[] = {"proxy:8080",        "socks5://proxy:1080",
                                      "https://proxy",     "http://user:hunter2@proxy",
                                      "http://proxy/path", "http://"};
    struct cf_http_options options = lab_options();
    cf_own(cf_http) http = NULL;
    for (size_t i = 0; i < CF_COUNT(bad); i++) {
        options.proxy = bad[i];
        assert_rc(cf_http_new(&options, &http, &lab_err), CF_E_CONFIG);
        assert_null(strstr(lab_err.text, "hunter2"));
    }
}

static void
lets_the_environment_name_no_proxy_and_no_exception(void **state)
{
    (void)state;
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY"};
    for (size_t i = 0; i < CF_COUNT(names); i++)
        setenv(names[i], "http://127.0.0.1:1", 1);
    assert_ok(lab_fetch("https", "/hello"), lab_err);
    lab_clean(NULL);
    assert_ok(lab_fetch("plain", "/hello"), lab_err);
    lab_clean(NULL);
    for (size_t i = 0; i < CF_COUNT(names); i++)
        unsetenv(names[i]);

    /* no_proxy would lead around the proxy that was configured. */
    setenv("no_proxy", "*", 1);
    setenv("NO_PROXY", "*", 1);
    struct cf_http_options options = lab_options();
    struct cf_http_request request = lab_get(lab_url("https", "/hello"));
    options.proxy = proxy_url("denyproxy");
    assert_rc(lab_send(&options, &request), CF_E_NET);
    assert_int_equal(lab_err.native, 403);
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
}

static void
calls_a_refused_connection_and_an_unknown_name_network_failures(void **state)
{
    (void)state;
    struct cf_http_options options = lab_options();
    struct cf_http_request request = lab_get("https://localhost:1/");
    assert_rc(lab_send(&options, &request), CF_E_NET);
    request.url = "https://no-such-host.invalid/";
    enum cf_rc rc = lab_send(&options, &request);
    assert_true(rc == CF_E_NET || rc == CF_E_TIMEOUT);
    assert_contains(lab_err.text, "no-such-host.invalid");
}

static void *
raise_stop(void *arg)
{
    usleep(200000);
    __atomic_store_n(&lab_stop, 1, __ATOMIC_RELEASE);
    return arg;
}

static void
ends_on_stop_while_it_connects(void **state)
{
    (void)state;
    /* A listener whose queue is full answers no further connection. */
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    int fillers[4], server = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(server, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(server, 0), 0);
    assert_int_equal(getsockname(server, (struct sockaddr *)&address, &len), 0);
    for (size_t i = 0; i < CF_COUNT(fillers); i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], (struct sockaddr *)&address, len);
    }
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", ntohs(address.sin_port));
    struct cf_http_options options = lab_options();
    struct cf_http_request request = lab_get(url);
    options.connect_timeout_ms = 60000;
    request.timeout_ms = 60000;

    pthread_t thread;
    int64_t start = cf_clock_monotonic_ms(cf_clock_real());
    pthread_create(&thread, NULL, raise_stop, NULL);
    enum cf_rc rc = lab_send(&options, &request);
    int64_t took = cf_clock_monotonic_ms(cf_clock_real()) - start;
    pthread_join(thread, NULL);
    for (size_t i = 0; i < CF_COUNT(fillers); i++)
        close(fillers[i]);
    close(server);
    assert_rc(rc, CF_E_STOPPED);
    assert_true(took < 2000);
}

static void
writes_no_session_keys_for_the_environment(void **state)
{
    (void)state;
    struct stat st;
    assert_null(getenv("SSLKEYLOGFILE"));
    assert_int_equal(stat(SSL_KEY_LOG, &st), -1);
}

/* Set before the library starts, as an environment would have it. */
static int
start_with_key_log(void **state)
{
    setenv("SSLKEYLOGFILE", SSL_KEY_LOG, 1);
    return lab_start(state);
}

#define TLS_TEST(name) cmocka_unit_test_teardown(name, lab_clean)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TLS_TEST(trusts_no_server_but_the_right_one_and_says_what_is_wrong),
        TLS_TEST(trusts_the_system_without_a_ca_file),
        TLS_TEST(refuses_tls_older_than_1_2),
        TLS_TEST(calls_a_handshake_cut_off_a_network_failure),
        TLS_TEST(names_a_ca_file_it_cannot_use),
        TLS_TEST(shows_its_client_certificate),
        TLS_TEST(takes_no_client_key_that_others_may_read),
        TLS_TEST(goes_through_the_proxy_and_knows_its_refusals),
        TLS_TEST(refuses_proxies_it_was_not_meant_for),
        TLS_TEST(lets_the_environment_name_no_proxy_and_no_exception),
        TLS_TEST(calls_a_refused_connection_and_an_unknown_name_network_failures),
        TLS_TEST(ends_on_stop_while_it_connects),
        TLS_TEST(writes_no_session_keys_for_the_environment),
    };
    return cmocka_run_group_tests(tests, start_with_key_log, lab_end);
}
