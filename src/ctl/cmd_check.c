/* SPDX-License-Identifier: Apache-2.0 */
/* check - what is not in order: asked of the daemon, or looked at from here. */
#include <stdio.h>
#include <string.h>

#include "certferry/config.h"
#include "certferry/ctl.h"
#include "commands.h"
#include "render.h"

enum { TIMEOUT_MS = 3 * 60 * 1000, FINDINGS_MAX = 10 * 1000, N_SEVERITIES = 3 };

/* Worst first. */
static const struct {
    const char *name;
    enum cf_tool_style style;
} severities[N_SEVERITIES] = {
    {"error", CF_STYLE_BAD}, {"warning", CF_STYLE_WARN}, {"ok", CF_STYLE_GOOD}};

static enum cf_rc
put_finding(struct cf_tool *tool, const struct cf_json *finding, size_t wanted, size_t *n,
            struct cf_err *err)
{
    const char *severity = NULL, *subject = NULL, *text = NULL, *remedy = NULL;

    CF_TRY(cf_json_string(finding, "severity", 1, CF_ASK_TEXT_MAX, &severity, err));
    CF_TRY(cf_tool_text(finding, "subject", &subject, err));
    CF_TRY(cf_tool_text(finding, "text", &text, err));
    CF_TRY(cf_tool_text(finding, "remedy", &remedy, err));
    bool is_known = strcmp(severity, "warning") == 0 || strcmp(severity, "ok") == 0;
    /* An unknown severity counts as the worst. */
    if (is_known ? strcmp(severity, severities[wanted].name) != 0 : wanted != 0)
        return CF_OK;

    (*n)++;
    cf_tool_put_styled(tool, severities[wanted].style, severities[wanted].name);
    fprintf(tool->out, "%*s  ", (int)(strlen("warning") - strlen(severities[wanted].name)), "");
    cf_tool_put(tool, subject);
    fputs(": ", tool->out);
    cf_tool_put(tool, text);
    fputc('\n', tool->out);
    if (remedy)
        cf_tool_paragraph(tool, sizeof "warning  " - 1, remedy);
    return CF_OK;
}

static enum cf_rc
put_findings(struct cf_tool *tool, const struct cf_json *result, size_t n[N_SEVERITIES],
             struct cf_err *err)
{
    const struct cf_json *findings = NULL;

    CF_TRY(cf_json_array(result, "findings", FINDINGS_MAX, &findings, err));
    for (size_t severity = 0; severity < N_SEVERITIES; severity++) {
        n[severity] = 0;
        for (size_t i = 0; i < cf_json_length(findings); i++) {
            const struct cf_json *finding = NULL;

            CF_TRY(cf_json_at_object(findings, i, &finding, err));
            CF_TRY(put_finding(tool, finding, severity, &n[severity], err));
        }
    }
    return CF_OK;
}

enum cf_rc
cf_render_check(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    size_t n[N_SEVERITIES];

    CF_TRY(put_findings(tool, result, n, err));
    fprintf(tool->out, "%zu error%s, %zu warning%s, %zu in order\n", n[0], n[0] == 1 ? "" : "s",
            n[1], n[1] == 1 ? "" : "s", n[2]);
    return CF_OK;
}

/* The exit code hangs on the findings, whichever way they are shown. */
static int
conclude(struct cf_tool *tool, const struct cf_json *result)
{
    cf_own_str ignored = NULL;
    size_t ignored_len = 0, n[N_SEVERITIES];
    struct cf_err err = {0};
    struct cf_tool silent = {.out = open_memstream(&ignored, &ignored_len)};

    if (!silent.out) {
        cf_fail_oom(&err);
        return cf_tool_fail(tool, &err);
    }
    enum cf_rc rc = put_findings(&silent, result, n, &err);
    (void)fclose(silent.out);
    if (rc != CF_OK)
        return cf_tool_fail_answer(tool, &err);

    int code = cf_tool_show(tool, result, cf_render_check);
    return code == CF_TOOL_OK && n[0] > 0 ? CF_TOOL_FINDINGS : code;
}

static void
write_finding(void *arg, const struct cf_finding *finding)
{
    static const char *const words[] = {
        [CF_FINDING_OK] = "ok", [CF_FINDING_WARNING] = "warning", [CF_FINDING_ERROR] = "error"};
    struct cf_json_writer *out = arg;

    cf_json_put_object(out, NULL);
    cf_json_put_string(out, "severity", words[finding->severity]);
    cf_json_put_string(out, "subject", finding->subject);
    cf_json_put_string(out, "text", finding->text);
    cf_json_put_string(out, "remedy", finding->remedy);
    cf_json_put_object_end(out);
}

static enum cf_rc
check_files(const struct cf_settings *settings, struct cf_buf *out, struct cf_err *err)
{
    struct cf_json_writer writer;

    cf_json_writer_begin(&writer, out);
    cf_json_put_object(&writer, NULL);
    cf_json_put_bool(&writer, "offline", true);
    cf_json_put_array(&writer, "findings");
    CF_TRY(cf_config_check_files(settings, write_finding, &writer, err));
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
    return conclude(tool, document);
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
    return code == CF_TOOL_OK ? conclude(tool, result) : code;
}
