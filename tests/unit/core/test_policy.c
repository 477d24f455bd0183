/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/core/core_kit.h"

#include <string.h>

static char *eku[] = {(char[]){KIT_CLIENT_AUTH}, (char[]){KIT_SERVER_AUTH}};
static struct cf_template_settings device = {
    .name = (char[]){"device"},
    .key = CF_KEY_RSA_3072,
    .min_rsa_bits = 3072,
    .eku = eku,
    .n_eku = 2,
};
static struct cf_template_settings other = {.name = (char[]){"other"}};
static struct cf_template_settings *all[] = {&device, &other};
static struct cf_ca_settings corp = {
    .name = (char[]){"corp"},
    .host = (char[]){"ca.example.com"},
    .ca_name = (char[]){"Example CA"},
    .templates = all,
    .n_templates = 1, /* only the first is listed */
};
static struct cf_ca_settings *cas[] = {&corp};
static const struct cf_settings settings = {
    .cas = cas, .n_cas = 1, .templates = all, .n_templates = 2};

static enum cf_rc
judge(const char *path, const char *value, struct cf_grant *ret, struct cf_err *err)
{
    cf_own_str json = core_json("certificateTemplateName", "\"device\"", path, value, NULL);
    cf_own(cf_request) request = NULL;

    assert_ok(cf_request_parse(cf_bytes_of(json, strlen(json)), &request, err), *err);
    return cf_policy_judge(&settings, request, NULL, NULL, ret, err);
}

static void
grants_what_is_listed(void **state)
{
    struct cf_grant grant = {0};
    struct cf_err err = {0};

    (void)state;
    assert_ok(judge("profile.keySize", "4096", &grant, &err), err);
    assert_ptr_equal(grant.ca, &corp);
    assert_ptr_equal(grant.template_settings, &device);
    assert_int_equal(grant.key, CF_KEY_RSA_4096);
    assert_true(grant.validity_ms == 90ULL * KIT_DAY_MS);
    assert_ok(judge("profile.keySize", "null", &grant, &err), err);
    assert_int_equal(grant.key, CF_KEY_RSA_3072);
    assert_ok(judge("profile.keySize", "384", &grant, &err), err);
    assert_int_equal(grant.key, CF_KEY_P384);
    assert_ok(judge("profile.extendedKeyUsages", "null", &grant, &err), err);
}

static void
host_and_name_of_a_ca_compare_without_case(void **state)
{
    struct cf_grant grant = {0};
    struct cf_err err = {0};

    (void)state;
    assert_ok(judge("certificationAuthority", "\"CA.example.COM\"", &grant, &err), err);
    assert_ok(judge("certificationAuthorityName", "\"EXAMPLE ca\"", &grant, &err), err);
}

static void
refuses_what_is_not_and_names_member_and_option(void **state)
{
    static const struct {
        const char *path;
        const char *value;
        enum cf_rc rc;
        const char *member;
        const char *option;
    } cases[] = {
        {"certificationAuthority", "\"other.example.com\"", CF_E_POLICY, "certificationAuthority",
         "[ca]"},
        {"certificationAuthorityName", "\"Other CA\"", CF_E_POLICY, "certificationAuthority",
         "[ca]"},
        {"profile.keySize", "2048", CF_E_POLICY, "profile.keySize", "min_key"},
        {"profile.keySize", "1024", CF_E_UNSUPPORTED, "profile.keySize", "2048"},
        {"profile.extendedKeyUsages", "[\"1.3.6.1.4.1.311.20.2.2\"]", CF_E_POLICY,
         "profile.extendedKeyUsages", "eku"},
        {"profile.extendedKeyUsages", "[\"1.3.6.1.5.5.7.3.2\",\"2.5.29.37.0\"]", CF_E_POLICY,
         "profile.extendedKeyUsages", "eku"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        struct cf_grant grant = {.validity_ms = 77};
        struct cf_err err = {0};

        assert_rc(judge(cases[i].path, cases[i].value, &grant, &err), cases[i].rc);
        assert_contains(err.text, cases[i].member);
        assert_contains(err.text, cases[i].option);
        assert_int_equal(grant.validity_ms, 77);
    }
}

/* An exec CA has no floor of its own. */
static void
a_smaller_curve_than_the_templates_is_refused(void **state)
{
    struct cf_grant grant = {0};
    struct cf_err err = {0};

    (void)state;
    device.key = CF_KEY_P384;
    enum cf_rc smaller = judge("profile.keySize", "256", &grant, &err);
    assert_contains(err.text, "profile.keySize: 256");
    enum cf_rc equal = judge("profile.keySize", "384", &grant, &err);
    enum cf_rc rsa = judge("profile.keySize", "3072", &grant, &err);
    device.key = CF_KEY_RSA_3072;
    assert_rc(smaller, CF_E_POLICY);
    assert_rc(equal, CF_OK);
    assert_rc(rsa, CF_OK);
}

static void
a_template_that_the_ca_does_not_list_is_refused(void **state)
{
    static const char *const names[] = {"\"other\"", "\"Device2\"", "\"devic\""};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(names); i++) {
        cf_own_str json = core_json("certificateTemplateName", names[i], NULL);
        cf_own(cf_request) request = NULL;
        struct cf_grant grant = {0};
        struct cf_err err = {0};

        assert_ok(cf_request_parse(cf_bytes_of(json, strlen(json)), &request, &err), err);
        assert_rc(cf_policy_judge(&settings, request, NULL, NULL, &grant, &err), CF_E_POLICY);
        assert_contains(err.text, "certificateTemplateName");
        assert_contains(err.text, "[ca corp] templates");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grants_what_is_listed),
        cmocka_unit_test(host_and_name_of_a_ca_compare_without_case),
        cmocka_unit_test(refuses_what_is_not_and_names_member_and_option),
        cmocka_unit_test(a_smaller_curve_than_the_templates_is_refused),
        cmocka_unit_test(a_template_that_the_ca_does_not_list_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
