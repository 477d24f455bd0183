/* SPDX-License-Identifier: Apache-2.0 */
/* lint_rules - what the configuration allows, and what the platforms are known to trip over. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "certferry/platform.h"
#include "certferry/policy.h"
#include "certferry/text.h"
#include "lint.h"
#include "work.h"

#define DAY_MS (UINT64_C(24) * 60 * 60 * 1000)

enum { VALIDITY_MIN_DAYS = 5, VALIDITY_MAX_DAYS = 24 * 30 + 10 };

static const char CLIENT_AUTH[] = "1.3.6.1.5.5.7.3.2";

bool
cf_lint_is_apple(const struct cf_lint_profile *profile)
{
    return cf_text_equal_nocase(profile->platform, "iOS") ||
           cf_text_equal_nocase(profile->platform, "iPadOS") ||
           cf_text_equal_nocase(profile->platform, "macOS");
}

bool
cf_lint_is_android(const struct cf_lint_profile *profile)
{
    return profile->platform && strncasecmp(profile->platform, "android", 7) == 0;
}

bool
cf_lint_is_windows(const struct cf_lint_profile *profile)
{
    return profile->platform && strncasecmp(profile->platform, "windows", 7) == 0;
}

/* Whether the SID that profile, CA and template want can be put in. What a configured directory
 * would say of an account is not asked. */
static void
check_sid(struct cf_lint *lint, struct cf_request *sample, const struct cf_grant *grant)
{
    cf_own(cf_san) san = cf_san_new();
    struct cf_ask ask = {
        .request = sample, .grant = *grant, .san = san, .facts = {.request = sample}};
    struct cf_err err = {0};
    bool has_directory = lint->settings->directory.uri != NULL;

    /* On other platforms than Windows devices have none, which cf_lint_platform says. */
    if (!san || (lint->profile->is_device && !cf_lint_is_windows(lint->profile)) ||
        cf_ask_settle_sid(&ask, &err) == CF_OK || (err.rc == CF_E_FACT && has_directory))
        return;
    cf_lint_say(lint, CF_FINDING_ERROR, "includeSecurityIdentifier",
                err.rc == CF_E_FACT ? "configure [directory], or turn the SID off"
                                    : "turn it off, or set security_identifier = on-request",
                "%s", err.text);
}

struct patterns {
    struct cf_lint *lint;
    bool is_fixed; /* no variable: the names are the very ones */
};

static void
hear_rule(void *arg, const struct cf_policy_rule *rule)
{
    static const char *const names[] = {"subject_allow", "subject_refuse", "san_allow",
                                        "san_refuse"};
    const struct patterns *patterns = arg;
    bool is_pattern = false;

    for (size_t i = 0; i < CF_COUNT(names); i++)
        is_pattern |= strcmp(rule->rule, names[i]) == 0;
    if (!is_pattern || !rule->applies || !rule->is_judged || rule->is_met)
        return;
    cf_lint_say(
        patterns->lint, patterns->is_fixed ? CF_FINDING_ERROR : CF_FINDING_WARNING,
        strncmp(rule->rule, "san", 3) == 0 ? "subjectAlternativeNames" : "subjectNameFormat",
        patterns->is_fixed ? "correct the profile, or allow it in the [policy] section"
                           : "see whether real values meet the rule: those tried here are made up",
        "%s: %s", rule->rule, rule->text);
}

/* The policy's patterns, on the names of the made-up device and user. */
static void
check_patterns(struct cf_lint *lint, struct cf_request *sample, const struct cf_grant *grant)
{
    const char *subject = lint->profile->subject;
    /* The name of a fixed format stands for variables, and has no '='. */
    struct patterns patterns = {lint, strchr(subject, '=') && !strstr(subject, "{{")};
    struct cf_ask ask = {.request = sample, .grant = *grant, .facts = {.request = sample}};
    struct cf_request_san *san = calloc(lint->profile->n_san + 1, sizeof *san);
    struct cf_err err = {0};

    if (!san)
        return;
    for (size_t i = 0; i < lint->profile->n_san; i++) {
        san[i] = (struct cf_request_san){lint->profile->san[i].type, lint->profile->san[i].value};
        patterns.is_fixed &= !strstr(san[i].value, "{{");
    }
    sample->profile.san = san;
    sample->profile.n_san = lint->profile->n_san;
    /* A name that cannot be formed was told of before. */
    if (cf_ask_render_names(&ask, &err) == CF_OK) {
        const struct cf_policy_names names = {
            .subject = ask.subject, .san = ask.san, .facts = &ask.facts};
        (void)!cf_policy_judge_names(grant, &names, hear_rule, &patterns, &err);
    }
    cf_dn_free(ask.subject);
    cf_san_free(ask.san);
    cf_facts_done(&ask.facts);
    free(san);
}

