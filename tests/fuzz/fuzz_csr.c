/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_csr - PKCS#10 requests. Covers cf_csr_parse, cf_extensions_read and
 * cf_csr_read_challenge. */
#include "certferry/csr.h"
#include "certferry/sid.h"
#include "fuzz_pki.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_own(cf_csr) csr = NULL;

    if (cf_csr_parse(cf_bytes_of(data, size), &csr, NULL) != CF_OK)
        return 0;
    must_round_trip(cf_csr_subject(csr));
    must(cf_csr_spki(csr).len > 0 && cf_csr_key_bits(csr, NULL) > 0);
    must(!cf_csr_challenge(csr) || cf_secret_len(cf_csr_challenge(csr)) > 0);
    (void)!cf_csr_check_plain(csr, NULL);
    must(!cf_csr_sid(csr) || cf_sid_check(cf_csr_sid(csr), NULL) == CF_OK);
    must(cf_san_count(cf_csr_san(csr)) <= CF_SAN_MAX && cf_csr_n_eku(csr) <= CF_EKU_MAX);
    return 0;
}
