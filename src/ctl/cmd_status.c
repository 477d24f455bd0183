/* SPDX-License-Identifier: Apache-2.0 */
/* status - how the connector fares, on one screen. */
#include <inttypes.h>
#include <stdio.h>

#include "certferry/clock.h"
#include "certferry/key.h"
#include "certferry/site.h"
#include "certferry/text.h"
#include "commands.h"
#include "render.h"
#include "table.h"

enum { LIST_MAX = 1000, LINE_MAX_ = 512 };

static enum cf_rc
add_count(const struct cf_json *counts, const char *name, bool with_zero, struct cf_buf *line,
          struct cf_err *err)
{
    int64_t n = -1;

    CF_TRY(cf_json_int_opt(counts, name, 0, INT64_MAX, &n, err));
    if (n < 0 || (n == 0 && !with_zero))
        return CF_OK;
    return cf_buf_appendf(line, err, "%s%" PRId64 " %s", cf_buf_len(line) > 0 ? ", " : "", n, name);
}

enum cf_rc
cf_render_states(struct cf_tool *tool, const struct cf_json *result, const char *member,
                 const char *label, struct cf_err *err)
{
    cf_own(cf_buf) line = cf_buf_new(LINE_MAX_);
    const struct cf_json *counts = NULL;

    if (!line)
        return cf_fail_oom(err);
    CF_TRY(cf_json_object(result, member, &counts, err));
    for (unsigned state = 0; state < CF_STATE_MAX_; state++)
        CF_TRY(add_count(counts, cf_state_name((enum cf_state)state), false, line, err));
    cf_tool_line(tool, label, cf_buf_len(line) > 0 ? cf_buf_str(line) : "none");
    return CF_OK;
}

static enum cf_rc
put_keys(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    cf_own(cf_buf) line = cf_buf_new(LINE_MAX_);
    const struct cf_json *counts = NULL;

    if (!line)
        return cf_fail_oom(err);
    CF_TRY(cf_json_object(result, "keysReady", &counts, err));
    for (unsigned kind = 0; kind < CF_KEY_KIND_MAX_; kind++)
        CF_TRY(add_count(counts, cf_key_kind_name((enum cf_key_kind)kind), false, line, err));
    cf_tool_line(tool, "Keys ready", cf_buf_len(line) > 0 ? cf_buf_str(line) : "none");
    return CF_OK;
}

static enum cf_rc
put_head(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    const char *version = NULL, *connector = NULL, *started = NULL;
    char time[CF_TOOL_TIME_SIZE], ago[64], text[LINE_MAX_];
    int64_t pid = 0, in_work = 0;
    bool is_connected = false, has_cloud = true;

    CF_TRY(cf_tool_text(result, "version", &version, err));
    CF_TRY(cf_tool_text(result, "connectorId", &connector, err));
    CF_TRY(cf_tool_text(result, "startedUtc", &started, err));
    CF_TRY(cf_json_int_opt(result, "pid", 0, INT32_MAX, &pid, err));
    CF_TRY(cf_json_int_opt(result, "inWork", 0, INT64_MAX, &in_work, err));
    CF_TRY(cf_json_bool_opt(result, "hasCloud", &has_cloud, err));
    CF_TRY(cf_json_bool(result, "cloudConnected", &is_connected, err));

    cf_tool_line(tool, "Connector", connector);
    cf_tool_time(started, time);
    cf_tool_distance(started, cf_clock_now_ms(cf_clock_real()), ago);
    snprintf(text, sizeof text, "certferryd %.64s, pid %" PRId64 ", started %s%s",
             version ? version : "?", pid, time, ago);
    cf_tool_line(tool, "Daemon", text);
    fputs("Cloud       ", tool->out);
    if (has_cloud)
        cf_tool_put_styled(tool, is_connected ? CF_STYLE_GOOD : CF_STYLE_BAD,
                           is_connected ? "connected" : "not reached");
    else
        fputs("none is configured", tool->out);
    fputc('\n', tool->out);
    snprintf(text, sizeof text, "%" PRId64, in_work);
    cf_tool_line(tool, "In work", text);
    return CF_OK;
}

/* What the CA's calls came to; a daemon of an earlier version does not tell. */
static enum cf_rc
add_ca_calls(struct cf_table *table, const struct cf_json *ca, struct cf_err *err)
{
    static const enum cf_ca_count shown[] = {CF_CA_COUNT_ISSUED, CF_CA_COUNT_REJECTED,
                                             CF_CA_COUNT_FAILED};
    const struct cf_json *counters = NULL;

    CF_TRY(cf_json_object_opt(ca, "counters", &counters, err));
    for (size_t i = 0; i < CF_COUNT(shown); i++) {
        char text[32] = "";
        int64_t n = 0;

        if (counters) {
            CF_TRY(cf_json_int_opt(counters, cf_ca_count_name(shown[i]), 0, INT64_MAX, &n, err));
            (void)snprintf(text, sizeof text, "%" PRId64, n);
        }
        cf_table_cell(table, CF_STYLE_PLAIN, text);
    }
    return CF_OK;
}

