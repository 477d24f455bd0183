/* SPDX-License-Identifier: Apache-2.0 */
/* check - what is not in order: asked of the daemon, or looked at from here. */
#include "certferry/config.h"
#include "certferry/ctl.h"
#include "commands.h"
#include "findings.h"

enum { TIMEOUT_MS = 3 * 60 * 1000 };

static enum cf_rc
check_files(const struct cf_settings *settings, struct cf_buf *out, struct cf_err *err)
{
    struct cf_json_writer writer;

    cf_json_writer_begin(&writer, out);
    cf_json_put_object(&writer, NULL);
    cf_json_put_bool(&writer, "offline", true);
    cf_json_put_array(&writer, "findings");
    CF_TRY(cf_config_check_files(settings, cf_finding_write, &writer, err));
    cf_json_put_array_end(&writer);
    cf_json_put_object_end(&writer);
    return cf_json_writer_end(&writer, err);
}

static int
check_offline(struct cf_tool *tool)
{
    cf_own(cf_settings) settings = NULL;
    cf_own(cf_buf) text = cf_buf_new(CF_CTL_ANSWER_MAX);
    cf_own(cf_json) document = NULL;
    struct cf_err err = {0};
    int code = cf_tool_load(tool, &settings);

    if (code != CF_TOOL_OK)
        return code;
    if (!text || cf_tool_open_pki(&err) != CF_OK || check_files(settings, text, &err) != CF_OK ||
        cf_json_parse(cf_buf_bytes(text), CF_CTL_ANSWER_MAX, &document, &err) != CF_OK)
        return cf_tool_fail(tool, &err);
    return cf_findings_conclude(tool, document);
}

int
cf_tool_check(struct cf_tool *tool, const struct cf_tool_args *args)
{
    const struct cf_ask ask = {.command = "check", .timeout_ms = TIMEOUT_MS};
    cf_own(cf_json) answer = NULL;
    const struct cf_json *result = NULL;
    bool is_down = false;

    if (cf_tool_option(args, "offline"))
        return check_offline(tool);

    int code = cf_tool_ask(tool, &ask, &answer, &result, &is_down);
    if (is_down) {
        cf_tool_complain(tool, "certferryd does not run (`systemctl start certferryd`): only the "
                               "configuration and its files are checked");
        return check_offline(tool);
    }
    return code == CF_TOOL_OK ? cf_findings_conclude(tool, result) : code;
}
