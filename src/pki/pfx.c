/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pfx - a PKCS#12 file in one of two shapes that readers are known to take.
 *
 * The random password makes guessing hopeless at any iteration count; the count is a matter of
 * the file's form and of what an auditor wants to see.
 */
#include <string.h>

#include <openssl/err.h>

#include "certferry/text.h"
#include "pfx_internal.h"

enum {
    PASSWORD_RANDOM_LEN = 32,
    SALT_LEN = 8, /* some readers take no other length */
    LEGACY_ITERATIONS = 2048,
    FRIENDLY_NAME_MAX = 256
};

enum cf_rc
cf_pfx_password(struct cf_secret **ret_password, struct cf_err *err)
{
    cf_own(cf_secret) random = NULL;
    cf_own(cf_secret) password = NULL;

    CF_TRY(cf_secret_random(PASSWORD_RANDOM_LEN, &random, err));
    /* The encoder wants room for whole groups; what it does not use falls away. */
    CF_TRY(cf_secret_new(4 * ((PASSWORD_RANDOM_LEN + 2) / 3) + 1, &password, err));
    cf_text_base64url(cf_bytes_of(cf_secret_data(random), cf_secret_len(random)),
                      (char *)cf_secret_edit(password), cf_secret_len(password));
    cf_secret_truncate(password, CF_PFX_PASSWORD_LEN);

    *ret_password = cf_give(password);
    return CF_OK;
}

/* ASCII: readers disagree on how anything else becomes a BMPString. */
static enum cf_rc
check_password(const struct cf_secret *password, struct cf_err *err)
{
    for (size_t i = 0; i < cf_secret_len(password); i++) {
        uint8_t c = cf_secret_data(password)[i];
        if (c < 0x20 || c > 0x7e)
            return cf_fail(err, CF_E_RANGE, "PFX: the password is not printable ASCII");
    }
    return CF_OK;
}

static void
x509_stack_freep(STACK_OF(X509) * *stack)
{
    sk_X509_free(*stack); /* the certificates are borrowed */
    *stack = NULL;
}

static enum cf_rc
collect_chain(const struct cf_chain *chain, STACK_OF(X509) * stack, struct cf_err *err)
{
    for (size_t i = 0; chain && i < chain->n_certs; i++) {
        /* A root proves nothing by being carried along, and some importers ask the user about it.
         */
        if (chain->certs[i]->is_self_signed)
            continue;
        if (sk_X509_push(stack, chain->certs[i]->x509) <= 0)
            return cf_fail_oom(err);
    }
    return CF_OK;
}

enum cf_rc
cf_pfx_write(EVP_PKEY *pkey, const struct cf_cert *cert, const struct cf_chain *chain,
             enum cf_pfx_preset preset, unsigned iterations, const struct cf_secret *password,
             const char *friendly_name, struct cf_buf **ret_der, struct cf_err *err)
{
    bool is_legacy = preset == CF_PFX_LEGACY;
    int pbe = is_legacy ? NID_pbe_WithSHA1And3_Key_TripleDES_CBC : NID_aes_256_cbc;
    int n = is_legacy ? LEGACY_ITERATIONS : (int)iterations;

    if (!is_legacy && (iterations < CF_PFX_ITERATIONS_MIN || iterations > CF_PFX_ITERATIONS_MAX))
        return cf_fail(err, CF_E_RANGE, "PFX: %u iterations, %d to %d are possible", iterations,
                       CF_PFX_ITERATIONS_MIN, CF_PFX_ITERATIONS_MAX);
    if (friendly_name && (strlen(friendly_name) > FRIENDLY_NAME_MAX ||
                          !cf_text_is_printable(friendly_name, strlen(friendly_name))))
        return cf_fail(err, CF_E_RANGE,
                       "PFX: the friendly name is over %d bytes or holds unprintable characters",
                       FRIENDLY_NAME_MAX);
    CF_TRY(check_password(password, err));
    if (X509_check_private_key(cert->x509, pkey) != 1) {
        ERR_clear_error();
        return cf_fail(err, CF_E_MISMATCH, "PFX: the certificate is not that of the private key");
    }

    __attribute__((cleanup(x509_stack_freep))) STACK_OF(X509) *others = sk_X509_new_null();
    if (!others)
        return cf_fail_oom(err);
    CF_TRY(collect_chain(chain, others, err));

    /* No MAC at first (-1): PKCS12_create would choose its digest and salt by itself. */
    const char *pass = (const char *)cf_secret_data(password);
    cf_own_ossl(PKCS12) pfx =
        PKCS12_create(pass, friendly_name, pkey, cert->x509, others, pbe, pbe, n, -1, 0);
    if (!pfx || PKCS12_set_mac(pfx, pass, (int)cf_secret_len(password), NULL, SALT_LEN, n,
                               is_legacy ? EVP_sha1() : EVP_sha256()) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "PFX: cannot be built");

    unsigned char *der = NULL;
    int len = i2d_PKCS12(pfx, &der);
    return cf_buf_from_ossl(der, len, ret_der, err);
}

enum cf_rc
cf_pfx_build(const struct cf_key *key, const struct cf_cert *cert, const struct cf_chain *chain,
             enum cf_pfx_preset preset, unsigned iterations, const struct cf_secret *password,
             const char *friendly_name, struct cf_buf **ret_der, struct cf_err *err)
{
    return cf_pfx_write(key->pkey, cert, chain, preset, iterations, password, friendly_name,
                        ret_der, err);
}
