/* SPDX-License-Identifier: Apache-2.0 */
/* certferry - the operator's tool. */
#include "certferry/harden.h"
#include "commands.h"

int
main(int argc, char **argv)
{
    struct cf_tool tool;
    struct cf_err err = {0};

    cf_tool_init(&tool);
    if (cf_process_harden(0022, &err) != CF_OK)
        return cf_tool_fail(&tool, &err);
    return cf_tool_end(&tool, cf_tool_main(&tool, argc, argv));
}
