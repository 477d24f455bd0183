/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert_key - does this private key belong to this certificate?
 *
 * For checks of files: the key is read, compared and dropped, all of it in locked memory.
 */
#include "cert_internal.h"

#include <openssl/err.h>

enum cf_rc
cf_cert_check_key(const struct cf_cert *cert, const struct cf_secret *key_pem, struct cf_err *err)
{
    cf_own_ossl(EVP_PKEY) key = NULL;

    CF_TRY(cf_pkey_from_pem(key_pem, &key, err));
    if (X509_check_private_key(cert->x509, key) == 1)
        return CF_OK;
    ERR_clear_error();
    return cf_fail(err, CF_E_MISMATCH, "the private key is not that of the certificate");
}
