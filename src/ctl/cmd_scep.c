/* SPDX-License-Identifier: Apache-2.0 */
/* scep challenge, scep status - what devices are given to ask with, and how their door fares. */
#include <inttypes.h>
#include <stdio.h>

#include "certferry/clock.h"
#include "certferry/text.h"
#include "commands.h"
#include "render.h"
#include "table.h"

enum { LIST_MAX = 1000, LINE_SIZE = 256 };
static const uint64_t LIFETIME_MIN_MS = UINT64_C(60) * 1000;
static const uint64_t LIFETIME_MAX_MS = UINT64_C(30) * 24 * 60 * 60 * 1000;

/* The challenge alone goes to the output, so that a script can take it as it is. */
enum cf_rc
cf_render_scep_challenge(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    const char *challenge = NULL, *end = NULL;
    char until[CF_TOOL_TIME_SIZE];

    CF_TRY(cf_json_string(result, "challenge", 1, CF_ASK_TEXT_MAX, &challenge, err));
    CF_TRY(cf_json_string(result, "expiresUtc", 1, CF_ASK_TEXT_MAX, &end, err));
    cf_tool_put(tool, challenge);
    fputc('\n', tool->out);
    cf_tool_time(end, until);
    cf_tool_complain(tool, "good for one request, until %s UTC; it is not shown again", until);
    return CF_OK;
}

int
cf_tool_scep_challenge(struct cf_tool *tool, const struct cf_tool_args *args)
{
    const char *lifetime_text = cf_tool_option(args, "lifetime");
    struct cf_err err = {0};
    uint64_t lifetime_ms = 0;

    if (lifetime_text && cf_text_duration(lifetime_text, LIFETIME_MIN_MS, LIFETIME_MAX_MS,
                                          &lifetime_ms, &err) != CF_OK)
        return cf_tool_misuse(tool, "--lifetime: %s", err.text);
    const struct cf_ask ask = {
        .command = "scep-challenge",
        .member = {{.name = "profile", .text = args->argument},
                   {.name = "subject", .text = cf_tool_option(args, "subject"), .number = -1},
                   {.name = "lifetimeSeconds",
                    .number = lifetime_text ? (int64_t)(lifetime_ms / 1000) : -1}},
    };
    return cf_tool_ask_and_show(tool, &ask, cf_render_scep_challenge);
}

static enum cf_rc
put_door(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    const char *since = NULL;
    char time[CF_TOOL_TIME_SIZE], ago[64], text[LINE_SIZE];
    int64_t n = 0;

    CF_TRY(cf_json_int(result, "connections", 0, INT32_MAX, &n, err));
    CF_TRY(cf_tool_text(result, "connectedSinceUtc", &since, err));
    fputs("Front door  ", tool->out);
    if (n == 0 || !since) {
        cf_tool_put_styled(tool, CF_STYLE_BAD, "not connected");
        fputs("; see `systemctl status certferry-scepd`\n", tool->out);
        return CF_OK;
    }
    cf_tool_time(since, time);
    cf_tool_distance(since, cf_clock_now_ms(cf_clock_real()), ago);
    cf_tool_put_styled(tool, CF_STYLE_GOOD, "connected");
    (void)snprintf(text, sizeof text, " since %s%s, %" PRId64 " connection%s", time, ago, n,
                   n == 1 ? "" : "s");
    cf_tool_put(tool, text);
    fputc('\n', tool->out);
    return CF_OK;
}

static enum cf_rc
put_profiles(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    static const struct cf_table_column columns[] = {{.title = "PROFILE", .may_shrink = true},
                                                     {.title = "DEFAULT"},
                                                     {.title = "CA", .may_shrink = true},
                                                     {.title = "TEMPLATE", .may_shrink = true},
                                                     {.title = "TYPE"},
                                                     {.title = "CHALLENGE"}};
    static const char *const names[] = {"ca", "template", "certificateType", "challenge"};
    cf_own(cf_table) table = cf_table_new(columns, CF_COUNT(columns));
    const struct cf_json *profiles = NULL;

    if (!table)
        return cf_fail_oom(err);
    CF_TRY(cf_json_array(result, "profiles", LIST_MAX, &profiles, err));
    for (size_t i = 0; i < cf_json_length(profiles); i++) {
        const struct cf_json *profile = NULL;
        const char *name = NULL;
        bool is_default = false;

        CF_TRY(cf_json_at_object(profiles, i, &profile, err));
        CF_TRY(cf_json_string(profile, "name", 1, CF_ASK_TEXT_MAX, &name, err));
        CF_TRY(cf_json_bool_opt(profile, "isDefault", &is_default, err));
        cf_table_cell(table, CF_STYLE_PLAIN, name);
        cf_table_cell(table, CF_STYLE_PLAIN, is_default ? "yes" : NULL);
        for (size_t k = 0; k < CF_COUNT(names); k++) {
            const char *text = NULL;

            CF_TRY(cf_tool_text(profile, names[k], &text, err));
            cf_table_cell(table, CF_STYLE_PLAIN, text);
        }
    }
    fputc('\n', tool->out);
    return cf_table_print(table, tool, err);
}

