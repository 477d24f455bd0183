/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "certferry/verdict.h"

static enum cf_rc
read_answer(const char *text, bool *ret_is_verdict, bool *ret_has_result, struct cf_err *err)
{
    cf_own(cf_json) answer = NULL;
    const struct cf_json *result = NULL;

    assert_rc(cf_json_parse(cf_bytes_of(text, strlen(text)), 4096, &answer, NULL), CF_OK);
    enum cf_rc rc = cf_verdict_read(answer, ret_is_verdict, &result, err);
    *ret_has_result = result != NULL;
    return rc;
}

static void
a_result_is_handed_on(void **state)
{
    bool is_verdict = false, has_result = false;

    (void)state;
    assert_rc(read_answer("{\"ok\":true,\"result\":{}}", &is_verdict, &has_result, NULL), CF_OK);
    assert_true(is_verdict && has_result);
}

static void
an_error_comes_with_its_own_fault_and_text(void **state)
{
    bool is_verdict = false, has_result = false;
    struct cf_err err = {0};

    (void)state;
    assert_rc(read_answer("{\"ok\":false,\"error\":{\"name\":\"CF_E_NOT_FOUND\",\"fault\":"
                          "\"transient\",\"text\":\"no r1\"}}",
                          &is_verdict, &has_result, &err),
              CF_E_NOT_FOUND);
    assert_true(is_verdict && !has_result);
    assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
    assert_string_equal(err.text, "no r1");
}

static void
an_error_never_reads_as_success(void **state)
{
    static const char *const names[] = {"CF_OK", "CF_E_OF_TOMORROW"};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(names); i++) {
        char text[200];
        bool is_verdict = false, has_result = false;
        struct cf_err err = {0};

        (void)snprintf(text, sizeof text,
                       "{\"ok\":false,\"error\":{\"name\":\"%s\",\"fault\":\"?\",\"text\":\"\"}}",
                       names[i]);
        assert_rc(read_answer(text, &is_verdict, &has_result, &err), CF_E_BUG);
        assert_true(is_verdict && !has_result);
    }
}

static void
what_is_no_answer_is_told_apart(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "{\"ok\":true}",
        "{\"ok\":true,\"result\":[]}",
        "{\"ok\":\"true\",\"result\":{}}",
        "{\"ok\":false,\"result\":{}}",
        "{\"ok\":false,\"error\":{\"name\":\"CF_E_NET\",\"text\":\"\"}}",
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(texts); i++) {
        bool is_verdict = true, has_result = false;
        struct cf_err err = {0};

        assert_rc(read_answer(texts[i], &is_verdict, &has_result, &err), CF_E_PROTOCOL);
        assert_true(!is_verdict && !has_result);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_handed_on),
        cmocka_unit_test(an_error_comes_with_its_own_fault_and_text),
        cmocka_unit_test(an_error_never_reads_as_success),
        cmocka_unit_test(what_is_no_answer_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
