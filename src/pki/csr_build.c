/* SPDX-License-Identifier: Apache-2.0 */
/* csr_build - writing and signing a certification request. */
#include <openssl/err.h>

#include "internal.h"

static enum cf_rc
add_extensions(X509_REQ *req, const struct cf_csr_spec *spec, struct cf_err *err)
{
    cf_own_extension_stack stack = NULL;

    if (spec->san && cf_san_count(spec->san) > 0) {
        bool critical = cf_dn_count(spec->subject) == 0; /* RFC 5280 section 4.2.1.6 */
        CF_TRY(cf_extensions_add_san(&stack, spec->san, critical, err));
    }
    if (spec->key_usage)
        CF_TRY(cf_extensions_add_key_usage(&stack, spec->key_usage, err));
    if (spec->n_eku > 0)
        CF_TRY(cf_extensions_add_eku(&stack, spec->eku, spec->n_eku, err));
    if (spec->template_oid)
        CF_TRY(cf_extensions_add_template_oid(&stack, spec->template_oid, err));
    else if (spec->template_name)
        CF_TRY(cf_extensions_add_template(&stack, spec->template_name, err));
    if (spec->sid)
        CF_TRY(cf_extensions_add_sid(&stack, spec->sid, err));
    if (stack && !X509_REQ_add_extensions(req, stack))
        return cf_fail_openssl(err, CF_E_ENCODING, "extension request not encoded");
    return CF_OK;
}

enum cf_rc
cf_csr_build(const struct cf_key *key, const struct cf_csr_spec *spec, struct cf_buf **ret_der,
             struct cf_err *err)
{
    if (cf_dn_count(spec->subject) == 0 && (!spec->san || cf_san_count(spec->san) == 0))
        return cf_fail(err, CF_E_RANGE,
                       "a request with neither a subject nor an alternative name names nobody");

    ERR_clear_error();
    cf_own_ossl(X509_REQ) req = X509_REQ_new_ex(cf_key_library(key), NULL);
    cf_own_ossl(X509_NAME) subject = NULL;
    if (!req)
        return cf_fail_oom(err);
    CF_TRY(cf_dn_to_x509_name(spec->subject, &subject, err));
    if (!X509_REQ_set_version(req, X509_REQ_VERSION_1) ||
        !X509_REQ_set_subject_name(req, subject) || !X509_REQ_set_pubkey(req, key->pkey))
        return cf_fail_openssl(err, CF_E_CRYPTO, "request not built");
    CF_TRY(add_extensions(req, spec, err));

    const EVP_MD *digest = key->kind == CF_KEY_P384 ? EVP_sha384() : EVP_sha256();
    cf_key_enter(key);
    int signature_len = X509_REQ_sign(req, key->pkey, digest);
    cf_key_leave(key);
    if (signature_len <= 0)
        return cf_fail_openssl(err, CF_E_CRYPTO, "request not signed");

    unsigned char *der = NULL;
    int len = i2d_X509_REQ(req, &der);
    return cf_buf_from_ossl(der, len, ret_der, err);
}
