/* SPDX-License-Identifier: Apache-2.0 */
/* revoke - takes a certificate back at the CA that issued it. */
#include <stdio.h>

#include "certferry/text.h"
#include "commands.h"
#include "render.h"

enum { TIMEOUT_MS = 2 * 60 * 1000 };

/* RFC 5280 section 5.3.1; 8, removeFromCRL, is no reason to revoke. */
static const struct {
    const char *name;
    int number;
} reasons[] = {
    {"unspecified", 0},        {"keyCompromise", 1},      {"cACompromise", 2},
    {"affiliationChanged", 3}, {"superseded", 4},         {"cessationOfOperation", 5},
    {"certificateHold", 6},    {"privilegeWithdrawn", 9}, {"aACompromise", 10},
};

static bool
find_reason(const char *name, int64_t *ret_number)
{
    for (size_t i = 0; i < CF_COUNT(reasons); i++) {
        if (cf_text_equal_nocase(reasons[i].name, name)) {
            *ret_number = reasons[i].number;
            return true;
        }
    }
    return false;
}

enum cf_rc
cf_render_revoke(struct cf_tool *tool, const struct cf_json *result, struct cf_err *err)
{
    const char *serial = NULL;
    bool was_revoked = false;

    CF_TRY(cf_json_string(result, "serial", 1, CF_ASK_TEXT_MAX, &serial, err));
    CF_TRY(cf_json_bool(result, "wasRevoked", &was_revoked, err));
    fputs("Certificate ", tool->out);
    cf_tool_put(tool, serial);
    fputs(was_revoked ? " was revoked before; nothing had to be done.\n"
                      : " is revoked; relying parties learn of it from the next CRL.\n",
          tool->out);
    return CF_OK;
}

int
cf_tool_revoke(struct cf_tool *tool, const struct cf_tool_args *args)
{
    const char *reason_name = cf_tool_option(args, "reason");
    int64_t reason = -1;

    if (reason_name && !find_reason(reason_name, &reason))
        return cf_tool_misuse(tool,
                              "--reason: '%s' is no reason of RFC 5280 to revoke; "
                              "keyCompromise, superseded and cessationOfOperation are",
                              reason_name);

    const struct cf_ask ask = {
        .command = "revoke",
        .member = {{.name = "serial", .text = args->argument},
                   {.name = "issuer", .text = cf_tool_option(args, "issuer"), .number = -1},
                   {.name = "reason", .number = reason}},
        .timeout_ms = TIMEOUT_MS,
    };
    return cf_tool_ask_and_show(tool, &ask, cf_render_revoke);
}
