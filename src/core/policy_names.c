/* SPDX-License-Identifier: Apache-2.0 */
/* The names of a certificate against the patterns and suffixes of a policy. */
#include <stdio.h>
#include <string.h>

#include "certferry/text.h"
#include "policy_internal.h"

/* What people call an attribute; its OID when it has no keyword. */
static const char *
keyword_of(const char *oid)
{
    static const char *const keywords[] = {"CN", "OU", "O",  "L", "ST", "C",      "DC",
                                           "E",  "G",  "SN", "T", "I",  "STREET", "SERIALNUMBER",
                                           "UID"};
    char known[CF_DN_OID_MAX];

    for (size_t i = 0; i < CF_COUNT(keywords); i++) {
        if (cf_dn_type_oid(keywords[i], known, NULL) == CF_OK && strcmp(known, oid) == 0)
            return keywords[i];
    }
    return oid;
}

struct attr_check {
    char *const *rules;
    bool is_refusal;
    const char *option;
    const char *policy;
    size_t n;
};

/* A rule that cannot be read would let everything pass, or nothing: the configuration has to be
 * corrected. */
static enum cf_rc
fail_rule(const struct attr_check *check, struct cf_err *err)
{
    (void)cf_err_prefix(err, "[policy %s] %s", check->policy, check->option);
    err->rc = CF_E_CONFIG;
    err->fault = CF_FAULT_CONFIG;
    return CF_E_CONFIG;
}

static enum cf_rc
check_attr(void *arg, const char *oid, const char *value, struct cf_err *err)
{
    struct attr_check *check = arg;

    check->n++;
    for (char *const *rule = check->rules; *rule; rule++) {
        char rule_oid[CF_DN_OID_MAX];
        const char *pattern = NULL;

        if (cf_subject_rule_read(*rule, rule_oid, &pattern, err) != CF_OK)
            return fail_rule(check, err);
        if (strcmp(rule_oid, oid) != 0)
            continue;
        if (!check->is_refusal && cf_policy_match(pattern, value))
            return CF_OK;
        if (check->is_refusal && cf_policy_match_folded(pattern, value))
            return cf_fail(err, CF_E_POLICY,
                           "profile.subjectNameFormat: %s=%.80s is refused by [policy %.40s] "
                           "subject_refuse: %.60s; change the profile or the rule",
                           keyword_of(oid), value, check->policy, *rule);
    }
    if (check->is_refusal)
        return CF_OK;
    return cf_fail(err, CF_E_POLICY,
                   "profile.subjectNameFormat: %s=%.80s matches no rule of [policy %.40s] "
                   "subject_allow; change the profile or add one",
                   keyword_of(oid), value, check->policy);
}

static enum cf_rc
judge_subject(const struct cf_names_judging *judging, bool is_refusal, struct cf_rule_note *note,
              struct cf_err *err)
{
    const struct cf_policy_settings *policy = judging->grant->policy;
    struct attr_check check = {
        .rules = is_refusal ? policy->subject_refuse : policy->subject_allow,
        .is_refusal = is_refusal,
        .option = is_refusal ? "subject_refuse" : "subject_allow",
        .policy = policy->name,
    };

    if (!check.rules || !check.rules[0]) {
        cf_rule_is_idle(note, "not configured");
        return CF_OK;
    }
    CF_TRY(cf_dn_each(judging->names->subject, check_attr, &check, err));
    if (check.n == 0)
        cf_rule_is_idle(note, "the subject is empty");
    else
        cf_rule_says(note, "%zu attribute%s of the subject compared, %s", check.n,
                     check.n == 1 ? "" : "s", is_refusal ? "none is refused" : "each is allowed");
    return CF_OK;
}

static enum cf_rc
judge_subject_allow(void *judging, struct cf_rule_note *note, struct cf_err *err)
{
    return judge_subject(judging, false, note, err);
}

static enum cf_rc
judge_subject_refuse(void *judging, struct cf_rule_note *note, struct cf_err *err)
{
    return judge_subject(judging, true, note, err);
}

static enum cf_rc
check_name(const struct attr_check *check, enum cf_san_type type, const char *value,
           struct cf_err *err)
{
    for (char *const *rule = check->rules; *rule; rule++) {
        enum cf_san_type rule_type = CF_SAN_EMAIL;
        const char *pattern = NULL;

        if (cf_san_rule_read(*rule, &rule_type, &pattern, err) != CF_OK)
            return fail_rule(check, err);
        if (rule_type != type)
            continue;
        if (!check->is_refusal && cf_policy_match(pattern, value))
            return CF_OK;
        if (check->is_refusal && cf_policy_match_folded(pattern, value))
            return cf_fail(err, CF_E_POLICY,
                           "profile.subjectAlternativeNames: %s %.80s is refused by [policy "
                           "%.40s] san_refuse: %.60s; change the profile or the rule",
                           cf_san_type_name(type), value, check->policy, *rule);
    }
    if (check->is_refusal)
        return CF_OK;
    return cf_fail(err, CF_E_POLICY,
                   "profile.subjectAlternativeNames: %s %.80s matches no rule of [policy %.40s] "
                   "san_allow; change the profile or add one",
                   cf_san_type_name(type), value, check->policy);
}

