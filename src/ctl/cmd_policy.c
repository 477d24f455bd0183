/* SPDX-License-Identifier: Apache-2.0 */
/* policy test - what the policy makes of a request: asked of the daemon, or judged from here. */
#include <stdio.h>
#include <string.h>

#include "certferry/ctl.h"
#include "certferry/file.h"
#include "certferry/policy.h"
#include "commands.h"
#include "render.h"
#include "table.h"

enum { TIMEOUT_MS = 2 * 60 * 1000, RULES_MAX = 100 };

/* Stands for the configured directory where only the daemon asks it. */
static enum cf_rc
fail_offline(struct cf_err *err)
{
    return cf_fail(err, CF_E_DIRECTORY_DOWN,
                   "the directory is asked by the daemon only: start certferryd, and leave "
                   "--offline out");
}

static enum cf_rc
find_no_account(struct cf_directory *directory, const char *name, bool wants_groups,
                struct cf_account **ret_account, struct cf_err *err)
{
    (void)directory;
    (void)name;
    (void)wants_groups;
    (void)ret_account;
    return fail_offline(err);
}

static enum cf_rc
find_no_group(struct cf_directory *directory, const char *name, char ret_sid[CF_SID_TEXT_SIZE],
              struct cf_err *err)
{
    (void)directory;
    (void)name;
    (void)ret_sid;
    return fail_offline(err);
}

static const struct cf_directory_ops offline_ops = {
    .name = "offline",
    .abi = CF_DIRECTORY_ABI,
    .find_user = find_no_account,
    .find_computer = find_no_account,
    .find_group = find_no_group,
};

static enum cf_tool_style
style_of(const char *verdict)
{
    if (strcmp(verdict, "met") == 0 || strcmp(verdict, "allowed") == 0)
        return CF_STYLE_GOOD;
    if (strcmp(verdict, "refused") == 0)
        return CF_STYLE_BAD;
    return strcmp(verdict, "not concerned") == 0 ? CF_STYLE_PLAIN : CF_STYLE_WARN;
}

static enum cf_rc
put_rules(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    static const struct cf_table_column columns[] = {
        {.title = "RULE"}, {.title = "VERDICT"}, {.title = "WHY", .may_shrink = true}};
    cf_own(cf_table) table = cf_table_new(columns, CF_COUNT(columns));
    const struct cf_json *rules = NULL;

    if (!table)
        return cf_fail_oom(err);
    CF_TRY(cf_json_array(result, "rules", RULES_MAX, &rules, err));
    for (size_t i = 0; i < cf_json_length(rules); i++) {
        const struct cf_json *rule = NULL;
        const char *name = NULL, *verdict = NULL, *text = NULL;

        CF_TRY(cf_json_at_object(rules, i, &rule, err));
        CF_TRY(cf_json_string(rule, "rule", 1, CF_ASK_TEXT_MAX, &name, err));
        CF_TRY(cf_json_string(rule, "verdict", 1, CF_ASK_TEXT_MAX, &verdict, err));
        CF_TRY(cf_tool_text(rule, "text", &text, err));
        cf_table_cell(table, CF_STYLE_PLAIN, name);
        cf_table_cell(table, style_of(verdict), verdict);
        cf_table_cell(table, CF_STYLE_PLAIN, text);
    }
    return cf_table_print(table, tool, err);
}

static enum cf_rc
put_names(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    static const struct {
        const char *member;
        const char *label;
    } lines[] = {{"requestContext", "Request"},
                 {"policy", "Policy"},
                 {"ca", "CA"},
                 {"template", "Template"},
                 {"subject", "Subject"}};
    const struct cf_json *names = NULL;

    for (size_t i = 0; i < CF_COUNT(lines); i++) {
        const char *text = NULL;

        CF_TRY(cf_tool_text(result, lines[i].member, &text, err));
        if (text)
            cf_tool_line(tool, lines[i].label, text);
    }
    CF_TRY(cf_json_array_opt(result, "alternativeNames", CF_SAN_MAX, &names, err));
    for (size_t i = 0; names && i < cf_json_length(names); i++) {
        const struct cf_json *name = NULL;
        const char *type = NULL, *value = NULL;

        CF_TRY(cf_json_at_object(names, i, &name, err));
        CF_TRY(cf_json_string(name, "type", 1, CF_ASK_TEXT_MAX, &type, err));
        CF_TRY(cf_json_string(name, "value", 1, CF_ASK_TEXT_MAX, &value, err));
        cf_tool_line(tool, type, value);
    }
    return CF_OK;
}

