/* SPDX-License-Identifier: Apache-2.0 */
/* csr_parse - reading a certification request that somebody else may have made. */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "internal.h"

struct cf_csr {
    struct cf_dn *subject;
    struct cf_buf *spki;
    struct cf_extensions extensions;
    struct cf_secret *challenge;
    unsigned sha;
    unsigned key_bits;
    bool is_rsa;
    enum cf_key_kind kind; /* CF_KEY_KIND_MAX_: none of them */
};

struct cf_csr *
cf_csr_free(struct cf_csr *csr)
{
    if (!csr)
        return NULL;
    cf_dn_free(csr->subject);
    cf_buf_free(csr->spki);
    cf_extensions_done(&csr->extensions);
    cf_secret_free(csr->challenge);
    free(csr);
    return NULL;
}

static enum cf_key_kind
kind_of(EVP_PKEY *pkey)
{
    static const char *const CURVES[CF_KEY_KIND_MAX_] = {
        [CF_KEY_P256] = "prime256v1", [CF_KEY_P384] = "secp384r1"};
    bool is_rsa = false;
    unsigned bits = cf_pkey_bits(pkey, &is_rsa);
    char curve[64] = "";
    size_t len = 0;

    if (!is_rsa && EVP_PKEY_get_group_name(pkey, curve, sizeof curve, &len) != 1)
        ERR_clear_error();
    for (unsigned kind = 0; kind < CF_KEY_KIND_MAX_; kind++) {
        if (CURVES[kind] ? strcmp(curve, CURVES[kind]) == 0
                         : is_rsa && bits == cf_key_kind_bits((enum cf_key_kind)kind))
            return (enum cf_key_kind)kind;
    }
    return CF_KEY_KIND_MAX_;
}

static enum cf_rc
check_signature(struct cf_csr *csr, X509_REQ *req, struct cf_err *err)
{
    EVP_PKEY *pkey = X509_REQ_get0_pubkey(req);

    if (!pkey)
        return cf_fail_openssl(err, CF_E_UNSUPPORTED,
                               "the request's public key cannot be read; RSA and EC keys are "
                               "supported");
    CF_TRY(cf_pkey_check_cost(pkey, err));
    csr->key_bits = cf_pkey_bits(pkey, &csr->is_rsa);
    if (X509_REQ_verify(req, pkey) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO,
                               "the request's signature does not verify: whoever sent it has not "
                               "shown to own the key");
    csr->kind = kind_of(pkey);
    return CF_OK;
}

/* Two places for extensions, or two values in one, would let the CA read what we did not. */
static enum cf_rc
check_one_extension_request(const X509_REQ *req, struct cf_err *err)
{
    static const int NIDS[] = {NID_ext_req, NID_ms_ext_req};
    int n = 0;

    for (size_t i = 0; i < CF_COUNT(NIDS); i++) {
        for (int at = X509_REQ_get_attr_by_NID(req, NIDS[i], -1); at >= 0;
             at = X509_REQ_get_attr_by_NID(req, NIDS[i], at)) {
            n++;
            if (X509_ATTRIBUTE_count(X509_REQ_get_attr(req, at)) != 1)
                return cf_fail(err, CF_E_ENCODING,
                               "an extension request attribute without exactly one value");
        }
    }
    if (n > 1)
        return cf_fail(err, CF_E_ENCODING, "%d extension request attributes; one is possible", n);
    return CF_OK;
}

static bool
has_extension_request(const X509_REQ *req)
{
    return X509_REQ_get_attr_by_NID(req, NID_ext_req, -1) >= 0 ||
           X509_REQ_get_attr_by_NID(req, NID_ms_ext_req, -1) >= 0;
}

static enum cf_rc
read_extensions(struct cf_csr *csr, X509_REQ *req, struct cf_err *err)
{
    CF_TRY(check_one_extension_request(req, err));
    cf_own_extension_stack stack = X509_REQ_get_extensions(req);
    if (!stack && has_extension_request(req))
        return cf_fail_openssl(err, CF_E_ENCODING, "the extension request cannot be decoded");
    return cf_extensions_read(stack, &csr->extensions, err);
}

static enum cf_rc
read_spki(struct cf_csr *csr, X509_REQ *req, struct cf_err *err)
{
    unsigned char *der = NULL;
    int len = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(req), &der);

    return cf_buf_from_ossl(der, len, &csr->spki, err);
}

