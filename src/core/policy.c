/* SPDX-License-Identifier: Apache-2.0 */
/* CA, template, policy, key, usages and validity: what is judged before names are filled in. */
#include "certferry/policy.h"

#include <stdio.h>
#include <string.h>

#include "certferry/text.h"
#include "policy_internal.h"

typedef unsigned long long ull;

struct judging {
    const struct cf_settings *settings;
    const struct cf_request *request;
    const struct cf_policy_completer *completer;
    struct cf_grant grant;
    bool has_key;
};

static enum cf_rc
judge_ca_section(struct judging *judging, struct cf_rule_note *note, struct cf_err *err)
{
    const char *name = judging->request->ca_section;

    for (size_t i = 0; i < judging->settings->n_cas; i++) {
        if (strcmp(judging->settings->cas[i]->name, name) == 0)
            judging->grant.ca = judging->settings->cas[i];
    }
    if (!judging->grant.ca)
        return cf_fail(err, CF_E_POLICY, "there is no [ca %.64s]", name);
    cf_rule_says(note, "there is a [ca %.64s]", name);
    return CF_OK;
}

static enum cf_rc
judge_ca(void *arg, struct cf_rule_note *note, struct cf_err *err)
{
    struct judging *judging = arg;
    const struct cf_request *request = judging->request;

    if (request->ca_section)
        return judge_ca_section(judging, note, err);
    judging->grant.ca = cf_settings_find_ca(judging->settings, request->ca_host, request->ca_name);
    if (!judging->grant.ca)
        return cf_fail(err, CF_E_POLICY,
                       "certificationAuthority: no [ca] section has host = %.80s and name = %.80s",
                       request->ca_host, request->ca_name);
    cf_rule_says(note, "%.80s and %.80s are host and name of [ca %.64s]", request->ca_host,
                 request->ca_name, judging->grant.ca->name);
    return CF_OK;
}

static enum cf_rc
judge_template(void *arg, struct cf_rule_note *note, struct cf_err *err)
{
    struct judging *judging = arg;
    const char *name = judging->request->template_name;
    const struct cf_ca_settings *ca = judging->grant.ca;

    judging->grant.template_settings = cf_ca_settings_template(ca, name);
    if (!judging->grant.template_settings)
        return cf_fail(err, CF_E_POLICY,
                       "certificateTemplateName: '%.80s' is not allowed; [ca %s] templates does "
                       "not list it",
                       name, ca->name);
    cf_rule_says(note, "[ca %.64s] templates lists '%.80s'", ca->name, name);
    return CF_OK;
}

static enum cf_rc
judge_section(void *arg, struct cf_rule_note *note, struct cf_err *err)
{
    struct judging *judging = arg;
    struct cf_grant *grant = &judging->grant;
    bool is_device = judging->request->profile.is_device;
    const char *type_name = is_device ? "device" : "user";

    grant->policy =
        cf_settings_find_policy(judging->settings, grant->ca->name, grant->template_settings->name,
                                is_device ? CF_TYPES_DEVICE : CF_TYPES_USER);
    if (!grant->policy)
        return cf_fail(
            err, CF_E_POLICY,
            "certificateTemplateName: no [policy] section allows it: none has ca = %.60s, "
            "templates = %.60s and certificate_type = %s; what no policy allows is "
            "refused",
            grant->ca->name, grant->template_settings->name, type_name);
    cf_rule_says(note,
                 "[policy %.64s] is the first for CA %.40s, template %.40s and %s certificates",
                 grant->policy->name, grant->ca->name, grant->template_settings->name, type_name);
    return CF_OK;
}

