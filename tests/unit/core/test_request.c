/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/core/core_kit.h"

#include <stdio.h>
#include <string.h>

static char *
text_of(size_t len)
{
    char *text = malloc(len + 3);

    memset(text, 'x', len + 2);
    text[0] = text[len + 1] = '"';
    text[len + 2] = '\0';
    return text;
}

static void
expect_length(const char *path, size_t len, enum cf_rc rc)
{
    cf_own_str text = text_of(len);

    core_expect_request(path, text, rc);
}

static void
reads_every_member_of_a_good_request(void **state)
{
    cf_own_str json = core_json(NULL);
    cf_own(cf_request) request = NULL;
    struct cf_err err = {0};

    (void)state;
    assert_ok(core_parse_request(json, &request, &err), err);
    assert_string_equal(request->context, "ctx-1");
    assert_int_equal(request->type, CF_REQUEST_ISSUE);
    assert_string_equal(request->ca_host, "ca.example.com");
    assert_string_equal(request->ca_name, "Example CA");
    assert_string_equal(request->template_name, "device");
    assert_string_equal(request->profile.id, "profile-1");
    assert_string_equal(request->profile.name, "Wi-Fi");
    assert_false(request->profile.is_device);
    assert_int_equal(request->profile.n_san, 1);
    assert_int_equal(request->profile.san[0].type, CF_SAN_UPN);
    assert_int_equal(request->profile.n_eku, 1);
    assert_int_equal(request->profile.key_size, 256);
    assert_true(request->profile.validity_ms == 90ULL * KIT_DAY_MS);
    assert_int_equal(request->profile.renewal_threshold_percent, 20);
    assert_string_equal(request->device.wifi_mac, "00:11:22:33:44:55");
    assert_true(request->user.is_present);
    assert_string_equal(request->user.department, "Engines");
    assert_int_equal(cf_buf_len(request->recipient), 3);
}

static void
a_required_member_must_be_there_and_of_its_type(void **state)
{
    static const char *const strings[] = {
        "requestContext",
        "requestType",
        "certificationAuthority",
        "certificationAuthorityName",
        "certificateTemplateName",
        "profile.id",
        "profile.certificateType",
        "profile.subjectNameFormat",
        "device.id",
        "device.platform",
        "recipientCertificate",
    };
    static const char *const objects[] = {"profile", "device"};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(strings); i++) {
        core_expect_request(strings[i], CORE_DROP, CF_E_FIELD);
        core_expect_request(strings[i], "null", CF_E_FIELD);
        core_expect_request(strings[i], "7", CF_E_FIELD);
        core_expect_request(strings[i], "[]", CF_E_FIELD);
        core_expect_request(strings[i], "{}", CF_E_FIELD);
        core_expect_request(strings[i], "\"\"", CF_E_RANGE);
        core_expect_request(strings[i], "\"a\\u0000b\"", CF_E_FIELD);
    }
    for (size_t i = 0; i < CF_COUNT(objects); i++) {
        core_expect_request(objects[i], CORE_DROP, CF_E_FIELD);
        core_expect_request(objects[i], "null", CF_E_FIELD);
        core_expect_request(objects[i], "[]", CF_E_FIELD);
        core_expect_request(objects[i], "\"x\"", CF_E_FIELD);
    }
}

static void
an_optional_member_may_be_left_out_but_not_be_of_another_type(void **state)
{
    static const char *const strings[] = {
        "profile.name",
        "profile.platform",
        "device.osVersion",
        "device.azureADDeviceId",
        "device.deviceName",
        "device.serialNumber",
        "device.imei",
        "device.meid",
        "device.wiFiMacAddress",
        "device.fullyQualifiedDomainName",
        "user.userName",
        "user.userPrincipalName",
        "user.emailAddress",
        "user.givenName",
        "user.surname",
        "user.department",
        "user.onPremisesDistinguishedName",
        "user.onPremisesSamAccountName",
        "user.onPremisesSecurityIdentifier",
    };
    static const char *const others[] = {"profile.subjectAlternativeNames",
                                         "profile.extendedKeyUsages",
                                         "profile.keySize",
                                         "profile.validityPeriod",
                                         "profile.renewalThresholdPercentage",
                                         "profile.allowAllAppsAccess",
                                         "user"};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(strings); i++) {
        core_expect_request(strings[i], CORE_DROP, CF_OK);
        core_expect_request(strings[i], "null", CF_OK);
        core_expect_request(strings[i], "1", CF_E_FIELD);
        core_expect_request(strings[i], "true", CF_E_FIELD);
    }
    for (size_t i = 0; i < CF_COUNT(others); i++) {
        core_expect_request(others[i], CORE_DROP, CF_OK);
        core_expect_request(others[i], "null", CF_OK);
        core_expect_request(others[i], "\"x\"", CF_E_FIELD);
    }
}

