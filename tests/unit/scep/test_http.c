/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "certferry/scep_message.h"
#include "http_client.h"
#include "unit/base/unit.h"

#define POST_LINE "POST /scep/wifi?operation=PKIOperation HTTP/1.1\r\nHost: x\r\n"

static void
check(const struct door *door, const char *request, unsigned status)
{
    struct answer answer = door_ask(door, request);

    if (answer.status != status)
        fail_msg("%.80s: %u in place of %u", request, answer.status, status);
}

static void
a_request_reaches_the_operations_with_all_that_they_need(void **state)
{
    struct door door = {0};

    (void)state;
    door_open(&door);
    struct answer answer =
        door_ask(&door, "GET /SCEP/wifi/pkiclient.exe?operation=getcacert&message=ca HTTP/1.1\r\n"
                        "Host: x\r\n\r\n");
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "GetCACert 0");
    assert_non_null(strcasestr(answer.head, "\r\nContent-Type: text/plain\r\n"));
    assert_non_null(strcasestr(answer.head, "\r\nCache-Control: no-store\r\n"));
    assert_null(strcasestr(answer.head, "\r\nServer:"));
    assert_string_equal(door.last.route.profile, "wifi");
    assert_string_equal(door.last.remote, "127.0.0.1");
    assert_int_equal(door.last.operation, CF_SCEP_OP_GET_CA_CERT);
    door_close(&door);
}

static void
messages_come_by_get_and_by_post(void **state)
{
    static const char *const requests[] = {
        "GET /scep?operation=PKIOperation&message=AAAA HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /scep?operation=PKIOperation&message=AAAA HTTP/1.0\r\n\r\n",
        "GET http://x/scep?message=AAAA&operation=PKIOperation HTTP/1.1\r\nHost: x\r\n\r\n",
        POST_LINE "Content-Length: 3\r\n\r\nabc",
        POST_LINE "Content-Length: 3\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\nabc",
        POST_LINE "Content-Length: 3\r\nContent-Type: multipart/form-data\r\n\r\nabc",
        POST_LINE "Content-Length: 3\r\nExpect: 100-continue\r\n\r\nabc",
        POST_LINE "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n",
        "POST /scep?operation=PKIOperation&message=%zz HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
    };
    struct door door = {0};

    (void)state;
    door_open(&door);
    for (size_t i = 0; i < CF_COUNT(requests); i++) {
        struct answer answer = door_ask(&door, requests[i]);
        if (answer.status != 200 || strcmp(answer.body, "PKIOperation 3") != 0)
            fail_msg("%s: %u %s", requests[i], answer.status, answer.body);
    }
    door_close(&door);
}

