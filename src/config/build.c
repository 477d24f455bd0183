/* SPDX-License-Identifier: Apache-2.0 */
/* build - each option's text, or its default, into its place. */
#include "build.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "certferry/text.h"
#include "value.h"

void
cf_build_fault(const struct cf_build *build, const char *type, const char *name, const char *key,
               const char *format, ...)
{
    const struct cf_ini_section *section = cf_ini_find_section(build->ini, type, name);
    const struct cf_ini_entry *entry = cf_ini_find_entry(section, key);
    struct cf_place place = entry ? entry->place : section ? section->place : build->top;
    char text[400];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cf_faults_add(build->faults, place, "[%s%s%s] %s: %s", type, *name ? " " : "", name, key, text);
}

const char *
cf_build_value(const struct cf_build *build, const char *type, const char *name, const char *key)
{
    const struct cf_ini_entry *entry =
        cf_ini_find_entry(cf_ini_find_section(build->ini, type, name), key);

    return entry ? entry->value : NULL;
}

/* The default fills the place also after a fault, so that one fault does not look like two. */
static enum cf_rc
fill_preset(struct cf_build *build, const struct cf_option *option, const char *name, void *base,
            struct cf_err *err)
{
    cf_own_str preset = NULL;
    const char *state_dir = build->settings->state_dir;

    CF_TRY(cf_value_preset(option, state_dir ? state_dir : "", name, &preset, err));
    if (!preset)
        return CF_OK;
    struct cf_err own = {0};
    enum cf_rc rc = cf_value_parse(option, preset, base, &own);
    if (rc == CF_OK)
        return CF_OK;
    if (rc == CF_E_OOM || rc == CF_E_BUG)
        return cf_fail(err, rc, "%s", own.text);
    /* Made of another option that is at its limit, such as a very long state_dir. */
    cf_build_fault(build, option->section, name, option->key, "its default cannot be used: %s",
                   own.text);
    return CF_OK;
}

static enum cf_rc
fill(struct cf_build *build, const struct cf_option *option, const char *name, void *base,
     struct cf_err *err)
{
    const char *text = cf_build_value(build, option->section, name, option->key);
    struct cf_err own = {0};

    if (option->type == OPT_TEMPLATES)
        return CF_OK;
    if (!text && (option->flags & CF_OPTION_REQUIRED))
        cf_build_fault(build, option->section, name, option->key, "is missing: %s", option->help);
    if (text) {
        enum cf_rc rc = cf_value_parse(option, text, base, &own);
        if (rc == CF_OK)
            return CF_OK;
        if (rc == CF_E_OOM || rc == CF_E_BUG)
            return cf_fail(err, rc, "%s", own.text);
        cf_build_fault(build, option->section, name, option->key, "%s", own.text);
    }
    return fill_preset(build, option, name, base, err);
}

/* backend NULL: of a section that is no CA's. */
static void
check_choice(const struct cf_build *build, const struct cf_option *option, const char *name,
             const char *backend, const void *base)
{
    bool is_written = cf_build_value(build, option->section, name, option->key) != NULL;
    bool applies = cf_option_applies(option, backend, base);

    if (is_written && !applies)
        cf_build_fault(build, option->section, name, option->key,
                       "belongs to %s, which this %s does not have: remove it", option->only,
                       backend ? "CA" : "section");
    else if (!is_written && applies && (option->flags & CF_OPTION_NEEDED) && option->only)
        cf_build_fault(build, option->section, name, option->key,
                       "is missing: it is needed with %s", option->only);
    else if (!is_written && applies && (option->flags & CF_OPTION_NEEDED))
        cf_build_fault(build, option->section, name, option->key,
                       "is missing: it is needed with backend = %s", backend);
}

static enum cf_rc
fill_section(struct cf_build *build, const char *type, const char *name, void *base,
             struct cf_err *err)
{
    const struct cf_section *section = cf_section_find(type);

    for (const struct cf_option *option = section->options; option->key;
         option = cf_option_next(option)) {
        if (option->backend)
            continue;
        CF_TRY(fill(build, option, name, base, err));
        if (option->only)
            check_choice(build, option, name, NULL, base);
    }
    return CF_OK;
}

static void
refuse_backend(const struct cf_build *build, const struct cf_ca_settings *ca,
               const struct cf_option *option)
{
    char backends[CF_BACKENDS_SIZE];

    cf_option_backends(option, backends);
    cf_build_fault(build, "ca", ca->name, option->key,
                   "belongs to backend = %s, but this CA has backend = %s: remove it", backends,
                   ca->backend);
}

/* Its own backend's keys are filled; another one's may not be written at all. */
static enum cf_rc
fill_backend(struct cf_build *build, struct cf_ca_settings *ca, struct cf_err *err)
{
    const struct cf_option *option = cf_options_ca;

    for (; option->key && ca->backend; option = cf_option_next(option)) {
        if (!option->backend)
            continue;
        if (!cf_option_is_of(option, ca->backend)) {
            if (cf_build_value(build, "ca", ca->name, option->key))
                refuse_backend(build, ca, option);
            continue;
        }
        CF_TRY(fill(build, option, ca->name, ca, err));
        check_choice(build, option, ca->name, ca->backend, ca);
    }
    return CF_OK;
}

