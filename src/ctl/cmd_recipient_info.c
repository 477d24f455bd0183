/* SPDX-License-Identifier: Apache-2.0 */
/* recipient-info - the certificate with which this connector signs its envelopes. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "pem.h"
#include "render.h"

static enum cf_rc
get_pem(const struct cf_json *result, const char **ret_pem, struct cf_err *err)
{
    CF_TRY(cf_json_string(result, "pem", 1, CF_ASK_TEXT_MAX, ret_pem, err));
    return cf_pem_check(*ret_pem, err);
}

static enum cf_rc
put_facts(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    static const struct {
        const char *member;
        const char *label;
    } facts[] = {
        {"subject", "Subject"},         {"serial", "Serial"},           {"sha256", "SHA-256"},
        {"notBeforeUtc", "Valid from"}, {"notAfterUtc", "Valid until"},
    };

    for (size_t i = 0; i < CF_COUNT(facts); i++) {
        const char *text = NULL;

        CF_TRY(cf_tool_text(result, facts[i].member, &text, err));
        cf_tool_line(tool, facts[i].label, text);
    }
    return CF_OK;
}

/* Readers of PEM skip the text before it. */
enum cf_rc
cf_render_recipient_info(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    const char *pem = NULL;

    CF_TRY(get_pem(result, &pem, err));
    CF_TRY(put_facts(tool, result, err));
    fputs(pem, tool->out);
    return CF_OK;
}

int
cf_tool_recipient_info(struct cf_tool *tool, const struct cf_tool_args *args)
{
    const struct cf_ask ask = {.command = "recipient-info"};
    const char *path = cf_tool_option(args, "output");
    cf_own(cf_json) answer = NULL;
    const struct cf_json *result = NULL;
    const char *pem = NULL;
    struct cf_err err = {0};

    int code = cf_tool_ask(tool, &ask, &answer, &result, NULL);
    if (code != CF_TOOL_OK)
        return code;
    if (tool->json || !path)
        return cf_tool_show(tool, result, cf_render_recipient_info);
    if (get_pem(result, &pem, &err) != CF_OK || put_facts(tool, result, &err) != CF_OK)
        return cf_tool_fail_answer(tool, &err);
    if (cf_tool_write(tool, path, cf_bytes_of(pem, strlen(pem)), &err) != CF_OK)
        return cf_tool_fail(tool, &err);
    return CF_TOOL_OK;
}
