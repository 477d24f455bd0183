/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cloud/wire.h"
#include "unit/base/unit.h"

static struct cf_err err;
static struct cf_cloud_page page;

static enum cf_rc
parse(const char *text, size_t max)
{
    cf_cloud_page_done(&page);
    return cf_wire_page(cf_bytes_of(text, strlen(text)), max, &page, &err);
}

static int
clean(void **state)
{
    (void)state;
    cf_cloud_page_done(&page);
    return 0;
}

static void
keeps_each_element_as_json_text(void **state)
{
    (void)state;
    assert_ok(parse("{\"value\":[{\"requestContext\":\"c1\",\"leaseExpiresUtc\":"
                    "\"2026-01-02T03:04:05Z\",\"x\":{\"y\":[1,null,true]}}]}",
                    10),
              err);
    assert_int_equal(page.n, 1);
    assert_string_equal(page.work[0].context, "c1");
    assert_true(page.work[0].lease_until_ms == 1767323045000);
    assert_contains(cf_buf_str(page.work[0].body), "\"x\":{\"y\":[1,null,true]}");
}

static void
an_empty_page_is_a_page(void **state)
{
    (void)state;
    assert_ok(parse("{\"value\":[]}", 10), err);
    assert_int_equal(page.n, 0);
}

static void
one_bad_element_does_not_hold_up_the_page(void **state)
{
    (void)state;
    assert_ok(parse("{\"value\":[{},5,null,\"s\",{\"requestContext\":\"\"},{\"requestContext\":9},"
                    "{\"requestContext\":\"a\\u0007\"},{\"requestContext\":\"good\"}]}",
                    10),
              err);
    assert_int_equal(page.n, 8);
    for (size_t i = 0; i < 7; i++) {
        assert_null(page.work[i].context);
        assert_int_not_equal(page.work[i].err.rc, CF_OK);
        assert_non_null(page.work[i].body);
    }
    assert_contains(page.work[0].err.text, "requestContext");
    assert_string_equal(page.work[7].context, "good");
}

static void
a_context_has_at_most_256_bytes(void **state)
{
    char text[512];
    char context[258];

    (void)state;
    memset(context, 'c', sizeof context);
    context[257] = '\0';
    snprintf(text, sizeof text, "{\"value\":[{\"requestContext\":\"%s\"}]}", context);
    assert_ok(parse(text, 1), err);
    assert_null(page.work[0].context);
    context[256] = '\0';
    snprintf(text, sizeof text, "{\"value\":[{\"requestContext\":\"%s\"}]}", context);
    assert_ok(parse(text, 1), err);
    assert_string_equal(page.work[0].context, context);
}

static void
an_unreadable_lease_is_none(void **state)
{
    static const char *const LEASES[] = {"\"tomorrow\"", "5", "null", "\"\"", "[]"};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(LEASES); i++) {
        char text[256];

        snprintf(text, sizeof text,
                 "{\"value\":[{\"requestContext\":\"c\",\"leaseExpiresUtc\":%s}]}", LEASES[i]);
        assert_ok(parse(text, 1), err);
        assert_string_equal(page.work[0].context, "c");
        assert_true(page.work[0].lease_until_ms == 0);
    }
}

static void
the_same_context_twice_is_left_to_the_store(void **state)
{
    (void)state;
    assert_ok(parse("{\"value\":[{\"requestContext\":\"c\"},{\"requestContext\":\"c\"}]}", 2), err);
    assert_int_equal(page.n, 2);
}

static void
refuses_a_page_whole(void **state)
{
    static const char *const BAD[] = {
        "",
        "{}",
        "[]",
        "{\"value\":null}",
        "{\"value\":42}",
        "<html>",
        "{\"value\":[{},{},{}]}", /* more than asked for */
        "{\"value\":[{\"a\":1,\"a\":2}]}",
        "{\"value\":[{}]",
        "{\"value\":[{\"a\":\"\xff\"}]}",
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(BAD); i++) {
        assert_rc(parse(BAD[i], 2), CF_E_PROTOCOL);
        assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
        assert_int_equal(page.n, 0);
        assert_null(page.work);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(keeps_each_element_as_json_text, clean),
        cmocka_unit_test_teardown(an_empty_page_is_a_page, clean),
        cmocka_unit_test_teardown(one_bad_element_does_not_hold_up_the_page, clean),
        cmocka_unit_test_teardown(a_context_has_at_most_256_bytes, clean),
        cmocka_unit_test_teardown(an_unreadable_lease_is_none, clean),
        cmocka_unit_test_teardown(the_same_context_twice_is_left_to_the_store, clean),
        cmocka_unit_test_teardown(refuses_a_page_whole, clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
