/* SPDX-License-Identifier: Apache-2.0 */
/* explain - what happened to a request, what it waits for and what to do. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "certferry/clock.h"
#include "commands.h"
#include "render.h"

enum { HISTORY_MAX = 100 * 1000, TEXT_SIZE = 640 };

struct request {
    const char *context, *kind_name, *state_name;
    const char *device, *user, *ca, *template_name, *subject, *serial;
    const char *received, *updated, *due;
    const char *error, *fault, *text;
    int64_t attempts;
    bool is_final, is_in_work;
    bool is_known; /* kind and state are ours */
    enum cf_kind kind;
    enum cf_state state;
};

static void
recognize(struct request *request)
{
    for (unsigned kind = 0; kind < CF_KIND_MAX_; kind++) {
        if (strcmp(cf_kind_name((enum cf_kind)kind), request->kind_name) == 0) {
            request->kind = (enum cf_kind)kind;
            request->is_known = cf_state_parse(request->state_name, &request->state, NULL) == CF_OK;
        }
    }
}

static enum cf_rc
read_request(const struct cf_json *result, struct request *request, struct cf_err *err)
{
    CF_TRY(cf_json_string(result, "requestContext", 1, CF_ASK_TEXT_MAX, &request->context, err));
    CF_TRY(cf_json_string(result, "kind", 1, CF_ASK_TEXT_MAX, &request->kind_name, err));
    CF_TRY(cf_json_string(result, "state", 1, CF_ASK_TEXT_MAX, &request->state_name, err));
    CF_TRY(cf_tool_text(result, "device", &request->device, err));
    CF_TRY(cf_tool_text(result, "user", &request->user, err));
    CF_TRY(cf_tool_text(result, "ca", &request->ca, err));
    CF_TRY(cf_tool_text(result, "template", &request->template_name, err));
    CF_TRY(cf_tool_text(result, "subject", &request->subject, err));
    CF_TRY(cf_tool_text(result, "serial", &request->serial, err));
    CF_TRY(cf_tool_text(result, "receivedUtc", &request->received, err));
    CF_TRY(cf_tool_text(result, "updatedUtc", &request->updated, err));
    CF_TRY(cf_tool_text(result, "dueUtc", &request->due, err));
    CF_TRY(cf_tool_text(result, "error", &request->error, err));
    CF_TRY(cf_tool_text(result, "fault", &request->fault, err));
    CF_TRY(cf_tool_text(result, "text", &request->text, err));
    CF_TRY(cf_json_int_opt(result, "attempts", 0, INT64_MAX, &request->attempts, err));
    CF_TRY(cf_json_bool_opt(result, "final", &request->is_final, err));
    CF_TRY(cf_json_bool_opt(result, "inWork", &request->is_in_work, err));
    recognize(request);
    return CF_OK;
}

static void
put_head(struct cf_tool *tool, const struct request *request)
{
    const struct {
        const char *label;
        const char *text;
    } lines[] = {
        {"Request", request->context}, {"Kind", request->kind_name},
        {"Device", request->device},   {"User", request->user},
        {"CA", request->ca},           {"Template", request->template_name},
        {"Subject", request->subject}, {"Serial", request->serial},
    };

    for (size_t i = 0; i < CF_COUNT(lines); i++) {
        if (lines[i].text)
            cf_tool_line(tool, lines[i].label, lines[i].text);
    }
}

static enum cf_rc
put_history(struct cf_tool *tool, const struct cf_json *result, const struct request *request,
            struct cf_err *err)
{
    const struct cf_json *history = NULL;
    char time[CF_TOOL_TIME_SIZE];

