/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/base/unit.h"

#include <stdio.h>
#include <string.h>

#include "../../../src/sys/http_headers.h"

static struct cf_err err;

static struct cf_http_head
take(const char *line)
{
    struct cf_http_head head = {0};
    assert_ok(cf_http_head_take(&head, line, strlen(line), &err), err);
    return head;
}

static void
reads_seconds_and_refuses_to_guess(void **state)
{
    (void)state;
    assert_int_equal(take("Retry-After: 7\r\n").retry_after_s, 7);
    assert_int_equal(take("RETRY-AFTER:7").retry_after_s, 7);
    static const char *const bad[] = {"Retry-After: -7",
                                      "Retry-After: 7s",
                                      "Retry-After: 0x7",
                                      "Retry-After: 07",
                                      "Retry-After: 7, 8",
                                      "Retry-After:",
                                      "Retry-After: 99999999999999999999",
                                      "Retry-After: 31622401",
                                      "Retry-Afterr: 7",
                                      " Retry-After: 7",
                                      "Retry-After : 7",
                                      "Retry-After: Wed, 99 Foo 2099 07:28:00 GMT",
                                      "Retry-After: Wed, 21 Oct 2099 07:28:00 GMT"};
    for (size_t i = 0; i < CF_COUNT(bad); i++)
        assert_int_equal(take(bad[i]).retry_after_s, 0);
}

static void
keeps_only_a_proper_content_type(void **state)
{
    (void)state;
    char line[400];
    assert_string_equal(take("Content-Type: Application/JSON ; x=\"A\"").content_type,
                        "application/json");
    assert_string_equal(take("Content-Type: a/\x1b[31m").content_type, "");
    assert_string_equal(take("Content-Type: \xff/b").content_type, "");
    memset(line, 'a', sizeof line);
    memcpy(line, "Content-Type: ", 14);
    line[14 + 128] = '\0';
    assert_string_equal(take(line).content_type, "");
    line[14 + 127] = '\0';
    assert_int_equal(strlen(take(line).content_type), 127);
}

static void
ignores_lines_with_a_nul_byte(void **state)
{
    (void)state;
    struct cf_http_head head = {0};
    assert_ok(cf_http_head_take(&head, "Retry-After: 7\0", 15, &err), err);
    assert_int_equal(head.retry_after_s, 0);
}

static void
counts_bytes_and_lines_to_their_limits(void **state)
{
    (void)state;
    static char line[CF_HTTP_HEAD_LEN_MAX + 1];
    struct cf_http_head head = {0};
    memset(line, 'x', sizeof line);
    assert_ok(cf_http_head_take(&head, line, CF_HTTP_HEAD_LEN_MAX, &err), err);
    assert_rc(cf_http_head_take(&head, line, 1, &err), CF_E_LIMIT);
    head = (struct cf_http_head){0};
    for (int i = 0; i < CF_HTTP_HEAD_LINES_MAX; i++)
        assert_ok(cf_http_head_take(&head, "HTTP/1.1 100 C\r\n", 16, &err), err);
    assert_rc(cf_http_head_take(&head, "x", 1, &err), CF_E_LIMIT);
}

static void
finds_negotiate_among_the_challenges(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool is_offered;
        const char *token;
    } rows[] = {
        {"WWW-Authenticate: Negotiate", true, ""},
        {"www-authenticate:NEGOTIATE", true, ""},
        {"WWW-Authenticate: NTLM, Negotiate , Basic realm=\"x\"", true, ""},
        {"WWW-Authenticate: , ,Negotiate", true, ""},
        {"WWW-Authenticate: Negotiate YWI=, NTLM", true, "YWI="},
        {"WWW-Authenticate: Basic realm=\"x\", Negotiate   YWJj", true, "YWJj"},
        {"WWW-Authenticate: Basic realm=\"a, Negotiate, b\"", false, ""},
        {"WWW-Authenticate: Basic realm=\"a\\\", Negotiate, b\"", false, ""},
        {"WWW-Authenticate: Basic realm=\"a, Negotiate", false, ""},
        {"WWW-Authenticate: Negotiated", false, ""},
        {"WWW-Authenticate: NTLM Negotiate", false, ""},
        {"WWW-Authenticate:", false, ""},
        {"Proxy-Authenticate: Negotiate", false, ""},
        {"X-WWW-Authenticate: Negotiate", false, ""},
    };
    for (size_t i = 0; i < CF_COUNT(rows); i++) {
        struct cf_http_head head = take(rows[i].line);
        assert_int_equal(head.offers_negotiate, rows[i].is_offered);
        assert_string_equal(head.negotiate, rows[i].token);
    }
}

static void
takes_no_negotiate_token_that_is_none(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "YWI", "YW=I", "====", "Y===", "YWI= x", "YWI=\"", "a=b", "YW_-"};
    static char line[CF_HTTP_NEGOTIATE_MAX + 64];
    struct cf_http_head head = {0};
    for (size_t i = 0; i < CF_COUNT(bad); i++) {
        int n = snprintf(line, sizeof line, "WWW-Authenticate: Negotiate %s", bad[i]);
        assert_rc(cf_http_head_take(&head, line, (size_t)n, &err), CF_E_PROTOCOL);
        assert_string_equal(head.negotiate, "");
    }
    int prefix = snprintf(line, sizeof line, "WWW-Authenticate: Negotiate ");
    memset(line + prefix, 'A', CF_HTTP_NEGOTIATE_MAX + 4);
    assert_rc(cf_http_head_take(&head, line, (size_t)prefix + CF_HTTP_NEGOTIATE_MAX + 4, &err),
              CF_E_PROTOCOL);
    assert_ok(cf_http_head_take(&head, line, (size_t)prefix + CF_HTTP_NEGOTIATE_MAX, &err), err);
    assert_int_equal(strlen(head.negotiate), CF_HTTP_NEGOTIATE_MAX);
    assert_rc(cf_http_head_take(&head, "WWW-Authenticate: Negotiate YWJj", 32, &err),
              CF_E_PROTOCOL);
    /* A new head begins anew. */
    assert_ok(cf_http_head_take(&head, "HTTP/1.1 200 OK", 15, &err), err);
    assert_false(head.offers_negotiate);
    assert_ok(cf_http_head_take(&head, "WWW-Authenticate: Negotiate YWJj", 32, &err), err);
    assert_string_equal(head.negotiate, "YWJj");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_seconds_and_refuses_to_guess),
        cmocka_unit_test(keeps_only_a_proper_content_type),
        cmocka_unit_test(ignores_lines_with_a_nul_byte),
        cmocka_unit_test(finds_negotiate_among_the_challenges),
        cmocka_unit_test(takes_no_negotiate_token_that_is_none),
        cmocka_unit_test(counts_bytes_and_lines_to_their_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
