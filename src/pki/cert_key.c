/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert_key - does this private key belong to this certificate?
 *
 * For checks of files: the key is read, compared and dropped, all of it in locked memory.
 */
#include "cert_internal.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

/* Nobody is there to be asked for one. */
static int
no_passphrase(char *buf, int size, int rwflag, void *arg)
{
    (void)buf;
    (void)size;
    (void)rwflag;
    (void)arg;
    return -1;
}

static enum cf_rc
read_key(const struct cf_secret *pem, EVP_PKEY **ret_key, struct cf_err *err)
{
    cf_own_ossl(BIO) bio = BIO_new_mem_buf(cf_secret_data(pem), (int)cf_secret_len(pem));
    unsigned char *der = NULL;
    long der_len = 0;
    char *name = NULL;

    if (!bio)
        return cf_fail_oom(err);
    if (PEM_bytes_read_bio_secmem(&der, &der_len, &name, PEM_STRING_EVP_PKEY, bio, no_passphrase,
                                  NULL) != 1) {
        ERR_clear_error();
        return cf_fail(err, CF_E_ENCODING, "no private key in PEM without a passphrase");
    }
    bool is_encrypted = strcmp(name, PEM_STRING_PKCS8) == 0;
    const unsigned char *at = der;
    EVP_PKEY *key = is_encrypted ? NULL : d2i_AutoPrivateKey(NULL, &at, der_len);
    OPENSSL_secure_clear_free(der, (size_t)der_len);
    OPENSSL_secure_free(name);
    if (is_encrypted)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "the private key is encrypted: decrypt it (openssl pkey) and let file "
                       "permissions or a systemd credential protect it");
    if (!key) {
        ERR_clear_error();
        return cf_fail(err, CF_E_ENCODING, "the private key cannot be read");
    }
    *ret_key = key;
    return CF_OK;
}

enum cf_rc
cf_cert_check_key(const struct cf_cert *cert, const struct cf_secret *key_pem, struct cf_err *err)
{
    cf_own_ossl(EVP_PKEY) key = NULL;

    CF_TRY(read_key(key_pem, &key, err));
    if (X509_check_private_key(cert->x509, key) == 1)
        return CF_OK;
    ERR_clear_error();
    return cf_fail(err, CF_E_MISMATCH, "the private key is not that of the certificate");
}
