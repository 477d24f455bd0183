/* SPDX-License-Identifier: Apache-2.0 */
/* schema_policy - the options of policies. */
#include "certferry/policy.h"
#include "schema.h"

#define P(member) .offset = offsetof(struct cf_policy_settings, member)
#define LIMITS(low, high) .min = (low), .max = (high)

const struct cf_option cf_options_policy[] = {
    {"policy", "ca", OPT_LIST, .flags = CF_OPTION_REQUIRED, P(cas),
     .example = "corp partner windows ejbca", .help = "The [ca] sections it is for."},
    {"policy", "templates", OPT_LIST, .flags = CF_OPTION_REQUIRED, P(templates),
     .example = "Device",
     .help = "The templates it is for; at least one of its CAs issues by each."},
    {"policy", "certificate_type", OPT_CHOICE, .flags = CF_OPTION_REQUIRED, P(types),
     .choices = cf_choices_certificate_types, .example = "device",
     .help = "Whether it is for certificates of users, of devices or of both."},
    {"policy", "eku", OPT_EKU, P(eku), .count_offset = offsetof(struct cf_policy_settings, n_eku),
     .when = "those of the template", .example = "clientAuth",
     .help = "The extended key usages that may be asked for, as in [template]."},
    {"policy", "subject_allow", OPT_LIST, P(subject_allow), .check = cf_policy_check_subject_rule,
     .when = "any", .example = "CN=*.example.com \"O=Example, Inc.\"",
     .help = "What a subject may have, as TYPE=PATTERN; * in a pattern stands for any "
             "characters. Each attribute of the subject has to match one of them."},
    {"policy", "subject_refuse", OPT_LIST, P(subject_refuse), .check = cf_policy_check_subject_rule,
     .when = "none", .example = "CN=admin*",
     .help = "What no subject may have, likewise. It counts more than subject_allow."},
    {"policy", "san_allow", OPT_LIST, P(san_allow), .check = cf_policy_check_san_rule,
     .when = "any", .example = "dns:*.example.com email:*@example.com",
     .help = "The alternative names that may be asked for, as email:PATTERN, upn:PATTERN, "
             "dns:PATTERN or uri:PATTERN. Each name has to match one of them."},
    {"policy", "san_refuse", OPT_LIST, P(san_refuse), .check = cf_policy_check_san_rule,
     .when = "none", .example = "dns:dc*.example.com",
     .help = "The alternative names that are refused, likewise. It counts more than san_allow."},
    {"policy", "upn_suffixes", OPT_LIST, P(upn_suffixes), .check = cf_check_upn_suffix,
     .when = "any", .example = "example.com",
     .help = "What may stand behind the @ of user principal names, of the user and among the "
             "alternative names, each as a whole: example.com does not mean sales.example.com."},
    {"policy", "refused_accounts", OPT_LIST, P(refused_accounts), .check = cf_check_account,
     .when = "none", .example = "root@example.com svc-backup",
     .help = "Accounts that get no certificate: userPrincipalName, SAM account name or SID."},
    {"policy", "refused_groups", OPT_LIST, .flags = CF_OPTION_NONE, P(refused_groups),
     .check = cf_check_group, .preset = "privileged", .example = "privileged \"VIP users\"",
     .help = "Groups whose members get no certificate, also members by way of other groups: SID, "
             "name or distinguished name in quotes; privileged stands for the built-in groups of "
             "administrators and operators, none alone for no group. Without [directory] only "
             "privileged is possible, and only Administrator and krbtgt are recognised, by the SID "
             "that the cloud sends."},
    {"policy", "min_rsa", OPT_UNSIGNED, P(min_rsa_bits), .preset = "2048", LIMITS("2048", "4096"),
     .help = "The least number of bits of an RSA key."},
    {"policy", "min_ec", OPT_UNSIGNED, P(min_ec_bits), .preset = "256", LIMITS("256", "384"),
     .help = "The least number of bits of an elliptic-curve key."},
    {"policy", "max_validity", OPT_DURATION, P(max_validity_ms), .preset = "0", LIMITS("0", "100y"),
     .help =
         "The longest validity a profile may ask for, and what is asked for when the template's "
         "is longer. 0 is no limit but the template's."},
    {"policy", "per_user_hour", OPT_UNSIGNED, P(per_user_hour), .preset = "0",
     LIMITS("0", "1000000"),
     .help =
         "How many certificates may be asked for within an hour for one user; more are refused. "
         "0 is no limit."},
    {"policy", "per_device_hour", OPT_UNSIGNED, P(per_device_hour), .preset = "0",
     LIMITS("0", "1000000"), .help = "The same for one device."},
    {"policy", "per_hour", OPT_UNSIGNED, P(per_hour), .preset = "0", LIMITS("0", "10000000"),
     .help = "The same for all together."},
    {.key = NULL},
};
