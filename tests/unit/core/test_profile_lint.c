/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/core/core_kit.h"

#include <stdio.h>
#include <string.h>

#include "certferry/profile_lint.h"

static char *eku[] = {(char[]){KIT_CLIENT_AUTH}};
static struct cf_template_settings device = {
    .name = (char[]){"Device"},
    .key = CF_KEY_RSA_2048,
    .min_rsa_bits = 2048,
    .eku = eku,
    .n_eku = 1,
    .validity_ms = 365ULL * KIT_DAY_MS,
};
static struct cf_template_settings *templates[] = {&device};
static struct cf_ca_settings corp = {
    .name = (char[]){"corp"},
    .host = (char[]){"ca.example.com"},
    .ca_name = (char[]){"Example CA"},
    .templates = templates,
    .n_templates = 1,
    .enforce_dn_limits = true,
};
static struct cf_ca_settings *cas[] = {&corp};
static char *policy_cas[] = {(char[]){"corp"}, NULL};
static char *policy_templates[] = {(char[]){"Device"}, NULL};
static struct cf_policy_settings policy = {
    .name = (char[]){"all"},
    .cas = policy_cas,
    .templates = policy_templates,
    .types = CF_TYPES_BOTH,
    .min_rsa_bits = 2048,
    .min_ec_bits = 256,
};
static struct cf_policy_settings *policies[] = {&policy};
static const struct cf_settings settings = {.cas = cas,
                                            .n_cas = 1,
                                            .templates = templates,
                                            .n_templates = 1,
                                            .policies = policies,
                                            .n_policies = 1};

#define CA_MEMBERS                                                                                 \
    "\"certificationAuthority\":\"ca.example.com\",\"certificationAuthorityName\":\"Example CA\"," \
    "\"certificateTemplateName\":\"Device\","

/* A sound profile with one more member, or another value for one, at its end. */
#define WINDOWS                                                                                    \
    "\"platform\":\"windows\",\"certificateType\":\"device\","                                     \
    "\"renewalThresholdPercentage\":20,\"keySize\":2048,"
#define SUBJECT "\"subjectNameFormat\":\"CN={{AAD_Device_ID}}\""

struct seen {
    char text[16 * 1024];
    unsigned n[3];
};

static void
collect(void *arg, const struct cf_finding *finding)
{
    static const char *const words[] = {"ok", "warning", "error"};
    struct seen *seen = arg;
    size_t len = strlen(seen->text);

    assert_true((finding->remedy == NULL) == (finding->severity == CF_FINDING_OK));
    seen->n[finding->severity]++;
    snprintf(seen->text + len, sizeof seen->text - len, "%s %s: %s\n", words[finding->severity],
             finding->subject, finding->text);
}

static struct seen
lint(const char *json)
{
    struct seen seen = {0};
    struct cf_err err = {0};

    assert_ok(cf_profile_lint(&settings, cf_bytes_of(json, strlen(json)), collect, &seen, &err),
              err);
    return seen;
}

static void
a_sound_profile_has_no_problem(void **state)
{
    (void)state;
    struct seen seen = lint("{" CA_MEMBERS WINDOWS SUBJECT "}");

    if (seen.n[CF_FINDING_ERROR] + seen.n[CF_FINDING_WARNING] > 0)
        fail_msg("%s", seen.text);
    assert_true(seen.n[CF_FINDING_OK] >= 5);
}

