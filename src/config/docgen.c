/* SPDX-License-Identifier: Apache-2.0 */
/* docgen - writes the files that are generated from tables; used by tests/lint/docs_sync.sh. */
#include <stdio.h>
#include <string.h>

#include "certferry/config.h"
#include "certferry/log.h"
#include "certferry/machine.h"

enum { OUTPUT_MAX = 1024 * 1024 };

static const struct document {
    const char *name;
    enum cf_rc (*write)(struct cf_buf *out, struct cf_err *err);
} DOCUMENT[] = {
    {"conf", cf_config_sample},
    {"options", cf_config_manual},
    {"catalog", cf_log_catalog},
    {"states", cf_machine_dot},
};

int
main(int argc, char **argv)
{
    cf_own(cf_buf) out = cf_buf_new(OUTPUT_MAX);
    struct cf_err err = {0};

    for (size_t i = 0; argc == 2 && out && i < CF_COUNT(DOCUMENT); i++) {
        if (strcmp(argv[1], DOCUMENT[i].name) != 0)
            continue;
        if (DOCUMENT[i].write(out, &err) != CF_OK) {
            (void)fprintf(stderr, "%s: %s\n", argv[1], err.text);
            return 1;
        }
        return fputs(cf_buf_str(out), stdout) < 0 || fflush(stdout) != 0;
    }
    (void)fprintf(stderr, "usage: certferry-docgen conf|options|catalog|states\n");
    return 2;
}
