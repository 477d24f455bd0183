/* SPDX-License-Identifier: Apache-2.0 */
/* print - the settings as a configuration file again, and what a reload leaves as it was. */
#include <string.h>

#include "certferry/config.h"
#include "value.h"

enum { VALUE_MAX = 128 * 1024 };

static enum cf_rc
print_section(const struct cf_section *section, const char *name, const char *backend,
              const void *base, struct cf_buf *out, struct cf_err *err)
{
    bool is_first = cf_buf_len(out) == 0;

    CF_TRY(cf_buf_appendf(out, err, "%s[%s%s%s]\n", is_first ? "" : "\n", section->type,
                          name ? " " : "", name ? name : ""));
    for (size_t i = 0; i < cf_n_options; i++) {
        const struct cf_option *option = &cf_options[i];
        cf_own(cf_buf) value = cf_buf_new(VALUE_MAX);
        bool is_set = false;

        if (!value)
            return cf_fail_oom(err);
        if (strcmp(option->section, section->type) != 0 ||
            (option->backend && (!backend || strcmp(option->backend, backend) != 0)))
            continue;
        CF_TRY(cf_value_print(option, base, value, &is_set, err));
        if (is_set)
            CF_TRY(cf_buf_appendf(out, err, "%s = %s\n", option->key, cf_buf_str(value)));
    }
    return CF_OK;
}

enum cf_rc
cf_config_print(const struct cf_settings *settings, struct cf_buf *out, struct cf_err *err)
{
    for (size_t i = 0; i < cf_n_sections; i++) {
        const struct cf_section *section = &cf_sections[i];

        if (!section->has_name) {
            CF_TRY(print_section(section, NULL, NULL, settings, out, err));
        } else if (strcmp(section->type, "ca") == 0) {
            for (size_t k = 0; k < settings->n_cas; k++)
                CF_TRY(print_section(section, settings->cas[k]->name, settings->cas[k]->backend,
                                     settings->cas[k], out, err));
        } else {
            for (size_t k = 0; k < settings->n_templates; k++)
                CF_TRY(print_section(section, settings->templates[k]->name, NULL,
                                     settings->templates[k], out, err));
        }
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

enum cf_rc
cf_config_restart_needed(const struct cf_settings *old, const struct cf_settings *fresh,
                         struct cf_buf *out, struct cf_err *err)
{
    const char *blank = "";

    for (size_t i = 0; i < cf_n_options; i++) {
        const struct cf_option *option = &cf_options[i];
        bool changed = false;

        if (!(option->flags & CF_OPTION_RESTART))
            continue;
        CF_TRY(is_changed(option, old, fresh, &changed, err));
        if (!changed)
            continue;
        CF_TRY(cf_buf_appendf(out, err, "%s%s.%s", blank, option->section, option->key));
        blank = " ";
    }
    return CF_OK;
}