enum cf_rc
cf_csr_parse(struct cf_bytes der, struct cf_csr **ret_csr, struct cf_err *err)
{
    const unsigned char *at = der.data;

    if (der.len > CF_CSR_DER_MAX)
        return cf_fail(err, CF_E_LIMIT, "a request of %zu bytes; at most %d are accepted", der.len,
                       CF_CSR_DER_MAX);
    ERR_clear_error();
    cf_own_ossl(X509_REQ) req = der.len ? d2i_X509_REQ(NULL, &at, (long)der.len) : NULL;
    if (!req)
        return cf_fail_openssl(err, CF_E_ENCODING, "not a PKCS#10 request");
    if (at != der.data + der.len)
        return cf_fail(err, CF_E_ENCODING, "bytes after a PKCS#10 request");

    cf_own(cf_csr) csr = calloc(1, sizeof *csr);
    if (!csr)
        return cf_fail_oom(err);
    CF_TRY(check_signature(csr, req, err));
    CF_TRY(cf_dn_from_x509_name(X509_REQ_get_subject_name(req), &csr->subject, err));
    CF_TRY(read_extensions(csr, req, err));
    CF_TRY(read_spki(csr, req, err));
    CF_TRY(cf_csr_read_challenge(req, &csr->challenge, err));
    csr->sha = cf_csr_read_sha(req);
    *ret_csr = cf_give(csr);
    return CF_OK;
}

const struct cf_dn *
cf_csr_subject(const struct cf_csr *csr)
{
    return csr->subject;
}

const struct cf_san *
cf_csr_san(const struct cf_csr *csr)
{
    return csr->extensions.san;
}

unsigned
cf_csr_key_usage(const struct cf_csr *csr)
{
    return csr->extensions.key_usage;
}

size_t
cf_csr_n_eku(const struct cf_csr *csr)
{
    return csr->extensions.n_eku;
}

const char *
cf_csr_eku(const struct cf_csr *csr, size_t index)
{
    return index < csr->extensions.n_eku ? csr->extensions.eku[index] : NULL;
}

const char *
cf_csr_template_name(const struct cf_csr *csr)
{
    return csr->extensions.template_name;
}

const char *
cf_csr_template_oid(const struct cf_csr *csr)
{
    return csr->extensions.template_oid;
}

const char *
cf_csr_sid(const struct cf_csr *csr)
{
    return csr->extensions.sid;
}

struct cf_bytes
cf_csr_spki(const struct cf_csr *csr)
{
    return cf_buf_bytes(csr->spki);
}

const struct cf_secret *
cf_csr_challenge(const struct cf_csr *csr)
{
    return csr->challenge;
}

unsigned
cf_csr_signature_sha(const struct cf_csr *csr)
{
    return csr->sha;
}

bool
cf_csr_has_key_usage(const struct cf_csr *csr)
{
    return csr->extensions.has_key_usage;
}

static bool
has_oid(char *const *list, size_t n, const char *oid)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i], oid) == 0)
            return true;
    }
    return false;
}

enum cf_rc
cf_csr_check_plain(const struct cf_csr *csr, struct cf_err *err)
{
    const struct cf_extensions *extensions = &csr->extensions;
    size_t n = extensions->n_application_policy;

    if (extensions->is_ca)
        return cf_fail(err, CF_E_POLICY, "the request asks for a CA certificate");
    if (extensions->n_other_san > 0)
        return cf_fail(err, CF_E_POLICY,
                       "the request has alternative names of other types than e-mail, UPN, DNS and "
                       "URI");
    for (size_t i = 0; i < n; i++) {
        if (!has_oid(extensions->eku, extensions->n_eku, extensions->application_policy[i]))
            return cf_fail(err, CF_E_POLICY,
                           "the request has the application policy %.64s, which is not among its "
                           "extended key usages",
                           extensions->application_policy[i]);
    }
    for (size_t i = 0; n > 0 && i < extensions->n_eku; i++) {
        if (!has_oid(extensions->application_policy, n, extensions->eku[i]))
            return cf_fail(err, CF_E_POLICY,
                           "the request has the extended key usage %.64s, which is not among its "
                           "application policies",
                           extensions->eku[i]);
    }
    return CF_OK;
}

bool
cf_csr_key_kind(const struct cf_csr *csr, enum cf_key_kind *ret_kind)
{
    if (csr->kind == CF_KEY_KIND_MAX_)
        return false;
    *ret_kind = csr->kind;
    return true;
}

unsigned
cf_csr_key_bits(const struct cf_csr *csr, bool *ret_is_rsa)
{
    if (ret_is_rsa)
        *ret_is_rsa = csr->is_rsa;
    return csr->key_bits;
}