static void
lengths_are_held_at_their_limits(void **state)
{
    static const struct {
        const char *path;
        size_t max;
    } limits[] = {
        {"requestContext", 256},
        {"certificationAuthority", 256},
        {"certificationAuthorityName", 256},
        {"certificateTemplateName", 256},
        {"profile.id", 256},
        {"profile.name", 256},
        {"profile.subjectNameFormat", 4096},
        {"device.id", 256},
        {"device.osVersion", 256},
        {"device.deviceName", 256},
        {"user.userPrincipalName", 1024},
        {"user.onPremisesDistinguishedName", 1024},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(limits); i++) {
        expect_length(limits[i].path, 1, CF_OK);
        expect_length(limits[i].path, limits[i].max, CF_OK);
        expect_length(limits[i].path, limits[i].max + 1, CF_E_RANGE);
    }
}

static void
numbers_are_held_at_their_limits(void **state)
{
    (void)state;
    core_expect_request("profile.keySize", "1", CF_OK);
    core_expect_request("profile.keySize", "65536", CF_OK);
    core_expect_request("profile.keySize", "0", CF_E_RANGE);
    core_expect_request("profile.keySize", "-1", CF_E_RANGE);
    core_expect_request("profile.keySize", "65537", CF_E_RANGE);
    core_expect_request("profile.keySize", "2048.5", CF_E_FIELD);
    core_expect_request("profile.renewalThresholdPercentage", "1", CF_OK);
    core_expect_request("profile.renewalThresholdPercentage", "99", CF_OK);
    core_expect_request("profile.renewalThresholdPercentage", "0", CF_E_RANGE);
    core_expect_request("profile.renewalThresholdPercentage", "100", CF_E_RANGE);
    core_expect_request("profile.validityPeriod", "{\"value\":1,\"scale\":\"years\"}", CF_OK);
    core_expect_request("profile.validityPeriod", "{\"value\":36500,\"scale\":\"years\"}", CF_OK);
    core_expect_request("profile.validityPeriod", "{\"value\":0,\"scale\":\"days\"}", CF_E_RANGE);
    core_expect_request("profile.validityPeriod", "{\"value\":36501,\"scale\":\"days\"}",
                        CF_E_RANGE);
    core_expect_request("profile.validityPeriod", "{\"value\":1,\"scale\":\"weeks\"}",
                        CF_E_UNSUPPORTED);
    core_expect_request("profile.validityPeriod", "{\"value\":1}", CF_E_FIELD);
    core_expect_request("profile.validityPeriod", "{\"scale\":\"days\"}", CF_E_FIELD);
}

static void
an_unknown_word_is_answered_with_the_known_ones(void **state)
{
    cf_own_str json = core_json("requestType", "\"reissue\"", NULL);
    cf_own(cf_request) request = NULL;
    struct cf_err err = {0};

    (void)state;
    assert_rc(core_parse_request(json, &request, &err), CF_E_UNSUPPORTED);
    assert_contains(err.text, "requestType: 'reissue' is not one of issue, renew, reencrypt");
    core_expect_request("profile.certificateType", "\"robot\"", CF_E_UNSUPPORTED);
    core_expect_request("profile.certificateType", "\"device\"", CF_OK);
    core_expect_request("requestType", "\"renew\"", CF_OK);
    core_expect_request("requestType", "\"Issue\"", CF_E_UNSUPPORTED);
}

