/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_cng - key files of Windows' CNG; what is taken is a key that decrypts what it encrypts.
 * Covers cf_cng_private_pem, cf_cng_public_pem, cf_import_key_parse.
 */
#include "certferry/import_key.h"
#include "fuzz_pki.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_own(cf_secret) blob = NULL;
    cf_own(cf_secret) pem = NULL;
    cf_own(cf_secret) plain = NULL;
    cf_own(cf_buf) public_pem = NULL;
    cf_own(cf_buf) cipher = NULL;
    cf_own(cf_import_key) key = NULL;

    enum cf_rc rc = cf_cng_public_pem(cf_bytes_of(data, size), &public_pem, NULL);
    must((rc == CF_OK) == (public_pem != NULL));
    if (size == 0 || size > CF_SECRET_MAX || cf_secret_copy(data, size, &blob, NULL) != CF_OK ||
        cf_cng_private_pem(blob, &pem, NULL) != CF_OK)
        return 0;
    must(cf_import_key_parse(pem, &key, NULL) == CF_OK);
    must(cf_import_key_encrypt(key, CF_OAEP_SHA256, cf_bytes_of("fuzz", 4), &cipher, NULL) ==
         CF_OK);
    must(cf_import_key_decrypt(key, CF_OAEP_SHA256, cf_buf_bytes(cipher), &plain, NULL) == CF_OK);
    must(cf_secret_len(plain) == 4 && memcmp(cf_secret_data(plain), "fuzz", 4) == 0);
    return 0;
}
