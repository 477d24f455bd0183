/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/query.h"

#include <stdio.h>
#include <string.h>

#include "certferry/text.h"
#include "scep/routes.h"
#include "unit/base/unit.h"

static struct cf_err err;

static struct cf_scep_query
read_query(const char *target)
{
    struct cf_scep_query query = {0};

    assert_ok(cf_scep_query_parse(target, &query, &err), err);
    return query;
}

static void
check_operation(const char *target, enum cf_scep_operation operation)
{
    struct cf_scep_query query = read_query(target);

    if (query.operation != operation)
        fail_msg("%s: %s", target, cf_scep_operation_name(query.operation));
    cf_scep_query_done(&query);
}

static void
operations_are_found_in_any_case_and_order(void **state)
{
    (void)state;
    check_operation("/scep?operation=GetCACaps", CF_SCEP_OP_GET_CA_CAPS);
    check_operation("/scep?operation=getcacaps&message=", CF_SCEP_OP_GET_CA_CAPS);
    check_operation("/scep?message=default&OPERATION=GETCACERT", CF_SCEP_OP_GET_CA_CERT);
    check_operation("/scep?message=SCEP%20Authority&operation=GetCACert", CF_SCEP_OP_GET_CA_CERT);
    check_operation("/scep?x&&operation=Get%4eextCACert&", CF_SCEP_OP_GET_NEXT_CA_CERT);
    check_operation("http://host:80/scep?operation=PKIOperation", CF_SCEP_OP_PKI_OPERATION);
    check_operation("HTTPS://h?operation=GetCACaps", CF_SCEP_OP_GET_CA_CAPS);
    check_operation("/scep?operation=GetCACaps#operation=GetCACert", CF_SCEP_OP_GET_CA_CAPS);
    check_operation("/scep?operation=GetCACaps&operation=GetCACert", CF_SCEP_OP_GET_CA_CAPS);
}

static void
what_is_no_operation_is_unknown(void **state)
{
    (void)state;
    check_operation("/scep", CF_SCEP_OP_NONE);
    check_operation("/scep?", CF_SCEP_OP_NONE);
    check_operation("/scep?message=operation=GetCACaps", CF_SCEP_OP_NONE);
    check_operation("/scep#?operation=GetCACaps", CF_SCEP_OP_NONE);
    check_operation("/scep?operation", CF_SCEP_OP_UNKNOWN);
    check_operation("/scep?operation=", CF_SCEP_OP_UNKNOWN);
    check_operation("/scep?operation=unknown", CF_SCEP_OP_UNKNOWN);
    check_operation("/scep?operation=GetCACaps%00", CF_SCEP_OP_UNKNOWN);
    check_operation("/scep?operation=GetCACaps%20", CF_SCEP_OP_UNKNOWN);
    check_operation("/scep?operation=%zzGetCACaps", CF_SCEP_OP_UNKNOWN);
}

