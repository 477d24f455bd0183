/* SPDX-License-Identifier: Apache-2.0 */
/* expiring - certificates whose end is near, and those that should have been renewed by now. */
#include <inttypes.h>
#include <stdio.h>

#include "certferry/clock.h"
#include "certferry/text.h"
#include "commands.h"
#include "pages.h"
#include "render.h"

enum { DAYS_MAX = 3660 };
static const int64_t HOUR_MS = INT64_C(60) * 60 * 1000;

static const struct cf_table_column columns[] = {
    {.title = "DEVICE", .may_shrink = true},  {.title = "USER", .may_shrink = true},
    {.title = "PROFILE", .may_shrink = true}, {.title = "SUBJECT", .may_shrink = true},
    {.title = "SERIAL", .may_shrink = true},  {.title = "ENDS IN"},
    {.title = "RENEWAL SINCE (UTC)"},
};

/* "400d 3h", as --days counts; hours are exact enough for a day or more. */
static void
put_end(struct cf_table *table, int64_t end_ms, int64_t now_ms)
{
    uint64_t apart = (uint64_t)(end_ms > now_ms ? end_ms - now_ms : now_ms - end_ms);
    uint64_t hours = apart / (uint64_t)HOUR_MS;
    uint64_t minutes = apart / (60 * 1000);
    char duration[48] = "a moment", text[64];

    if (hours >= 24)
        (void)snprintf(duration, sizeof duration, "%" PRIu64 "d %" PRIu64 "h", hours / 24,
                       hours % 24);
    else if (minutes > 0)
        cf_text_from_duration(minutes * 60 * 1000, duration, sizeof duration);
    (void)snprintf(text, sizeof text, end_ms > now_ms ? "%s" : "ended %s ago", duration);
    cf_table_cell(table, end_ms > now_ms ? CF_STYLE_PLAIN : CF_STYLE_BAD, text);
}

static enum cf_rc
put_renewal(struct cf_table *table, const char *renewal, int64_t now_ms, struct cf_err *err)
{
    char time[CF_TOOL_TIME_SIZE];
    int64_t from_ms = 0;

    if (!renewal) {
        cf_table_cell(table, CF_STYLE_PLAIN, NULL);
        return CF_OK;
    }
    CF_TRY(cf_text_time(renewal, &from_ms, err));
    cf_tool_time(renewal, time);
    if (from_ms <= now_ms)
        cf_table_cell(table, CF_STYLE_WARN, time);
    else
        cf_table_cell(table, CF_STYLE_PLAIN, "not yet");
    return CF_OK;
}

static enum cf_rc
add_certificate(struct cf_table *table, const struct cf_json *certificate, struct cf_err *err)
{
    static const char *const names[] = {"device", "user", "profile", "subject"};
    const char *serial = NULL, *end = NULL, *renewal = NULL;
    const char *optional[CF_COUNT(names)] = {NULL};
    int64_t now_ms = cf_clock_now_ms(cf_clock_real());
    int64_t end_ms = 0;

    CF_TRY(cf_json_string(certificate, "serial", 1, CF_ASK_TEXT_MAX, &serial, err));
    CF_TRY(cf_json_string(certificate, "notAfterUtc", 1, CF_ASK_TEXT_MAX, &end, err));
    CF_TRY(cf_text_time(end, &end_ms, err));
    CF_TRY(cf_tool_text(certificate, "renewalUtc", &renewal, err));
    for (size_t i = 0; i < CF_COUNT(names); i++)
        CF_TRY(cf_tool_text(certificate, names[i], &optional[i], err));

    for (size_t i = 0; i < CF_COUNT(optional); i++)
        cf_table_cell(table, CF_STYLE_PLAIN, optional[i]);
    cf_table_cell(table, CF_STYLE_PLAIN, serial);
    put_end(table, end_ms, now_ms);
    return put_renewal(table, renewal, now_ms, err);
}

static const struct cf_pages pages = {"certificates", columns, CF_COUNT(columns), add_certificate,
                                      "No certificates."};

enum cf_rc
cf_render_expiring(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    return cf_pages_render(tool, &pages, result, err);
}

int
cf_tool_expiring(struct cf_tool *tool, const struct cf_tool_args *args)
{
    const char *days_text = cf_tool_option(args, "days");
    const char *limit_text = cf_tool_option(args, "limit");
    bool due = cf_tool_option(args, "due") != NULL;
    bool ended = cf_tool_option(args, "ended") != NULL;
    bool all = cf_tool_option(args, "all") != NULL;
    struct cf_err err = {0};
    uint64_t days = 0, limit = 0;

    if (due && (days_text || ended))
        return cf_tool_misuse(tool, "--due excludes --days and --ended");
    if (limit_text && all)
        return cf_tool_misuse(tool, "--limit and --all exclude each other");
    if (days_text && cf_text_u64(days_text, 1, DAYS_MAX, &days, &err) != CF_OK)
        return cf_tool_misuse(tool, "--days: %s", err.text);
    if (limit_text && cf_text_u64(limit_text, 1, CF_PAGE_MAX, &limit, &err) != CF_OK)
        return cf_tool_misuse(tool, "--limit: %s", err.text);

    struct cf_ask ask = {
        .command = "expiring",
        .member = {{.name = "which",
                    .text = due     ? "due"
                            : ended ? "ended"
                                    : "ending",
                    .number = -1},
                   {.name = "days", .number = days ? (int64_t)days : -1},
                   {.name = "limit",
                    .number = all     ? CF_PAGE_MAX
                              : limit ? (int64_t)limit
                                      : -1},
                   {.name = "after", .number = -1}},
    };
    return all ? cf_pages_all(tool, &pages, &ask, &ask.member[3])
               : cf_tool_ask_and_show(tool, &ask, cf_render_expiring);
}
