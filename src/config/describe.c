/* SPDX-License-Identifier: Apache-2.0 */
#include "describe.h"

#include <ctype.h>
#include <string.h>

#include "certferry/text.h"

enum { COLUMNS = 100 };

enum cf_rc
cf_wrap(struct cf_buf *out, const char *prefix, const char *text, struct cf_err *err)
{
    /* A tab is as wide as scdoc's reader shows it. */
    size_t begin = *prefix == '\t' ? 8 : strlen(prefix);
    size_t column = 0;

    for (const char *at = text; *at;) {
        size_t len = strcspn(at, " ");
        if (column > 0 && column + 1 + len > COLUMNS) {
            CF_TRY(cf_buf_append_str(out, "\n", err));
            column = 0;
        }
        CF_TRY(cf_buf_append_str(out, column == 0 ? prefix : " ", err));
        CF_TRY(cf_buf_append(out, at, len, err));
        column = (column == 0 ? begin : column + 1) + len;
        at += len;
        at += strspn(at, " ");
    }
    return cf_buf_append_str(out, "\n", err);
}

static enum cf_rc
describe_choices(const struct cf_choice *choice, struct cf_buf *out, struct cf_err *err)
{
    const char *comma = " One of";

    for (; choice->name; choice++) {
        CF_TRY(cf_buf_appendf(out, err, "%s %s", comma, choice->name));
        comma = ",";
    }
    return cf_buf_append_str(out, ".", err);
}

static enum cf_rc
describe_default(const struct cf_option *option, struct cf_buf *out, struct cf_err *err)
{
    const char *when = option->when;

    if (option->preset)
        return cf_buf_appendf(out, err, " Default: %s.", option->preset);
    if (option->flags & (CF_OPTION_REQUIRED | CF_OPTION_NEEDED))
        return cf_buf_append_str(out, " Needed.", err);
    if (!when)
        return CF_OK;
    if (cf_text_starts_with(when, "needed") || cf_text_starts_with(when, "this"))
        return cf_buf_appendf(out, err, " %c%s.", toupper((unsigned char)*when), when + 1);
    return cf_buf_appendf(out, err, " Default: %s.", when);
}

enum cf_rc
cf_describe(const struct cf_option *option, bool with_default, struct cf_buf *out,
            struct cf_err *err)
{
    if (option->only)
        CF_TRY(cf_buf_appendf(out, err, "With %s: ", option->only));
    CF_TRY(cf_buf_append_str(out, option->help, err));
    if (option->choices)
        CF_TRY(describe_choices(option->choices, out, err));
    if (option->min)
        CF_TRY(cf_buf_appendf(out, err, " From %s to %s.", option->min, option->max));
    if (with_default || !option->preset)
        CF_TRY(describe_default(option, out, err));
    if (option->flags & CF_OPTION_RESTART)
        CF_TRY(cf_buf_append_str(out, " A change takes effect at the next start.", err));
    return CF_OK;
}
