/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_dn_der - names in DER. Covers cf_dn_parse_der, cf_utf8_from_asn1, cf_dn_text, cf_dn_der. */
#include "fuzz_pki.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_own(cf_dn) dn = NULL;

    if (cf_dn_parse_der(cf_bytes_of(data, size), &dn, NULL) == CF_OK)
        must_round_trip(dn);
    return 0;
}
