/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_chain_cms - certificates in a CMS message; a chain that was put in order stays as it is
 * when it is shuffled. Covers cf_cert_from_cms, cf_chain_parse_cms, cf_chain_build.
 */
#include "certferry/cert.h"
#include "fuzz_pki.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_bytes input = cf_bytes_of(data, size);
    struct cf_bytes loose[CF_CERT_CHAIN_MAX];
    cf_own(cf_cert) leaf = NULL;
    cf_own(cf_chain) chain = NULL;
    cf_own(cf_chain) again = NULL;

    if (cf_cert_from_cms(input, &leaf, NULL) != CF_OK ||
        cf_chain_parse_cms(input, leaf, &chain, NULL) != CF_OK)
        return 0;
    size_t n = cf_chain_count(chain);
    must(n <= CF_CERT_CHAIN_MAX);
    for (size_t i = 0; i < n; i++)
        loose[n - 1 - i] = cf_cert_der(cf_chain_at(chain, i));
    must(cf_chain_build(loose, n, leaf, &again, NULL) == CF_OK);
    must(cf_chain_count(again) == n);
    for (size_t i = 0; i < n; i++)
        must(
            cf_bytes_equal(cf_cert_der(cf_chain_at(again, i)), cf_cert_der(cf_chain_at(chain, i))));
    return 0;
}
