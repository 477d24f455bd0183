/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "certferry/cert.h"
#include "directory/template_values.h"
#include "unit/base/unit.h"

static struct cf_enrollment_services services;
static struct cf_enrollment_service *service;
static struct cf_err err;
static const char URLS[] = "msPKI-Enrollment-Servers";

static int
setup(void **state)
{
    (void)state;
    services.service = service = calloc(1, sizeof *service);
    services.n = 1;
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    cf_enrollment_services_done(&services);
    return 0;
}

static enum cf_rc
take(const char *attribute, const char *value)
{
    struct cf_bytes bytes = cf_bytes_of(value, strlen(value));

    return cf_service_take(service, attribute, &bytes, 1, &err);
}

static void
a_url_has_four_or_five_lines(void **state)
{
    const struct cf_bytes two[] = {
        cf_bytes_of("2\n2\n0\nhttps://ca1/CES\n0", 23),
        cf_bytes_of("1\n8\n1\nhttps://ca1/CES2", 22),
    };

    (void)state;
    assert_ok(cf_service_take(service, URLS, two, 2, &err), err);
    assert_int_equal(service->n_urls, 2);
    assert_int_equal(service->urls[0].priority, 2);
    assert_int_equal(service->urls[0].auth, CF_CES_KERBEROS);
    assert_false(service->urls[0].renewal_only);
    assert_string_equal(service->urls[0].url, "https://ca1/CES");
    assert_int_equal(service->urls[1].auth, CF_CES_CERTIFICATE);
    assert_true(service->urls[1].renewal_only);
}

static void
an_odd_url_is_left_out(void **state)
{
    static const char *const BAD[] = {
        "",
        "1",
        "1\n2\n0",
        "1\n3\n0\nhttps://ca1/",
        "1\n0\n0\nhttps://ca1/",
        "-1\n2\n0\nhttps://ca1/",
        "1\n2\n2\nhttps://ca1/",
        "1\n2\n0\nhttp://ca1/",
        "1\n2\n0\n\n",
        "1\n2\n0\nhttps://ca1/\r\n0",
        "1\n2\n0\nhttps://ca1/\n2",
        "1\n2\n0\nhttps://ca1/\n0\n0",
    };

    for (size_t i = 0; i < CF_COUNT(BAD); i++) {
        const struct cf_bytes both[] = {cf_bytes_of(BAD[i], strlen(BAD[i])),
                                        cf_bytes_of("1\n8\n1\nhttps://ca1/CES2", 22)};
        assert_ok(cf_service_take(service, URLS, both, 2, &err), err);
        assert_int_equal(service->n_urls, 1);
        assert_string_equal(service->urls[0].url, "https://ca1/CES2");
        (void)teardown(state);
        (void)setup(state);
    }
}

static void
texts_templates_and_certificates_have_limits(void **state)
{
    static struct cf_bytes many[CF_ENROLLMENT_TEMPLATES_MAX + 1];
    static uint8_t longest[CF_CERT_DER_MAX + 1];
    struct cf_bytes cert = cf_bytes_of(longest, sizeof longest);

    (void)state;
    for (size_t i = 0; i < CF_COUNT(many); i++)
        many[i] = cf_bytes_of("User", 4);
    assert_rc(cf_service_take(service, "certificateTemplates", many, CF_COUNT(many), &err),
              CF_E_PROTOCOL);
    assert_ok(cf_service_take(service, "certificateTemplates", many, CF_COUNT(many) - 1, &err),
              err);
    assert_int_equal(service->n_templates, CF_ENROLLMENT_TEMPLATES_MAX);
    assert_rc(cf_service_take(service, "cACertificate", &cert, 1, &err), CF_E_PROTOCOL);
    assert_rc(cf_service_take(service, "cACertificate", many, CF_ENROLLMENT_CERTS_MAX + 1, &err),
              CF_E_PROTOCOL);
    assert_ok(take("cn", "Corp Issuing CA"), err);
    assert_ok(take("dnshostname", "ca1.corp.example"), err);
    assert_rc(take("cn", "a\tb"), CF_E_PROTOCOL);
    assert_rc(cf_service_take(service, "cn", many, 2, &err), CF_E_PROTOCOL);
    assert_string_equal(service->name, "Corp Issuing CA");
    assert_string_equal(service->host, "ca1.corp.example");
}

static void
the_placeholder_of_a_missing_certificate_is_none(void **state)
{
    const struct cf_bytes values[] = {cf_bytes_of("", 1), cf_bytes_of("0", 0),
                                      cf_bytes_of("DER", 3)};
    struct cf_der_list certs = {0};

    (void)state;
    assert_ok(cf_certs_take(&certs, values, 3, &err), err);
    assert_int_equal(certs.n, 1);
    cf_der_list_done(&certs);
}

static void
a_ca_is_found_by_name_and_host(void **state)
{
    struct cf_enrollment_services copy = {0};

    (void)state;
    assert_ok(take("cn", "Corp Issuing CA"), err);
    assert_ok(take("dNSHostName", "ca1.corp.example"), err);
    assert_ok(take("certificateTemplates", "User"), err);
    assert_ok(take("cACertificate", "DER"), err);
    assert_ok(take(URLS, "1\n2\n0\nhttps://ca1/"), err);
    assert_ok(cf_enrollment_services_copy(&services, &copy, &err), err);
    assert_ptr_equal(cf_enrollment_service_find(&copy, NULL, "corp issuing CA"), copy.service);
    assert_ptr_equal(cf_enrollment_service_find(&copy, "CA1.corp.example", "Corp Issuing CA"),
                     copy.service);
    assert_null(cf_enrollment_service_find(&copy, "ca2.corp.example", "Corp Issuing CA"));
    assert_null(cf_enrollment_service_find(&copy, NULL, "Other CA"));
    assert_string_equal(copy.service[0].templates[0], "User");
    assert_string_equal(copy.service[0].urls[0].url, "https://ca1/");
    assert_int_equal(copy.service[0].certs.n, 1);
    cf_enrollment_services_done(&copy);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_url_has_four_or_five_lines),
        TEST(an_odd_url_is_left_out),
        TEST(texts_templates_and_certificates_have_limits),
        TEST(the_placeholder_of_a_missing_certificate_is_none),
        TEST(a_ca_is_found_by_name_and_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
