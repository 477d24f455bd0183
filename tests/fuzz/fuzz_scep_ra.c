/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_scep_ra - the registration authority's document. Covers cf_scep_ra_read. */
#include "certferry/scep.h"
#include "fuzz_pki.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_scep_ra_generations generations = {0};

    if (cf_scep_ra_read(cf_bytes_of(data, size), &generations, NULL) != CF_OK) {
        must(generations.n == 0);
        return 0;
    }
    must(generations.n <= CF_SCEP_GENERATIONS_MAX);
    for (size_t i = 0; i < generations.n; i++)
        must(generations.generation[i].sign && generations.generation[i].encryption);
    cf_scep_ra_generations_done(&generations);
    return 0;
}
