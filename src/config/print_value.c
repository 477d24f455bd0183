/* SPDX-License-Identifier: Apache-2.0 */
/* print_value - members as the texts that are read back to the same members. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "certferry/text.h"
#include "value.h"

static enum cf_rc
print_choice(const struct cf_option *option, const void *base, struct cf_buf *out,
             struct cf_err *err)
{
    int value;

    memcpy(&value, (const char *)base + option->offset, sizeof value);
    for (const struct cf_choice *choice = option->choices; choice->name; choice++) {
        if (choice->value == value)
            return cf_buf_append_str(out, choice->name, err);
    }
    return cf_fail(err, CF_E_BUG, "option %s has the unknown value %d", option->key, value);
}

static enum cf_rc
print_size(uint64_t value, struct cf_buf *out, struct cf_err *err)
{
    static const char *const units[] = {"", "K", "M", "G"};
    size_t unit = 0;

    while (value > 0 && value % 1024 == 0 && unit + 1 < CF_COUNT(units)) {
        value /= 1024;
        unit++;
    }
    return cf_buf_appendf(out, err, "%" PRIu64 "%s", value, units[unit]);
}

static enum cf_rc
print_usages(const struct cf_option *option, unsigned usages, struct cf_buf *out,
             struct cf_err *err)
{
    const char *blank = "";

    for (const struct cf_choice *choice = option->choices; choice->name; choice++) {
        if (!(usages & (unsigned)choice->value))
            continue;
        CF_TRY(cf_buf_appendf(out, err, "%s%s", blank, choice->name));
        blank = " ";
    }
    return CF_OK;
}

static enum cf_rc
print_eku(const struct cf_option *option, const void *base, struct cf_buf *out, struct cf_err *err)
{
    char *const *oid = *cf_member_of(char **, option, base);
    size_t n;

    memcpy(&n, (const char *)base + option->count_offset, sizeof n);
    for (size_t i = 0; i < n; i++) {
        const char *name = cf_eku_name(oid[i]);
        CF_TRY(cf_buf_appendf(out, err, "%s%s", i ? " " : "", name ? name : oid[i]));
    }
    return CF_OK;
}

/* A command or list; only the latter can be without words (CF_OPTION_NONE). */
static enum cf_rc
print_words(char *const *word, struct cf_buf *out, struct cf_err *err)
{
    size_t n = 0;

    while (word[n])
        n++;
    if (n == 0)
        return cf_buf_append_str(out, "none", err);
    return cf_words_print(word, n, out, err);
}

static enum cf_rc
print_templates(const struct cf_ca_settings *ca, struct cf_buf *out, struct cf_err *err)
{
    char **name = calloc(ca->n_templates + 1, sizeof *name);

    if (!name)
        return cf_fail_oom(err);
    for (size_t i = 0; i < ca->n_templates; i++)
        name[i] = ca->templates[i]->name;
    enum cf_rc rc = cf_words_print(name, ca->n_templates, out, err);
    free(name);
    return rc;
}

/* From the three addresses, so that the text gives them again even when a preset changes. */
static enum cf_rc
print_preset(const struct cf_cloud_settings *cloud, struct cf_buf *out, struct cf_err *err)
{
    if (cloud->is_off)
        return cf_buf_append_str(out, "none", err);
    for (size_t i = 0; i < cf_n_preset_urls; i++) {
        const struct cf_preset_urls *urls = &cf_preset_urls[i];
        if (cloud->authority && cloud->graph && cloud->resource &&
            strcmp(cloud->authority, urls->authority) == 0 &&
            strcmp(cloud->graph, urls->graph) == 0 && strcmp(cloud->resource, urls->resource) == 0)
            return cf_buf_append_str(out, urls->service, err);
    }
    return cf_buf_append_str(out, "custom", err);
}

static bool
is_pointer(enum cf_option_type type)
{
    switch (type) {
    case OPT_TEXT:
    case OPT_NAME:
    case OPT_BACKEND:
    case OPT_PATH:
    case OPT_SECRET:
    case OPT_HTTPS:
    case OPT_WEB:
    case OPT_PROXY:
    case OPT_COMMAND:
    case OPT_EKU:
    case OPT_LIST:
    case OPT_TEMPLATES:
        return true;
    case OPT_CHOICE:
    case OPT_PRESET:
    case OPT_DURATION:
    case OPT_SIZE:
    case OPT_UNSIGNED:
    case OPT_BOOL:
    case OPT_USAGES:
        break;
    }
    return false;
}

enum cf_rc
cf_value_print(const struct cf_option *option, const void *base, struct cf_buf *out,
               bool *ret_is_set, struct cf_err *err)
{
    char text[64];

    if (option->type == OPT_USAGES)
        *ret_is_set = *cf_member_of(unsigned, option, base) != 0;
    else
        *ret_is_set = !is_pointer(option->type) || *cf_member_of(char *, option, base) != NULL;
    if (!*ret_is_set)
        return CF_OK;

    switch (option->type) {
    case OPT_CHOICE:
        return print_choice(option, base, out, err);
    case OPT_PRESET:
        return print_preset(&((const struct cf_settings *)base)->cloud, out, err);
    case OPT_DURATION:
        cf_text_from_duration(*cf_member_of(uint64_t, option, base), text, sizeof text);
        return cf_buf_append_str(out, text, err);
    case OPT_SIZE:
        return print_size(*cf_member_of(uint64_t, option, base), out, err);
    case OPT_UNSIGNED:
        return cf_buf_appendf(out, err, "%" PRIu64, *cf_member_of(uint64_t, option, base));
    case OPT_BOOL:
        return cf_buf_append_str(out, *cf_member_of(bool, option, base) ? "yes" : "no", err);
    case OPT_COMMAND:
    case OPT_LIST:
        return print_words(*cf_member_of(char **, option, base), out, err);
    case OPT_TEMPLATES:
        return print_templates(base, out, err);
    case OPT_USAGES:
        return print_usages(option, *cf_member_of(unsigned, option, base), out, err);
    case OPT_EKU:
        return print_eku(option, base, out, err);
    case OPT_TEXT:
    case OPT_NAME:
    case OPT_BACKEND:
    case OPT_PATH:
    case OPT_SECRET:
    case OPT_HTTPS:
    case OPT_WEB:
    case OPT_PROXY:
        break;
    }
    return cf_buf_append_str(out, *cf_member_of(char *, option, base), err);
}

enum cf_rc
cf_value_preset(const struct cf_option *option, const char *state_dir, const char *name,
                char **ret_text, struct cf_err *err)
{
    static const char STATE_DIR[] = "{state_dir}", NAME[] = "{name}";
    enum { PRESET_MAX = 2 * PATH_MAX };
    cf_own(cf_buf) out = cf_buf_new(PRESET_MAX);

    if (!out)
        return cf_fail_oom(err);
    if (!option->preset)
        return CF_OK;
    for (const char *at = option->preset; *at;) {
        if (cf_text_starts_with(at, STATE_DIR)) {
            CF_TRY(cf_buf_append_str(out, state_dir, err));
            at += strlen(STATE_DIR);
        } else if (cf_text_starts_with(at, NAME)) {
            CF_TRY(cf_buf_append_str(out, name, err));
            at += strlen(NAME);
        } else {
            CF_TRY(cf_buf_append(out, at++, 1, err));
        }
    }
    char *text = strdup(cf_buf_str(out));
    if (!text)
        return cf_fail_oom(err);
    *ret_text = text;
    return CF_OK;
}
