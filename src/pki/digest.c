/* SPDX-License-Identifier: Apache-2.0 */
/* digest - SHA-256 by OpenSSL. */
#include "certferry/digest.h"

#include "certferry/text.h"
#include "internal.h"

enum cf_rc
cf_sha256_text(struct cf_bytes bytes, char ret[CF_SHA256_TEXT_SIZE], struct cf_err *err)
{
    uint8_t digest[CF_SHA256_LEN];

    if (EVP_Digest(bytes.data, bytes.len, digest, NULL, EVP_sha256(), NULL) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "SHA-256");
    cf_text_hex(cf_bytes_of(digest, sizeof digest), false, ret, CF_SHA256_TEXT_SIZE);
    return CF_OK;
}