enum cf_rc
cf_render_policy_test(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    const char *verdict = NULL, *text = NULL;

    CF_TRY(cf_json_string(result, "verdict", 1, CF_ASK_TEXT_MAX, &verdict, err));
    CF_TRY(cf_tool_text(result, "text", &text, err));
    CF_TRY(put_names(tool, result, err));
    fputc('\n', tool->out);
    CF_TRY(put_rules(tool, result, err));
    fputs("\nVerdict: ", tool->out);
    cf_tool_put_styled(tool, style_of(verdict), verdict);
    fputc('\n', tool->out);
    if (text)
        cf_tool_paragraph(tool, 2, text);
    return CF_OK;
}

static int
conclude(struct cf_tool *tool, const struct cf_json *result)
{
    const char *verdict = NULL;
    struct cf_err err = {0};

    if (cf_json_string(result, "verdict", 1, CF_ASK_TEXT_MAX, &verdict, &err) != CF_OK)
        return cf_tool_fail_answer(tool, &err);
    int code = cf_tool_show(tool, result, cf_render_policy_test);
    if (code != CF_TOOL_OK || strcmp(verdict, "allowed") == 0)
        return code;
    return strcmp(verdict, "undecided") == 0 ? CF_TOOL_WARNINGS : CF_TOOL_FINDINGS;
}

static enum cf_rc
judge(const struct cf_settings *settings, struct cf_bytes request, struct cf_buf *out,
      struct cf_err *err)
{
    struct cf_directory offline = {.ops = &offline_ops};
    struct cf_json_writer writer;

    cf_json_writer_begin(&writer, out);
    cf_json_put_object(&writer, NULL);
    cf_json_put_bool(&writer, "offline", true);
    CF_TRY(cf_policy_test(settings, settings->directory.uri ? &offline : NULL, NULL, request,
                          &writer, err));
    cf_json_put_object_end(&writer);
    return cf_json_writer_end(&writer, err);
}

static int
test_offline(struct cf_tool *tool, struct cf_bytes request)
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
    if (cf_tool_open_pki(&err) != CF_OK || judge(settings, request, text, &err) != CF_OK ||
        cf_json_parse(cf_buf_bytes(text), CF_CTL_ANSWER_MAX, &document, &err) != CF_OK)
        return cf_tool_fail(tool, &err);
    return conclude(tool, document);
}

int
cf_tool_policy_test(struct cf_tool *tool, const struct cf_tool_args *args)
{
    cf_own(cf_buf) request = NULL;
    cf_own(cf_json) answer = NULL;
    const struct cf_json *result = NULL;
    struct cf_err err = {0};
    bool is_down = false;

    if (cf_file_read(args->argument, CF_REQUEST_MAX, &request, &err) != CF_OK)
        return cf_tool_fail(tool, &err);
    struct cf_bytes bytes = cf_buf_bytes(request);
    if (cf_tool_option(args, "offline"))
        return test_offline(tool, bytes);

    /* What is no text cannot be sent, and is refused here as it would be there. */
    if (bytes.len == 0 || memchr(bytes.data, '\0', bytes.len))
        return test_offline(tool, bytes);
    const struct cf_ask ask = {
        .command = "policy-test",
        .member = {{.name = "document", .text = cf_buf_str(request)}},
        .timeout_ms = TIMEOUT_MS,
    };
    int code = cf_tool_ask(tool, &ask, &answer, &result, &is_down);
    if (is_down) {
        cf_tool_complain(tool, "certferryd does not run (`systemctl start certferryd`): judged by "
                               "the configuration, without the directory");
        return test_offline(tool, bytes);
    }
    return code == CF_TOOL_OK ? conclude(tool, result) : code;
}
