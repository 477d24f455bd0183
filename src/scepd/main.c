/* SPDX-License-Identifier: Apache-2.0 */
/* certferry-scepd - the SCEP front door. */
#include "options.h"
#include "scepd.h"

int
main(int argc, char **argv)
{
    struct cf_scepd_options options;
    int code = cf_scepd_options_parse(argc, argv, &options);

    if (code >= 0)
        return code;
    return options.is_check ? cf_scepd_check(&options) : cf_scepd_main(&options);
}
