/* SPDX-License-Identifier: Apache-2.0 */
/* requests - the work that the store holds, one line each. */
#include "certferry/text.h"
#include "commands.h"
#include "pages.h"
#include "render.h"

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

static const struct cf_pages pages = {"requests", columns, CF_COUNT(columns), add_request,
                                      "No requests."};

enum cf_rc
cf_render_requests(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    return cf_pages_render(tool, &pages, result, err);
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
    if (limit_text && cf_text_u64(limit_text, 1, CF_PAGE_MAX, &limit, &err) != CF_OK)
        return cf_tool_misuse(tool, "--limit: %s", err.text);

    struct cf_ask ask = {
        .command = "requests",
        .member = {{.name = "state", .text = state_name, .number = -1},
                   {.name = "device", .text = cf_tool_option(args, "device"), .number = -1},
                   {.name = "limit",
                    .number = all     ? CF_PAGE_MAX
                              : limit ? (int64_t)limit
                                      : -1},
                   {.name = "after", .number = -1}},
    };
    return all ? cf_pages_all(tool, &pages, &ask, &ask.member[3])
               : cf_tool_ask_and_show(tool, &ask, cf_render_requests);
}