static void
what_will_fail_is_found_and_named(void **state)
{
    static const struct {
        const char *json;
        const char *text;
    } cases[] = {
        {"{" WINDOWS "\"subjectNameFormat\":\"CN={{UserName}}\"}",
         "error subjectNameFormat: subject CN: {{UserName}} describes a user"},
        {"{" WINDOWS "\"subjectNameFormat\":\"CN={{Nobody}}\"}", "{{Nobody}} is not a variable"},
        {"{" WINDOWS "\"subjectNameFormat\":\"CN={{DeviceId}\"}", "error subjectNameFormat: "},
        {"{" WINDOWS "\"subjectNameFormat\":\"XX=1\"}", "\"XX\" is no known attribute type"},
        {"{" WINDOWS "\"subjectNameFormat\":\"CN={{DeviceId}}\"}",
         "warning subjectNameFormat: {{DeviceId}} in the subject may break"},
        {"{" CA_MEMBERS WINDOWS "\"subjectNameFormat\":\"CN="
         "0123456789012345678901234567890123456789012345678901234567890123456789\"}",
         "error subjectNameFormat: "},
        {"{" WINDOWS SUBJECT ",\"subjectAlternativeNames\":[{\"type\":\"domainNameService\","
         "\"value\":\"not a name\"}]}",
         "error subjectAlternativeNames: DNS \"not a name\""},
        {"{" WINDOWS SUBJECT ",\"subjectAlternativeNames\":[{\"type\":\"emailAddress\","
         "\"value\":\"{{EmailAddress}}\"}]}",
         "{{EmailAddress}} describes a user"},
        {"{" WINDOWS SUBJECT ",\"subjectAlternativeNames\":[{\"type\":\"none\",\"value\":\"x\"}]}",
         "has the type 'none'"},
        {"{\"platform\":\"iOS\",\"certificateType\":\"user\",\"renewalThresholdPercentage\":20,"
         "\"subjectNameFormat\":\"CN={{FullyQualifiedDomainName}}\"}",
         "exists on Windows devices only"},
        {"{\"platform\":\"androidEnterprise\",\"certificateType\":\"device\",\"subjectNameFormat\":"
         "\"CN={{IMEI}}\"}",
         "{{IMEI}} has no value on personal work profiles"},
        {"{\"platform\":\"androidEnterprise\",\"certificateType\":\"device\",\"subjectNameFormat\":"
         "\"CN={{DeviceId}}\"}",
         "warning rootCertificate: Android wants"},
        {"{\"platform\":\"windows\",\"certificateType\":\"user\",\"subjectNameFormat\":"
         "\"CN={{OnPremisesSamAccountName}},E={{EmailAddress}}\"}",
         "{{EmailAddress}} is empty for users without a mailbox"},
        {"{\"platform\":\"windows\",\"certificateType\":\"user\",\"subjectNameFormat\":"
         "\"CN={{OnPremisesSamAccountName}}\"}",
         "has a value only for users whose account is synchronised"},
        {"{" WINDOWS SUBJECT ",\"validityPeriod\":{\"value\":4,\"scale\":\"days\"}}",
         "error validityPeriod: devices refuse"},
        {"{" WINDOWS SUBJECT ",\"validityPeriod\":{\"value\":3,\"scale\":\"years\"}}",
         "warning validityPeriod: the management service allows 24 months"},
        {"{" WINDOWS SUBJECT ",\"validityPeriod\":{\"value\":3,\"scale\":\"weeks\"}}",
         "the scale 'weeks' is unknown"},
        {"{\"platform\":\"macOS\",\"certificateType\":\"device\"," SUBJECT
         ",\"validityPeriod\":{\"value\":1,\"scale\":\"years\"}}",
         "a period other than the template's is not kept"},
        {"{\"platform\":\"windows\",\"certificateType\":\"device\"," SUBJECT
         ",\"renewalThresholdPercentage\":120}",
         "error renewalThresholdPercentage: 120"},
        {"{\"platform\":\"windows\",\"certificateType\":\"device\"," SUBJECT "}",
         "warning renewalThresholdPercentage: without it"},
        {"{\"platform\":\"windows\",\"certificateType\":\"device\"," SUBJECT
         ",\"keySize\":4096,\"keyStorageProvider\":\"useTpmKspOtherwiseFail\"}",
         "error keySize: keys of 4096 bits do not go into a TPM"},
        {"{\"platform\":\"iOS\",\"certificateType\":\"device\"," SUBJECT ",\"keySize\":4096}",
         "warning keySize: keys of 4096 bits are supported on Windows and Android"},
        {"{" WINDOWS SUBJECT ",\"keyStorageProvider\":\"useTmpKspOtherwiseFail\"}",
         "nearest is useTpmKspOtherwiseFail"},
        {"{" WINDOWS SUBJECT ",\"keyStorageProvider\":\"usePassportForWorkKspOtherwiseFail\"}",
         "error containerName: "},
        {"{\"platform\":\"iOS\",\"certificateType\":\"device\"," SUBJECT
         ",\"extendedKeyUsages\":[\"1.3.6.1.5.5.7.3.2\"]}",
         "on Apple platforms the extended key usages come from the template"},
        {"{" WINDOWS SUBJECT ",\"extendedKeyUsages\":[\"1.3.6.1.5.5.7.3.4\"]}",
         "refuse certificates without client authentication"},
        {"{" CA_MEMBERS WINDOWS SUBJECT ",\"extendedKeyUsages\":[\"1.3.6.1.5.5.7.3.1\"]}",
         "error certificateTemplateName: "},
        {"{\"certificationAuthority\":\"ca.example.com\",\"certificationAuthorityName\":"
         "\"Example CA\",\"certificateTemplateName\":\"My Device\"," WINDOWS SUBJECT "}",
         "error certificateTemplateName: "},
        {"{\"certificateType\":\"device\"," SUBJECT "}", "error platform: "},
        {"{\"platform\":\"beos\",\"certificateType\":\"device\"," SUBJECT "}", "error platform: "},
        {"{\"platform\":\"windows\"," SUBJECT "}", "error certificateType: "},
        {"{\"platform\":\"windows\",\"certificateType\":\"robot\"," SUBJECT "}",
         "'robot' is no certificate type"},
        {"{\"platform\":\"iOS\",\"certificateType\":\"device\"," SUBJECT
         ",\"includeSecurityIdentifier\":true}",
         "error includeSecurityIdentifier: only Windows"},
        {"{\"platform\":\"windows\",\"certificateType\":\"user\",\"subjectNameFormat\":"
         "\"CN={{UserName}}\",\"certificateStore\":\"machine\"}",
         "warning certificateStore: "},
        {"{" WINDOWS "\"subjectNameFormat\":\"CN={{DeviceName}}\"}",
         "can change the name, serial number or address"},
        {"{\"platform\":7,\"certificateType\":\"device\"," SUBJECT "}", "error platform: "},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        struct seen seen = lint(cases[i].json);
        if (!strstr(seen.text, cases[i].text))
            fail_msg("%s\nlacks: %s\nhas:\n%s", cases[i].json, cases[i].text, seen.text);
    }
}