/* A certificate without the SID that was asked for would be refused by domain controllers, and
 * nobody would know why. */
static void
a_security_identifier_is_asked_for_by_a_boolean(void **state)
{
    (void)state;
    core_expect_request("profile.includeSecurityIdentifier", "true", CF_OK);
    core_expect_request("profile.includeSecurityIdentifier", "1", CF_E_FIELD);
}

static void
the_profile_has_to_be_for_the_platform_of_the_device(void **state)
{
    cf_own_str json =
        core_json("profile.platform", "\"iOS\"", "device.platform", "\"windows\"", NULL);
    cf_own(cf_request) request = NULL;
    struct cf_err err = {0};

    (void)state;
    assert_rc(core_parse_request(json, &request, &err), CF_E_FIELD);
    assert_contains(err.text, "profile.platform");
    assert_contains(err.text, "iOS");
    assert_contains(err.text, "windows");
    core_expect_request("profile.platform", "\"AGENT\"", CF_OK);
    core_expect_request("profile.platform", CORE_DROP, CF_OK);
    core_expect_request("profile.platform", "\"agents\"", CF_E_FIELD);
}

static void
alternative_names_are_named_by_their_place(void **state)
{
    static const char path[] = "profile.subjectAlternativeNames";
    static const char one[] = "{\"type\":\"emailAddress\",\"value\":\"a@b\"}";
    static const char *const types[] = {"emailAddress", "userPrincipalName", "domainNameService",
                                        "universalResourceIdentifier"};
    static char text[64 * 1024];

    (void)state;
    for (size_t i = 0; i < CF_COUNT(types); i++) {
        snprintf(text, sizeof text, "[{\"type\":\"%s\",\"value\":\"x\"}]", types[i]);
        core_expect_request(path, text, CF_OK);
    }
    core_expect_request(path, "[]", CF_OK);
    core_expect_request(path, "[7]", CF_E_FIELD);
    core_expect_request(path, "[{\"type\":\"emailAddress\"}]", CF_E_FIELD);
    core_expect_request(path, "[{\"value\":\"x\"}]", CF_E_FIELD);
    core_expect_request(path, "[{\"type\":\"emailAddress\",\"value\":\"\"}]", CF_E_RANGE);
    core_expect_request(path, "[{\"type\":\"ipAddress\",\"value\":\"x\"}]", CF_E_UNSUPPORTED);

    snprintf(text, sizeof text, "[%s,{\"type\":\"ip\",\"value\":\"x\"}]", one);
    cf_own_str json = core_json(path, text, NULL);
    cf_own(cf_request) request = NULL;
    struct cf_err err = {0};
    assert_rc(core_parse_request(json, &request, &err), CF_E_UNSUPPORTED);
    assert_contains(err.text, "profile.subjectAlternativeNames[1].type");

    strcpy(text, "[");
    for (int i = 0; i <= CF_SAN_MAX; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? "," : "", one);
    strcat(text, "]");
    core_expect_request(path, text, CF_E_RANGE);
}

static void
usages_are_dotted_numbers(void **state)
{
    static const char path[] = "profile.extendedKeyUsages";
    char text[2048] = "[";

    (void)state;
    core_expect_request(path, "[]", CF_OK);
    core_expect_request(path, "[\"1.2.3\"]", CF_OK);
    core_expect_request(path, "[\"clientAuth\"]", CF_E_SYNTAX);
    core_expect_request(path, "[\"1.2.3 \"]", CF_E_SYNTAX);
    core_expect_request(path, "[\"1\"]", CF_E_RANGE);
    core_expect_request(path, "[1]", CF_E_FIELD);
    for (int i = 0; i < 33; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s\"1.2.%d\"", i ? "," : "", i);
    strcat(text, "]");
    core_expect_request(path, text, CF_E_RANGE);
}

