/* SPDX-License-Identifier: Apache-2.0 */
/* retry, cancel, approve, deny - one word about one request. */
#include <stdio.h>

#include "ask.h"
#include "commands.h"

static int
decide(struct cf_tool *tool, const char *command, const char *id, const char *done)
{
    const struct cf_ask ask = {.command = command, .member = {{.name = "id", .text = id}}};
    cf_own(cf_json) answer = NULL;
    const struct cf_json *result = NULL;
    int code = cf_tool_ask(tool, &ask, &answer, &result, NULL);

    if (code != CF_TOOL_OK)
        return code;
    if (tool->json) {
        code = cf_tool_put_json(tool, result);
        fputc('\n', tool->out);
        return code;
    }
    fputs("Request ", tool->out);
    cf_tool_put(tool, id);
    fprintf(tool->out, " %s.\n", done);
    return CF_TOOL_OK;
}

int
cf_tool_retry(struct cf_tool *tool, const struct cf_tool_args *args)
{
    return decide(tool, "retry", args->argument, "is tried again now");
}

int
cf_tool_cancel(struct cf_tool *tool, const struct cf_tool_args *args)
{
    return decide(tool, "cancel", args->argument, "is cancelled; the cloud is told that it failed");
}

int
cf_tool_approve(struct cf_tool *tool, const struct cf_tool_args *args)
{
    return decide(tool, "approve", args->argument, "is approved; the CA issues it now");
}

int
cf_tool_deny(struct cf_tool *tool, const struct cf_tool_args *args)
{
    return decide(tool, "deny", args->argument, "is denied; the cloud is told that it failed");
}