static enum cf_rc
judge_san(const struct cf_names_judging *judging, bool is_refusal, struct cf_rule_note *note,
          struct cf_err *err)
{
    const struct cf_policy_settings *policy = judging->grant->policy;
    const struct cf_san *san = judging->names->san;
    const struct attr_check check = {
        .rules = is_refusal ? policy->san_refuse : policy->san_allow,
        .is_refusal = is_refusal,
        .option = is_refusal ? "san_refuse" : "san_allow",
        .policy = policy->name,
    };
    size_t n = cf_san_count(san);

    if (!check.rules || !check.rules[0]) {
        cf_rule_is_idle(note, "not configured");
        return CF_OK;
    }
    for (size_t i = 0; i < n; i++) {
        /* The connector adds it behind this rule, and only the account's own: ask_names.c. */
        if (judging->names->are_issued && cf_sid_of_name(san, i))
            continue;
        CF_TRY(check_name(&check, cf_san_type_at(san, i), cf_san_value_at(san, i), err));
    }
    if (n == 0)
        cf_rule_is_idle(note, "there are no alternative names");
    else
        cf_rule_says(note, "%zu alternative name%s compared, %s", n, n == 1 ? "" : "s",
                     is_refusal ? "none is refused" : "each is allowed");
    return CF_OK;
}

static enum cf_rc
judge_san_allow(void *judging, struct cf_rule_note *note, struct cf_err *err)
{
    return judge_san(judging, false, note, err);
}

static enum cf_rc
judge_san_refuse(void *judging, struct cf_rule_note *note, struct cf_err *err)
{
    return judge_san(judging, true, note, err);
}

/* The whole of what stands behind the only '@'. */
static bool
has_suffix(const char *upn, const char *suffix)
{
    const char *at = strchr(upn, '@');

    return at && at > upn && !strchr(at + 1, '@') && cf_text_equal_nocase(at + 1, suffix);
}

static enum cf_rc
check_upn(const struct cf_policy_settings *policy, const char *member, const char *upn,
          struct cf_err *err)
{
    for (char *const *suffix = policy->upn_suffixes; *suffix; suffix++) {
        if (has_suffix(upn, *suffix))
            return CF_OK;
    }
    return cf_fail(err, CF_E_POLICY,
                   "%s: %.100s ends in none of [policy %.40s] upn_suffixes; add its suffix if it "
                   "is one of yours",
                   member, upn, policy->name);
}

static enum cf_rc
judge_suffixes(void *arg, struct cf_rule_note *note, struct cf_err *err)
{
    const struct cf_names_judging *judging = arg;
    const struct cf_policy_settings *policy = judging->grant->policy;
    const struct cf_request *request = judging->names->facts->request;
    const struct cf_san *san = judging->names->san;
    size_t n = 0;

    if (!policy->upn_suffixes || !policy->upn_suffixes[0]) {
        cf_rule_is_idle(note, "not configured");
        return CF_OK;
    }
    if (!request->profile.is_device) {
        if (!request->user.upn || !request->user.upn[0])
            return cf_fail(err, CF_E_POLICY,
                           "user.userPrincipalName: missing, and [policy %s] upn_suffixes wants a "
                           "certain one for certificates of users",
                           policy->name);
        CF_TRY(check_upn(policy, "user.userPrincipalName", request->user.upn, err));
        n++;
    }
    for (size_t i = 0; i < cf_san_count(san); i++) {
        if (cf_san_type_at(san, i) != CF_SAN_UPN)
            continue;
        CF_TRY(check_upn(policy, "profile.subjectAlternativeNames", cf_san_value_at(san, i), err));
        n++;
    }
    if (n == 0)
        cf_rule_is_idle(note, "there is no user principal name");
    else
        cf_rule_says(note, "%zu user principal name%s compared, each ends in one of the suffixes",
                     n, n == 1 ? "" : "s");
    return CF_OK;
}

enum cf_rc
cf_policy_judge_names(const struct cf_grant *grant, const struct cf_policy_names *names,
                      cf_policy_rule_fn *explain, void *arg, struct cf_err *err)
{
    static const struct cf_rule rules[] = {
        {"subject_allow", judge_subject_allow, false},
        {"subject_refuse", judge_subject_refuse, false},
        {"san_allow", judge_san_allow, false},
        {"san_refuse", judge_san_refuse, false},
        {"upn_suffixes", judge_suffixes, false},
        {"refused_accounts", cf_rule_refused_accounts, false},
        {"refused_groups", cf_rule_refused_groups, false},
    };
    struct cf_names_judging judging = {.grant = grant, .names = names};

    return cf_rules_judge(rules, CF_COUNT(rules), &judging, explain, arg, err);
}
