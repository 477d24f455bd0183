/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trust - may this certificate receive the private key of this device?
 *
 * The certificate reaches the connector through the cloud, which could send one of its own.
 * Only what the operator configured speaks for it: a root of the CA that issues device
 * certificates, or a pin.
 */
#include "cert_internal.h"

#include <openssl/err.h>

#include "certferry/text.h"

enum {
    ROOTS_MAX = 200,
    AUTH_LEVEL = 2, /* 112 bits: no SHA-1, no RSA below 2048 in the chain */
    NAME_SIZE = 80
};

struct cf_trust {
    X509_STORE *anchors; /* NULL: only pins */
    STACK_OF(X509) * helpers;
    struct cf_pins *pins;
    struct cf_chain *roots; /* NULL: only pins */
};

struct cf_trust *
cf_trust_free(struct cf_trust *trust)
{
    if (!trust)
        return NULL;
    X509_STORE_free(trust->anchors);
    sk_X509_pop_free(trust->helpers, X509_free);
    cf_pins_free(trust->pins);
    cf_chain_free(trust->roots);
    free(trust);
    return NULL;
}

static enum cf_rc
add_helper(struct cf_trust *trust, X509 *x509, struct cf_err *err)
{
    if (X509_up_ref(x509) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "roots: a certificate cannot be kept");
    if (sk_X509_push(trust->helpers, x509) <= 0) {
        X509_free(x509);
        return cf_fail_oom(err);
    }
    return CF_OK;
}

/*
 * A self-signed certificate is an anchor and the others only help to reach one. Without any
 * self-signed one the operator gave the issuing CA alone: then each is an anchor by itself.
 */
static enum cf_rc
load_roots(struct cf_trust *trust, const struct cf_chain *roots, struct cf_err *err)
{
    bool has_root = false;

    trust->anchors = X509_STORE_new();
    trust->helpers = sk_X509_new_null();
    if (!trust->anchors || !trust->helpers)
        return cf_fail_oom(err);

    for (size_t i = 0; i < roots->n_certs; i++) {
        char name[NAME_SIZE];
        cf_cert_name_text(roots->certs[i]->subject, name, sizeof name);
        if (!roots->certs[i]->extensions.is_ca)
            return cf_fail(err, CF_E_CONFIG,
                           "roots: '%s' is not a CA certificate; pin single devices instead", name);
        has_root = has_root || roots->certs[i]->is_self_signed;
    }
    for (size_t i = 0; i < roots->n_certs; i++) {
        const struct cf_cert *cert = roots->certs[i];
        if (has_root && !cert->is_self_signed)
            CF_TRY(add_helper(trust, cert->x509, err));
        else if (X509_STORE_add_cert(trust->anchors, cert->x509) != 1)
            return cf_fail_openssl(err, CF_E_CRYPTO, "roots: a certificate cannot be kept");
    }
    if (!has_root && X509_STORE_set_flags(trust->anchors, X509_V_FLAG_PARTIAL_CHAIN) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "roots: cannot be set up");
    return CF_OK;
}

enum cf_rc
cf_trust_new(struct cf_bytes roots_pem, struct cf_bytes pins_text, struct cf_trust **ret_trust,
             struct cf_err *err)
{
    cf_own(cf_chain) roots = NULL;
    cf_own(cf_trust) trust = calloc(1, sizeof *trust);
    if (!trust)
        return cf_fail_oom(err);

    CF_TRY(cf_pins_parse(pins_text, &trust->pins, err));
    if (roots_pem.len > 0) {
        enum cf_rc rc = cf_chain_parse_pem_max(roots_pem, ROOTS_MAX, &roots, err);
        if (rc != CF_OK) {
            (void)cf_err_prefix(err, "roots");
            return rc;
        }
        CF_TRY(load_roots(trust, roots, err));
    }
    if (!roots && cf_pins_count(trust->pins) == 0)
        return cf_fail(err, CF_E_CONFIG,
                       "recipient trust: neither a root certificate nor a pin is given");

    trust->roots = cf_give(roots);
    *ret_trust = cf_give(trust);
    return CF_OK;
}

const struct cf_chain *
cf_trust_roots(const struct cf_trust *trust)
{
    return trust->roots;
}

static enum cf_rc
check_chain(const struct cf_trust *trust, const struct cf_cert *recipient, int64_t now_ms,
            struct cf_err *err)
{
    if (!trust->anchors)
        return cf_fail(err, CF_E_RECIPIENT,
                       "recipient certificate: its key is not pinned and no root is configured");

    cf_own_ossl(X509_STORE_CTX) context = X509_STORE_CTX_new();
    if (!context)
        return cf_fail_oom(err);
    if (X509_STORE_CTX_init(context, trust->anchors, recipient->x509, trust->helpers) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "recipient certificate: chain check");

    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(param, (time_t)(now_ms / 1000));
    X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
    if (X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "recipient certificate: chain check");

    if (X509_verify_cert(context) == 1)
        return CF_OK;
    char issuer[NAME_SIZE];
    int why = X509_STORE_CTX_get_error(context);
    cf_cert_name_text(recipient->issuer, issuer, sizeof issuer);
    ERR_clear_error();
    return cf_fail(err, CF_E_RECIPIENT,
                   "recipient certificate: issued by '%s', does not chain to a configured root: %s",
                   issuer, X509_verify_cert_error_string(why));
}

enum cf_rc
cf_trust_check_recipient(const struct cf_trust *trust, const struct cf_cert *recipient,
                         const char *const *device_ids, size_t n_device_ids, int64_t now_ms,
                         struct cf_err *err)
{
    CF_TRY(cf_cert_check_usable_recipient(recipient, now_ms, err));

    switch (cf_pins_find(trust->pins, recipient->spki_sha256, device_ids, n_device_ids)) {
    case CF_PIN_DEVICE:
        return CF_OK;
    case CF_PIN_OTHER_DEVICE:
        /* Even a chain does not help: the operator said whose key this is. */
        return cf_fail(err, CF_E_RECIPIENT,
                       "recipient certificate: its key is pinned to another device");
    case CF_PIN_KEY:
        break;
    case CF_PIN_NONE:
        CF_TRY(check_chain(trust, recipient, now_ms, err));
        break;
    }
    return cf_recipient_check_identity(recipient, device_ids, n_device_ids, err);
}