static void
a_sid_that_cannot_be_put_in_is_found(void **state)
{
    static const char user[] =
        "{" CA_MEMBERS "\"platform\":\"windows\",\"certificateType\":\"user\","
        "\"renewalThresholdPercentage\":20,"
        "\"subjectNameFormat\":\"CN={{UserName}}\","
        "\"includeSecurityIdentifier\":true}";

    (void)state;
    struct seen seen = lint(user);
    assert_int_equal(seen.n[CF_FINDING_ERROR], 0);
    seen = lint("{" CA_MEMBERS WINDOWS SUBJECT ",\"includeSecurityIdentifier\":true}");
    assert_non_null(strstr(seen.text, "error includeSecurityIdentifier: security identifier: the "
                                      "SID of a computer is known to a directory only"));
    device.sid_mode = CF_SID_OFF;
    seen = lint(user);
    device.sid_mode = CF_SID_AS_CA;
    assert_non_null(strstr(seen.text, "error includeSecurityIdentifier: "));
    assert_non_null(strstr(seen.text, "[template Device] security_identifier = off forbids"));
}

static char *only_fleet[] = {(char[]){"CN=*"}, (char[]){"OU=Fleet"}, NULL};
static char *only_kiosks[] = {(char[]){"CN=Kiosk*"}, NULL};
static char *only_corp[] = {(char[]){"dns:*.corp.example"}, NULL};

