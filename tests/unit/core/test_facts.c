/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/core/core_kit.h"

#include <string.h>

static struct cf_request *
request_of(const char *path, const char *value)
{
    cf_own_str json = core_json("device.platform", "\"windows\"", "profile.platform", "\"windows\"",
                                path, value, NULL);
    struct cf_request *request = NULL;
    struct cf_err err = {0};

    assert_ok(cf_request_parse(cf_bytes_of(json, strlen(json)), &request, &err), err);
    return request;
}

static enum cf_rc
fact(const struct cf_request *request, const char *name, const char **ret, struct cf_err *err)
{
    return cf_facts_find(&(struct cf_facts){.request = request}, name, strlen(name), ret, err);
}

static const struct {
    const char *name;
    const char *member;
    const char *value;
    bool is_user;
} facts[] = {
    {"UserName", "user.userName", "ada", true},
    {"UserPrincipalName", "user.userPrincipalName", "ada@example.com", true},
    {"EmailAddress", "user.emailAddress", "ada.l@example.com", true},
    {"GivenName", "user.givenName", "Ada", true},
    {"SurName", "user.surname", "Lovelace", true},
    {"Department", "user.department", "Engines", true},
    {"OnPrem_Distinguished_Name", "user.onPremisesDistinguishedName", "CN=Ada,DC=example", true},
    {"OnPremisesSamAccountName", "user.onPremisesSamAccountName", "adal", true},
    {"OnPremisesSecurityIdentifier", "user.onPremisesSecurityIdentifier", "S-1-5-21-1-2-3-1001",
     true},
    {"AAD_Device_ID", "device.azureADDeviceId", "aad-1", false},
    {"AzureADDeviceId", "device.azureADDeviceId", "aad-1", false},
    {"DeviceId", "device.id", "device-1", false},
    {"Device_Serial", "device.serialNumber", "SN-1", false},
    {"SerialNumber", "device.serialNumber", "SN-1", false},
    {"Device_IMEI", "device.imei", "490154203237518", false},
    {"IMEINumber", "device.imei", "490154203237518", false},
    {"IMEI", "device.imei", "490154203237518", false},
    {"MEID", "device.meid", "A0000000002329", false},
    {"WiFiMacAddress", "device.wiFiMacAddress", "00:11:22:33:44:55", false},
    {"DeviceName", "device.deviceName", "LAPTOP-1", false},
    {"FullyQualifiedDomainName", "device.fullyQualifiedDomainName", "laptop-1.example.com", false},
};

static void
every_variable_has_the_value_of_its_member(void **state)
{
    cf_own(cf_request) request = request_of(NULL, NULL);

    (void)state;
    for (size_t i = 0; i < CF_COUNT(facts); i++) {
        const char *value = NULL;
        struct cf_err err = {0};

        assert_ok(fact(request, facts[i].name, &value, &err), err);
        assert_string_equal(value, facts[i].value);
    }
}

static void
the_letter_case_of_a_variable_does_not_matter(void **state)
{
    cf_own(cf_request) request = request_of(NULL, NULL);
    const char *value = NULL;
    struct cf_err err = {0};

    (void)state;
    assert_ok(fact(request, "DEVICENAME", &value, &err), err);
    assert_string_equal(value, "LAPTOP-1");
    assert_ok(fact(request, "aad_device_id", &value, &err), err);
    assert_string_equal(value, "aad-1");
}

static void
a_variable_without_a_value_is_named(void **state)
{
    static const char *const nothings[] = {CORE_DROP, "null", "\"\""};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(facts); i++) {
        for (size_t j = 0; j < CF_COUNT(nothings); j++) {
            if (strcmp(facts[i].member, "device.id") == 0)
                continue;
            cf_own(cf_request) request = request_of(facts[i].member, nothings[j]);
            const char *value = "untouched";
            struct cf_err err = {0};

            assert_rc(fact(request, facts[i].name, &value, &err), CF_E_FACT);
            assert_contains(err.text, facts[i].name);
            assert_contains(err.text, "no value");
            assert_string_equal(value, "untouched");
        }
    }
}

static void
a_device_profile_has_no_user_variables(void **state)
{
    cf_own(cf_request) request = request_of("profile.certificateType", "\"device\"");

    (void)state;
    for (size_t i = 0; i < CF_COUNT(facts); i++) {
        const char *value = NULL;
        struct cf_err err = {0};
        enum cf_rc rc = fact(request, facts[i].name, &value, &err);

        assert_rc(rc, facts[i].is_user ? CF_E_FACT : CF_OK);
        if (facts[i].is_user)
            assert_contains(err.text, "profile.certificateType is device");
    }
}

static void
a_device_without_a_user_has_no_user_variables(void **state)
{
    cf_own(cf_request) request = request_of("user", "null");

    (void)state;
    for (size_t i = 0; i < CF_COUNT(facts); i++) {
        const char *value = NULL;
        struct cf_err err = {0};
        enum cf_rc rc = fact(request, facts[i].name, &value, &err);

        assert_rc(rc, facts[i].is_user ? CF_E_FACT : CF_OK);
        if (facts[i].is_user)
            assert_contains(err.text, "no user");
    }
}

static void
only_windows_has_a_fully_qualified_domain_name(void **state)
{
    cf_own_str json = core_json(NULL);
    cf_own(cf_request) request = NULL;
    const char *value = NULL;
    struct cf_err err = {0};

    (void)state;
    assert_ok(cf_request_parse(cf_bytes_of(json, strlen(json)), &request, &err), err);
    assert_rc(fact(request, "FullyQualifiedDomainName", &value, &err), CF_E_FACT);
    assert_contains(err.text, "Windows");
}

static void
an_unknown_variable_is_answered_with_the_nearest_name(void **state)
{
    cf_own(cf_request) request = request_of(NULL, NULL);
    const char *value = NULL;
    struct cf_err err = {0};

    (void)state;
    assert_rc(fact(request, "DeviceNam", &value, &err), CF_E_FACT);
    assert_contains(err.text, "did you mean {{DeviceName}}?");
    assert_rc(fact(request, "Q", &value, &err), CF_E_FACT);
    assert_null(strstr(err.text, "did you mean"));
    assert_rc(fact(request, "", &value, &err), CF_E_FACT);
    assert_rc(fact(request, "Device\nName\x1b[1m", &value, &err), CF_E_FACT);
    assert_null(strchr(err.text, '\n'));
    assert_null(strchr(err.text, '\x1b'));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_variable_has_the_value_of_its_member),
        cmocka_unit_test(the_letter_case_of_a_variable_does_not_matter),
        cmocka_unit_test(a_variable_without_a_value_is_named),
        cmocka_unit_test(a_device_profile_has_no_user_variables),
        cmocka_unit_test(a_device_without_a_user_has_no_user_variables),
        cmocka_unit_test(only_windows_has_a_fully_qualified_domain_name),
        cmocka_unit_test(an_unknown_variable_is_answered_with_the_nearest_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