static enum cf_rc
add_ca_health(struct cf_table *table, const struct cf_json *ca, struct cf_err *err)
{
    const char *kept_back = NULL;
    char time[CF_TOOL_TIME_SIZE], text[CF_TOOL_TIME_SIZE + 32] = "failing";
    bool is_healthy = false;

    CF_TRY(cf_json_bool(ca, "healthy", &is_healthy, err));
    CF_TRY(cf_tool_text(ca, "keptBackUntilUtc", &kept_back, err));
    if (kept_back && kept_back[0]) {
        cf_tool_time(kept_back, time);
        (void)snprintf(text, sizeof text, "kept back until %s", time);
        is_healthy = false;
    }
    cf_table_cell(table, is_healthy ? CF_STYLE_GOOD : CF_STYLE_BAD, is_healthy ? "ok" : text);
    return CF_OK;
}

/* What preflight found; a daemon of an earlier version does not tell. */
static enum cf_rc
add_ca_findings(struct cf_table *table, const struct cf_json *ca, bool *ret_has_some,
                struct cf_err *err)
{
    int64_t errors = -1, warnings = -1;
    char text[64] = "";
    int len = 0;

    CF_TRY(cf_json_int_opt(ca, "preflightErrors", 0, INT32_MAX, &errors, err));
    CF_TRY(cf_json_int_opt(ca, "preflightWarnings", 0, INT32_MAX, &warnings, err));
    if (errors > 0)
        len = snprintf(text, sizeof text, "%" PRId64 " error%s", errors, errors == 1 ? "" : "s");
    if (warnings > 0)
        (void)snprintf(text + len, sizeof text - (size_t)len, "%s%" PRId64 " warning%s",
                       errors > 0 ? ", " : "", warnings, warnings == 1 ? "" : "s");
    if (errors == 0 && warnings == 0)
        (void)snprintf(text, sizeof text, "no finding");
    cf_table_cell(table,
                  errors > 0     ? CF_STYLE_BAD
                  : warnings > 0 ? CF_STYLE_WARN
                                 : CF_STYLE_PLAIN,
                  text);
    if (errors > 0 || warnings > 0)
        *ret_has_some = true;
    return CF_OK;
}

static enum cf_rc
print_cas(struct cf_tool *tool, const struct cf_table *table, bool has_findings, bool has_failed,
          struct cf_err *err)
{
    CF_TRY(cf_table_print(table, tool, err));
    if (has_findings)
        fputs("`certferry check` tells what CHECK found, and what to do.\n", tool->out);
    if (has_failed)
        fputs("`certferry requests` lists what waits because of an error.\n", tool->out);
    return CF_OK;
}

static enum cf_rc
put_cas(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    static const struct cf_table_column columns[] = {
        {.title = "CA", .may_shrink = true},
        {.title = "BACKEND"},
        {.title = "HEALTH"},
        {.title = "CHECK"},
        {.title = "HOST", .may_shrink = true},
        {.title = "NAME", .may_shrink = true},
        {.title = "ISSUED", .is_number = true},
        {.title = "REFUSED", .is_number = true},
        {.title = "FAILED", .is_number = true},
        {.title = "LAST ERROR", .may_shrink = true},
    };
    cf_own(cf_table) table = cf_table_new(columns, CF_COUNT(columns));
    const struct cf_json *cas = NULL;
    bool has_findings = false, has_failed = false;

    if (!table)
        return cf_fail_oom(err);
    CF_TRY(cf_json_array(result, "cas", LIST_MAX, &cas, err));
    for (size_t i = 0; i < cf_json_length(cas); i++) {
        const char *name = NULL, *backend = NULL, *host = NULL, *ca_name = NULL, *error = NULL;
        const struct cf_json *ca = NULL;

        CF_TRY(cf_json_at_object(cas, i, &ca, err));
        CF_TRY(cf_json_string(ca, "name", 1, CF_ASK_TEXT_MAX, &name, err));
        CF_TRY(cf_tool_text(ca, "backend", &backend, err));
        CF_TRY(cf_tool_text(ca, "certificationAuthority", &host, err));
        CF_TRY(cf_tool_text(ca, "certificationAuthorityName", &ca_name, err));
        CF_TRY(cf_tool_text(ca, "lastError", &error, err));
        cf_table_cell(table, CF_STYLE_PLAIN, name);
        cf_table_cell(table, CF_STYLE_PLAIN, backend);
        CF_TRY(add_ca_health(table, ca, err));
        CF_TRY(add_ca_findings(table, ca, &has_findings, err));
        cf_table_cell(table, CF_STYLE_PLAIN, host);
        cf_table_cell(table, CF_STYLE_PLAIN, ca_name);
        CF_TRY(add_ca_calls(table, ca, err));
        cf_table_cell(table, CF_STYLE_PLAIN, error);
        if (error && error[0])
            has_failed = true;
    }
    fputc('\n', tool->out);
    if (cf_table_rows(table) > 0)
        return print_cas(tool, table, has_findings, has_failed, err);
    fputs("No CA is configured: no request can be worked on. Add a [ca NAME] section.\n",
          tool->out);
    return CF_OK;
}

