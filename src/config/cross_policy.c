/* SPDX-License-Identifier: Apache-2.0 */
/* cross_policy - policies and the CAs and templates they name, both ways. */
#include <string.h>

#include "build.h"
#include "certferry/text.h"
#include "value.h"

static bool
names(char *const *list, const char *name)
{
    for (; list && *list; list++) {
        if (cf_text_equal_nocase(*list, name))
            return true;
    }
    return false;
}

/* By which one of the policy's CAs issues; NULL when none does. */
static const struct cf_template_settings *
find_issued(const struct cf_settings *settings, const struct cf_policy_settings *policy,
            const char *name)
{
    for (char *const *ca_name = policy->cas; *ca_name; ca_name++) {
        const struct cf_ca_settings *ca = cf_cross_find_ca(settings, *ca_name);
        const struct cf_template_settings *found = ca ? cf_ca_settings_template(ca, name) : NULL;
        if (found)
            return found;
    }
    return NULL;
}

static void
unknown_template(const struct cf_build *build, const struct cf_policy_settings *policy,
                 const char *name)
{
    const struct cf_settings *settings = build->settings;
    const char *known[CF_INI_SECTIONS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < settings->n_templates && n < CF_COUNT(known); i++) {
        if (find_issued(settings, policy, settings->templates[i]->name))
            known[n++] = settings->templates[i]->name;
    }
    const char *nearest = cf_text_nearest(name, known, n);
    if (cf_cross_find_template(settings, name))
        cf_build_fault(build, "policy", policy->name, "templates",
                       "no CA of this policy issues by %.80s: add it to templates of the [ca] "
                       "section, or remove it",
                       name);
    else if (nearest)
        cf_build_fault(build, "policy", policy->name, "templates",
                       "there is no section [template %.80s]: did you mean %s?", name, nearest);
    else
        cf_build_fault(build, "policy", policy->name, "templates",
                       "there is no section [template %.80s]: write one", name);
}

/* *all_found false after a fault; lists of policies and CAs that could not be read have been told
 * already. */
static enum cf_rc
cross_names(const struct cf_build *build, const struct cf_policy_settings *policy, bool *all_found,
            struct cf_err *err)
{
    bool has_cas = policy->cas && policy->templates;

    for (char **name = policy->cas; name && *name; name++) {
        const struct cf_ca_settings *ca = cf_cross_find_ca(build->settings, *name);
        if (ca) {
            CF_TRY(cf_cross_respell(name, ca->name, err));
            has_cas &= ca->n_templates > 0;
            continue;
        }
        cf_cross_unknown(build, "policy", policy->name, "ca", "ca", *name);
        has_cas = false;
    }
    *all_found &= has_cas;
    for (char **name = policy->templates; has_cas && *name; name++) {
        const struct cf_template_settings *tmpl = find_issued(build->settings, policy, *name);
        if (tmpl) {
            CF_TRY(cf_cross_respell(name, tmpl->name, err));
            continue;
        }
        unknown_template(build, policy, *name);
        *all_found = false;
    }
    return CF_OK;
}

/* The SIDs of Administrator and krbtgt are known without asking; who is in a group is not. */
static void
cross_groups(const struct cf_build *build, const struct cf_policy_settings *policy)
{
    /* An uri that could not be read is one fault, not two. */
    if (build->settings->directory.uri || cf_build_value(build, "directory", "", "uri"))
        return;
    for (char *const *group = policy->refused_groups; group && *group; group++) {
        if (strcmp(*group, "privileged") != 0) {
            cf_build_fault(build, "policy", policy->name, "refused_groups",
                           "only a directory knows who is a member of %.80s: set uri in "
                           "[directory], or remove it",
                           *group);
            return;
        }
    }
}

static bool
is_allowed(const struct cf_settings *settings, const struct cf_ca_settings *ca, const char *name)
{
    for (size_t i = 0; i < settings->n_policies; i++) {
        const struct cf_policy_settings *policy = settings->policies[i];
        if (names(policy->cas, ca->name) && names(policy->templates, name))
            return true;
    }
    return false;
}

static void
cross_cas(const struct cf_build *build)
{
    const struct cf_settings *settings = build->settings;

    for (size_t i = 0; i < settings->n_cas; i++) {
        const struct cf_ca_settings *ca = settings->cas[i];
        for (size_t k = 0; k < ca->n_templates; k++) {
            const char *name = ca->templates[k]->name;
            if (!is_allowed(settings, ca, name) && !cf_scep_is_ra_template(&settings->scep, name))
                cf_build_fault(build, "ca", ca->name, "templates",
                               "no [policy] allows %s with this CA, so it would be refused: name "
                               "both in one, or remove it",
                               name);
        }
    }
}

enum cf_rc
cf_cross_policies(struct cf_build *build, struct cf_err *err)
{
    const struct cf_settings *settings = build->settings;
    bool is_good = true;

    for (size_t i = 0; i < settings->n_policies; i++) {
        CF_TRY(cross_names(build, settings->policies[i], &is_good, err));
        cross_groups(build, settings->policies[i]);
    }
    /* A policy has to name a CA; without any, that is what is missing. */
    if (settings->n_policies == 0 && settings->n_cas > 0)
        cf_faults_add(build->faults, build->top,
                      "[policy]: there is none, so every request would be refused; write one");
    else if (is_good && settings->n_policies > 0)
        cross_cas(build);
    return CF_OK;
}