    CF_TRY(cf_json_array(result, "history", HISTORY_MAX, &history, err));
    fputs("\nWhat happened (UTC)\n", tool->out);
    cf_tool_time(request->received, time);
    fprintf(tool->out, "  %-19s  ", time);
    cf_tool_put(tool, request->is_known && request->kind == CF_KIND_SCEP
                          ? "received from the device"
                          : "received from the cloud");
    fputc('\n', tool->out);
    for (size_t i = 0; i < cf_json_length(history); i++) {
        const struct cf_json *line = NULL;
        const char *at = NULL, *from = NULL, *to = NULL, *text = NULL;

        CF_TRY(cf_json_at_object(history, i, &line, err));
        CF_TRY(cf_tool_text(line, "atUtc", &at, err));
        CF_TRY(cf_json_string(line, "from", 1, CF_ASK_TEXT_MAX, &from, err));
        CF_TRY(cf_json_string(line, "to", 1, CF_ASK_TEXT_MAX, &to, err));
        CF_TRY(cf_tool_text(line, "text", &text, err));
        cf_tool_time(at, time);
        fputs("  ", tool->out);
        cf_tool_put(tool, time);
        fputs("  ", tool->out);
        cf_tool_put(tool, from);
        if (strcmp(from, to) != 0) {
            fputs(" -> ", tool->out);
            cf_tool_put(tool, to);
        }
        if (text && *text) {
            fputs(": ", tool->out);
            cf_tool_put(tool, text);
        }
        fputc('\n', tool->out);
    }
    return CF_OK;
}

static void
put_state(struct cf_tool *tool, const struct request *request, int64_t now_ms)
{
    char time[CF_TOOL_TIME_SIZE], distance[64], text[TEXT_SIZE];

    cf_tool_time(request->updated, time);
    cf_tool_distance(request->updated, now_ms, distance);
    snprintf(text, sizeof text, "It is %.64s since %s%s%s%s", request->state_name, time, distance,
             request->is_known ? ": " : ".",
             request->is_known ? cf_explain_state(request->kind, request->state) : "");
    fputs("\nWhere it stands\n", tool->out);
    cf_tool_paragraph(tool, 2, text);
    if (request->is_in_work)
        cf_tool_paragraph(tool, 2, "A worker has it in hand now.");
}

static void
put_error(struct cf_tool *tool, const struct request *request)
{
    char text[TEXT_SIZE];

    snprintf(text, sizeof text, "Last error: %.400s (%.64s%s%.64s)",
             request->text ? request->text : "no text was kept", request->error,
             request->fault ? ", " : "", request->fault ? request->fault : "");
    cf_tool_paragraph(tool, 2, text);
}

static void
put_next_try(struct cf_tool *tool, const struct request *request, int64_t now_ms)
{
    char time[CF_TOOL_TIME_SIZE], distance[64], text[TEXT_SIZE];

    if (request->is_final || request->is_in_work || !request->due)
        return;
    cf_tool_time(request->due, time);
    cf_tool_distance(request->due, now_ms, distance);
    if (request->attempts > 0)
        snprintf(text, sizeof text, "Tried %" PRId64 " time%s; next at %s%s.", request->attempts,
                 request->attempts == 1 ? "" : "s", time, distance);
    else
        snprintf(text, sizeof text, "Next step at %s%s.", time, distance);
    cf_tool_paragraph(tool, 2, text);
}

static void
put_advice(struct cf_tool *tool, const struct request *request)
{
    const char *wait = request->is_known ? cf_explain_wait(request->kind, request->state) : NULL;

    fputs("\nWhat to do\n", tool->out);
    if (request->error) {
        enum cf_rc rc = cf_rc_from_name(request->error);

        cf_tool_paragraph(tool, 2, cf_explain_error(rc));
        for (unsigned fault = CF_FAULT_BUG; fault <= CF_FAULT_CONFIG && request->fault; fault++) {
            if (strcmp(cf_fault_name((enum cf_fault)fault), request->fault) == 0)
                cf_tool_paragraph(tool, 2, cf_explain_fault(request->kind, (enum cf_fault)fault));
        }
    } else {
        cf_tool_paragraph(tool, 2, wait ? wait : "Nothing.");
    }
}

enum cf_rc
cf_render_explain(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    struct request request = {0};
    int64_t now_ms = cf_clock_now_ms(cf_clock_real());

    CF_TRY(read_request(result, &request, err));
    put_head(tool, &request);
    CF_TRY(put_history(tool, result, &request, err));
    put_state(tool, &request, now_ms);
    if (request.error)
        put_error(tool, &request);
    put_next_try(tool, &request, now_ms);
    put_advice(tool, &request);
    return CF_OK;
}

int
cf_tool_explain(struct cf_tool *tool, const struct cf_tool_args *args)
{
    const struct cf_ask ask = {.command = "explain",
                               .member = {{.name = "id", .text = args->argument}}};

    return cf_tool_ask_and_show(tool, &ask, cf_render_explain);
}
