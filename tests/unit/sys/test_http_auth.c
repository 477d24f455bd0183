/* SPDX-License-Identifier: Apache-2.0 */
/* Negotiate by hand: the Authorization header, challenges, and the server's certificate. */
#include "unit/base/unit.h"

#include <stdio.h>
#include <string.h>

#include "certferry/file.h"
#include "certferry/text.h"
#include "http_lab.h"

static void
sends_an_authorization_as_given(void **state)
{
    (void)state;
    struct cf_http_options options = lab_options();
    struct cf_http_request request = lab_get(lab_url("https", "/echo"));
    cf_own(cf_secret) value = NULL;
    assert_ok(cf_secret_copy("Negotiate YIIab+/=", 18, &value, &lab_err), lab_err);
    request.authorization = value;
    assert_ok(lab_send(&options, &request), lab_err);
    assert_contains(lab_body(), "\r\nAuthorization: Negotiate YIIab+/=\r\n");
    request.bearer = value;
    assert_rc(lab_send(&options, &request), CF_E_BUG);
    request.bearer = NULL;
    request.headers = (const char *const[]){"authorization: Basic eA==", NULL};
    assert_rc(lab_send(&options, &request), CF_E_BUG);
}

static void
lets_no_authorization_smuggle_a_header(void **state)
{
    (void)state;
    static const char *const bad[] = {"Negotiate a\r\nEvil: b", "Negotiate a\nb", "Negotiate\ta",
                                      "Negotiate \xc3\xa4"};
    struct cf_http_options options = lab_options();
    for (size_t i = 0; i < CF_COUNT(bad); i++) {
        struct cf_http_request request = lab_get(lab_url("https", "/echo"));
        cf_own(cf_secret) value = NULL;
        assert_ok(cf_secret_copy(bad[i], strlen(bad[i]), &value, &lab_err), lab_err);
        request.authorization = value;
        assert_rc(lab_send(&options, &request), CF_E_SYNTAX);
        assert_null(strstr(lab_err.text, "Negotiate"));
    }
}

static void
tells_whether_negotiate_is_offered_and_its_token(void **state)
{
    (void)state;
    assert_ok(lab_fetch("https", "/hello"), lab_err);
    assert_false(lab_response.offers_negotiate);
    assert_null(lab_response.negotiate);
    lab_clean(NULL);
    assert_ok(lab_fetch("https", "/challenge"), lab_err);
    assert_int_equal(lab_response.status, 401);
    assert_true(lab_response.offers_negotiate);
    assert_null(lab_response.negotiate);
    lab_clean(NULL);
    assert_ok(lab_fetch("https", "/challenge-token"), lab_err);
    assert_true(lab_response.offers_negotiate);
    assert_string_equal(lab_response.negotiate, "oYG2MIGzoAMKAQA=");
    lab_clean(NULL);
    assert_rc(lab_fetch("https", "/challenge-twice"), CF_E_PROTOCOL);
    assert_contains(lab_err.text, "/challenge-twice");
}

static struct cf_buf *first_cert, *second_cert;

static struct cf_buf *
cert_of(const char *name)
{
    cf_own(cf_buf) pem = NULL;
    struct cf_buf *der = NULL;
    char text[4096] = "";
    size_t n = 0;
    assert_ok(cf_file_read(lab_file(name), sizeof text, &pem, &lab_err), lab_err);
    const char *at = strstr(cf_buf_str(pem), "-----\n") + 6;
    for (; *at != '-'; at++)
        if (*at != '\n')
            text[n++] = *at;
    assert_ok(cf_text_from_base64(text, sizeof text, &der, &lab_err), lab_err);
    return der;
}

static int
read_certs(void **state)
{
    if (lab_start(state) != 0)
        return -1;
    first_cert = cert_of("server.pem");
    second_cert = cert_of("second.pem");
    return 0;
}

static int
free_certs(void **state)
{
    first_cert = cf_buf_free(first_cert);
    second_cert = cf_buf_free(second_cert);
    return lab_end(state);
}

static void
assert_shown(struct cf_http *http, const struct cf_http_request *request, const struct cf_buf *cert)
{
    lab_clean(NULL);
    assert_ok(cf_http_send(http, request, &lab_response, &lab_err), lab_err);
    assert_non_null(lab_response.peer_cert);
    assert_true(cf_bytes_equal(cf_buf_bytes(lab_response.peer_cert), cf_buf_bytes(cert)));
}

static void
shows_the_servers_certificate_on_new_and_kept_connections(void **state)
{
    (void)state;
    struct cf_http_options options = lab_options();
    struct cf_http_request first = lab_get(lab_url("https", "/peer"));
    struct cf_http_request second = lab_get(lab_url("second", "/hello"));
    cf_own(cf_http) http = NULL;
    char port[16] = "";
    assert_ok(cf_http_new(&options, &http, &lab_err), lab_err);
    assert_ok(cf_http_send(http, &first, &lab_response, &lab_err), lab_err);
    assert_null(lab_response.peer_cert);
    /* That connection was made while nobody asked. */
    first.wants_peer_cert = second.wants_peer_cert = true;
    for (int i = 0; i < 3; i++) {
        assert_shown(http, &first, first_cert);
        if (i == 0)
            (void)snprintf(port, sizeof port, "%s", lab_body());
        assert_string_equal(lab_body(), port);
        assert_shown(http, &second, second_cert);
    }
    lab_clean(NULL);
    first.wants_peer_cert = false;
    assert_ok(cf_http_send(http, &first, &lab_response, &lab_err), lab_err);
    assert_string_equal(lab_body(), port);
    assert_null(lab_response.peer_cert);
}

static void
knows_the_certificate_after_many_connections_came_and_went(void **state)
{
    (void)state;
    struct cf_http_options options = lab_options();
    struct cf_http_request request = lab_get(lab_url("https", "/peer"));
    struct cf_http_request closing = lab_get(lab_url("second", "/close-next"));
    cf_own(cf_http) http = NULL;
    request.wants_peer_cert = closing.wants_peer_cert = true;
    assert_ok(cf_http_new(&options, &http, &lab_err), lab_err);
    assert_shown(http, &request, first_cert);
    for (int i = 0; i < 20; i++)
        assert_shown(http, &closing, second_cert);
    assert_shown(http, &request, first_cert);
}

static void
has_no_certificate_to_show_without_tls(void **state)
{
    (void)state;
    struct cf_http_options options = lab_options();
    struct cf_http_request request = lab_get(lab_url("plain", "/hello"));
    request.wants_peer_cert = request.allow_plain = true;
    assert_ok(lab_send(&options, &request), lab_err);
    assert_null(lab_response.peer_cert);
}

#define HTTP_TEST(name) cmocka_unit_test_teardown(name, lab_clean)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        HTTP_TEST(sends_an_authorization_as_given),
        HTTP_TEST(lets_no_authorization_smuggle_a_header),
        HTTP_TEST(tells_whether_negotiate_is_offered_and_its_token),
        HTTP_TEST(shows_the_servers_certificate_on_new_and_kept_connections),
        HTTP_TEST(knows_the_certificate_after_many_connections_came_and_went),
        HTTP_TEST(has_no_certificate_to_show_without_tls),
    };
    return cmocka_run_group_tests(tests, read_certs, free_certs);
}
