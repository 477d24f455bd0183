/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_dn_text - names as text. Covers cf_dn_parse_text and the lexer, cf_dn_text,
 * cf_dn_check_limits. */
#include "fuzz_pki.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_own_str text = text_of(data, size);
    cf_own(cf_dn) dn = NULL;

    if (cf_dn_parse_text(text, &dn, NULL) != CF_OK)
        return 0;
    must_round_trip(dn);
    (void)!cf_dn_check_limits(dn, NULL);
    return 0;
}
