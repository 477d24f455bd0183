/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cloud/wire.h"
#include "unit/base/unit.h"

static struct cf_err err;
static char *url;
static char *next;

static enum cf_rc
parse(const char *text)
{
    free(url);
    free(next);
    url = NULL;
    next = NULL;
    return cf_wire_endpoints(cf_bytes_of(text, strlen(text)), "PkiConnectorFEService", &url, &next,
                             &err);
}

static int
clean(void **state)
{
    (void)state;
    free(url);
    free(next);
    url = NULL;
    next = NULL;
    return 0;
}

static void
finds_the_service_whatever_the_case_of_its_name(void **state)
{
    (void)state;
    assert_ok(parse("{\"value\":[{\"providerName\":\"Other\",\"uri\":\"https://o/\"},"
                    "{\"providerId\":null,\"providerName\":\"pkiconnectorfeservice\","
                    "\"uri\":\"https://fef.example/Gate/x//\"}]}"),
              err);
    assert_string_equal(url, "https://fef.example/Gate/x");
    assert_null(next);
}

static void
a_page_without_the_service_is_no_error(void **state)
{
    (void)state;
    assert_ok(parse("{\"value\":[],\"@odata.nextLink\":\"https://g/v1.0/x?$skiptoken=1\"}"), err);
    assert_null(url);
    assert_string_equal(next, "https://g/v1.0/x?$skiptoken=1");
}

static void
entries_of_others_may_be_odd(void **state)
{
    (void)state;
    assert_ok(parse("{\"value\":[{\"uri\":5},{\"providerName\":null},"
                    "{\"providerName\":\"PkiConnectorFEService\",\"uri\":\"https://h\"}]}"),
              err);
    assert_string_equal(url, "https://h");
}

static void
refuses_addresses_that_are_not_https(void **state)
{
    static const char *const BAD[] = {
        "http://h/x",    "ftp://h",           "https://",
        "https:///x",    "https://u:p@h/x",   "https://h/\\\\x",
        "https://h/a b", "https://h/#f",      "https://h/\\r\\nX:",
        "//h",           "https://h/\\u00e4", "",
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(BAD); i++) {
        char text[256];

        snprintf(text, sizeof text,
                 "{\"value\":[{\"providerName\":\"PkiConnectorFEService\",\"uri\":\"%s\"}]}",
                 BAD[i]);
        assert_rc(parse(text), CF_E_PROTOCOL);
        assert_null(url);
    }
    assert_rc(parse("{\"value\":[],\"@odata.nextLink\":\"http://h/\"}"), CF_E_PROTOCOL);
}

static void
refuses_other_shapes(void **state)
{
    static const char *const BAD[] = {
        "",
        "[]",
        "{}",
        "{\"value\":{}}",
        "{\"value\":[1]}",
        "not json",
        "{\"value\":[]",
        "{\"value\":[{\"providerName\":\"PkiConnectorFEService\"}]}",
        "{\"value\":[{\"providerName\":\"PkiConnectorFEService\",\"uri\":null}]}",
        "{\"value\":[],\"@odata.nextLink\":7}",
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(BAD); i++)
        assert_rc(parse(BAD[i]), CF_E_PROTOCOL);
}

static void
origins_are_compared_whole(void **state)
{
    (void)state;
    assert_true(cf_wire_same_origin("https://graph.example/", "https://GRAPH.example/v1.0/x"));
    assert_true(cf_wire_same_origin("https://graph.example/base", "https://graph.example"));
    assert_false(cf_wire_same_origin("https://graph.example/", "https://graph.example.evil/"));
    assert_false(cf_wire_same_origin("https://graph.example/", "https://graph.example:444/"));
    assert_false(cf_wire_same_origin("https://graph.example/", "https://graph.exampl"));
    assert_false(cf_wire_same_origin("https://graph.example/", "http://graph.example/"));
    assert_false(cf_wire_same_origin("https://g:8443/", "https://g/"));
    assert_false(cf_wire_same_origin("nonsense", "nonsense"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(finds_the_service_whatever_the_case_of_its_name, clean),
        cmocka_unit_test_teardown(a_page_without_the_service_is_no_error, clean),
        cmocka_unit_test_teardown(entries_of_others_may_be_odd, clean),
        cmocka_unit_test_teardown(refuses_addresses_that_are_not_https, clean),
        cmocka_unit_test_teardown(refuses_other_shapes, clean),
        cmocka_unit_test_teardown(origins_are_compared_whole, clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