static void
names_that_the_policy_refuses_are_found(void **state)
{
    (void)state;
    policy.subject_allow = only_fleet;
    policy.san_allow = only_corp;
    struct seen fixed = lint("{" CA_MEMBERS WINDOWS "\"subjectNameFormat\":\"CN=Kiosk,OU=Sales\"}");
    struct seen good = lint("{" CA_MEMBERS WINDOWS "\"subjectNameFormat\":\"CN=Kiosk,OU=Fleet\"}");
    struct seen guess =
        lint("{" CA_MEMBERS WINDOWS "\"subjectNameFormat\":\"CN={{AAD_Device_ID}},OU=Fleet\","
             "\"subjectAlternativeNames\":[{\"type\":\"domainNameService\",\"value\":"
             "\"{{FullyQualifiedDomainName}}\"}]}");
    policy.subject_allow = only_kiosks;
    struct seen serial = lint("{" WINDOWS "\"subjectNameFormat\":\"commonNameAsSerialNumber\"}");
    struct seen preset =
        lint("{" CA_MEMBERS WINDOWS "\"subjectNameFormat\":\"commonNameAsAadDeviceId\"}");
    policy.subject_allow = NULL;
    policy.san_allow = NULL;

    assert_non_null(strstr(fixed.text, "error subjectNameFormat: subject_allow"));
    assert_non_null(strstr(preset.text, "warning subjectNameFormat: subject_allow"));
    assert_int_equal(preset.n[CF_FINDING_ERROR], 0);
    assert_non_null(strstr(serial.text, "holds the device"));
    assert_int_equal(good.n[CF_FINDING_ERROR], 0);
    assert_non_null(strstr(guess.text, "warning subjectAlternativeNames: san_allow"));
    assert_int_equal(guess.n[CF_FINDING_ERROR], 0);
}

static void
a_whole_request_and_an_export_of_graph_are_read(void **state)
{
    (void)state;
    struct seen seen =
        lint("{\"requestContext\":\"x\"," CA_MEMBERS "\"profile\":{" WINDOWS SUBJECT "}}");
    if (seen.n[CF_FINDING_ERROR] + seen.n[CF_FINDING_WARNING] > 0)
        fail_msg("%s", seen.text);

    seen = lint("{\"@odata.type\":\"#microsoft.graph.windows10PkcsCertificateProfile\"," CA_MEMBERS
                "\"certificateType\":\"device\",\"renewalThresholdPercentage\":20,"
                "\"subjectNameFormat\":\"custom\",\"subjectNameFormatString\":"
                "\"CN={{UserName}}\",\"certificateValidityPeriodValue\":2,"
                "\"certificateValidityPeriodScale\":\"days\",\"extendedKeyUsages\":[{\"name\":"
                "\"Client\",\"objectIdentifier\":\"1.3.6.1.5.5.7.3.2\"}],"
                "\"customSubjectAlternativeNames\":[{\"sanType\":\"domainNameService\",\"name\":"
                "\"-x-\"}]}");
    assert_non_null(strstr(seen.text, "{{UserName}} describes a user"));
    assert_non_null(strstr(seen.text, "less than five days"));
    assert_non_null(strstr(seen.text, "DNS \"-x-\""));
}

static void
what_is_no_profile_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "{\"profile\":3}",
        "{\"name\":\"x\"}",
        ("{\"@odata.type\":\"#microsoft.graph.iosScepCertificateProfile\","
         "\"subjectNameFormat\":\"commonName\"}")};
    struct seen seen = {0};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(texts); i++) {
        struct cf_err err = {0};
        if (cf_profile_lint(&settings, cf_bytes_of(texts[i], strlen(texts[i])), collect, &seen,
                            &err) == CF_OK)
            fail_msg("%s", texts[i]);
        assert_true(err.text[0] != '\0');
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_profile_has_no_problem),
        cmocka_unit_test(what_will_fail_is_found_and_named),
        cmocka_unit_test(a_sid_that_cannot_be_put_in_is_found),
        cmocka_unit_test(names_that_the_policy_refuses_are_found),
        cmocka_unit_test(a_whole_request_and_an_export_of_graph_are_read),
        cmocka_unit_test(what_is_no_profile_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
