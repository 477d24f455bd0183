/* SPDX-License-Identifier: Apache-2.0 */
/* certferryd - the connector daemon. */
#include <stdio.h>
#include <unistd.h>

#include "certferry/kerberos.h"

#include "daemon.h"
#include "options.h"

static int
run(int argc, char **argv)
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

int
main(int argc, char **argv)
{
    int code = run(argc, argv);

    /* Returning would take the libraries down under threads that still wait for a KDC, which
     * nothing can end. All that has to be kept is in the store by now. */
    if (cf_kerberos_is_waiting()) {
        (void)fflush(NULL);
        _exit(code);
    }
    return code;
}
