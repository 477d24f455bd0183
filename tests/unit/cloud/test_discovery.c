/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cloud_lab.h"
#include "unit/base/unit.h"

static enum cf_rc
download(void)
{
    struct cf_cloud_page page = {0};

    enum cf_rc rc = cf_connector_download(lab_connector, 1, 0, &page, &lab_err);
    cf_cloud_page_done(&page);
    return rc;
}

static int
asked(void)
{
    return lab_count("servicePrincipals");
}

static void
the_map_is_kept_for_a_day(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    assert_ok(download(), lab_err);
    assert_contains(lab_last("servicePrincipals"),
                    "GET /graph/v1.0/servicePrincipals/appId=0000000a-0000/endpoints\n");
    assert_ok(download(), lab_err);
    cf_clock_fake_advance(lab_clock, 24 * 3600 * 1000 - 1);
    assert_ok(download(), lab_err);
    assert_int_equal(asked(), 1);
    cf_clock_fake_advance(lab_clock, 1);
    assert_ok(download(), lab_err);
    assert_int_equal(asked(), 2);
}

static void
a_configured_endpoint_needs_no_directory(void **state)
{
    (void)state;
    cf_own_str authority = strdup(lab_settings.authority);
    assert_true(asprintf(&lab_settings.endpoint, "%s/svc//", authority) > 0);
    lab_open(CF_AUTH_SECRET);
    assert_ok(download(), lab_err);
    assert_int_equal(asked(), 0);
    assert_contains(lab_last("downloadPkcs"), "POST /svc/CertificateAuthorityRequests/");
}

static void
further_pages_are_followed(void **state)
{
    (void)state;
    lab_tell("set", "{\"pages\":6}");
    lab_open(CF_AUTH_SECRET);
    assert_ok(download(), lab_err);
    assert_int_equal(asked(), 6);
}

static void
not_for_ever(void **state)
{
    (void)state;
    lab_tell("set", "{\"pages\":99}");
    lab_open(CF_AUTH_SECRET);
    assert_rc(download(), CF_E_AUTH);
    assert_int_equal(asked(), 6);
}

static void
the_token_goes_to_no_other_host(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    lab_tell("rules", "[{\"match\":\"servicePrincipals\",\"body\":{\"value\":[],"
                      "\"@odata.nextLink\":\"https://localhost:1/v1.0/x\"}}]");
    assert_rc(download(), CF_E_PROTOCOL);
    assert_contains(lab_err.text, "another host");
    assert_int_equal(lab_count("v1.0/x"), 0);
}

static void
a_service_that_is_not_published_has_its_own_words(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    lab_tell("rules", "[{\"match\":\"servicePrincipals\",\"body\":{\"value\":[]}}]");
    assert_rc(download(), CF_E_AUTH);
    assert_int_equal(lab_err.fault, CF_FAULT_CONFIG);
    assert_contains(lab_err.text, "publishes no service PkiConnectorFEService");
    assert_contains(lab_err.text, "licence");
    assert_int_equal(lab_count("downloadPkcs"), 0);
}

static void
a_missing_permission_is_named(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    lab_tell("rules", "[{\"match\":\"servicePrincipals\",\"status\":403}]");
    assert_rc(download(), CF_E_AUTH);
    assert_contains(lab_err.text, "Application.Read.All");
}

static void
a_plain_address_is_refused(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    lab_tell("rules", "[{\"match\":\"servicePrincipals\",\"body\":{\"value\":[{\"providerName\":"
                      "\"PkiConnectorFEService\",\"uri\":\"http://localhost/x\"}]}}]");
    assert_rc(download(), CF_E_PROTOCOL);
}

static void
a_refused_token_is_replaced_here_too(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    lab_tell("rules", "[{\"match\":\"servicePrincipals\",\"status\":401}]");
    assert_ok(download(), lab_err);
    assert_int_equal(asked(), 2);
}

static void
a_service_that_moved_is_found_again(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    assert_ok(download(), lab_err);
    lab_tell("set", "{\"uri\":\"/moved/\"}");
    assert_ok(download(), lab_err);
    assert_int_equal(asked(), 2);
    assert_int_equal(lab_count("/moved/"), 1);
}

static void
one_that_did_not_move_is_not_called_twice(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    lab_tell("rules", "[{\"match\":\"downloadPkcs\",\"status\":404,\"times\":9}]");
    assert_rc(download(), CF_E_HTTP);
    assert_int_equal(lab_count("downloadPkcs"), 1);
    assert_int_equal(asked(), 2);
}

static void
after_a_server_error_the_map_is_asked_for_again(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    lab_tell("rules", "[{\"match\":\"downloadPkcs\",\"status\":503}]");
    assert_rc(download(), CF_E_HTTP);
    assert_int_equal(asked(), 1);
    assert_ok(download(), lab_err);
    assert_int_equal(asked(), 2);
}

static void
settings_that_cannot_work_are_refused_at_once(void **state)
{
    struct cf_cloud_env env = {.clock = lab_clock, .connector_id = "c", .host_name = "h"};
    struct cf_cloud *cloud = NULL;
    char *kept = lab_settings.graph;

    (void)state;
    lab_settings.graph = NULL;
    assert_rc(cf_cloud_connector.open(&lab_settings, &env, &cloud, &lab_err), CF_E_CONFIG);
    assert_contains(lab_err.text, "graph");
    lab_settings.graph = (char[]){"http://graph.example/"};
    assert_rc(cf_cloud_connector.open(&lab_settings, &env, &cloud, &lab_err), CF_E_CONFIG);
    assert_contains(lab_err.text, "https");
    lab_settings.graph = kept;
    kept = lab_settings.client_id;
    lab_settings.client_id = NULL;
    assert_rc(cf_cloud_connector.open(&lab_settings, &env, &cloud, NULL), CF_E_CONFIG);
    lab_settings.client_id = kept;
    lab_settings.auth = CF_AUTH_TLS;
    assert_rc(cf_cloud_connector.open(&lab_settings, &env, &cloud, &lab_err), CF_E_CONFIG);
    assert_contains(lab_err.text, "tls_cert_file");
    assert_null(cloud);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lab_setup, lab_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_map_is_kept_for_a_day),
        TEST(a_configured_endpoint_needs_no_directory),
        TEST(further_pages_are_followed),
        TEST(not_for_ever),
        TEST(the_token_goes_to_no_other_host),
        TEST(a_service_that_is_not_published_has_its_own_words),
        TEST(a_missing_permission_is_named),
        TEST(a_plain_address_is_refused),
        TEST(a_refused_token_is_replaced_here_too),
        TEST(a_service_that_moved_is_found_again),
        TEST(one_that_did_not_move_is_not_called_twice),
        TEST(after_a_server_error_the_map_is_asked_for_again),
        TEST(settings_that_cannot_work_are_refused_at_once),
    };

    return cmocka_run_group_tests(tests, lab_start, lab_end);
}