/* "SERIAL until TIME" */
static enum cf_rc
add_certificate(struct cf_table *table, const struct cf_json *generation, const char *name,
                struct cf_err *err)
{
    const struct cf_json *certificate = NULL;
    const char *serial = NULL, *end = NULL;
    char until[CF_TOOL_TIME_SIZE];
    int64_t end_ms = 0;

    CF_TRY(cf_json_object(generation, name, &certificate, err));
    CF_TRY(cf_json_string(certificate, "serial", 1, CF_ASK_TEXT_MAX, &serial, err));
    CF_TRY(cf_json_string(certificate, "notAfterUtc", 1, CF_ASK_TEXT_MAX, &end, err));
    CF_TRY(cf_text_time(end, &end_ms, err));
    cf_tool_time(end, until);
    cf_table_cell(table, CF_STYLE_PLAIN, serial);
    cf_table_cell(table, end_ms > cf_clock_now_ms(cf_clock_real()) ? CF_STYLE_PLAIN : CF_STYLE_BAD,
                  until);
    return CF_OK;
}

static enum cf_rc
add_generation(struct cf_table *table, const char *ca, const struct cf_json *generation,
               struct cf_err *err)
{
    const char *from = NULL, *replaced = NULL;
    char time[CF_TOOL_TIME_SIZE];
    bool is_shown = false;

    CF_TRY(cf_json_bool(generation, "isShown", &is_shown, err));
    CF_TRY(cf_json_string(generation, "activeFromUtc", 1, CF_ASK_TEXT_MAX, &from, err));
    CF_TRY(cf_tool_text(generation, "replacedUtc", &replaced, err));
    cf_tool_time(from, time);
    cf_table_cell(table, CF_STYLE_PLAIN, ca);
    cf_table_cell(table, is_shown ? CF_STYLE_GOOD : CF_STYLE_PLAIN,
                  is_shown ? "in use" : (replaced ? "replaced" : "to come"));
    cf_table_cell(table, CF_STYLE_PLAIN, time);
    CF_TRY(add_certificate(table, generation, "sign", err));
    return add_certificate(table, generation, "encryption", err);
}

static enum cf_rc
put_cas(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    static const struct cf_table_column columns[] = {{.title = "CA", .may_shrink = true},
                                                     {.title = "RA KEYS"},
                                                     {.title = "SHOWN FROM (UTC)"},
                                                     {.title = "SIGNING", .may_shrink = true},
                                                     {.title = "ENDS (UTC)"},
                                                     {.title = "ENCRYPTION", .may_shrink = true},
                                                     {.title = "ENDS (UTC)"}};
    cf_own(cf_table) table = cf_table_new(columns, CF_COUNT(columns));
    const struct cf_json *cas = NULL;

    if (!table)
        return cf_fail_oom(err);
    CF_TRY(cf_json_array(result, "cas", LIST_MAX, &cas, err));
    for (size_t i = 0; i < cf_json_length(cas); i++) {
        const struct cf_json *ca = NULL, *generations = NULL;
        const char *name = NULL, *problem = NULL;

        CF_TRY(cf_json_at_object(cas, i, &ca, err));
        CF_TRY(cf_json_string(ca, "name", 1, CF_ASK_TEXT_MAX, &name, err));
        CF_TRY(cf_tool_text(ca, "problem", &problem, err));
        CF_TRY(cf_json_array(ca, "generations", LIST_MAX, &generations, err));
        for (size_t k = 0; k < cf_json_length(generations); k++) {
            const struct cf_json *generation = NULL;

            CF_TRY(cf_json_at_object(generations, k, &generation, err));
            CF_TRY(add_generation(table, name, generation, err));
        }
        if (cf_json_length(generations) == 0) {
            cf_table_cell(table, CF_STYLE_PLAIN, name);
            cf_table_cell(table, CF_STYLE_BAD, problem ? problem : "none yet");
            for (size_t k = 2; k < CF_COUNT(columns); k++)
                cf_table_cell(table, CF_STYLE_PLAIN, NULL);
        }
    }
    fputc('\n', tool->out);
    return cf_table_print(table, tool, err);
}

enum cf_rc
cf_render_scep_status(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    CF_TRY(put_door(tool, result, err));
    CF_TRY(cf_render_states(tool, result, "requests", "Requests", err));
    CF_TRY(put_profiles(tool, result, err));
    return put_cas(tool, result, err);
}

int
cf_tool_scep_status(struct cf_tool *tool, const struct cf_tool_args *args)
{
    const struct cf_ask ask = {.command = "scep-status"};

    (void)args;
    return cf_tool_ask_and_show(tool, &ask, cf_render_scep_status);
}
