/* SPDX-License-Identifier: Apache-2.0 */
/* lint_names - subject and SAN, tried out on a device and user for whom everything has a value. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "certferry/subject.h"
#include "certferry/text.h"
#include "lint.h"

static const char SUBJECT[] = "subjectNameFormat";
static const char SAN[] = "subjectAlternativeNames";

void
cf_lint_sample(const struct cf_lint_profile *profile, struct cf_request *ret)
{
    *ret = (struct cf_request){
        .context = "lint",
        .ca_host = profile->ca_host,
        .ca_name = profile->ca_name,
        .template_name = profile->template_name,
        .profile = {.id = "lint",
                    .platform = profile->platform,
                    .is_device = profile->is_device,
                    .subject_format = profile->subject,
                    .n_eku = profile->n_eku,
                    .key_size = (unsigned)profile->key_size,
                    .validity_ms = profile->validity_ms,
                    .wants_sid = profile->wants_sid},
        .device = {.id = "2c1f8b40-93d4-4d0e-a1fc-7c3d5b2e9f10",
                   .platform = profile->platform,
                   .os_version = "99",
                   .azure_ad_device_id = "7a9c3e52-0b6f-4f0d-8a43-15d2c7e6b890",
                   .name = "DEVICE-1",
                   .serial_number = "SN0001",
                   .imei = "490154203237518",
                   .meid = "A0000000000001",
                   .wifi_mac = "00005E005301",
                   .fqdn = "device-1.example.com"},
        .user = {.is_present = true,
                 .name = "Jane Doe",
                 .upn = "jane@example.com",
                 .email = "jane@example.com",
                 .given_name = "Jane",
                 .surname = "Doe",
                 .department = "Sales",
                 .distinguished_name = "CN=Jane Doe,OU=Sales,DC=example,DC=com",
                 .sam_account_name = "jane",
                 .security_identifier = "S-1-5-21-1-2-3-1001"},
    };
    for (size_t i = 0; i < profile->n_eku; i++)
        ret->profile.eku[i] = profile->eku[i];
}

/* Also by the name of a fixed format. */
static bool
subject_uses(const struct cf_lint_profile *profile, const char *variable)
{
    cf_own(cf_subject) subject = NULL;

    return profile->subject && cf_subject_compile(profile->subject, &subject, NULL) == CF_OK &&
           cf_subject_uses(subject, variable);
}

bool
cf_lint_uses(const struct cf_lint_profile *profile, const char *variable)
{
    char text[64];

    if (subject_uses(profile, variable))
        return true;
    (void)snprintf(text, sizeof text, "{{%s}}", variable);
    for (size_t i = 0; i < profile->n_san; i++) {
        if (strcasestr(profile->san[i].value, text))
            return true;
    }
    return false;
}

static const char *
remedy_of_name(const struct cf_err *err)
{
    switch (err->rc) {
    case CF_E_FACT:
        return "use a variable that this certificate type and platform have a value for";
    case CF_E_RANGE:
        return "change the fixed text so that the name can hold it";
    default:
        return "correct the format; docs/names.md describes it";
    }
}

static void
check_limits(struct cf_lint *lint, const struct cf_dn *dn)
{
    const struct cf_ca_settings *ca =
        lint->profile->ca_host && lint->profile->ca_name
            ? cf_settings_find_ca(lint->settings, lint->profile->ca_host, lint->profile->ca_name)
            : NULL;
    struct cf_err err = {0};

    if (cf_dn_check_limits(dn, &err) == CF_OK)
        return;
    if (ca && !ca->enforce_dn_limits)
        cf_lint_say(lint, CF_FINDING_WARNING, SUBJECT,
                    "the CA has to accept names that are longer than X.520 allows", "%s", err.text);
    else
        cf_lint_say(lint, CF_FINDING_ERROR, SUBJECT,
                    "shorten the fixed text, or set enforce_dn_limits = no in the [ca] section if "
                    "the CA accepts longer names",
                    "%s", err.text);
}

