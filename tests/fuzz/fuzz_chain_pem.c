/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_chain_pem - certificate lists in PEM; what is read can be written and read again.
 * Covers cf_chain_parse_pem, cf_chain_pem and the roots of cf_trust_new.
 */
#include <stdlib.h>

#include "certferry/cert.h"

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
    struct cf_bytes input = cf_bytes_of(data, size);
    cf_own(cf_chain) chain = NULL;
    cf_own(cf_chain) again = NULL;
    cf_own(cf_buf) pem = NULL;
    cf_own(cf_trust) trust = NULL;

    (void)!cf_trust_new(input, cf_bytes_of("", 0), &trust, NULL);
    if (cf_chain_parse_pem(input, &chain, NULL) != CF_OK)
        return 0;
    must(cf_chain_count(chain) >= 1 && cf_chain_count(chain) <= CF_CERT_CHAIN_MAX);
    must(cf_chain_pem(chain, &pem, NULL) == CF_OK);
    must(cf_chain_parse_pem(cf_buf_bytes(pem), &again, NULL) == CF_OK);
    must(cf_chain_count(again) == cf_chain_count(chain));
    return 0;
}
