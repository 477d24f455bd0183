/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_serial - serial numbers in any writing. Covers cf_serial_normalize: its result is its own
 * normal form.
 */
#include <stdlib.h>
#include <string.h>

#include "certferry/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    char once[CF_SERIAL_TEXT_SIZE], twice[CF_SERIAL_TEXT_SIZE];

    if (!text)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    if (cf_serial_normalize(text, once, NULL) == CF_OK) {
        if (strlen(once) % 2 != 0 || strlen(once) == 0 ||
            cf_serial_normalize(once, twice, NULL) != CF_OK || strcmp(once, twice) != 0)
            abort();
    }
    free(text);
    return 0;
}