/* Only now: what is not allowed at all is not worth asking the CA about. */
static enum cf_rc
judge_completion(void *arg, struct cf_rule_note *note, struct cf_err *err)
{
    struct judging *judging = arg;
    struct cf_grant *grant = &judging->grant;

    if (!judging->completer) {
        cf_rule_is_idle(note, "the CA was not asked; judged as configured");
        return CF_OK;
    }
    grant->completed = cf_template_settings_copy(grant->template_settings);
    if (!grant->completed)
        return cf_fail_oom(err);
    CF_TRY(judging->completer->complete(judging->completer->arg, grant->ca, grant->completed, err));
    grant->template_settings = grant->completed;
    if (grant->completed->oid)
        cf_rule_says(note, "the CA knows it as %.100s", grant->completed->oid);
    else
        cf_rule_says(note, "as configured and, where the CA says more, as it says");
    return CF_OK;
}

static enum cf_rc
choose_key(const struct cf_template_settings *template_settings, unsigned key_size,
           enum cf_key_kind *ret_key, struct cf_err *err)
{
    if (key_size == 0) {
        *ret_key = template_settings->key;
        return CF_OK;
    }
    for (unsigned kind = 0; kind < CF_KEY_KIND_MAX_; kind++) {
        if (cf_key_kind_bits((enum cf_key_kind)kind) == key_size) {
            *ret_key = (enum cf_key_kind)kind;
            return CF_OK;
        }
    }
    return cf_fail(err, CF_E_UNSUPPORTED,
                   "profile.keySize: %u is not one of 2048, 3072, 4096, 256, 384", key_size);
}

static enum cf_rc
judge_key(void *arg, struct cf_rule_note *note, struct cf_err *err)
{
    struct judging *judging = arg;
    const struct cf_template_settings *template_settings = judging->grant.template_settings;
    enum cf_key_kind key = template_settings->key;

    CF_TRY(choose_key(template_settings, judging->request->profile.key_size, &key, err));
    judging->grant.key = key;
    judging->has_key = true;
    unsigned bits = cf_key_kind_bits(key);
    if (cf_key_kind_is_rsa(key) && bits < template_settings->min_rsa_bits)
        return cf_fail(err, CF_E_POLICY,
                       "profile.keySize: %u is below the %llu bits that [template %s] min_key asks "
                       "for; raise the key size in the profile",
                       bits, (ull)template_settings->min_rsa_bits, template_settings->name);
    /* The floor that the embedded CA has, for those that have none. */
    if (!cf_key_kind_is_rsa(key) && !cf_key_kind_is_rsa(template_settings->key) &&
        bits < cf_key_kind_bits(template_settings->key))
        return cf_fail(err, CF_E_POLICY,
                       "profile.keySize: %u is below the %u bits of [template %s] key; raise the "
                       "key size in the profile",
                       bits, cf_key_kind_bits(template_settings->key), template_settings->name);
    cf_rule_says(note, "%s of %u bits is no less than [template %.64s] asks for",
                 cf_key_kind_is_rsa(key) ? "RSA" : "EC", bits, template_settings->name);
    return CF_OK;
}

static enum cf_rc
judge_floor(const struct judging *judging, bool is_rsa, uint64_t floor, const char *option,
            struct cf_rule_note *note, struct cf_err *err)
{
    unsigned bits = cf_key_kind_bits(judging->grant.key);
    const char *kind = is_rsa ? "RSA" : "EC";

    if (!judging->has_key) {
        cf_rule_is_idle(note, "no key of this size can be made");
    } else if (cf_key_kind_is_rsa(judging->grant.key) != is_rsa) {
        cf_rule_is_idle(note, "the key is no %s key", kind);
    } else if (floor == 0) {
        cf_rule_is_idle(note, "not configured");
    } else if (bits < floor) {
        return cf_fail(err, CF_E_POLICY,
                       "profile.keySize: %s of %u bits is below [policy %s] %s = %llu; raise the "
                       "key size in the profile",
                       kind, bits, judging->grant.policy->name, option, (ull)floor);
    } else {
        cf_rule_says(note, "%u bits are no less than %llu", bits, (ull)floor);
    }
    return CF_OK;
}

