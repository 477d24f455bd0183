/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cloud/wire.h"
#include "unit/base/unit.h"

static struct cf_err err;
static const struct cf_cloud_result RESULTS[] = {{.context = "a"}, {.context = "b"}};
static struct cf_cloud_verdict verdict[2];

static enum cf_rc
parse(const char *text)
{
    memset(verdict, 0x55, sizeof verdict);
    return cf_wire_verdicts(cf_bytes_of(text, strlen(text)), RESULTS, 2, verdict, &err);
}

static void
verdicts_are_matched_by_context_not_by_place(void **state)
{
    (void)state;
    assert_ok(parse("{\"value\":[{\"requestContext\":\"b\",\"accepted\":false,\"errorCode\":"
                    "\"ConflictError\",\"errorMessage\":\"finished\"},"
                    "{\"requestContext\":\"zzz\",\"accepted\":false},"
                    "{\"requestContext\":\"a\",\"accepted\":true,\"errorCode\":\"None\"}]}"),
              err);
    assert_true(verdict[0].accepted);
    assert_false(verdict[1].accepted);
    assert_false(verdict[1].retryable);
    assert_string_equal(verdict[1].text, "ConflictError: finished");
}

static void
what_is_not_mentioned_is_sent_again(void **state)
{
    (void)state;
    assert_ok(parse("{\"value\":[{\"requestContext\":\"b\",\"accepted\":true}]}"), err);
    assert_false(verdict[0].accepted);
    assert_true(verdict[0].retryable);
    assert_contains(verdict[0].text, "does not mention");
    assert_true(verdict[1].accepted);
}

static void
a_malformed_verdict_counts_as_absent(void **state)
{
    (void)state;
    assert_ok(parse("{\"value\":[7,{\"accepted\":true},{\"requestContext\":\"a\"},"
                    "{\"requestContext\":\"b\",\"accepted\":\"yes\"}]}"),
              err);
    for (size_t i = 0; i < 2; i++) {
        assert_false(verdict[i].accepted);
        assert_true(verdict[i].retryable);
    }
}

static void
codes_are_names_or_numbers(void **state)
{
    static const struct {
        const char *code;
        bool is_retryable;
        const char *name;
    } CASES[] = {
        {"\"4004\"", false, "CertificateNotFoundError"},
        {"4004", false, "CertificateNotFoundError"},
        {"\"PayloadTooLargeError\"", false, "PayloadTooLargeError"},
        {"4100", true, "RetryableServiceException"},
        {"\"4102\"", true, "ServiceTooBusyException"},
        {"\"AuthenticationException\"", true, "AuthenticationException"},
        {"\"None\"", true, "None"},
        {"\"NeverHeardOf\"", true, "NeverHeardOf"},
        {"4999", true, "no code"},
        {"null", true, "no code"},
        {"[]", true, "no code"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        char text[256];

        snprintf(text, sizeof text,
                 "{\"value\":[{\"requestContext\":\"a\",\"accepted\":false,\"errorCode\":%s}]}",
                 CASES[i].code);
        assert_ok(parse(text), err);
        assert_false(verdict[0].accepted);
        assert_int_equal(verdict[0].retryable, CASES[i].is_retryable);
        assert_contains(verdict[0].text, CASES[i].name);
    }
}

static void
told_twice_a_refusal_outweighs(void **state)
{
    (void)state;
    assert_ok(parse("{\"value\":[{\"requestContext\":\"a\",\"accepted\":true},"
                    "{\"requestContext\":\"a\",\"accepted\":false},"
                    "{\"requestContext\":\"b\",\"accepted\":false},"
                    "{\"requestContext\":\"b\",\"accepted\":true}]}"),
              err);
    assert_false(verdict[0].accepted);
    assert_false(verdict[1].accepted);
}

static void
long_and_odd_messages_are_cut_and_made_printable(void **state)
{
    char text[1024];
    char message[600];

    (void)state;
    memset(message, 'm', sizeof message);
    message[599] = '\0';
    snprintf(text, sizeof text,
             "{\"value\":[{\"requestContext\":\"a\",\"accepted\":false,"
             "\"errorMessage\":\"\\u0000\"},{\"requestContext\":\"b\",\"accepted\":false,"
             "\"errorMessage\":\"\\n%s\"}]}",
             message);
    assert_ok(parse(text), err);
    assert_true(strlen(verdict[1].text) <= CF_ERR_TEXT_MAX);
    assert_null(strchr(verdict[1].text, '\n'));
}

static void
refuses_other_shapes(void **state)
{
    static const char *const BAD[] = {"", "{}", "[]", "{\"value\":true}", "{\"value\":[}", "x"};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(BAD); i++)
        assert_rc(parse(BAD[i]), CF_E_PROTOCOL);
}

static enum cf_rc
recorded(const char *text)
{
    return cf_wire_recorded(cf_bytes_of(text, strlen(text)), &err);
}

static void
only_true_means_recorded(void **state)
{
    static const char *const BAD[] = {
        "{\"value\":false}",
        "{\"value\":\"false\"}",
        "{\"value\":1}",
        "{\"value\":null}",
        "{}",
        "",
        "true",
        "{\"value\":\"truest\"}",
    };

    (void)state;
    assert_ok(recorded("{\"value\":true}"), err);
    assert_ok(recorded("{\"value\":\"true\"}"), err);
    assert_ok(recorded("{\"@odata.context\":\"x\",\"value\":\"True\"}"), err);
    for (size_t i = 0; i < CF_COUNT(BAD); i++) {
        assert_rc(recorded(BAD[i]), CF_E_PROTOCOL);
        assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
    }
}

static void
a_heartbeat_tells_the_lease(void **state)
{
    static const char *const BAD[] = {"{\"value\":true}", "{\"value\":true,\"leaseSeconds\":0}",
                                      "{\"value\":false,\"leaseSeconds\":5}",
                                      "{\"value\":true,\"leaseSeconds\":\"5\"}",
                                      "{\"value\":true,\"leaseSeconds\":99999999}"};
    uint64_t lease = 3;
    const char *good = "{\"value\":true,\"leaseSeconds\":300}";

    (void)state;
    for (size_t i = 0; i < CF_COUNT(BAD); i++)
        assert_rc(cf_wire_heartbeat(cf_bytes_of(BAD[i], strlen(BAD[i])), &lease, &err),
                  CF_E_PROTOCOL);
    assert_int_equal(lease, 3);
    assert_ok(cf_wire_heartbeat(cf_bytes_of(good, strlen(good)), &lease, &err), err);
    assert_int_equal(lease, 300);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_are_matched_by_context_not_by_place),
        cmocka_unit_test(what_is_not_mentioned_is_sent_again),
        cmocka_unit_test(a_malformed_verdict_counts_as_absent),
        cmocka_unit_test(codes_are_names_or_numbers),
        cmocka_unit_test(told_twice_a_refusal_outweighs),
        cmocka_unit_test(long_and_odd_messages_are_cut_and_made_printable),
        cmocka_unit_test(refuses_other_shapes),
        cmocka_unit_test(only_true_means_recorded),
        cmocka_unit_test(a_heartbeat_tells_the_lease),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