static void
what_is_not_ours_is_answered_with_4xx(void **state)
{
    static const struct {
        unsigned status;
        const char *request;
    } cases[] = {
        {404, "GET / HTTP/1.0\r\n\r\n"},
        {404, "GET /scep/wifi/more?operation=GetCACaps HTTP/1.0\r\n\r\n"},
        {404, "GET /%00?operation=GetCACaps HTTP/1.0\r\n\r\n"},
        {403, "GET /certsrv/mscep/mscep.dll HTTP/1.0\r\n\r\n"},
        {403, "GET /scep?message=x HTTP/1.0\r\n\r\n"},
        {400, "GET /scep?operation=x HTTP/1.0\r\n\r\n"},
        {400, "GET /scep?operation=PKIOperation HTTP/1.0\r\n\r\n"},
        {400, "GET /scep?operation=PKIOperation&message=%zz HTTP/1.0\r\n\r\n"},
        {400, POST_LINE "Content-Length: 0\r\n\r\n"},
        {400, POST_LINE "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {405, "POST /scep?operation=GetCACert HTTP/1.0\r\nContent-Length: 1\r\n\r\nx"},
        {405, "PUT /scep?operation=PKIOperation HTTP/1.0\r\nContent-Length: 1\r\n\r\nx"},
        {405, "OPTIONS /scep HTTP/1.0\r\n\r\n"},
        {414, "GET /scep?&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&& HTTP/1.0\r\n\r\n"},
        {400, "GET host:80 HTTP/1.0\r\n\r\n"},
    };
    struct door door = {0};

    (void)state;
    door_open(&door);
    for (size_t i = 0; i < CF_COUNT(cases); i++)
        check(&door, cases[i].request, cases[i].status);
    assert_int_equal(door.n_begun, 0);
    struct answer answer = door_ask(&door, "TRACE /scep HTTP/1.0\r\n\r\n");
    assert_non_null(strcasestr(answer.head, "\r\nAllow: GET, HEAD, POST\r\n"));
    door_close(&door);
}

static void
a_head_request_has_the_head_alone(void **state)
{
    struct door door = {0};
    char byte = 0;

    (void)state;
    door_open(&door);
    int fd = door_connect(&door);
    door_send_text(fd, "HEAD /scep?operation=GetCACaps HTTP/1.0\r\n\r\n");
    char head[ANSWER_SIZE] = "";
    size_t n = 0;
    while (n < sizeof head - 1 && read(fd, &byte, 1) == 1)
        head[n++] = byte;
    assert_non_null(strstr(head, " 200 "));
    assert_string_equal(head + n - 4, "\r\n\r\n");
    close(fd);
    door_close(&door);
}

static struct answer
get_with_query_of(const struct door *door, size_t len)
{
    static const char head[] = "GET /scep?operation=PKIOperation&message=";
    static const char tail[] = " HTTP/1.1\r\nHost: x\r\nUser-Agent: y\r\n\r\n";
    cf_own_str request = malloc(sizeof head + len + sizeof tail);

    memcpy(request, head, sizeof head);
    memset(request + strlen(head), 'A', len);
    memcpy(request + strlen(head) + len, tail, sizeof tail);
    return door_ask(door, request);
}

static void
request_lines_of_64_kibibytes_and_more_are_read(void **state)
{
    struct door door = {0};

    (void)state;
    door_open(&door);
    struct answer answer = get_with_query_of(&door, 64 * 1024);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "PKIOperation 49152");
    assert_int_equal(get_with_query_of(&door, 96 * 1024).status, 200);
    unsigned status = get_with_query_of(&door, 1024 * 1024).status;
    assert_true(status == 0 || status == 414 || status == 431);
    check(&door, "GET /scep?operation=GetCACaps HTTP/1.0\r\n\r\n", 200);
    door_close(&door);
}

static struct answer
post_of(const struct door *door, size_t len, const char *more)
{
    char head[256];
    char *body = calloc(1, len);
    int fd = door_connect(door);

    snprintf(head, sizeof head, POST_LINE "Content-Length: %zu\r\n%s\r\n", len, more);
    door_send_text(fd, head);
    (void)door_send(fd, body, len);
    struct answer answer = door_read(fd);
    close(fd);
    free(body);
    return answer;
}

static void
a_body_has_a_limit_and_the_client_is_told(void **state)
{
    struct door door = {0};

    (void)state;
    door_open(&door);
    assert_int_equal(post_of(&door, CF_SCEP_MESSAGE_MAX, "").status, 200);
    assert_int_equal(door.last_len, CF_SCEP_MESSAGE_MAX);
    assert_int_equal(post_of(&door, CF_SCEP_MESSAGE_MAX + 1, "").status, 413);
    assert_int_equal(post_of(&door, 1024 * 1024, "").status, 413);
    check(&door, POST_LINE "Content-Length: 300000\r\nExpect: 100-continue\r\n\r\n", 413);
    check(&door, POST_LINE "Content-Length: 999999999999\r\n\r\n", 413);
    assert_int_equal(door.n_begun, 1);
    door_close(&door);
}