static enum cf_rc
judge_min_rsa(void *arg, struct cf_rule_note *note, struct cf_err *err)
{
    const struct judging *judging = arg;

    return judge_floor(judging, true, judging->grant.policy->min_rsa_bits, "min_rsa", note, err);
}

static enum cf_rc
judge_min_ec(void *arg, struct cf_rule_note *note, struct cf_err *err)
{
    const struct judging *judging = arg;

    return judge_floor(judging, false, judging->grant.policy->min_ec_bits, "min_ec", note, err);
}

struct oids {
    const char *const *oid;
    size_t n;
};

static bool
has_oid(struct oids list, const char *oid)
{
    for (size_t i = 0; i < list.n; i++) {
        if (strcmp(list.oid[i], oid) == 0)
            return true;
    }
    return false;
}

/* What the CA puts in anyway has to hold what the profile wants. */
static enum cf_rc
check_fixed_eku(const struct judging *judging, struct oids own, struct cf_err *err)
{
    const struct cf_request_profile *profile = &judging->request->profile;
    char listed[96] = "none";

    for (size_t i = 0, len = 0; i < own.n && len < sizeof listed; i++) {
        int n = snprintf(listed + len, sizeof listed - len, "%s%s", i > 0 ? ", " : "", own.oid[i]);
        len += n > 0 ? (size_t)n : 0;
    }
    for (size_t i = 0; i < profile->n_eku; i++) {
        if (!has_oid(own, profile->eku[i]))
            return cf_fail(err, CF_E_POLICY,
                           "profile.extendedKeyUsages: %.40s is not among those the CA puts in by "
                           "template %.40s (%s); change the profile or the template",
                           profile->eku[i], judging->grant.template_settings->name, listed);
    }
    return CF_OK;
}

/* Usages by which a certificate is good for more than its holder: a CA's template does not bring
 * them in unless the configuration names them. */
static enum cf_rc
check_wide_eku(const struct judging *judging, struct oids own, struct cf_err *err)
{
    static const char *const WIDE[] = {"2.5.29.37.0", "1.3.6.1.4.1.311.20.2.1"};
    const struct cf_policy_settings *policy = judging->grant.policy;
    const struct cf_template_settings *template_settings = judging->grant.template_settings;
    const struct oids named = {(const char *const *)policy->eku, policy->n_eku};

    if (template_settings->given & CF_TEMPLATE_EKU)
        return CF_OK;
    if (own.n == 0)
        return cf_fail(err, CF_E_POLICY,
                       "certificateTemplateName: template %.60s names no usage at the CA, and a "
                       "certificate without any is good for all; add application policies to it",
                       template_settings->name);
    for (size_t i = 0; i < CF_COUNT(WIDE); i++) {
        if (has_oid(own, WIDE[i]) && !has_oid(named, WIDE[i]))
            return cf_fail(err, CF_E_POLICY,
                           "certificateTemplateName: the CA puts in %s by template %.60s (any "
                           "purpose, or requests for others); take it out of the template or add "
                           "it to [policy %.60s] eku",
                           WIDE[i], template_settings->name, policy->name);
    }
    return CF_OK;
}

