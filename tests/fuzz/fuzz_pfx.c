/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_pfx - PFX files with the password "fuzz"; what opens can be written again and opens then.
 * Covers cf_pfx_open and cf_pfx_rebuild.
 */
#include "certferry/pfx.h"
#include "fuzz_pki.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_own(cf_secret) password = NULL;
    cf_own(cf_pfx_content) content = NULL;
    cf_own(cf_pfx_content) again = NULL;
    cf_own(cf_buf) der = NULL;

    must(cf_secret_copy("fuzz", 4, &password, NULL) == CF_OK);
    if (cf_pfx_open(cf_bytes_of(data, size), password, &content, NULL) != CF_OK)
        return 0;
    enum cf_rc rc =
        cf_pfx_rebuild(content, CF_PFX_MODERN, CF_PFX_ITERATIONS_MIN, password, "fuzz", &der, NULL);
    must(rc == CF_OK || rc == CF_E_UNSUPPORTED || rc == CF_E_MISMATCH);
    if (rc != CF_OK)
        return 0;
    must(cf_pfx_open(cf_buf_bytes(der), password, &again, NULL) == CF_OK);
    must(cf_bytes_equal(cf_cert_der(cf_pfx_content_cert(content)),
                        cf_cert_der(cf_pfx_content_cert(again))));
    return 0;
}
