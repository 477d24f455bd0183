/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain_build - a chain out of certificates in no order.
 *
 * Several certificates can have made one: a CA renewed with its key, a root that another one
 * certified too. The shortest way out is taken (a root before a cross certificate), then the one
 * that is valid longest. No name with its key appears twice, so that roots which certified each
 * other make no circle.
 */
#include "cert_internal.h"

#include <openssl/err.h>

enum { VERIFIED_MAX = 2000 };

void
cf_loose_done(struct cf_loose *loose)
{
    sk_X509_pop_free(loose->certs, X509_free);
    loose->certs = NULL;
}

enum cf_rc
cf_loose_is_issuer(struct cf_loose *loose, X509 *issuer, X509 *cert, bool *ret_is_issuer,
                   struct cf_err *err)
{
    if (X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_issuer_name(cert)) != 0 ||
        X509_check_issued(issuer, cert) != X509_V_OK) {
        *ret_is_issuer = false;
        return CF_OK;
    }
    if (++loose->n_verified > VERIFIED_MAX)
        return cf_fail(err, CF_E_LIMIT,
                       "certificates: too many of one name to find out which made which");
    EVP_PKEY *pkey = X509_get0_pubkey(issuer);
    *ret_is_issuer = pkey && X509_verify(cert, pkey) == 1;
    ERR_clear_error();
    return CF_OK;
}

static bool
is_same_authority(const X509 *a, const X509 *b)
{
    return X509_NAME_cmp(X509_get_subject_name(a), X509_get_subject_name(b)) == 0 &&
           EVP_PKEY_eq(X509_get0_pubkey(a), X509_get0_pubkey(b)) == 1;
}

static bool
is_used(const X509 *x509, const struct cf_cert *leaf, const struct cf_chain *chain)
{
    bool is_used = is_same_authority(x509, leaf->x509);

    for (size_t i = 0; !is_used && i < chain->n_certs; i++)
        is_used = is_same_authority(x509, chain->certs[i]->x509);
    return is_used;
}

static bool
is_self_issued(const X509 *x509)
{
    return X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) == 0;
}

static bool
is_better(const X509 *x509, const X509 *best)
{
    if (is_self_issued(x509) != is_self_issued(best))
        return is_self_issued(x509);
    return ASN1_TIME_compare(X509_get0_notAfter(x509), X509_get0_notAfter(best)) > 0;
}

/* NULL when it is not among them. Borrowed. */
static enum cf_rc
find_issuer(struct cf_loose *loose, const struct cf_cert *leaf, const struct cf_chain *chain,
            X509 **ret_issuer, struct cf_err *err)
{
    const struct cf_cert *below = chain->n_certs > 0 ? chain->certs[chain->n_certs - 1] : leaf;

    *ret_issuer = NULL;
    for (int i = 0; i < sk_X509_num(loose->certs); i++) {
        X509 *x509 = sk_X509_value(loose->certs, i);
        bool is_issuer = false;
        if (*ret_issuer && !is_better(x509, *ret_issuer))
            continue;
        CF_TRY(cf_loose_is_issuer(loose, x509, below->x509, &is_issuer, err));
        if (is_issuer && !is_used(x509, leaf, chain))
            *ret_issuer = x509;
    }
    return CF_OK;
}

static enum cf_rc
append(struct cf_chain *chain, const X509 *x509, struct cf_err *err)
{
    unsigned char *der = NULL;
    cf_own(cf_buf) copy = NULL;

    int len = i2d_X509(x509, &der);
    CF_TRY(cf_buf_from_ossl(der, len, &copy, err));
    return cf_chain_append(chain, CF_CERT_CHAIN_MAX, cf_buf_bytes(copy), err);
}

enum cf_rc
cf_loose_chain(struct cf_loose *loose, const struct cf_cert *leaf, struct cf_chain **ret_chain,
               struct cf_err *err)
{
    X509 *issuer = NULL;

    ERR_clear_error();
    cf_own(cf_chain) chain = cf_chain_new(CF_CERT_CHAIN_MAX);
    if (!chain)
        return cf_fail_oom(err);
    for (;;) {
        CF_TRY(find_issuer(loose, leaf, chain, &issuer, err));
        if (!issuer)
            break;
        CF_TRY(append(chain, issuer, err));
    }
    *ret_chain = cf_give(chain);
    return CF_OK;
}

enum cf_rc
cf_chain_build(const struct cf_bytes *certs, size_t n, const struct cf_cert *leaf,
               struct cf_chain **ret_chain, struct cf_err *err)
{
    cf_own_loose loose = {.certs = sk_X509_new_null()};

    if (!loose.certs)
        return cf_fail_oom(err);
    if (n > CF_LOOSE_MAX)
        return cf_fail(err, CF_E_LIMIT, "certificates: %zu of them; at most %d are looked at", n,
                       CF_LOOSE_MAX);
    ERR_clear_error();
    for (size_t i = 0; i < n; i++) {
        const unsigned char *at = certs[i].data;
        bool is_sized = certs[i].len > 0 && certs[i].len <= CF_CERT_DER_MAX;
        cf_own_ossl(X509) x509 = is_sized ? d2i_X509(NULL, &at, (long)certs[i].len) : NULL;
        if (!x509 || at != certs[i].data + certs[i].len)
            return cf_fail_openssl(err, CF_E_ENCODING,
                                   "certificates: number %zu is not an X.509 certificate in DER",
                                   i + 1);
        if (sk_X509_push(loose.certs, x509) <= 0)
            return cf_fail_oom(err);
        x509 = NULL;
    }
    return cf_loose_chain(&loose, leaf, ret_chain, err);
}