/* A profile without usages gets those of the template, which a policy's list may not hold. */
static enum cf_rc
judge_eku(void *arg, struct cf_rule_note *note, struct cf_err *err)
{
    struct judging *judging = arg;
    const struct cf_policy_settings *policy = judging->grant.policy;
    const struct cf_template_settings *template_settings = judging->grant.template_settings;
    const struct cf_request_profile *profile = &judging->request->profile;
    const struct oids own = {(const char *const *)template_settings->eku, template_settings->n_eku};
    const struct oids allowed =
        policy->n_eku > 0 ? (struct oids){(const char *const *)policy->eku, policy->n_eku} : own;
    bool is_own = profile->n_eku == 0 || template_settings->eku_is_fixed;
    const struct oids asked = is_own ? own : (struct oids){profile->eku, profile->n_eku};
    bool is_policys = policy->n_eku > 0;
    const char *section = is_policys ? "policy" : "template";
    const char *name = is_policys ? policy->name : template_settings->name;

    if (template_settings->eku_is_fixed) {
        CF_TRY(check_wide_eku(judging, own, err));
        CF_TRY(check_fixed_eku(judging, own, err));
    }
    judging->grant.eku = asked.oid;
    judging->grant.n_eku = asked.n;
    for (size_t i = 0; i < asked.n; i++) {
        if (!has_oid(allowed, asked.oid[i]))
            return cf_fail(err, CF_E_POLICY,
                           "profile.extendedKeyUsages: %.64s%s is not among the usages of [%s %s]; "
                           "take it out of the profile or add it to eku",
                           asked.oid[i], is_own ? ", from the template," : "", section, name);
    }
    if (is_policys && asked.n == 0)
        return cf_fail(err, CF_E_POLICY,
                       "profile.extendedKeyUsages: neither the profile nor [template %s] names a "
                       "usage, and a certificate without any is good for all; [policy %s] eku "
                       "limits them: name one in the profile",
                       template_settings->name, policy->name);
    if (asked.n == 0)
        cf_rule_is_idle(note, "neither profile nor template names a usage");
    else
        cf_rule_says(note, "%zu usage%s, all among those of [%s %.64s]", asked.n,
                     asked.n == 1 ? "" : "s", section, name);
    return CF_OK;
}

static enum cf_rc
judge_validity(void *arg, struct cf_rule_note *note, struct cf_err *err)
{
    struct judging *judging = arg;
    const struct cf_policy_settings *policy = judging->grant.policy;
    uint64_t wish = judging->request->profile.validity_ms;
    uint64_t own = judging->grant.template_settings->validity_ms;
    char asked[64], longest[64];

    judging->grant.validity_ms = wish;
    if (policy->max_validity_ms == 0) {
        cf_rule_is_idle(note, "not configured");
        return CF_OK;
    }
    cf_text_from_duration(wish, asked, sizeof asked);
    cf_text_from_duration(policy->max_validity_ms, longest, sizeof longest);
    if (wish > policy->max_validity_ms)
        return cf_fail(err, CF_E_POLICY,
                       "profile.validityPeriod: %s is longer than [policy %s] max_validity = %s; "
                       "shorten it in the profile",
                       asked, policy->name, longest);
    if (wish > 0) {
        cf_rule_says(note, "%s is not longer than %s", asked, longest);
    } else if (own == 0 || own > policy->max_validity_ms) {
        judging->grant.validity_ms = policy->max_validity_ms;
        cf_rule_says(note,
                     "the profile names none and the template's may be longer: %s is asked "
                     "for",
                     longest);
    } else {
        cf_rule_says(note, "the profile names none, and the template's is not longer than %s",
                     longest);
    }
    return CF_OK;
}

void
cf_grant_done(struct cf_grant *grant)
{
    cf_template_settings_free(grant->completed);
    *grant = (struct cf_grant){0};
}

enum cf_rc
cf_policy_judge(const struct cf_settings *settings, const struct cf_request *request,
                const struct cf_policy_completer *completer, cf_policy_rule_fn *explain, void *arg,
                struct cf_grant *ret_grant, struct cf_err *err)
{
    static const struct cf_rule rules[] = {
        {"[ca]", judge_ca, true},
        {"[ca] templates", judge_template, true},
        {"[policy]", judge_section, true},
        {"[template]", judge_completion, true},
        {"min_key", judge_key, false},
        {"min_rsa", judge_min_rsa, false},
        {"min_ec", judge_min_ec, false},
        {"eku", judge_eku, false},
        {"max_validity", judge_validity, false},
    };
    struct judging judging = {.settings = settings, .request = request, .completer = completer};

    enum cf_rc rc = cf_rules_judge(rules, CF_COUNT(rules), &judging, explain, arg, err);
    if (rc == CF_OK)
        *ret_grant = judging.grant;
    else
        cf_grant_done(&judging.grant);
    return rc;
}
