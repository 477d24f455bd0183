/* SPDX-License-Identifier: Apache-2.0 */
/* print - the settings as a configuration file again, and what a reload leaves as it was. */
#include <string.h>

#include "certferry/config.h"
#include "value.h"

enum { VALUE_MAX = 128 * 1024 };

/* What a template leaves to its CA has a value, but nobody gave it. */
static bool
is_left_open(const struct cf_section *section, const struct cf_option *option, const void *base)
{
    if (section->options != cf_options_template || !option->given)
        return false;
    return !(((const struct cf_template_settings *)base)->given & option->given);
}

static enum cf_rc
print_section(const struct cf_section *section, const char *name, const char *backend,
              const void *base, struct cf_buf *out, struct cf_err *err)
{
    bool is_first = cf_buf_len(out) == 0;

    CF_TRY(cf_buf_appendf(out, err, "%s[%s%s%s]\n", is_first ? "" : "\n", section->type,
                          name ? " " : "", name ? name : ""));
    for (const struct cf_option *option = section->options; option->key;
         option = cf_option_next(option)) {
        cf_own(cf_buf) value = cf_buf_new(VALUE_MAX);
        bool is_set = false;

        if (!value)
            return cf_fail_oom(err);
        if (!cf_option_applies(option, backend, base) || is_left_open(section, option, base))
            continue;
        CF_TRY(cf_value_print(option, base, value, &is_set, err));
        if (is_set)
            CF_TRY(cf_buf_appendf(out, err, "%s = %s\n", option->key, cf_buf_str(value)));
    }
    return CF_OK;
}

static enum cf_rc
print_named(const struct cf_section *section, const struct cf_settings *settings,
            struct cf_buf *out, struct cf_err *err)
{
    if (section->options == cf_options_ca) {
        for (size_t i = 0; i < settings->n_cas; i++)
            CF_TRY(print_section(section, settings->cas[i]->name, settings->cas[i]->backend,
                                 settings->cas[i], out, err));
    } else if (section->options == cf_options_template) {
        for (size_t i = 0; i < settings->n_templates; i++)
            CF_TRY(print_section(section, settings->templates[i]->name, NULL,
                                 settings->templates[i], out, err));
    } else if (section->options == cf_options_policy) {
        for (size_t i = 0; i < settings->n_policies; i++)
            CF_TRY(print_section(section, settings->policies[i]->name, NULL, settings->policies[i],
                                 out, err));
    } else if (section->options == cf_options_scep_profile) {
        for (size_t i = 0; i < settings->n_scep_profiles; i++)
            CF_TRY(print_section(section, settings->scep_profiles[i]->name, NULL,
                                 settings->scep_profiles[i], out, err));
    } else {
        for (size_t i = 0; i < settings->n_import_keys; i++)
            CF_TRY(print_section(section, settings->import_keys[i]->name, NULL,
                                 settings->import_keys[i], out, err));
    }
    return CF_OK;
}

enum cf_rc
cf_config_print(const struct cf_settings *settings, struct cf_buf *out, struct cf_err *err)
{
    for (size_t i = 0; i < cf_n_sections; i++) {
        if (cf_sections[i].has_name)
            CF_TRY(print_named(&cf_sections[i], settings, out, err));
        else if (!cf_sections[i].is_optional || settings->scep.is_on)
            CF_TRY(print_section(&cf_sections[i], NULL, NULL, settings, out, err));
    }
    return CF_OK;
}

static enum cf_rc
is_changed(const struct cf_option *option, const struct cf_settings *old,
           const struct cf_settings *fresh, bool *ret, struct cf_err *err)
{
    cf_own(cf_buf) a = cf_buf_new(VALUE_MAX);
    cf_own(cf_buf) b = cf_buf_new(VALUE_MAX);
    bool is_a_set, is_b_set;

    if (!a || !b)
        return cf_fail_oom(err);
    CF_TRY(cf_value_print(option, old, a, &is_a_set, err));
    CF_TRY(cf_value_print(option, fresh, b, &is_b_set, err));
    *ret = is_a_set != is_b_set || !cf_bytes_equal(cf_buf_bytes(a), cf_buf_bytes(b));
    return CF_OK;
}

static enum cf_rc
add_changed(const struct cf_section *section, const struct cf_settings *old,
            const struct cf_settings *fresh, struct cf_buf *out, struct cf_err *err)
{
    for (const struct cf_option *option = section->options; option->key;
         option = cf_option_next(option)) {
        bool changed = false;

        if (!(option->flags & CF_OPTION_RESTART))
            continue;
        CF_TRY(is_changed(option, old, fresh, &changed, err));
        if (changed)
            CF_TRY(cf_buf_appendf(out, err, "%s%s.%s", cf_buf_len(out) > 0 ? " " : "",
                                  section->type, option->key));
    }
    return CF_OK;
}

/* Options of named sections all take effect with a reload. */
enum cf_rc
cf_config_restart_needed(const struct cf_settings *old, const struct cf_settings *fresh,
                         struct cf_buf *out, struct cf_err *err)
{
    for (size_t i = 0; i < cf_n_sections; i++) {
        if (cf_sections[i].is_optional && old->scep.is_on != fresh->scep.is_on)
            CF_TRY(cf_buf_appendf(out, err, "%s%s", cf_buf_len(out) > 0 ? " " : "",
                                  cf_sections[i].type));
        else if (!cf_sections[i].has_name)
            CF_TRY(add_changed(&cf_sections[i], old, fresh, out, err));
    }
    return CF_OK;
}
