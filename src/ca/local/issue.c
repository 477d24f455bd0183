/* SPDX-License-Identifier: Apache-2.0 */
/* issue - one certificate, from a request that was checked against its template. */
#include <string.h>

#include "certferry/text.h"
#include "local.h"

/* A certificate that ends sooner is of no use to a device. */
enum { VALIDITY_MIN_MS = 60 * 1000 };

static int64_t
least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The template's at most; a shorter wish is granted; never past the CA's own end. */
static enum cf_rc
set_validity(const struct local_ca *ca, const struct local_issue *issue, X509 *cert,
             int64_t *ret_not_after_ms, struct cf_err *err)
{
    int64_t now = cf_clock_now_ms(ca->env.clock);
    uint64_t validity = issue->tmpl->validity_ms;
    cf_own_ossl(ASN1_TIME) from = NULL;
    cf_own_ossl(ASN1_TIME) until = NULL;

    if (issue->validity_ms > 0 && issue->validity_ms < validity)
        validity = issue->validity_ms;
    if (now < ca->not_before_ms || ca->not_after_ms - now < VALIDITY_MIN_MS) {
        char text[CF_TEXT_TIME_SIZE];
        bool is_early = now < ca->not_before_ms;
        cf_text_from_time(is_early ? ca->not_before_ms : ca->not_after_ms, text);
        return cf_fail(err, CF_E_CA_CONFIG, "ca %s: the CA's own certificate %s %s: %s",
                       ca->settings->name, is_early ? "is not valid before" : "ends on", text,
                       is_early ? "check the clock" : "renew it");
    }

    /* Compared before adding: a validity of centuries must not wrap around. */
    int64_t not_after =
        validity < (uint64_t)(ca->not_after_ms - now) ? now + (int64_t)validity : ca->not_after_ms;
    int64_t backdate = least((int64_t)ca->settings->backdate_ms, now - ca->not_before_ms);
    CF_TRY(cf_local_time_from_ms(now - backdate, &from, err));
    CF_TRY(cf_local_time_from_ms(not_after, &until, err));
    if (X509_set1_notBefore(cert, from) != 1 || X509_set1_notAfter(cert, until) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "validity");
    *ret_not_after_ms = not_after / 1000 * 1000;
    return CF_OK;
}

static enum cf_rc
set_names(const struct local_ca *ca, const struct local_issue *issue, X509 *cert,
          struct cf_err *err)
{
    X509_REQ *req = issue->request->req;
    cf_own_ossl(ASN1_INTEGER) serial = NULL;

    CF_TRY(cf_serial_to_asn1(issue->serial, &serial, err));
    if (X509_set_version(cert, X509_VERSION_3) != 1 || X509_set_serialNumber(cert, serial) != 1 ||
        X509_set_issuer_name(cert, X509_get_subject_name(ca->cert)) != 1 ||
        X509_set_subject_name(cert, X509_REQ_get_subject_name(req)) != 1 ||
        X509_set_pubkey(cert, X509_REQ_get0_pubkey(req)) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "certificate");
    return CF_OK;
}

/* Usages: what the request asks, which is within the template's; all of them when it asks none. */
static enum cf_rc
add_usage(const struct local_issue *issue, X509 *cert, struct cf_err *err)
{
    const struct cf_csr *csr = issue->request->csr;
    const struct cf_template_settings *tmpl = issue->tmpl;
    unsigned usage = cf_csr_key_usage(csr);
    const char *eku[CF_EKU_MAX];
    size_t n_eku = cf_csr_n_eku(csr);

    if (!usage)
        usage = tmpl->key_usage;
    if (n_eku == 0)
        return cf_local_add_usage(cert, usage, (const char *const *)tmpl->eku, tmpl->n_eku, err);
    for (size_t i = 0; i < n_eku && i < CF_COUNT(eku); i++)
        eku[i] = cf_csr_eku(csr, i);
    return cf_local_add_usage(cert, usage, eku, n_eku, err);
}

static enum cf_rc
add_extensions(const struct local_ca *ca, const struct local_issue *issue, X509 *cert,
               struct cf_err *err)
{
    const struct cf_csr *csr = issue->request->csr;
    bool has_subject = cf_dn_count(cf_csr_subject(csr)) > 0;
    const char *template_name = cf_csr_template_name(csr);

    CF_TRY(cf_local_add_basics(ca, cert, err));
    CF_TRY(add_usage(issue, cert, err));
    CF_TRY(cf_local_add_san(cert, cf_csr_san(csr), !has_subject, err));
    CF_TRY(cf_local_add_pointers(ca->settings, cert, err));
    if (cf_csr_sid(csr))
        CF_TRY(cf_local_add_sid(cert, cf_csr_sid(csr), err));
    return template_name ? cf_local_add_template_name(cert, template_name, err) : CF_OK;
}

enum cf_rc
cf_local_issue(const struct local_ca *ca, const struct local_issue *issue, struct cf_buf **ret_cert,
               int64_t *ret_not_after_ms, struct cf_err *err)
{
    cf_own_ossl(X509) cert = X509_new();
    cf_own(cf_buf) der_buf = NULL;
    unsigned char *der = NULL;
    int64_t not_after_ms = 0;

    if (!cert)
        return cf_fail_oom(err);
    if (cf_csr_n_eku(issue->request->csr) > CF_EKU_MAX)
        return cf_fail(err, CF_E_LIMIT, "extended key usage: more than %d", (int)CF_EKU_MAX);
    CF_TRY(set_names(ca, issue, cert, err));
    CF_TRY(set_validity(ca, issue, cert, &not_after_ms, err));
    CF_TRY(add_extensions(ca, issue, cert, err));
    if (X509_sign(cert, ca->key, cf_local_digest(ca->key)) <= 0)
        return cf_fail_openssl(err, CF_E_CA_CONFIG, "ca %s: cannot sign", ca->settings->name);
    int len = i2d_X509(cert, &der);
    CF_TRY(cf_buf_from_ossl(der, len, &der_buf, err));

    *ret_cert = cf_give(der_buf);
    *ret_not_after_ms = not_after_ms;
    return CF_OK;
}