static enum cf_rc
fill_template(struct cf_build *build, const char *name, struct cf_err *err)
{
    struct cf_settings *settings = build->settings;
    struct cf_template_settings *tmpl = calloc(1, sizeof *tmpl);

    if (!tmpl)
        return cf_fail_oom(err);
    settings->templates[settings->n_templates++] = tmpl;
    tmpl->name = strdup(name);
    if (!tmpl->name)
        return cf_fail_oom(err);
    CF_TRY(fill_section(build, "template", name, tmpl, err));
    for (const struct cf_option *option = cf_options_template; option->key; option++) {
        if (cf_build_value(build, "template", name, option->key))
            tmpl->given |= option->given;
    }
    return CF_OK;
}

static enum cf_rc
fill_ca(struct cf_build *build, const char *name, struct cf_err *err)
{
    struct cf_settings *settings = build->settings;
    struct cf_ca_settings *ca = calloc(1, sizeof *ca);

    if (!ca)
        return cf_fail_oom(err);
    settings->cas[settings->n_cas++] = ca;
    ca->name = strdup(name);
    if (!ca->name)
        return cf_fail_oom(err);
    CF_TRY(fill_section(build, "ca", name, ca, err));
    return fill_backend(build, ca, err);
}

static enum cf_rc
fill_policy(struct cf_build *build, const char *name, struct cf_err *err)
{
    struct cf_settings *settings = build->settings;
    struct cf_policy_settings *policy = calloc(1, sizeof *policy);

    if (!policy)
        return cf_fail_oom(err);
    settings->policies[settings->n_policies++] = policy;
    policy->name = strdup(name);
    if (!policy->name)
        return cf_fail_oom(err);
    return fill_section(build, "policy", name, policy, err);
}

static enum cf_rc
fill_import_key(struct cf_build *build, const char *name, struct cf_err *err)
{
    struct cf_settings *settings = build->settings;
    struct cf_import_key_settings *key = calloc(1, sizeof *key);

    if (!key)
        return cf_fail_oom(err);
    settings->import_keys[settings->n_import_keys++] = key;
    key->name = strdup(name);
    if (!key->name)
        return cf_fail_oom(err);
    return fill_section(build, "import-key", name, key, err);
}

static enum cf_rc
fill_scep_profile(struct cf_build *build, const char *name, struct cf_err *err)
{
    struct cf_settings *settings = build->settings;
    struct cf_scep_profile_settings *profile = calloc(1, sizeof *profile);

    if (!profile)
        return cf_fail_oom(err);
    settings->scep_profiles[settings->n_scep_profiles++] = profile;
    profile->name = strdup(name);
    if (!profile->name)
        return cf_fail_oom(err);
    return fill_section(build, "scep-profile", name, profile, err);
}

static enum cf_rc
fill_named(struct cf_build *build, struct cf_err *err)
{
    struct cf_settings *settings = build->settings;
    size_t n = build->ini->n_sections;

    settings->templates = calloc(n + 1, sizeof *settings->templates);
    settings->cas = calloc(n + 1, sizeof *settings->cas);
    settings->policies = calloc(n + 1, sizeof *settings->policies);
    settings->import_keys = calloc(n + 1, sizeof *settings->import_keys);
    settings->scep_profiles = calloc(n + 1, sizeof *settings->scep_profiles);
    if (!settings->templates || !settings->cas || !settings->policies || !settings->import_keys ||
        !settings->scep_profiles)
        return cf_fail_oom(err);
    for (size_t i = 0; i < n; i++) {
        const struct cf_ini_section *section = &build->ini->sections[i];
        if (*section->name && strcmp(section->type, "template") == 0)
            CF_TRY(fill_template(build, section->name, err));
        else if (*section->name && strcmp(section->type, "ca") == 0)
            CF_TRY(fill_ca(build, section->name, err));
        else if (*section->name && strcmp(section->type, "policy") == 0)
            CF_TRY(fill_policy(build, section->name, err));
        else if (*section->name && strcmp(section->type, "import-key") == 0)
            CF_TRY(fill_import_key(build, section->name, err));
        else if (*section->name && strcmp(section->type, "scep-profile") == 0)
            CF_TRY(fill_scep_profile(build, section->name, err));
    }
    return CF_OK;
}

static enum cf_rc
fill_connector_id(struct cf_settings *settings, struct cf_err *err)
{
    const struct cf_option *option = cf_option_find("connector", "id");
    char host[256] = "";

    if (settings->connector_id)
        return CF_OK;
    (void)gethostname(host, sizeof host - 1);
    if (cf_value_parse(option, host, settings, NULL) == CF_OK)
        return CF_OK;
    /* A host name that cannot be sent: a fixed one is better than none. */
    return cf_value_parse(option, "certferry", settings, err);
}

enum cf_rc
cf_build_settings(struct cf_build *build, struct cf_err *err)
{
    cf_build_check_names(build);
    for (size_t i = 0; i < cf_n_sections; i++) {
        if (!cf_sections[i].has_name)
            CF_TRY(fill_section(build, cf_sections[i].type, "", build->settings, err));
    }
    build->settings->scep.is_on = cf_ini_find_section(build->ini, "scep", "") != NULL;
    CF_TRY(fill_connector_id(build->settings, err));
    CF_TRY(fill_named(build, err));
    return cf_build_cross(build, err);
}