static void
the_recipient_is_strict_base64_of_bounded_size(void **state)
{
    cf_own_str big = malloc(40000);

    (void)state;
    core_expect_request("recipientCertificate", "\"AAEC=\"", CF_E_ENCODING);
    core_expect_request("recipientCertificate", "\"AA EC\"", CF_E_ENCODING);
    memset(big, 'A', 40000);
    big[0] = '"';
    strcpy(big + 1 + 22000, "\"");
    core_expect_request("recipientCertificate", big, CF_E_LIMIT);
    memset(big + 1, 'A', 33000);
    strcpy(big + 1 + 32772, "\"");
    core_expect_request("recipientCertificate", big, CF_E_RANGE);
}

static void
what_is_no_json_object_is_refused(void **state)
{
    static const char *const texts[] = {"",  "{",        "nonsense", "[]",
                                        "7", "\"text\"", "{} ",      "{\"a\":1,\"a\":2}"};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(texts); i++) {
        cf_own(cf_request) request = NULL;
        struct cf_err err = {0};

        assert_int_not_equal(core_parse_request(texts[i], &request, &err), CF_OK);
        assert_int_equal(err.fault, CF_FAULT_REQUEST);
        assert_true(err.text[0] != '\0');
    }
}

static enum cf_rc
parse_revocation(const char *json, struct cf_revocation_request **ret, struct cf_err *err)
{
    return cf_revocation_request_parse(cf_bytes_of(json, strlen(json)), ret, err);
}

static void
a_revocation_names_a_serial_in_any_writing(void **state)
{
    cf_own(cf_revocation_request) request = NULL;
    struct cf_err err = {0};

    (void)state;
    assert_ok(parse_revocation("{\"requestContext\":\"r\",\"serialNumber\":\"0x00:ab:CD\"}",
                               &request, &err),
              err);
    assert_string_equal(request->serial, "ABCD");
    assert_null(request->issuer);
    assert_null(request->ca_configuration);
}

static void
a_malformed_revocation_names_its_member(void **state)
{
    static const struct {
        const char *json;
        enum cf_rc rc;
        const char *member;
    } cases[] = {
        {"{\"serialNumber\":\"01\"}", CF_E_FIELD, "requestContext"},
        {"{\"requestContext\":\"r\"}", CF_E_FIELD, "serialNumber"},
        {"{\"requestContext\":\"r\",\"serialNumber\":7}", CF_E_FIELD, "serialNumber"},
        {"{\"requestContext\":\"r\",\"serialNumber\":\"xyz\"}", CF_E_SYNTAX, "serialNumber"},
        {"{\"requestContext\":\"r\",\"serialNumber\":\"-1\"}", CF_E_SYNTAX, "serialNumber"},
        {"{\"requestContext\":\"r\",\"serialNumber\":\"1\",\"issuerName\":1}", CF_E_FIELD,
         "issuerName"},
        {"{\"requestContext\":\"r\",\"serialNumber\":\"1\",\"caConfiguration\":{}}", CF_E_FIELD,
         "caConfiguration"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        cf_own(cf_revocation_request) request = NULL;
        struct cf_err err = {0};

        assert_rc(parse_revocation(cases[i].json, &request, &err), cases[i].rc);
        assert_contains(err.text, cases[i].member);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_security_identifier_is_asked_for_by_a_boolean),
        cmocka_unit_test(reads_every_member_of_a_good_request),
        cmocka_unit_test(a_required_member_must_be_there_and_of_its_type),
        cmocka_unit_test(an_optional_member_may_be_left_out_but_not_be_of_another_type),
        cmocka_unit_test(lengths_are_held_at_their_limits),
        cmocka_unit_test(numbers_are_held_at_their_limits),
        cmocka_unit_test(an_unknown_word_is_answered_with_the_known_ones),
        cmocka_unit_test(the_profile_has_to_be_for_the_platform_of_the_device),
        cmocka_unit_test(alternative_names_are_named_by_their_place),
        cmocka_unit_test(usages_are_dotted_numbers),
        cmocka_unit_test(the_recipient_is_strict_base64_of_bounded_size),
        cmocka_unit_test(what_is_no_json_object_is_refused),
        cmocka_unit_test(a_revocation_names_a_serial_in_any_writing),
        cmocka_unit_test(a_malformed_revocation_names_its_member),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
