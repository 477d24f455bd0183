/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_pins - the pin file. Covers cf_trust_new without roots (src/pki/pins.c).
 */
#include <stdlib.h>

#include "certferry/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_err err = {0};
    cf_own(cf_trust) trust = NULL;

    enum cf_rc rc = cf_trust_new(cf_bytes_of("", 0), cf_bytes_of(data, size), &trust, &err);
    if ((rc == CF_OK) != (trust != NULL) || (rc != CF_OK && err.text[0] == '\0'))
        abort();
    return 0;
}
