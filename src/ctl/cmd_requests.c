/* SPDX-License-Identifier: Apache-2.0 */
/* requests - the work that the store holds, one line each. */
#include <stdio.h>

#include "certferry/text.h"
#include "commands.h"
#include "render.h"
#include "table.h"

enum { PAGE_MAX = 1000 };

static const struct cf_table_column columns[] = {
    {.title = "ID", .may_shrink = true},
    {.title = "KIND"},
    {.title = "STATE"},
    {.title = "UPDATED (UTC)"},
    {.title = "DEVICE", .may_shrink = true},
    {.title = "CA", .may_shrink = true},
    {.title = "TEMPLATE", .may_shrink = true},
    {.title = "SERIAL", .may_shrink = true},
    {.title = "ERROR", .may_shrink = true},
};

static enum cf_rc
add_request(struct cf_table *table, const struct cf_json *request, struct cf_err *err)
{
    const char *context = NULL, *kind = NULL, *state = NULL, *updated = NULL, *text = NULL;
    const char *optional[] = {NULL, NULL, NULL, NULL};
    static const char *const names[] = {"device", "ca", "template", "serial"};
    char time[CF_TOOL_TIME_SIZE];

    CF_TRY(cf_json_string(request, "requestContext", 1, CF_ASK_TEXT_MAX, &context, err));
    CF_TRY(cf_tool_text(request, "kind", &kind, err));
    CF_TRY(cf_json_string(request, "state", 1, CF_ASK_TEXT_MAX, &state, err));
    CF_TRY(cf_tool_text(request, "updatedUtc", &updated, err));
    CF_TRY(cf_tool_text(request, "text", &text, err));
    for (size_t i = 0; i < CF_COUNT(names); i++)
        CF_TRY(cf_tool_text(request, names[i], &optional[i], err));

    cf_tool_time(updated, time);
    cf_table_cell(table, CF_STYLE_PLAIN, context);
    cf_table_cell(table, CF_STYLE_PLAIN, kind);
    cf_table_cell(table, text ? CF_STYLE_WARN : CF_STYLE_PLAIN, state);
    cf_table_cell(table, CF_STYLE_PLAIN, time);
    for (size_t i = 0; i < CF_COUNT(optional); i++)
        cf_table_cell(table, CF_STYLE_PLAIN, optional[i]);
    cf_table_cell(table, CF_STYLE_PLAIN, text);
    return CF_OK;
}

static enum cf_rc
add_page(struct cf_table *table, const struct cf_json *result, struct cf_err *err)
{
    const struct cf_json *requests = NULL;

    CF_TRY(cf_json_array(result, "requests", PAGE_MAX, &requests, err));
    for (size_t i = 0; i < cf_json_length(requests); i++) {
        const struct cf_json *request = NULL;

        CF_TRY(cf_json_at_object(requests, i, &request, err));
        CF_TRY(add_request(table, request, err));
    }
    return CF_OK;
}

static enum cf_rc
print(struct cf_tool *tool, const struct cf_table *table, struct cf_err *err)
{
    if (cf_table_rows(table) > 0)
        return cf_table_print(table, tool, err);
    fputs("No requests.\n", tool->out);
    return CF_OK;
}

enum cf_rc
cf_render_requests(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    cf_own(cf_table) table = cf_table_new(columns, CF_COUNT(columns));

    if (!table)
        return cf_fail_oom(err);
    CF_TRY(add_page(table, result, err));
    CF_TRY(print(tool, table, err));
    if (cf_json_has(result, "after"))
        fputs("There may be more: --all lists all of them.\n", tool->out);
    return CF_OK;
}

/* One document made of the elements of all pages. */
static int
put_elements(struct cf_tool *tool, const struct cf_json *result, bool *is_first)
{
    const struct cf_json *requests = NULL, *request = NULL;
    struct cf_err err = {0};

    if (cf_json_array(result, "requests", PAGE_MAX, &requests, &err) != CF_OK)
        return cf_tool_fail_answer(tool, &err);
    for (size_t i = 0; i < cf_json_length(requests); i++) {
        if (cf_json_at_object(requests, i, &request, &err) != CF_OK)
            return cf_tool_fail_answer(tool, &err);
        if (!*is_first)
            fputc(',', tool->out);
        *is_first = false;
        int code = cf_tool_put_json(tool, request);
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

static int
list_all(struct cf_tool *tool, struct cf_ask *ask, struct cf_ask_member *after)
{
    cf_own(cf_table) table = cf_table_new(columns, CF_COUNT(columns));
    struct cf_err err = {0};
    bool is_first = true;

    if (!table) {
        cf_fail_oom(&err);
        return cf_tool_fail(tool, &err);
    }
    if (tool->json)
        fputs("{\"requests\":[", tool->out);
    after->number = 0;
    while (after->number >= 0) {
        cf_own(cf_json) answer = NULL;
        const struct cf_json *result = NULL;
        int code = cf_tool_ask(tool, ask, &answer, &result, NULL);

        if (code == CF_TOOL_OK && tool->json)
            code = put_elements(tool, result, &is_first);
        if (code != CF_TOOL_OK)
            return code;
        if ((!tool->json && add_page(table, result, &err) != CF_OK) ||
            next_page(result, after, &err) != CF_OK)
            return cf_tool_fail_answer(tool, &err);
    }
    if (tool->json)
        fputs("]}\n", tool->out);
    else if (print(tool, table, &err) != CF_OK)
        return cf_tool_fail(tool, &err);
    return CF_TOOL_OK;
}

int
cf_tool_requests(struct cf_tool *tool, const struct cf_tool_args *args)
{
    const char *state_name = cf_tool_option(args, "state");
    const char *limit_text = cf_tool_option(args, "limit");
    bool all = cf_tool_option(args, "all") != NULL;
    struct cf_err err = {0};
    enum cf_state state;
    uint64_t limit = 0;

    if (state_name && cf_state_parse(state_name, &state, &err) != CF_OK)
        return cf_tool_misuse(tool, "--state: %s", err.text);
    if (limit_text && all)
        return cf_tool_misuse(tool, "--limit and --all exclude each other");
    if (limit_text && cf_text_u64(limit_text, 1, PAGE_MAX, &limit, &err) != CF_OK)
        return cf_tool_misuse(tool, "--limit: %s", err.text);

    struct cf_ask ask = {
        .command = "requests",
        .member = {{.name = "state", .text = state_name, .number = -1},
                   {.name = "device", .text = cf_tool_option(args, "device"), .number = -1},
                   {.name = "limit",
                    .number = all     ? PAGE_MAX
                              : limit ? (int64_t)limit
                                      : -1},
                   {.name = "after", .number = -1}},
    };
    return all ? list_all(tool, &ask, &ask.member[3])
               : cf_tool_ask_and_show(tool, &ask, cf_render_requests);
}