static void
noise_hurts_nobody(void **state)
{
    static const char *const noise[] = {
        "\r\n\r\n\r\n",
        "\x16\x03\x01\x02\x01\x01\xfc\x03\x03",
        "GET\r\n\r\n",
        "GET /scep\r\n\r\n",
        "GET /scep HTTP/9.9\r\n\r\n",
        POST_LINE "Content-Length: -1\r\n\r\n",
        POST_LINE "Content-Length: 3x\r\n\r\nabc",
        POST_LINE "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        POST_LINE "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx",
    };
    struct door door = {0};

    (void)state;
    door_open(&door);
    for (size_t i = 0; i < CF_COUNT(noise); i++) {
        int fd = door_connect(&door);
        door_send_text(fd, noise[i]);
        shutdown(fd, SHUT_WR);
        assert_true(door_is_cut(fd));
        close(fd);
    }
    check(&door, "GET /scep?operation=GetCACaps HTTP/1.0\r\n\r\n", 200);
    door_close(&door);
}

static void
requests_follow_each_other_on_one_connection(void **state)
{
    static const char three[] =
        "GET /scep?operation=GetCACaps HTTP/1.1\r\nHost: x\r\n\r\n" POST_LINE
        "Content-Length: 5\r\n\r\nabcde"
        "GET /scep?operation=GetCACert HTTP/1.1\r\nHost: x\r\n\r\n";
    struct door door = {.delay_ms = 20};

    (void)state;
    door_open(&door);
    int fd = door_connect(&door);
    door_send_text(fd, three);
    assert_string_equal(door_read(fd).body, "GetCACaps 0");
    assert_string_equal(door_read(fd).body, "PKIOperation 5");
    struct answer last = door_read(fd);
    assert_string_equal(last.body, "GetCACert 0");
    assert_false(last.is_closed);
    close(fd);
    door_close(&door);
}

static void
whoever_is_put_off_is_told_for_how_long(void **state)
{
    struct door door = {.answer = {.status = 503, .type = "text/plain", .retry_after_s = 7}};

    (void)state;
    door_open(&door);
    struct answer answer = door_ask(&door, "GET /scep?operation=GetCACaps HTTP/1.0\r\n\r\n");
    assert_int_equal(answer.status, 503);
    assert_non_null(strcasestr(answer.head, "\r\nRetry-After: 7\r\n"));
    door_close(&door);
}

static int64_t
now_ms(void)
{
    return cf_clock_monotonic_ms(cf_clock_real());
}

static void
a_client_that_trickles_is_cut_off_in_time(void **state)
{
    static const char request[] = POST_LINE "Content-Length: 100000\r\n\r\n";
    struct door door = {.settings = {.request_timeout_ms = 1000}};
    const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};

    (void)state;
    door_open(&door);
    int fd = door_connect(&door);
    int64_t begin_ms = now_ms();
    size_t n = 0;
    while (door_send(fd, n < strlen(request) ? request + n : "x", 1) &&
           now_ms() < begin_ms + PATIENCE_MS) {
        nanosleep(&pause, NULL);
        n++;
    }
    assert_true(now_ms() - begin_ms >= 1000);
    assert_true(now_ms() - begin_ms < PATIENCE_MS);
    assert_true(door_is_cut(fd));
    close(fd);
    door_close(&door);
}

