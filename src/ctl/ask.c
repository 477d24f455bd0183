/* SPDX-License-Identifier: Apache-2.0 */
#include "ask.h"

#include <stdio.h>
#include <string.h>

#include "certferry/clock.h"
#include "certferry/config.h"
#include "certferry/text.h"
#include "certferry/verdict.h"
#include "client.h"

enum { TIMEOUT_DEFAULT_MS = 30 * 1000, MINUTE_MS = 60 * 1000 };

static void
print_fault(void *arg, const char *file, unsigned line, const char *text)
{
    cf_tool_complain(arg, "%s:%u: %s", file, line, text);
}

int
cf_tool_load(struct cf_tool *tool, struct cf_settings **ret_settings)
{
    struct cf_err err = {0};
    enum cf_rc rc = cf_config_load(tool->config_path, print_fault, tool, ret_settings, &err);

    if (rc == CF_OK)
        return CF_TOOL_OK;
    if (rc != CF_E_CONFIG)
        cf_tool_complain(tool, "%s", err.text);
    return CF_TOOL_CONFIG;
}

static enum cf_rc
write_request(const struct cf_ask *ask, struct cf_buf *out, struct cf_err *err)
{
    struct cf_json_writer writer;

    cf_json_writer_begin(&writer, out);
    cf_json_put_object(&writer, NULL);
    cf_json_put_string(&writer, "command", ask->command);
    for (size_t i = 0; i < CF_COUNT(ask->member) && ask->member[i].name; i++) {
        const struct cf_ask_member *member = &ask->member[i];

        if (member->text)
            cf_json_put_string(&writer, member->name, member->text);
        else if (member->number >= 0)
            cf_json_put_int(&writer, member->name, member->number);
    }
    cf_json_put_object_end(&writer);
    return cf_json_writer_end(&writer, err);
}

static int
exchange(struct cf_tool *tool, const struct cf_ask *ask, const char *request,
         struct cf_json **ret_answer, bool *ret_is_down)
{
    cf_own(cf_settings) settings = NULL;
    const char *socket_path = tool->socket_path;
    uint64_t timeout_ms = tool->timeout_ms  ? tool->timeout_ms
                          : ask->timeout_ms ? ask->timeout_ms
                                            : TIMEOUT_DEFAULT_MS;
    struct cf_err err = {0};

    if (!socket_path) {
        int code = cf_tool_load(tool, &settings);
        if (code != CF_TOOL_OK) {
            cf_tool_complain(tool, "the socket of a daemon that runs can be given by --socket");
            return code;
        }
        socket_path = settings->control_socket;
    }
    enum cf_rc rc = cf_ctl_exchange(socket_path, request, timeout_ms, ret_answer, &err);
    if (rc == CF_OK)
        return CF_TOOL_OK;
    if (rc == CF_E_NET && ret_is_down)
        *ret_is_down = true;
    else
        cf_tool_complain(tool, "%s", err.text);
    return CF_TOOL_UNREACHABLE;
}

int
cf_tool_ask(struct cf_tool *tool, const struct cf_ask *ask, struct cf_json **ret_answer,
            const struct cf_json **ret_result, bool *ret_is_down)
{
    cf_own(cf_buf) request = cf_buf_new(CF_CTL_REQUEST_MAX);
    cf_own(cf_json) answer = NULL;
    struct cf_err err = {0};
    bool is_verdict = false;

    if (!request || write_request(ask, request, &err) != CF_OK) {
        cf_tool_complain(tool, "the argument cannot be sent: %s",
                         request ? err.text : "out of memory");
        return CF_TOOL_USAGE;
    }
    int code = exchange(tool, ask, cf_buf_str(request), &answer, ret_is_down);
    if (code != CF_TOOL_OK)
        return code;
    if (cf_verdict_read(answer, &is_verdict, ret_result, &err) != CF_OK) {
        code = cf_tool_fail(tool, &err);
        return is_verdict ? code : CF_TOOL_UNREACHABLE;
    }

    *ret_answer = cf_give(answer);
    return CF_TOOL_OK;
}

int
cf_tool_fail_answer(struct cf_tool *tool, const struct cf_err *err)
{
    cf_tool_complain(tool,
                     "the daemon's answer cannot be read: %s; are certferry and certferryd of the "
                     "same version?",
                     err->text);
    return CF_TOOL_UNREACHABLE;
}

int
cf_tool_show(struct cf_tool *tool, const struct cf_json *result, cf_tool_render_fn *render)
{
    struct cf_err err = {0};

    if (tool->json) {
        int code = cf_tool_put_json(tool, result);
        fputc('\n', tool->out);
        return code;
    }
    return render(tool, result, &err) == CF_OK ? CF_TOOL_OK : cf_tool_fail_answer(tool, &err);
}

int
cf_tool_ask_and_show(struct cf_tool *tool, const struct cf_ask *ask, cf_tool_render_fn *render)
{
    cf_own(cf_json) answer = NULL;
    const struct cf_json *result = NULL;
    int code = cf_tool_ask(tool, ask, &answer, &result, NULL);

    return code == CF_TOOL_OK ? cf_tool_show(tool, result, render) : code;
}

enum cf_rc
cf_tool_text(const struct cf_json *object, const char *name, const char **ret, struct cf_err *err)
{
    return cf_json_string_opt(object, name, 0, CF_ASK_TEXT_MAX, ret, err);
}

void
cf_tool_time(const char *text, char ret[CF_TOOL_TIME_SIZE])
{
    int64_t ms = 0;

    ret[0] = '\0';
    if (!text)
        return;
    if (cf_text_time(text, &ms, NULL) != CF_OK) {
        cf_text_sanitize(text, strlen(text), ret, CF_TOOL_TIME_SIZE);
        return;
    }
    char normal[CF_TEXT_TIME_SIZE];
    cf_text_from_time(ms, normal);
    snprintf(ret, CF_TOOL_TIME_SIZE, "%.10s %.8s", normal, normal + 11);
}

void
cf_tool_distance(const char *text, int64_t now_ms, char ret[64])
{
    int64_t ms = 0;
    char duration[48];

    ret[0] = '\0';
    if (!text || cf_text_time(text, &ms, NULL) != CF_OK)
        return;
    uint64_t apart = (uint64_t)(ms > now_ms ? ms - now_ms : now_ms - ms);
    uint64_t unit = apart >= 2 * (uint64_t)MINUTE_MS ? MINUTE_MS : 1000;
    cf_text_from_duration(apart / unit * unit, duration, sizeof duration);
    snprintf(ret, 64, ms > now_ms ? " (in %s)" : " (%s ago)", duration);
}
