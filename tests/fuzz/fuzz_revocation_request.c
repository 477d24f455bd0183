/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_revocation_request - a revocation request as the cloud sent it. Covers
 * cf_revocation_request_parse: what passes has a context and a serial in normal form.
 */
#include <stdlib.h>
#include <string.h>

#include "certferry/cert.h"
#include "certferry/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_own(cf_revocation_request) request = NULL;
    char normal[CF_SERIAL_TEXT_SIZE];
    struct cf_err err = {0};

    if (cf_revocation_request_parse(cf_bytes_of(data, size), &request, &err) != CF_OK) {
        if (request || err.text[0] == '\0')
            abort();
        return 0;
    }
    if (!request->context[0] || cf_serial_normalize(request->serial, normal, NULL) != CF_OK ||
        strcmp(normal, request->serial) != 0)
        abort();
    return 0;
}