static void
a_silent_connection_is_cut_off_before_and_after_a_request(void **state)
{
    struct door door = {.settings = {.request_timeout_ms = 500}};

    (void)state;
    door_open(&door);
    int silent = door_connect(&door);
    assert_true(door_is_cut(silent));
    close(silent);

    int kept = door_connect(&door);
    door_send_text(kept, "GET /scep?operation=GetCACaps HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(door_read(kept).status, 200);
    assert_true(door_is_cut(kept));
    close(kept);
    door_close(&door);
}

static void
a_request_that_is_worked_on_has_all_the_time(void **state)
{
    struct door door = {.settings = {.request_timeout_ms = 300}, .delay_ms = 1500};

    (void)state;
    door_open(&door);
    check(&door, "GET /scep?operation=GetCACaps HTTP/1.1\r\nHost: x\r\n\r\n", 200);
    door_close(&door);
}

static void
a_client_may_go_away_while_its_request_is_worked_on(void **state)
{
    struct door door = {.delay_ms = 300};

    (void)state;
    door_open(&door);
    for (int i = 0; i < 20; i++) {
        int fd = door_connect(&door);
        door_send_text(fd, "GET /scep?operation=GetCACaps HTTP/1.1\r\nHost: x\r\n\r\n");
        door_await(&door.n_begun, i + 1);
        close(fd);
    }
    door_await(&door.n_done, 20);
    check(&door, "GET /scep?operation=GetCACaps HTTP/1.0\r\n\r\n", 200);
    door_close(&door);
}

static void
one_address_has_its_share_of_connections_only(void **state)
{
    struct door door = {.settings = {.max_per_address = 3}};
    int fds[3];

    (void)state;
    door_open(&door);
    for (size_t i = 0; i < CF_COUNT(fds); i++) {
        fds[i] = door_connect(&door);
        door_send_text(fds[i], "GET /scep?operation=GetCACaps HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_int_equal(door_read(fds[i]).status, 200);
    }
    assert_int_equal(cf_scep_http_n_connections(door.http), 3);
    int refused = door_connect(&door);
    assert_true(door_is_cut(refused));
    close(refused);
    for (size_t i = 0; i < CF_COUNT(fds); i++)
        close(fds[i]);
    door_close(&door);
}

static void
quiet_doors_finish_what_they_have_and_take_no_more(void **state)
{
    struct door door = {.delay_ms = 500};

    (void)state;
    door_open(&door);
    int fd = door_connect(&door);
    door_send_text(fd, "GET /scep?operation=GetCACaps HTTP/1.1\r\nHost: x\r\n\r\n");
    door_await(&door.n_begun, 1);
    cf_scep_http_quiesce(door.http);
    assert_int_equal(door_read(fd).status, 200);
    close(fd);
    door_close(&door);
}

static void
an_answer_on_its_way_arrives_though_the_server_ends(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        struct door door = {.delay_ms = 50};
        door_open(&door);
        int fd = door_connect(&door);
        door_send_text(fd, "GET /scep?operation=GetCACaps HTTP/1.1\r\nHost: x\r\n\r\n");
        door_await(&door.n_begun, 1);
        door_close(&door);
        assert_int_equal(door_read(fd).status, 200);
        close(fd);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_reaches_the_operations_with_all_that_they_need),
        cmocka_unit_test(messages_come_by_get_and_by_post),
        cmocka_unit_test(what_is_not_ours_is_answered_with_4xx),
        cmocka_unit_test(a_head_request_has_the_head_alone),
        cmocka_unit_test(request_lines_of_64_kibibytes_and_more_are_read),
        cmocka_unit_test(a_body_has_a_limit_and_the_client_is_told),
        cmocka_unit_test(noise_hurts_nobody),
        cmocka_unit_test(requests_follow_each_other_on_one_connection),
        cmocka_unit_test(whoever_is_put_off_is_told_for_how_long),
        cmocka_unit_test(a_client_that_trickles_is_cut_off_in_time),
        cmocka_unit_test(a_silent_connection_is_cut_off_before_and_after_a_request),
        cmocka_unit_test(a_request_that_is_worked_on_has_all_the_time),
        cmocka_unit_test(a_client_may_go_away_while_its_request_is_worked_on),
        cmocka_unit_test(one_address_has_its_share_of_connections_only),
        cmocka_unit_test(quiet_doors_finish_what_they_have_and_take_no_more),
        cmocka_unit_test(an_answer_on_its_way_arrives_though_the_server_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
