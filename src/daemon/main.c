/* SPDX-License-Identifier: Apache-2.0 */
/* certferryd - the connector daemon. */
#include "daemon.h"
#include "options.h"

int
main(int argc, char **argv)
{
    struct cf_options options;
    int code = cf_options_parse(argc, argv, &options);

    if (code >= 0)
        return code;
    switch (options.action) {
    case CF_ACTION_PRINT_CONFIG:
        return cf_print_config(&options);
    case CF_ACTION_CHECK:
        return cf_check_config(&options);
    case CF_ACTION_RUN:
        break;
    }
    return cf_daemon_main(&options);
}