static enum cf_rc
add_duty(struct cf_table *table, const struct cf_json *duty, bool only_failing, struct cf_err *err)
{
    const char *name = NULL, *error = NULL;
    bool is_running = false;
    int64_t due_ms = 0, failures = 0;
    char due[64], count[32];

    CF_TRY(cf_json_string(duty, "name", 1, CF_ASK_TEXT_MAX, &name, err));
    CF_TRY(cf_tool_text(duty, "lastError", &error, err));
    CF_TRY(cf_json_bool_opt(duty, "running", &is_running, err));
    CF_TRY(cf_json_int_opt(duty, "dueInMs", INT64_MIN, INT64_MAX, &due_ms, err));
    CF_TRY(cf_json_int_opt(duty, "failures", 0, INT64_MAX, &failures, err));
    bool is_failing = failures > 0 || error;
    if (is_failing != only_failing)
        return CF_OK;

    /* A duty that waits to be kicked looks after itself once a day. */
    if (is_running)
        snprintf(due, sizeof due, "running");
    else if (due_ms < 0 || due_ms > INT64_C(12) * 3600 * 1000)
        snprintf(due, sizeof due, "when asked");
    else
        cf_text_from_duration((uint64_t)due_ms / 1000 * 1000, due, sizeof due);
    snprintf(count, sizeof count, "%" PRId64, failures);
    cf_table_cell(table, CF_STYLE_PLAIN, name);
    cf_table_cell(table, is_failing ? CF_STYLE_BAD : CF_STYLE_GOOD, is_failing ? "failing" : "ok");
    cf_table_cell(table, CF_STYLE_PLAIN, due);
    cf_table_cell(table, CF_STYLE_PLAIN, count);
    cf_table_cell(table, CF_STYLE_PLAIN, error);
    return CF_OK;
}

static enum cf_rc
put_duties(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    static const struct cf_table_column columns[] = {
        {.title = "DUTY"},
        {.title = "HEALTH"},
        {.title = "NEXT IN"},
        {.title = "FAILURES", .is_number = true},
        {.title = "LAST ERROR", .may_shrink = true},
    };
    cf_own(cf_table) table = cf_table_new(columns, CF_COUNT(columns));
    const struct cf_json *duties = NULL;

    if (!table)
        return cf_fail_oom(err);
    CF_TRY(cf_json_array(result, "duties", LIST_MAX, &duties, err));
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < cf_json_length(duties); i++) {
            const struct cf_json *duty = NULL;

            CF_TRY(cf_json_at_object(duties, i, &duty, err));
            CF_TRY(add_duty(table, duty, pass == 0, err));
        }
    }
    fputc('\n', tool->out);
    return cf_table_print(table, tool, err);
}

enum cf_rc
cf_render_status(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    const struct cf_json *scep = NULL;

    CF_TRY(put_head(tool, result, err));
    CF_TRY(cf_render_states(tool, result, "requests", "Requests", err));
    CF_TRY(cf_render_states(tool, result, "revocations", "Revocations", err));
    CF_TRY(cf_json_object_opt(result, "scep", &scep, err));
    if (scep)
        CF_TRY(cf_render_states(tool, result, "scep", "SCEP", err));
    CF_TRY(put_keys(tool, result, err));
    CF_TRY(put_cas(tool, result, err));
    return put_duties(tool, result, err);
}

int
cf_tool_status(struct cf_tool *tool, const struct cf_tool_args *args)
{
    const struct cf_ask ask = {.command = "status"};

    (void)args;
    return cf_tool_ask_and_show(tool, &ask, cf_render_status);
}