void
cf_lint_grant(struct cf_lint *lint)
{
    const struct cf_lint_profile *profile = lint->profile;
    struct cf_request sample;
    struct cf_grant grant;
    struct cf_err err = {0};

    if (!profile->ca_host || !profile->ca_name || !profile->template_name) {
        cf_lint_say(lint, CF_FINDING_WARNING, "certificationAuthority",
                    "add certificationAuthority, certificationAuthorityName and "
                    "certificateTemplateName to have them checked",
                    "CA or template is not named, so the policy was not asked");
        return;
    }
    cf_lint_sample(profile, &sample);
    if (cf_policy_judge(lint->settings, &sample, NULL, NULL, NULL, &grant, &err) == CF_OK) {
        cf_lint_say(lint, CF_FINDING_OK, "certificateTemplateName", NULL,
                    "[ca %s] issues by template %s", grant.ca->name, grant.template_settings->name);
        check_sid(lint, &sample, &grant);
        if (profile->subject)
            check_patterns(lint, &sample, &grant);
        return;
    }
    bool is_display_name = strchr(profile->template_name, ' ') != NULL;
    cf_lint_say(lint, CF_FINDING_ERROR, "certificateTemplateName",
                is_display_name
                    ? "write the template's name, which has no blanks, not its display name"
                    : "correct the profile, or allow it in the configuration",
                "%s", err.text);
}

void
cf_lint_lifetime(struct cf_lint *lint)
{
    static const char VALIDITY[] = "validityPeriod";
    static const char THRESHOLD[] = "renewalThresholdPercentage";
    const struct cf_lint_profile *profile = lint->profile;
    size_t before = lint->n_problems;
    uint64_t days = profile->validity_ms / DAY_MS;

    if (profile->validity_ms > 0 && days < VALIDITY_MIN_DAYS)
        cf_lint_say(lint, CF_FINDING_ERROR, VALIDITY, "ask for five days or more",
                    "devices refuse certificates that are valid for less than five days");
    if (days > VALIDITY_MAX_DAYS)
        cf_lint_say(lint, CF_FINDING_WARNING, VALIDITY, "ask for 24 months or less",
                    "the management service allows 24 months at most");
    if (profile->validity_ms > 0 && cf_lint_is_apple(profile))
        cf_lint_say(lint, CF_FINDING_WARNING, VALIDITY,
                    "give the period that the template has, or none",
                    "on Apple platforms a period other than the template's is not kept");
    if (profile->threshold > 99)
        cf_lint_say(lint, CF_FINDING_ERROR, THRESHOLD, "use 1 to 99; 20 is usual",
                    "%lld is no percentage of the lifetime", (long long)profile->threshold);
    else if (profile->threshold == 0)
        cf_lint_say(lint, CF_FINDING_WARNING, THRESHOLD, "set it; 20 is usual",
                    "without it nobody knows when renewal begins");
    else if (profile->threshold > 50 || profile->threshold < 10)
        cf_lint_say(lint, CF_FINDING_WARNING, THRESHOLD, "20 is usual",
                    "renewal begins when %lld %% of the lifetime are left",
                    (long long)profile->threshold);
    cf_lint_ok(lint, before, VALIDITY, "lifetime and renewal fit together");
}

static void
check_storage(struct cf_lint *lint)
{
    static const char KSP[] = "keyStorageProvider";
    static const char *const known[] = {"useTpmKspOtherwiseUseSoftwareKsp",
                                        "useTpmKspOtherwiseFail",
                                        "usePassportForWorkKspOtherwiseFail", "useSoftwareKsp"};
    const struct cf_lint_profile *profile = lint->profile;
    bool is_known = false;

    for (size_t i = 0; i < CF_COUNT(known); i++)
        is_known |= profile->key_storage && strcmp(profile->key_storage, known[i]) == 0;
    if (profile->key_storage && !is_known) {
        const char *nearest = cf_text_nearest(profile->key_storage, known, CF_COUNT(known));
        cf_lint_say(lint, CF_FINDING_ERROR, KSP, "use one of the four that Windows has",
                    "'%.60s' is unknown%s%s", profile->key_storage, nearest ? ", nearest is " : "",
                    nearest ? nearest : "");
    }
    if (!profile->key_storage || !is_known)
        return;
    if (!cf_lint_is_windows(profile))
        cf_lint_say(lint, CF_FINDING_WARNING, KSP, "remove it",
                    "only Windows has key storage providers");
    if (profile->key_size == 4096 && strcmp(profile->key_storage, "useSoftwareKsp") != 0)
        cf_lint_say(lint, CF_FINDING_ERROR, "keySize", "use 2048, or useSoftwareKsp",
                    "keys of 4096 bits do not go into a TPM or Windows Hello for Business");
    if (strcmp(profile->key_storage, "usePassportForWorkKspOtherwiseFail") == 0 &&
        !profile->container)
        cf_lint_say(lint, CF_FINDING_ERROR, "containerName", "name the container",
                    "Windows Hello for Business wants the container's name");
}

