/* SPDX-License-Identifier: Apache-2.0 */
/* lint-profile - what in a profile will fail later, found before it is assigned. */
#include "certferry/config.h"
#include "certferry/ctl.h"
#include "certferry/file.h"
#include "certferry/profile_lint.h"
#include "commands.h"
#include "findings.h"

static enum cf_rc
lint(const char *path, const struct cf_settings *settings, struct cf_buf *out, struct cf_err *err)
{
    cf_own(cf_buf) text = NULL;
    struct cf_json_writer writer;

    CF_TRY(cf_file_read(path, CF_PROFILE_JSON_MAX, &text, err));
    cf_json_writer_begin(&writer, out);
    cf_json_put_object(&writer, NULL);
    cf_json_put_array(&writer, "findings");
    if (cf_profile_lint(settings, cf_buf_bytes(text), cf_finding_write, &writer, err) != CF_OK)
        return cf_err_prefix(err, "%s", path);
    cf_json_put_array_end(&writer);
    cf_json_put_object_end(&writer);
    return cf_json_writer_end(&writer, err);
}

int
cf_tool_lint_profile(struct cf_tool *tool, const struct cf_tool_args *args)
{
    cf_own(cf_settings) settings = NULL;
    cf_own(cf_buf) text = cf_buf_new(CF_CTL_ANSWER_MAX);
    cf_own(cf_json) document = NULL;
    struct cf_err err = {0};
    int code = cf_tool_load(tool, &settings);

    if (code != CF_TOOL_OK)
        return code;
    if (!text) {
        cf_fail_oom(&err);
        return cf_tool_fail(tool, &err);
    }
    if (cf_tool_open_pki(&err) != CF_OK || lint(args->argument, settings, text, &err) != CF_OK ||
        cf_json_parse(cf_buf_bytes(text), CF_CTL_ANSWER_MAX, &document, &err) != CF_OK)
        return cf_tool_fail(tool, &err);
    return cf_findings_conclude(tool, document);
}
