/* SPDX-License-Identifier: Apache-2.0 */
/* findings - a list of findings as people read it, and the exit code it stands for. */
#include "findings.h"

#include <stdio.h>
#include <string.h>

#include "render.h"

enum { FINDINGS_MAX = 10 * 1000, N_SEVERITIES = 3 };

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
    size_t n[N_SEVERITIES] = {0};

    CF_TRY(put_findings(tool, result, n, err));
    fprintf(tool->out, "%zu error%s, %zu warning%s, %zu in order\n", n[0], n[0] == 1 ? "" : "s",
            n[1], n[1] == 1 ? "" : "s", n[2]);
    return CF_OK;
}

int
cf_findings_conclude(struct cf_tool *tool, const struct cf_json *result)
{
    cf_own_str ignored = NULL;
    size_t ignored_len = 0, n[N_SEVERITIES] = {0};
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
    if (code != CF_TOOL_OK)
        return code;
    return n[0] > 0 ? CF_TOOL_FINDINGS : n[1] > 0 ? CF_TOOL_WARNINGS : CF_TOOL_OK;
}

void
cf_finding_write(void *arg, const struct cf_finding *finding)
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
