/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_identity_pem - an identity's PEM text; what is read can be written and read again.
 * Covers cf_identity_parse and cf_identity_pem.
 */
#include <stdlib.h>

#include "certferry/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool claim)
{
    if (!claim)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_own(cf_secret) pem = NULL;
    cf_own(cf_secret) written = NULL;
    cf_own(cf_identity) identity = NULL;
    cf_own(cf_identity) again = NULL;

    if (size == 0 || size > CF_SECRET_MAX || cf_secret_copy(data, size, &pem, NULL) != CF_OK)
        return 0;
    if (cf_identity_parse(pem, &identity, NULL) != CF_OK)
        return 0;
    must(cf_identity_pem(identity, &written, NULL) == CF_OK);
    must(cf_identity_parse(written, &again, NULL) == CF_OK);
    return 0;
}