void
cf_lint_key(struct cf_lint *lint)
{
    const struct cf_lint_profile *profile = lint->profile;
    size_t before = lint->n_problems;
    bool has_client_auth = profile->n_eku == 0;

    check_storage(lint);
    if (profile->key_size == 4096 && cf_lint_is_apple(profile))
        cf_lint_say(lint, CF_FINDING_WARNING, "keySize", "use 2048",
                    "keys of 4096 bits are supported on Windows and Android only");
    if (profile->n_eku > 0 && cf_lint_is_apple(profile))
        cf_lint_say(lint, CF_FINDING_WARNING, "extendedKeyUsages",
                    "remove them and set them in the template",
                    "on Apple platforms the extended key usages come from the template");
    for (size_t i = 0; i < profile->n_eku; i++)
        has_client_auth |= strcmp(profile->eku[i], CLIENT_AUTH) == 0;
    if (!has_client_auth)
        cf_lint_say(lint, CF_FINDING_WARNING, "extendedKeyUsages",
                    "add client authentication (1.3.6.1.5.5.7.3.2) unless the certificate is for "
                    "mail only",
                    "Wi-Fi and VPN servers refuse certificates without client authentication");
    cf_lint_ok(lint, before, "keySize", "key and its usages suit the platform");
}

void
cf_lint_platform(struct cf_lint *lint)
{
    /* What the device itself says of itself. */
    static const char *const reported[] = {
        "DeviceName", "SerialNumber",   "Device_Serial",
        "IMEI",       "IMEINumber",     "Device_IMEI",
        "MEID",       "WiFiMacAddress", "FullyQualifiedDomainName"};
    const struct cf_lint_profile *profile = lint->profile;
    struct cf_delivery delivery;
    struct cf_err err = {0};
    size_t before = lint->n_problems;

    if (!profile->platform)
        cf_lint_say(lint, CF_FINDING_ERROR, "platform", "name the platform",
                    "nothing says which devices the profile is for");
    else if (cf_platform_delivery(profile->platform, "99", &delivery, &err) != CF_OK)
        cf_lint_say(lint, CF_FINDING_ERROR, "platform", "use one that the protocol knows", "%s",
                    err.text);
    if (!profile->has_type)
        cf_lint_say(lint, CF_FINDING_ERROR, "certificateType", "use user or device",
                    "nothing says whether the certificate is a user's or a device's");
    if (cf_lint_is_android(profile) && !profile->names_root)
        cf_lint_say(lint, CF_FINDING_WARNING, "rootCertificate",
                    "assign a trusted-certificate profile with the root that `certferry ca-cert "
                    "--root` prints, and name it here",
                    "Android wants the root certificate of the issuing CA named");
    if (profile->wants_sid && profile->is_device && !cf_lint_is_windows(profile))
        cf_lint_say(lint, CF_FINDING_ERROR, "includeSecurityIdentifier", "turn it off",
                    "only Windows devices have an account whose SID a device certificate could "
                    "hold");
    if (cf_text_equal_nocase(profile->store, "machine") && !profile->is_device)
        cf_lint_say(lint, CF_FINDING_WARNING, "certificateStore",
                    "use the user store, or a profile of type device",
                    "a user's certificate in the machine store serves every user of the device");
    bool is_forgeable = false;
    for (size_t i = 0; i < CF_COUNT(reported); i++)
        is_forgeable |= cf_lint_uses(profile, reported[i]);
    if (is_forgeable)
        cf_lint_say(lint, CF_FINDING_WARNING, "subjectNameFormat",
                    "do not let access depend on it alone; {{AAD_Device_ID}} is the service's own",
                    "whoever holds the device can change the name, serial number or address that "
                    "it reports");
    cf_lint_ok(lint, before, "platform", "nothing known stands in the way on this platform");
}
