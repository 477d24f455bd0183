/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_profile - a certificate profile that an administrator exported. Covers cf_profile_lint: what
 * is a profile gets at least one finding, each with a text, and with a remedy unless all is well.
 */
#include <stdlib.h>

#include "certferry/profile_lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
look(void *arg, const struct cf_finding *finding)
{
    unsigned *n = arg;

    (*n)++;
    if (!finding->subject[0] || !finding->text[0] ||
        (finding->remedy == NULL) != (finding->severity == CF_FINDING_OK))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cf_settings settings = {0};
    struct cf_err err = {0};
    unsigned n = 0;

    enum cf_rc rc = cf_profile_lint(&settings, cf_bytes_of(data, size), look, &n, &err);
    if (rc == CF_OK ? n == 0 : err.text[0] == '\0')
        abort();
    return 0;
}
