/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_san_der - alternative names in DER. Covers cf_san_parse_der, cf_san_der, cf_san_append. */
#include "certferry/san.h"
#include "fuzz_pki.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_own(cf_san) san = NULL;
    cf_own(cf_san) back = NULL;
    cf_own(cf_san) checked = cf_san_new();
    cf_own(cf_buf) der = NULL;
    size_t n_other = 0;

    if (cf_san_parse_der(cf_bytes_of(data, size), &san, &n_other, NULL) != CF_OK)
        return 0;
    for (size_t i = 0; i < cf_san_count(san); i++)
        (void)!cf_san_append(checked, cf_san_type_at(san, i), cf_san_value_at(san, i), NULL);
    if (cf_san_count(san) == 0)
        return 0;
    must(cf_san_der(san, &der, NULL) == CF_OK);
    must(cf_san_parse_der(cf_buf_bytes(der), &back, &n_other, NULL) == CF_OK);
    must(n_other == 0 && cf_san_equal(san, back));
    return 0;
}
