/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cloud/wire.h"
#include "unit/base/unit.h"

static struct cf_err err;

static enum cf_rc
judge(long status, const char *body)
{
    struct cf_http_response response = {.status = status,
                                        .retry_after_s = status == 429 ? 30 : 0,
                                        .body = cf_buf_copy(cf_bytes_of(body, strlen(body)))};

    err = (struct cf_err){0};
    enum cf_rc rc = cf_wire_status(&response, &err);
    cf_http_response_done(&response);
    return rc;
}

static void
success_has_no_error(void **state)
{
    (void)state;
    assert_rc(judge(200, "anything"), CF_OK);
    assert_rc(judge(204, ""), CF_OK);
}

static void
quotes_code_and_message(void **state)
{
    (void)state;
    assert_rc(judge(400, "{\"error\":{\"code\":\"BadRequest\",\"message\":\"no such thing\"}}"),
              CF_E_HTTP);
    assert_contains(err.text, "HTTP 400 BadRequest: no such thing");
    assert_int_equal(err.native, 400);
    assert_int_equal(err.fault, CF_FAULT_CONFIG);
}

static void
unpacks_a_message_that_is_json_itself(void **state)
{
    (void)state;
    assert_rc(judge(500, "{\"error\":{\"code\":\"InternalError\",\"message\":\"{\\\"_version\\\":3,"
                         "\\\"Message\\\":\\\"An error has occurred\\\"}\"}}"),
              CF_E_HTTP);
    assert_contains(err.text, "InternalError: An error has occurred");
    assert_null(strstr(err.text, "_version"));
    assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
}

static void
keeps_what_the_status_says(void **state)
{
    (void)state;
    assert_rc(judge(429, "{\"error\":{\"code\":\"x\",\"message\":\"slow\"}}"), CF_E_THROTTLED);
    assert_int_equal(err.retry_after_s, 30);
    assert_rc(judge(401, "{\"error\":{\"code\":\"x\",\"message\":\"no\"}}"), CF_E_AUTH);
    assert_rc(judge(403, "{\"error\":{\"code\":\"x\",\"message\":\"no\"}}"), CF_E_AUTH);
    assert_rc(judge(302, ""), CF_E_HTTP);
    assert_int_equal(err.fault, CF_FAULT_CONFIG);
}

static void
odd_bodies_are_errors_all_the_same(void **state)
{
    static const char *const BODIES[] = {
        "",
        "<html>\x1b[2J</html>",
        "{\"error\":7}",
        "{\"error\":{\"code\":{},\"message\":[]}}",
        "{\"error\":{\"message\":\"{broken\"}}",
        "{\"error\":{\"message\":\"{\\\"Message\\\":5}\"}}",
        "{\"error\":{\"code\":\"a\\nb\",\"message\":\"c\\u0000d\"}}",
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(BODIES); i++) {
        assert_rc(judge(404, BODIES[i]), CF_E_HTTP);
        assert_int_equal(err.native, 404);
        for (const char *at = err.text; *at; at++)
            assert_true((unsigned char)*at >= ' ');
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(success_has_no_error),
        cmocka_unit_test(quotes_code_and_message),
        cmocka_unit_test(unpacks_a_message_that_is_json_itself),
        cmocka_unit_test(keeps_what_the_status_says),
        cmocka_unit_test(odd_bodies_are_errors_all_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
