/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_sealed_key - sealed keys, opened with a store key of zeros. Covers cf_key_unseal.
 *
 * What opens was sealed; sealing it again gives a key that opens too.
 */
#include "certferry/key.h"
#include "fuzz_pki.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t ZEROS[32];
    struct cf_bytes aad = cf_bytes_of("seed", 4);
    cf_own(cf_secret) store_key = NULL;
    cf_own(cf_key) key = NULL;
    cf_own(cf_key) again = NULL;
    cf_own(cf_buf) sealed = NULL;

    must(cf_secret_copy(ZEROS, sizeof ZEROS, &store_key, NULL) == CF_OK);
    enum cf_rc rc = cf_key_unseal(cf_bytes_of(data, size), store_key, aad, &key, NULL);
    must(rc == CF_OK || rc == CF_E_CRYPTO || rc == CF_E_ENCODING);
    if (rc != CF_OK)
        return 0;
    must(cf_key_seal(key, store_key, aad, &sealed, NULL) == CF_OK);
    must(cf_key_unseal(cf_buf_bytes(sealed), store_key, aad, &again, NULL) == CF_OK);
    return 0;
}