static void
check_subject(struct cf_lint *lint, struct cf_facts *facts)
{
    const char *text = lint->profile->subject;
    cf_own(cf_subject) subject = NULL;
    cf_own(cf_dn) dn = NULL;
    struct cf_err err = {0};

    if (!text) {
        cf_lint_say(lint, CF_FINDING_ERROR, SUBJECT, "write one, such as CN={{DeviceName}}",
                    "there is no subject name format");
        return;
    }
    if (cf_subject_compile(text, &subject, &err) != CF_OK ||
        cf_subject_render(subject, false, cf_facts_find, facts, &dn, &err) != CF_OK) {
        cf_lint_say(lint, CF_FINDING_ERROR, SUBJECT, remedy_of_name(&err), "%s", err.text);
        return;
    }
    if (cf_dn_count(dn) == 0 && lint->profile->n_san == 0)
        cf_lint_say(lint, CF_FINDING_ERROR, SUBJECT, "name the device or the user",
                    "neither a subject nor an alternative name is left");
    check_limits(lint, dn);
}

static void
check_san(struct cf_lint *lint, struct cf_facts *facts)
{
    cf_own(cf_san) san = cf_san_new();
    struct cf_err err = {0};

    for (size_t i = 0; san && i < lint->profile->n_san; i++) {
        const struct cf_lint_san *entry = &lint->profile->san[i];
        cf_own_str value = NULL;

        if (cf_expand(entry->value, cf_facts_find, facts, CF_SAN_VALUE_MAX, &value, &err) !=
                CF_OK ||
            cf_san_append(san, entry->type, value, &err) != CF_OK)
            cf_lint_say(lint, CF_FINDING_ERROR, SAN, remedy_of_name(&err), "%s \"%.100s\": %s",
                        cf_san_type_name(entry->type), entry->value, err.text);
    }
}

/* Variables that not everybody has a value for. */
static void
check_values(struct cf_lint *lint)
{
    const struct cf_lint_profile *profile = lint->profile;
    static const char *const hardware[] = {"SerialNumber", "Device_Serial", "IMEI",
                                           "IMEINumber",   "Device_IMEI",   "MEID"};
    static const char *const onprem[] = {"OnPrem_Distinguished_Name", "OnPremisesSamAccountName",
                                         "OnPremisesSecurityIdentifier"};

    if (cf_lint_uses(profile, "EmailAddress"))
        cf_lint_say(lint, CF_FINDING_WARNING, SUBJECT,
                    "assign the profile to users with a mailbox, or use {{UserPrincipalName}}",
                    "{{EmailAddress}} is empty for users without a mailbox: their requests fail");
    for (size_t i = 0; i < CF_COUNT(hardware); i++) {
        if (cf_lint_is_android(profile) && cf_lint_uses(profile, hardware[i]))
            cf_lint_say(lint, CF_FINDING_WARNING, SUBJECT,
                        "use {{DeviceId}} or {{AAD_Device_ID}} on personally owned devices",
                        "{{%s}} has no value on personal work profiles since Android 12",
                        hardware[i]);
    }
    for (size_t i = 0; i < CF_COUNT(onprem); i++) {
        if (!lint->settings->directory.uri && cf_lint_uses(profile, onprem[i]))
            cf_lint_say(lint, CF_FINDING_WARNING, SUBJECT,
                        "synchronise the attribute to the cloud, or configure [directory]",
                        "{{%s}} has a value only for users whose account is synchronised",
                        onprem[i]);
    }
    if (cf_lint_is_windows(profile) && subject_uses(profile, "DeviceId"))
        cf_lint_say(lint, CF_FINDING_WARNING, SUBJECT,
                    "put it into a SAN URI, such as IntuneDeviceId://{{DeviceId}}",
                    "{{DeviceId}} in the subject may break the device's synchronisation");
    if (cf_lint_uses(profile, "OnPremisesSecurityIdentifier"))
        cf_lint_say(lint, CF_FINDING_WARNING, SAN,
                    "leave it out: the connector adds the SID by itself (security_identifier in "
                    "the [ca] or [template] section)",
                    "{{OnPremisesSecurityIdentifier}} is not needed in a PKCS profile");
}

void
cf_lint_names(struct cf_lint *lint)
{
    struct cf_request sample;
    size_t before = lint->n_problems;

    cf_lint_sample(lint->profile, &sample);
    struct cf_facts facts = {.request = &sample};
    check_subject(lint, &facts);
    check_values(lint);
    cf_lint_ok(lint, before, SUBJECT, "the subject can be formed");
    before = lint->n_problems;
    check_san(lint, &facts);
    if (lint->profile->n_san > 0)
        cf_lint_ok(lint, before, SAN, "the alternative names can be formed");
    cf_facts_done(&facts);
}
