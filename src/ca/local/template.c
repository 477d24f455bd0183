/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template - what a template allows, held against what a request asks.
 *
 * Nothing a request holds gets into a certificate because the request says so: subject and names
 * are the caller's policy, usages are a part of the template's, everything else is ours.
 */
#include <openssl/core_names.h>
#include <string.h>

#include "certferry/text.h"
#include "local.h"

enum { RSA_BITS_MAX = 8192 }; /* beyond it a signature check costs more than a request may */

enum cf_rc
cf_local_template_check(const struct cf_template_settings *tmpl, struct cf_err *err)
{
    if (tmpl->validity_ms < 1000)
        return cf_fail(err, CF_E_CA_CONFIG, "template %s: validity is not set", tmpl->name);
    if (tmpl->key_usage & (CF_KU_KEY_CERT_SIGN | CF_KU_CRL_SIGN))
        return cf_fail(
            err, CF_E_CA_CONFIG,
            "template %s: key_usage has keyCertSign or cRLSign, which only a CA may have",
            tmpl->name);
    for (size_t i = 0; i < tmpl->n_eku; i++) {
        cf_own_ossl(ASN1_OBJECT) oid = OBJ_txt2obj(tmpl->eku[i], 1);
        if (!oid)
            return cf_fail_openssl(err, CF_E_CA_CONFIG, "template %s: eku %s is not an OID",
                                   tmpl->name, tmpl->eku[i]);
    }
    return CF_OK;
}

void
cf_local_request_done(struct local_request *request)
{
    request->csr = cf_csr_free(request->csr);
    X509_REQ_free(request->req);
    request->req = NULL;
}

enum cf_rc
cf_local_request_parse(struct cf_bytes der, struct local_request *ret, struct cf_err *err)
{
    cf_own(cf_csr) csr = NULL;

    CF_TRY(cf_csr_parse(der, &csr, err));
    const unsigned char *at = der.data;
    X509_REQ *req = d2i_X509_REQ(NULL, &at, (long)der.len);
    if (!req)
        return cf_fail_openssl(err, CF_E_ENCODING, "certification request");
    ret->csr = cf_give(csr);
    ret->req = req;
    return CF_OK;
}

static enum cf_rc
check_rsa(const struct cf_csr *csr, EVP_PKEY *key, const struct cf_template_settings *tmpl,
          struct cf_err *err)
{
    unsigned bits = cf_csr_key_bits(csr, NULL);
    cf_own_ossl(BIGNUM) e = NULL;

    if (bits < tmpl->min_rsa_bits || bits > RSA_BITS_MAX)
        return cf_fail(err, CF_E_REJECTED,
                       "RSA key of %u bits: template %s wants at least %llu and at most %d", bits,
                       tmpl->name, (unsigned long long)tmpl->min_rsa_bits, RSA_BITS_MAX);
    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) != 1 || !BN_is_odd(e) || BN_is_one(e))
        return cf_fail(err, CF_E_REJECTED, "RSA key: its public exponent is even or one");
    return CF_OK;
}

static enum cf_rc
check_ec(const struct cf_csr *csr, EVP_PKEY *key, const struct cf_template_settings *tmpl,
         struct cf_err *err)
{
    unsigned bits = cf_csr_key_bits(csr, NULL);
    unsigned bits_min = cf_key_kind_is_rsa(tmpl->key) ? 0 : cf_key_kind_bits(tmpl->key);
    char curve[64] = "unnamed";
    size_t len = 0;

    (void)EVP_PKEY_get_group_name(key, curve, sizeof curve, &len);
    if (strcmp(curve, "prime256v1") != 0 && strcmp(curve, "secp384r1") != 0)
        return cf_fail(err, CF_E_REJECTED, "EC key on curve %s: P-256 and P-384 are allowed",
                       curve);
    if (bits < bits_min)
        return cf_fail(err, CF_E_REJECTED, "EC key of %u bits: template %s wants at least %u", bits,
                       tmpl->name, bits_min);
    return CF_OK;
}

static enum cf_rc
check_key(const struct local_request *request, const struct cf_template_settings *tmpl,
          struct cf_err *err)
{
    EVP_PKEY *key = X509_REQ_get0_pubkey(request->req);

    if (key && EVP_PKEY_is_a(key, "RSA"))
        return check_rsa(request->csr, key, tmpl, err);
    if (key && EVP_PKEY_is_a(key, "EC"))
        return check_ec(request->csr, key, tmpl, err);
    return cf_fail_openssl(err, CF_E_REJECTED, "the key must be RSA or EC");
}

static enum cf_rc
check_usage(const struct cf_csr *csr, const struct cf_template_settings *tmpl, struct cf_err *err)
{
    unsigned more = cf_csr_key_usage(csr) & ~tmpl->key_usage;

    if (more)
        return cf_fail(err, CF_E_REJECTED,
                       "key usage: the request asks for bits 0x%02x beyond the 0x%02x of template "
                       "%s",
                       more, tmpl->key_usage, tmpl->name);
    for (size_t i = 0; i < cf_csr_n_eku(csr); i++) {
        bool is_allowed = false;
        for (size_t k = 0; k < tmpl->n_eku; k++)
            is_allowed = is_allowed || strcmp(cf_csr_eku(csr, i), tmpl->eku[k]) == 0;
        if (!is_allowed)
            return cf_fail(err, CF_E_REJECTED, "extended key usage %s: not in template %s",
                           cf_csr_eku(csr, i), tmpl->name);
    }
    return CF_OK;
}

/* Extensions that cf_csr leaves out but that must not go unseen. */
static enum cf_rc
check_extensions(const struct local_request *request, struct cf_err *err)
{
    cf_own_extension_stack stack = X509_REQ_get_extensions(request->req);
    int critical = 0;

    cf_own_ossl(BASIC_CONSTRAINTS) constraints =
        X509V3_get_d2i(stack, NID_basic_constraints, &critical, NULL);
    if (constraints && constraints->ca)
        return cf_fail(err, CF_E_REJECTED,
                       "basicConstraints: the request asks for a CA certificate");
    cf_own_ossl(GENERAL_NAMES) names = X509V3_get_d2i(stack, NID_subject_alt_name, &critical, NULL);
    size_t n_names = names ? (size_t)sk_GENERAL_NAME_num(names) : 0;
    if (n_names != cf_san_count(cf_csr_san(request->csr)))
        return cf_fail(err, CF_E_REJECTED,
                       "subject alternative name: holds names other than e-mail, UPN, DNS and URI");
    return CF_OK;
}

enum cf_rc
cf_local_request_check(const struct local_request *request, const struct cf_template_settings *tmpl,
                       struct cf_err *err)
{
    const struct cf_csr *csr = request->csr;
    const char *name = cf_csr_template_name(csr);

    if (name && !cf_text_equal_nocase(name, tmpl->name))
        return cf_fail(err, CF_E_REJECTED, "template name: the request names %s and came for %s",
                       name, tmpl->name);
    if (cf_dn_count(cf_csr_subject(csr)) == 0 && cf_san_count(cf_csr_san(csr)) == 0)
        return cf_fail(err, CF_E_REJECTED,
                       "the request has neither a subject nor a subject alternative name");
    CF_TRY(check_key(request, tmpl, err));
    CF_TRY(check_usage(csr, tmpl, err));
    return check_extensions(request, err);
}
