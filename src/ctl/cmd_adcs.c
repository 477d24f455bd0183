/* SPDX-License-Identifier: Apache-2.0 */
/* adcs discover - the CAs that the directory knows, and the sections to paste. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "render.h"
#include "table.h"

enum { TIMEOUT_MS = 3 * 60 * 1000, CAS_MAX = 200, ROWS_MAX = 1000 };

static enum cf_rc
put_templates(struct cf_tool *tool, const struct cf_json *ca, struct cf_err *err)
{
    static const struct cf_table_column columns[] = {{.title = "TEMPLATE"},
                                                     {.title = "KEY"},
                                                     {.title = "VALIDITY"},
                                                     {.title = "ENROLL"},
                                                     {.title = "OBSTACLE", .may_shrink = true}};
    cf_own(cf_table) table = cf_table_new(columns, CF_COUNT(columns));
    const struct cf_json *templates = NULL;

    if (!table)
        return cf_fail_oom(err);
    CF_TRY(cf_json_array(ca, "templates", ROWS_MAX, &templates, err));
    for (size_t i = 0; i < cf_json_length(templates); i++) {
        const struct cf_json *entry = NULL;
        const char *name = NULL, *key = NULL, *validity = NULL, *enroll = NULL, *obstacle = NULL;

        CF_TRY(cf_json_at_object(templates, i, &entry, err));
        CF_TRY(cf_json_string(entry, "name", 1, CF_ASK_TEXT_MAX, &name, err));
        CF_TRY(cf_tool_text(entry, "key", &key, err));
        CF_TRY(cf_tool_text(entry, "validity", &validity, err));
        CF_TRY(cf_tool_text(entry, "mayEnroll", &enroll, err));
        CF_TRY(cf_tool_text(entry, "obstacle", &obstacle, err));
        cf_table_cell(table, obstacle ? CF_STYLE_WARN : CF_STYLE_GOOD, name);
        cf_table_cell(table, CF_STYLE_PLAIN, key);
        cf_table_cell(table, CF_STYLE_PLAIN, validity);
        cf_table_cell(table, CF_STYLE_PLAIN, enroll);
        cf_table_cell(table, CF_STYLE_PLAIN, obstacle);
    }
    return cf_table_print(table, tool, err);
}

static enum cf_rc
put_urls(struct cf_tool *tool, const struct cf_json *ca, struct cf_err *err)
{
    const struct cf_json *urls = NULL;

    CF_TRY(cf_json_array(ca, "urls", ROWS_MAX, &urls, err));
    for (size_t i = 0; i < cf_json_length(urls); i++) {
        const struct cf_json *entry = NULL;
        const char *url = NULL, *auth = NULL;
        char label[64];

        CF_TRY(cf_json_at_object(urls, i, &entry, err));
        CF_TRY(cf_json_string(entry, "url", 1, CF_ASK_TEXT_MAX, &url, err));
        CF_TRY(cf_json_string(entry, "auth", 1, sizeof label - 8, &auth, err));
        (void)snprintf(label, sizeof label, "CES %s", auth);
        cf_tool_line(tool, label, url);
    }
    return CF_OK;
}

static enum cf_rc
put_configuration(struct cf_tool *tool, const struct cf_json *ca, struct cf_err *err)
{
    const struct cf_json *lines = NULL;

    fputs("\nFor the configuration:\n\n", tool->out);
    CF_TRY(cf_json_array(ca, "configuration", ROWS_MAX, &lines, err));
    for (size_t i = 0; i < cf_json_length(lines); i++) {
        const char *line = NULL;

        CF_TRY(cf_json_at_string(lines, i, 0, CF_ASK_TEXT_MAX, &line, err));
        if (line[0])
            cf_tool_put(tool, line);
        fputc('\n', tool->out);
    }
    return CF_OK;
}

static enum cf_rc
put_ca(struct cf_tool *tool, const struct cf_json *ca, struct cf_err *err)
{
    const char *name = NULL, *host = NULL, *end = NULL;
    char until[CF_TOOL_TIME_SIZE];

    CF_TRY(cf_json_string(ca, "name", 1, CF_ASK_TEXT_MAX, &name, err));
    CF_TRY(cf_tool_text(ca, "host", &host, err));
    CF_TRY(cf_tool_text(ca, "notAfterUtc", &end, err));
    fputc('\n', tool->out);
    cf_tool_line(tool, "CA", name);
    cf_tool_line(tool, "Host", host);
    if (end) {
        cf_tool_time(end, until);
        cf_tool_line(tool, "Certificate ends", until);
    }
    CF_TRY(put_urls(tool, ca, err));
    fputc('\n', tool->out);
    CF_TRY(put_templates(tool, ca, err));
    return put_configuration(tool, ca, err);
}

enum cf_rc
cf_render_adcs_discover(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    const struct cf_json *cas = NULL;
    const char *account = NULL, *problem = NULL, *fault = NULL;

    CF_TRY(cf_tool_text(result, "account", &account, err));
    CF_TRY(cf_tool_text(result, "accountProblem", &problem, err));
    CF_TRY(cf_tool_text(result, "directoryProblem", &fault, err));
    CF_TRY(cf_json_array(result, "cas", CAS_MAX, &cas, err));
    cf_tool_line(tool, "Account", account);
    if (problem)
        cf_tool_paragraph(tool, 2, problem);
    if (fault)
        cf_tool_line(tool, "Left out", fault);
    if (cf_json_length(cas) == 0)
        fputs("The directory knows no CA.\n", tool->out);
    for (size_t i = 0; i < cf_json_length(cas); i++) {
        const struct cf_json *ca = NULL;

        CF_TRY(cf_json_at_object(cas, i, &ca, err));
        CF_TRY(put_ca(tool, ca, err));
    }
    return CF_OK;
}

int
cf_tool_adcs_discover(struct cf_tool *tool, const struct cf_tool_args *args)
{
    const struct cf_ask ask = {.command = "adcs-discover", .timeout_ms = TIMEOUT_MS};

    (void)args;
    return cf_tool_ask_and_show(tool, &ask, cf_render_adcs_discover);
}