static void
paths_are_decoded_and_tidied(void **state)
{
    static const struct {
        const char *target;
        const char *path;
    } cases[] = {
        {"/", "/"},
        {"http://host", "/"},
        {"http://host?operation=x", "/"},
        {"//scep///wifi//", "/scep/wifi"},
        {"/%73cep/%77ifi", "/scep/wifi"},
        {"/scep/a%20b", "/scep/a b"},
        {"/scep/../x", "/scep/../x"},
        {"http://host/scep", "/scep"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        struct cf_scep_query query = read_query(cases[i].target);
        assert_string_equal(query.path, cases[i].path);
    }
}

static void
what_is_no_path_of_ours_is_told_apart(void **state)
{
    char path[CF_SCEP_PATH_MAX + 3];
    struct cf_scep_query query = {0};

    (void)state;
    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    assert_rc(cf_scep_query_parse(path, &query, &err), CF_E_NOT_FOUND);
    path[CF_SCEP_PATH_MAX] = '\0';
    assert_ok(cf_scep_query_parse(path, &query, &err), err);
    assert_rc(cf_scep_query_parse("/%00", &query, &err), CF_E_NOT_FOUND);
    assert_rc(cf_scep_query_parse("/%ff", &query, &err), CF_E_NOT_FOUND);
    assert_rc(cf_scep_query_parse("/%2", &query, &err), CF_E_NOT_FOUND);
    assert_rc(cf_scep_query_parse("/\x7f", &query, &err), CF_E_NOT_FOUND);
    assert_rc(cf_scep_query_parse("*", &query, &err), CF_E_ENCODING);
    assert_rc(cf_scep_query_parse("host:443", &query, &err), CF_E_ENCODING);
    assert_rc(cf_scep_query_parse("/?a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a", &query, &err), CF_E_LIMIT);
}

static void
check_message(const char *text, const char *hex)
{
    char target[512];
    char found[256] = "";

    snprintf(target, sizeof target, "/scep?operation=PKIOperation&message=%s", text);
    struct cf_scep_query query = read_query(target);
    if (query.message)
        cf_text_hex(cf_buf_bytes(query.message), false, found, sizeof found);
    if (strcmp(found, hex) != 0)
        fail_msg("%s: %s in place of %s", text, found, hex);
    cf_scep_query_done(&query);
}

static void
a_message_is_read_in_each_of_its_writings(void **state)
{
    (void)state;
    check_message("%2B%2F%2B%2F", "fbffbf"); /* percent-encoded */
    check_message("+/+/", "fbffbf");         /* as it is */
    check_message("%20/+%2f", "fbffbf");     /* a form decoder has been at it */
    check_message("-_-_", "fbffbf");         /* URL-safe */
    check_message("+%0A/%0d%0a+/", "fbffbf");
    check_message("+/8%3D", "fbff");
    check_message("+/8=", "fbff");
    check_message("+/8", "fbff"); /* without padding */
    check_message("+w", "fb");
    check_message("+w=%3d", "fb");
    check_message("+w==%0A", "fb");
}

static void
what_is_no_base64_is_no_message(void **state)
{
    (void)state;
    check_message("", "");
    check_message("=", "");
    check_message("%3D%3D", "");
    check_message("A", "");
    check_message("AAAAA", "");
    check_message("AA=A", "");
    check_message("AA%00AA", "");
    check_message("AA%", "");
    check_message("AA%zz", "");
    check_message("AA*A", "");
    check_message("AB", ""); /* bits that belong to no octet */
}

static void
only_pki_operation_has_a_message(void **state)
{
    struct cf_scep_query query = read_query("/scep?operation=GetCACert&message=AAAA");

    (void)state;
    assert_null(query.message);
    query = read_query("/scep?message=&message=AAAA&operation=PKIOperation");
    assert_non_null(query.message);
    cf_scep_query_done(&query);
    assert_null(query.message);
}

static void
a_target_is_long_and_not_endless(void **state)
{
    static const char head[] = "/scep?operation=PKIOperation&message=";
    char *target = malloc(CF_SCEP_TARGET_MAX + 2);
    struct cf_scep_query query;

    (void)state;
    memset(target, 'A', CF_SCEP_TARGET_MAX + 1);
    memcpy(target, head, strlen(head));
    target[strlen(head) + 4 * 24000] = '\0';
    query = read_query(target);
    assert_int_equal(cf_buf_len(query.message), 3 * 24000);
    cf_scep_query_done(&query);
    target[strlen(head) + 4 * 24000] = 'A';
    target[CF_SCEP_TARGET_MAX + 1] = '\0';
    assert_rc(cf_scep_query_parse(target, &query, &err), CF_E_LIMIT);
    free(target);
}

static void
check_route(const char *path, bool is_known, const char *profile)
{
    struct cf_scep_route route = cf_scep_route(path);

    if (route.is_known != is_known || strcmp(route.profile, profile) != 0)
        fail_msg("%s: %d '%s'", path, route.is_known, route.profile);
}

static void
paths_lead_to_profiles(void **state)
{
    (void)state;
    check_route("/certsrv/mscep/mscep.dll", true, "");
    check_route("/CertSrv/MSCEP/mscep.dll/PKICLIENT.exe", true, "");
    check_route("/certsrv/mscep", true, "");
    check_route("/certsrv/mscep/pkiclient.exe", true, "");
    check_route("/cgi-bin/pkiclient.exe", true, "");
    check_route("/scep", true, "");
    check_route("/scep/pkiclient.exe", true, "");
    check_route("/scep/wifi", true, "wifi");
    check_route("/SCEP/WiFi/pkiclient.exe", true, "WiFi");
    check_route("/", false, "");
    check_route("/pkiclient.exe", false, "");
    check_route("/cgi-bin", false, "");
    check_route("/scep/wifi/other", false, "");
    check_route("/scepwifi", false, "");
    check_route("/certsrv", false, "");
    check_route("/certsrv/mscep_admin", false, "");
    check_route("/scep/0123456789012345678901234567890123456789012345678901234567890123", true,
                "0123456789012345678901234567890123456789012345678901234567890123");
    check_route("/scep/01234567890123456789012345678901234567890123456789012345678901234", false,
                "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_are_found_in_any_case_and_order),
        cmocka_unit_test(what_is_no_operation_is_unknown),
        cmocka_unit_test(paths_are_decoded_and_tidied),
        cmocka_unit_test(what_is_no_path_of_ours_is_told_apart),
        cmocka_unit_test(a_message_is_read_in_each_of_its_writings),
        cmocka_unit_test(what_is_no_base64_is_no_message),
        cmocka_unit_test(only_pki_operation_has_a_message),
        cmocka_unit_test(a_target_is_long_and_not_endless),
        cmocka_unit_test(paths_lead_to_profiles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
