/* SPDX-License-Identifier: Apache-2.0 */
/* manual - the option section of certferry.conf(5), in scdoc's syntax. */
#include <string.h>

#include "certferry/config.h"
#include "describe.h"

enum { DESCRIPTION_MAX = 4096 };

static const char *
type_word(enum cf_option_type type)
{
    switch (type) {
    case OPT_TEXT:
        return "text";
    case OPT_NAME:
        return "name";
    case OPT_CHOICE:
    case OPT_BACKEND:
    case OPT_PRESET:
        return "word";
    case OPT_PATH:
        return "path";
    case OPT_SECRET:
        return "secret";
    case OPT_HTTPS:
    case OPT_WEB:
    case OPT_PROXY:
        return "url";
    case OPT_DURATION:
        return "time";
    case OPT_SIZE:
        return "size";
    case OPT_UNSIGNED:
        return "number";
    case OPT_BOOL:
        return "yes|no";
    case OPT_COMMAND:
        return "command";
    case OPT_TEMPLATES:
    case OPT_USAGES:
    case OPT_EKU:
    case OPT_LIST:
        return "list";
    }
    return "value";
}

/* To scdoc an asterisk begins bold letters, and a bracket at the begin of a line a table. */
static enum cf_rc
escape(const char *text, struct cf_buf *out, struct cf_err *err)
{
    for (; *text; text++) {
        if (*text == '*' || *text == '[')
            CF_TRY(cf_buf_append_str(out, "\\", err));
        CF_TRY(cf_buf_append(out, text, 1, err));
    }
    return CF_OK;
}

static enum cf_rc
manual_option(const struct cf_option *option, struct cf_buf *out, struct cf_err *err)
{
    cf_own(cf_buf) text = cf_buf_new(DESCRIPTION_MAX);
    cf_own(cf_buf) escaped = cf_buf_new(DESCRIPTION_MAX);
    char backends[CF_BACKENDS_SIZE];

    if (!text || !escaped)
        return cf_fail_oom(err);
    if (option->backend) {
        cf_option_backends(option, backends);
        CF_TRY(cf_buf_appendf(text, err, "With backend = %s: ", backends));
    }
    CF_TRY(cf_describe(option, true, text, err));
    CF_TRY(cf_buf_appendf(out, err, "*%s* = _%s_\n", option->key, type_word(option->type)));
    CF_TRY(escape(cf_buf_str(text), escaped, err));
    CF_TRY(cf_wrap(out, "\t", cf_buf_str(escaped), err));
    return cf_buf_append_str(out, "\n", err);
}

enum cf_rc
cf_config_manual(struct cf_buf *out, struct cf_err *err)
{
    for (size_t i = 0; i < cf_n_sections; i++) {
        const struct cf_section *section = &cf_sections[i];

        CF_TRY(cf_buf_appendf(out, err, "## [%s%s]\n\n", section->type,
                              section->has_name ? " NAME" : ""));
        CF_TRY(cf_wrap(out, "", section->help, err));
        CF_TRY(cf_buf_append_str(out, "\n", err));
        for (const struct cf_option *option = section->options; option->key;
             option = cf_option_next(option))
            CF_TRY(manual_option(option, out, err));
    }
    return CF_OK;
}
