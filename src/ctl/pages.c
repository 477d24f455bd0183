/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

#include <stdio.h>

static enum cf_rc
add_page(const struct cf_pages *pages, struct cf_table *table, const struct cf_json *result,
         struct cf_err *err)
{
    const struct cf_json *array = NULL;

    CF_TRY(cf_json_array(result, pages->member, CF_PAGE_MAX, &array, err));
    for (size_t i = 0; i < cf_json_length(array); i++) {
        const struct cf_json *object = NULL;

        CF_TRY(cf_json_at_object(array, i, &object, err));
        CF_TRY(pages->add(table, object, err));
    }
    return CF_OK;
}

static enum cf_rc
print(struct cf_tool *tool, const struct cf_pages *pages, const struct cf_table *table,
      struct cf_err *err)
{
    if (cf_table_rows(table) > 0)
        return cf_table_print(table, tool, err);
    fprintf(tool->out, "%s\n", pages->nothing);
    return CF_OK;
}

enum cf_rc
cf_pages_render(struct cf_tool *tool, const struct cf_pages *pages, const struct cf_json *result,
                struct cf_err *err)
{
    cf_own(cf_table) table = cf_table_new(pages->columns, pages->n_columns);

    if (!table)
        return cf_fail_oom(err);
    CF_TRY(add_page(pages, table, result, err));
    CF_TRY(print(tool, pages, table, err));
    if (cf_json_has(result, "after"))
        fputs("There may be more: --all lists all of them.\n", tool->out);
    return CF_OK;
}

/* One document made of the elements of all pages. */
static int
put_elements(struct cf_tool *tool, const struct cf_pages *pages, const struct cf_json *result,
             bool *is_first)
{
    const struct cf_json *array = NULL, *object = NULL;
    struct cf_err err = {0};

    if (cf_json_array(result, pages->member, CF_PAGE_MAX, &array, &err) != CF_OK)
        return cf_tool_fail_answer(tool, &err);
    for (size_t i = 0; i < cf_json_length(array); i++) {
        if (cf_json_at_object(array, i, &object, &err) != CF_OK)
            return cf_tool_fail_answer(tool, &err);
        if (!*is_first)
            fputc(',', tool->out);
        *is_first = false;
        int code = cf_tool_put_json(tool, object);
        if (code != CF_TOOL_OK)
            return code;
    }
    return CF_TOOL_OK;
}

/* Pages follow one another by rising ids, so a daemon that repeats itself does not hold us. */
static enum cf_rc
next_page(const struct cf_json *result, struct cf_ask_member *after, struct cf_err *err)
{
    int64_t next = -1;

    CF_TRY(cf_json_int_opt(result, "after", after->number + 1, INT64_MAX, &next, err));
    after->number = next;
    return CF_OK;
}

int
cf_pages_all(struct cf_tool *tool, const struct cf_pages *pages, struct cf_ask *ask,
             struct cf_ask_member *after)
{
    cf_own(cf_table) table = cf_table_new(pages->columns, pages->n_columns);
    struct cf_err err = {0};
    bool is_first = true;

    if (!table) {
        cf_fail_oom(&err);
        return cf_tool_fail(tool, &err);
    }
    if (tool->json)
        fprintf(tool->out, "{\"%s\":[", pages->member);
    after->number = 0;
    while (after->number >= 0) {
        cf_own(cf_json) answer = NULL;
        const struct cf_json *result = NULL;
        int code = cf_tool_ask(tool, ask, &answer, &result, NULL);

        if (code == CF_TOOL_OK && tool->json)
            code = put_elements(tool, pages, result, &is_first);
        if (code != CF_TOOL_OK)
            return code;
        if ((!tool->json && add_page(pages, table, result, &err) != CF_OK) ||
            next_page(result, after, &err) != CF_OK)
            return cf_tool_fail_answer(tool, &err);
    }
    if (tool->json)
        fputs("]}\n", tool->out);
    else if (print(tool, pages, table, &err) != CF_OK)
        return cf_tool_fail(tool, &err);
    return CF_TOOL_OK;
}
