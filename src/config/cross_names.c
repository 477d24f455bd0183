/* SPDX-License-Identifier: Apache-2.0 */
/* cross_names - sections that other sections name. */
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "certferry/text.h"

struct cf_ca_settings *
cf_cross_find_ca(const struct cf_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->n_cas; i++) {
        if (cf_text_equal_nocase(settings->cas[i]->name, name))
            return settings->cas[i];
    }
    return NULL;
}

struct cf_template_settings *
cf_cross_find_template(const struct cf_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->n_templates; i++) {
        if (cf_text_equal_nocase(settings->templates[i]->name, name))
            return settings->templates[i];
    }
    return NULL;
}

enum cf_rc
cf_cross_respell(char **word, const char *name, struct cf_err *err)
{
    char *copy = strdup(name);

    if (!copy)
        return cf_fail_oom(err);
    free(*word);
    *word = copy;
    return CF_OK;
}

void
cf_cross_unknown(const struct cf_build *build, const char *type, const char *name, const char *key,
                 const char *wanted_type, const char *wanted)
{
    const struct cf_settings *settings = build->settings;
    const char *known[CF_INI_SECTIONS_MAX];
    size_t n = 0;

    if (strcmp(wanted_type, "ca") == 0) {
        for (; n < settings->n_cas && n < CF_COUNT(known); n++)
            known[n] = settings->cas[n]->name;
    } else {
        for (; n < settings->n_templates && n < CF_COUNT(known); n++)
            known[n] = settings->templates[n]->name;
    }
    const char *nearest = cf_text_nearest(wanted, known, n);
    if (nearest)
        cf_build_fault(build, type, name, key, "there is no section [%s %.80s]: did you mean %s?",
                       wanted_type, wanted, nearest);
    else
        cf_build_fault(build, type, name, key, "there is no section [%s %.80s]: write one",
                       wanted_type, wanted);
}
