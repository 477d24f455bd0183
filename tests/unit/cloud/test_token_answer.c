/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cloud/wire.h"
#include "unit/base/unit.h"

static struct cf_err err;

static enum cf_rc
parse(const char *text, struct cf_secret **ret_token, uint64_t *ret_life_s)
{
    return cf_wire_token(cf_bytes_of(text, strlen(text)), ret_token, ret_life_s, &err);
}

static void
reads_a_token_and_its_life(void **state)
{
    cf_own(cf_secret) token = NULL;
    uint64_t life = 0;

    (void)state;
    assert_ok(parse("{\"token_type\":\"bearer\",\"expires_in\":3599,\"access_token\":\"a.b-c\"}",
                    &token, &life),
              err);
    assert_string_equal((const char *)cf_secret_data(token), "a.b-c");
    assert_int_equal(life, 3599);
}

static void
a_life_may_be_a_string_and_is_capped_at_a_day(void **state)
{
    static const struct {
        const char *value;
        uint64_t life;
    } CASES[] = {
        {"\"3599\"", 3599},
        {"99999999999", 86400},
        {"0", 0},
        {"-5", 0},
        {"\"soon\"", 0},
        {"null", 0},
        {"[1]", 0},
        {"1e3", 0},
        {"\"99999999999\"", 86400},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        cf_own(cf_secret) token = NULL;
        uint64_t life = 77;
        char text[128];

        snprintf(text, sizeof text, "{\"access_token\":\"t\",\"expires_in\":%s}", CASES[i].value);
        assert_ok(parse(text, &token, &life), err);
        assert_int_equal(life, CASES[i].life);
    }
}

static void
a_missing_life_is_zero(void **state)
{
    cf_own(cf_secret) token = NULL;
    uint64_t life = 77;

    (void)state;
    assert_ok(parse("{\"access_token\":\"t\"}", &token, &life), err);
    assert_int_equal(life, 0);
}

static void
refuses_what_is_no_token_answer(void **state)
{
    static const char *const BAD[] = {
        "",
        "<html>",
        "[]",
        "{}",
        "{\"access_token\":null}",
        "{\"access_token\":\"\"}",
        "{\"access_token\":7}",
        "{\"access_token\":\"a b\"}",
        "{\"access_token\":\"a\\r\\nX-Evil: 1\"}",
        "{\"access_token\":\"t\\u00e4\"}",
        "{\"access_token\":\"t\",\"token_type\":\"mac\"}",
        "{\"access_token\":\"t\",\"access_token\":\"u\"}",
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(BAD); i++) {
        cf_own(cf_secret) token = NULL;
        uint64_t life = 0;

        assert_rc(parse(BAD[i], &token, &life), CF_E_PROTOCOL);
        assert_null(token);
        assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
        assert_contains(err.text, "token answer");
    }
}

static void
no_error_text_holds_the_token(void **state)
{
    cf_own(cf_secret) token = NULL;
    uint64_t life = 0;

    (void)state;
    assert_rc(parse("{\"access_token\":\"hush hush\"}", &token, &life), CF_E_PROTOCOL);
    assert_null(strstr(err.text, "hush"));
}

static void
refuse(long status, const char *body)
{
    struct cf_http_response response = {
        .status = status, .retry_after_s = 7, .body = cf_buf_copy(cf_bytes_of(body, strlen(body)))};

    assert_int_not_equal(cf_wire_token_error(&response, &err), CF_OK);
    cf_http_response_done(&response);
}

static void
names_the_remedy_of_known_numbers(void **state)
{
    static const struct {
        const char *number;
        const char *word;
    } CASES[] = {{"7000215", "client_secret_file"},
                 {"7000222", "expired"},
                 {"700016", "client_id"},
                 {"90002", "tenant"},
                 {"500011", "licence"},
                 {"1002012", "scope"},
                 {"700027", "assertion_file"}};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        char body[256];

        snprintf(body, sizeof body,
                 "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS%s: something\"}",
                 CASES[i].number);
        refuse(i % 2 ? 400 : 401, body);
        assert_rc(err.rc, CF_E_AUTH);
        assert_int_equal(err.fault, CF_FAULT_CONFIG);
        assert_contains(err.text, CASES[i].number);
        assert_contains(err.text, CASES[i].word);
    }
}

static void
names_the_remedy_of_a_refusal_without_a_number(void **state)
{
    char body[512];

    (void)state;
    refuse(401, "{\"error\":\"invalid_client\",\"error_description\":\"authentication failed\"}");
    assert_rc(err.rc, CF_E_AUTH);
    assert_contains(err.text, "invalid_client: authentication failed; ");
    assert_contains(err.text, "client_secret_file");
    assert_contains(err.text, "assertion_file");
    refuse(400, "{\"error\":\"invalid_target\"}");
    assert_contains(err.text, "check resource");
    /* A long description does not push the remedy out. */
    snprintf(body, sizeof body, "{\"error\":\"invalid_client\",\"error_description\":\"%0300d\"}",
             0);
    refuse(401, body);
    assert_contains(err.text, "assertion_file");
}

static void
quotes_an_unknown_refusal_made_printable(void **state)
{
    (void)state;
    refuse(400, "{\"error\":\"odd\",\"error_description\":\"AADSTS1: \\u001b[31mred\"}");
    assert_rc(err.rc, CF_E_AUTH);
    assert_contains(err.text, "odd");
    assert_contains(err.text, "?[31mred");
    assert_int_equal(err.native, 400);
}

static void
the_status_of_an_overloaded_endpoint_outweighs_its_body(void **state)
{
    (void)state;
    refuse(429, "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215\"}");
    assert_rc(err.rc, CF_E_THROTTLED);
    assert_int_equal(err.retry_after_s, 7);
    refuse(503, "{\"error\":\"invalid_client\"}");
    assert_rc(err.rc, CF_E_HTTP);
    assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
}

static void
a_refusal_that_is_not_json_is_one_by_its_status(void **state)
{
    (void)state;
    refuse(401, "<html>login</html>");
    assert_rc(err.rc, CF_E_AUTH);
    refuse(400, "{\"error\":{\"code\":\"x\"}}");
    assert_int_equal(err.fault, CF_FAULT_CONFIG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_token_and_its_life),
        cmocka_unit_test(a_life_may_be_a_string_and_is_capped_at_a_day),
        cmocka_unit_test(a_missing_life_is_zero),
        cmocka_unit_test(refuses_what_is_no_token_answer),
        cmocka_unit_test(no_error_text_holds_the_token),
        cmocka_unit_test(names_the_remedy_of_known_numbers),
        cmocka_unit_test(names_the_remedy_of_a_refusal_without_a_number),
        cmocka_unit_test(quotes_an_unknown_refusal_made_printable),
        cmocka_unit_test(the_status_of_an_overloaded_endpoint_outweighs_its_body),
        cmocka_unit_test(a_refusal_that_is_not_json_is_one_by_its_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
