/* SPDX-License-Identifier: Apache-2.0 */
/* derive - keys for one purpose each, out of the store key. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/params.h>

#include "certferry/digest.h"
#include "internal.h"

enum { STORE_KEY_LEN = 32 };

enum cf_rc
cf_derive_key(const struct cf_secret *store_key, const char *label, uint8_t key[32],
              struct cf_err *err)
{
    if (cf_secret_len(store_key) != STORE_KEY_LEN)
        return cf_fail(err, CF_E_BUG, "the store key has %zu bytes, not 32",
                       cf_secret_len(store_key));
    cf_own_ossl(EVP_KDF) kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    cf_own_ossl(EVP_KDF_CTX) ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;

    /* OSSL_PARAM takes pointers to things it will not change without their const. */
    union {
        const void *in;
        void *out;
    } ikm = {.in = cf_secret_data(store_key)}, info = {.in = label};
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, ikm.out, STORE_KEY_LEN),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.out, strlen(label)),
        OSSL_PARAM_construct_end(),
    };
    if (!ctx || EVP_KDF_derive(ctx, key, 32, params) <= 0)
        return cf_fail_openssl(err, CF_E_CRYPTO, "HKDF failed");
    return CF_OK;
}

enum cf_rc
cf_hmac_derived(const struct cf_secret *store_key, const char *label, struct cf_bytes data,
                uint8_t ret[CF_SHA256_LEN], struct cf_err *err)
{
    uint8_t key[32];
    unsigned len = 0;

    CF_TRY(cf_derive_key(store_key, label, key, err));
    const unsigned char *made = HMAC(EVP_sha256(), key, sizeof key, data.data, data.len, ret, &len);
    cf_wipe(key, sizeof key);
    return made && len == CF_SHA256_LEN ? CF_OK
                                        : cf_fail_openssl(err, CF_E_CRYPTO, "HMAC-SHA-256 failed");
}
