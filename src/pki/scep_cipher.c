/* SPDX-License-Identifier: Apache-2.0 */
/* scep_cipher - where ciphers come from, single DES above all. */
#include <pthread.h>

#include <openssl/err.h>
#include <openssl/provider.h>

#include "scep_internal.h"

static struct {
    pthread_mutex_t mutex;
    OSSL_LIB_CTX *library;
    OSSL_PROVIDER *legacy;
    OSSL_PROVIDER *by_default; /* what is random comes from it */
} des = {.mutex = PTHREAD_MUTEX_INITIALIZER};

void
cf_scep_cipher_done(void)
{
    pthread_mutex_lock(&des.mutex);
    if (des.legacy)
        OSSL_PROVIDER_unload(des.legacy);
    if (des.by_default)
        OSSL_PROVIDER_unload(des.by_default);
    OSSL_LIB_CTX_free(des.library);
    des.legacy = NULL;
    des.by_default = NULL;
    des.library = NULL;
    pthread_mutex_unlock(&des.mutex);
}

/* NULL when there is no legacy provider: asked for again by the next message. */
static OSSL_LIB_CTX *
des_library(void)
{
    pthread_mutex_lock(&des.mutex);
    if (!des.library)
        des.library = OSSL_LIB_CTX_new();
    if (des.library && !des.by_default)
        des.by_default = OSSL_PROVIDER_load(des.library, "default");
    if (des.library && !des.legacy)
        des.legacy = OSSL_PROVIDER_load(des.library, "legacy");
    OSSL_LIB_CTX *library = des.by_default && des.legacy ? des.library : NULL;
    pthread_mutex_unlock(&des.mutex);
    return library;
}

enum cf_rc
cf_scep_cipher_fetch(enum cf_scep_cipher cipher, struct cf_scep_cipher_suite *ret_suite,
                     struct cf_err *err)
{
    bool is_des = cipher == CF_SCEP_DES;
    struct cf_scep_cipher_suite suite = {0};

    suite.library = is_des ? des_library() : NULL;
    if (cf_scep_cipher_key_len(cipher) > 0 && (!is_des || suite.library))
        suite.cipher = EVP_CIPHER_fetch(suite.library, cf_scep_cipher_name(cipher), NULL);
    ERR_clear_error();
    if (!suite.cipher)
        return cf_fail(err, CF_E_UNSUPPORTED, "SCEP message: OpenSSL does not have %s here%s",
                       cf_scep_cipher_name(cipher),
                       is_des ? " (its legacy provider is not installed)" : "");
    *ret_suite = suite;
    return CF_OK;
}
