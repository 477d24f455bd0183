/* SPDX-License-Identifier: Apache-2.0 */
/* expand - variables in texts. */
#include "expand.h"

#include <stdlib.h>
#include <string.h>

#include "certferry/buf.h"
#include "certferry/text.h"

struct part {
    bool is_variable;
    size_t len;
    char *text;
};

struct cf_pattern {
    struct part *part;
    size_t n_part;
};

struct cf_pattern *
cf_pattern_new(void)
{
    return calloc(1, sizeof(struct cf_pattern));
}

struct cf_pattern *
cf_pattern_free(struct cf_pattern *pattern)
{
    if (!pattern)
        return NULL;
    for (size_t i = 0; i < pattern->n_part; i++)
        free(pattern->part[i].text);
    free(pattern->part);
    free(pattern);
    return NULL;
}

bool
cf_pattern_is_empty(const struct cf_pattern *pattern)
{
    return pattern->n_part == 0;
}

bool
cf_pattern_uses(const struct cf_pattern *pattern, const char *variable)
{
    for (size_t i = 0; i < pattern->n_part; i++) {
        if (pattern->part[i].is_variable && cf_text_equal_nocase(pattern->part[i].text, variable))
            return true;
    }
    return false;
}

bool
cf_pattern_is_variable(const struct cf_pattern *pattern)
{
    return pattern->n_part == 1 && pattern->part[0].is_variable;
}

static enum cf_rc
add_part(struct cf_pattern *pattern, bool is_variable, const char *data, size_t len,
         struct cf_err *err)
{
    struct part *grown = reallocarray(pattern->part, pattern->n_part + 1, sizeof *grown);
    if (!grown)
        return cf_fail_oom(err);
    pattern->part = grown;
    char *text = malloc(len + 1);
    if (!text)
        return cf_fail_oom(err);
    memcpy(text, data, len);
    text[len] = '\0';
    grown[pattern->n_part++] = (struct part){is_variable, len, text};
    return CF_OK;
}

enum cf_rc
cf_pattern_add_text(struct cf_pattern *pattern, const char *data, size_t len, struct cf_err *err)
{
    if (len == 0)
        return CF_OK;
    struct part *last = pattern->n_part ? &pattern->part[pattern->n_part - 1] : NULL;
    if (!last || last->is_variable)
        return add_part(pattern, false, data, len, err);

    char *grown = realloc(last->text, last->len + len + 1);
    if (!grown)
        return cf_fail_oom(err);
    memcpy(grown + last->len, data, len);
    last->text = grown;
    last->len += len;
    grown[last->len] = '\0';
    return CF_OK;
}

static bool
is_name_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

enum cf_rc
cf_pattern_add_variable(struct cf_pattern *pattern, const char *text, const char **at,
                        struct cf_err *err)
{
    const char *name = *at + 2;
    size_t column = (size_t)(*at - text) + 1;
    size_t len = 0;

    while (is_name_char(name[len]))
        len++;
    if (strncmp(name + len, "}}", 2) != 0)
        return cf_fail(err, CF_E_SYNTAX,
                       "column %zu: \"{{\" is not followed by a variable's name and \"}}\"",
                       column);
    if (len == 0 || len > CF_VARIABLE_NAME_MAX)
        return cf_fail(err, CF_E_SYNTAX, "column %zu: a variable's name of %zu characters", column,
                       len);
    CF_TRY(add_part(pattern, true, name, len, err));
    *at = name + len + 2;
    return CF_OK;
}

static enum cf_rc
append_bounded(struct cf_buf *buf, const char *data, size_t len, size_t max_len, struct cf_err *err)
{
    if (len > max_len - cf_buf_len(buf))
        return cf_fail(err, CF_E_RANGE, "the value has more than %zu bytes", max_len);
    return cf_buf_append(buf, data, len, err);
}

static enum cf_rc
append_fact(struct cf_buf *buf, const struct part *part, cf_fact_fn *fact, const void *facts,
            size_t max_len, struct cf_err *err)
{
    const char *value = NULL;

    if (!fact)
        return cf_fail(err, CF_E_FACT, "no facts to look {{%s}} up in", part->text);
    CF_TRY(fact(facts, part->text, part->len, &value, err));
    /* An empty text would leave the hole that the profile's author did not see. */
    if (!value || value[0] == '\0')
        return cf_fail(err, CF_E_FACT, "{{%s}} has no value for this request", part->text);

    enum cf_rc rc = append_bounded(buf, value, strlen(value), max_len, err);
    if (rc != CF_OK)
        (void)cf_err_prefix(err, "{{%s}}", part->text);
    return rc;
}

enum cf_rc
cf_pattern_expand(const struct cf_pattern *pattern, cf_fact_fn *fact, const void *facts,
                  size_t max_len, char **ret_text, struct cf_err *err)
{
    cf_own(cf_buf) buf = cf_buf_new(max_len);
    if (!buf)
        return cf_fail_oom(err);
    for (size_t i = 0; i < pattern->n_part; i++) {
        const struct part *part = &pattern->part[i];
        if (part->is_variable)
            CF_TRY(append_fact(buf, part, fact, facts, max_len, err));
        else
            CF_TRY(append_bounded(buf, part->text, part->len, max_len, err));
    }
    char *text = strdup(cf_buf_str(buf));
    if (!text)
        return cf_fail_oom(err);
    *ret_text = text;
    return CF_OK;
}

/* Adds what is before the next variable. The management service takes no braces, bars or semicolons
 * behind a variable: a profile with them would work here and be refused there. */
static enum cf_rc
add_literal(struct cf_pattern *pattern, const char *text, const char **at, struct cf_err *err)
{
    bool is_after_variable = pattern->n_part > 0 && pattern->part[pattern->n_part - 1].is_variable;
    const char *end = *at;

    for (; *end && strncmp(end, "{{", 2) != 0; end++) {
        size_t column = (size_t)(end - text) + 1;
        if (strncmp(end, "}}", 2) == 0)
            return cf_fail(err, CF_E_SYNTAX, "column %zu: \"}}\" without \"{{\"", column);
        if (is_after_variable && strchr("{}|;", *end))
            return cf_fail(err, CF_E_SYNTAX,
                           "column %zu: '%c' after a variable; the text there cannot have any of "
                           "{ } | ;",
                           column, *end);
    }
    CF_TRY(cf_pattern_add_text(pattern, *at, (size_t)(end - *at), err));
    *at = end;
    return CF_OK;
}

enum cf_rc
cf_expand(const char *text, cf_fact_fn *fact, const void *facts, size_t max_len, char **ret_text,
          struct cf_err *err)
{
    cf_own(cf_pattern) pattern = cf_pattern_new();
    if (!pattern)
        return cf_fail_oom(err);
    if (strlen(text) > CF_SUBJECT_TEXT_MAX)
        return cf_fail(err, CF_E_LIMIT, "a text of %zu bytes; at most %d are accepted",
                       strlen(text), CF_SUBJECT_TEXT_MAX);

    for (const char *at = text; *at;) {
        CF_TRY(add_literal(pattern, text, &at, err));
        if (*at)
            CF_TRY(cf_pattern_add_variable(pattern, text, &at, err));
    }
    return cf_pattern_expand(pattern, fact, facts, max_len, ret_text, err);
}
