/* SPDX-License-Identifier: Apache-2.0 */
/* revoke - a certificate named by its issuer and serial number (rr). */
#include "cmp.h"

/* OpenSSL takes only issuer and serial number out of a certificate, but wants a whole one: it gets
 * the CA's own with these two changed. */
static enum cf_rc
make_stub(const struct cmp_ca *ca, const char *serial, X509 **ret_stub, struct cf_err *err)
{
    cf_own_ossl(ASN1_INTEGER) integer = NULL;
    cf_own_ossl(X509) stub = X509_dup(ca->issuer);

    if (!stub)
        return cf_fail_oom(err);
    CF_TRY(cf_serial_to_asn1(serial, &integer, err));
    if (X509_set_serialNumber(stub, integer) != 1 ||
        X509_set_issuer_name(stub, X509_get_subject_name(ca->issuer)) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "the revocation cannot be asked for");
    *ret_stub = cf_give(stub);
    return CF_OK;
}

static enum cf_rc
find_cert(const struct cmp_ca *ca, const struct cf_ca_revocation *revocation, X509 **ret_cert,
          struct cf_err *err)
{
    const unsigned char *at = revocation->cert.data;

    if (revocation->cert.len == 0)
        return make_stub(ca, revocation->serial, ret_cert, err);
    *ret_cert = d2i_X509(NULL, &at, (long)revocation->cert.len);
    if (!*ret_cert)
        return cf_fail_openssl(err, CF_E_ENCODING, "the certificate cannot be read");
    return CF_OK;
}

enum cf_rc
cf_cmp_revoke(struct cf_ca *base, const struct cf_ca_revocation *revocation, struct cf_err *err)
{
    const struct cmp_ca *ca = (const struct cmp_ca *)base;
    cf_own_session session = {0};
    cf_own_ossl(X509) cert = NULL;
    /* RFC 5280, 5.3.1: unspecified is said by saying nothing. */
    int reason = revocation->reason > 0 ? revocation->reason : CRL_REASON_NONE;

    CF_TRY(cf_cmp_session_init(&session, ca, err));
    CF_TRY(find_cert(ca, revocation, &cert, err));
    if (OSSL_CMP_CTX_set1_oldCert(session.ctx, cert) != 1 ||
        OSSL_CMP_CTX_set_option(session.ctx, OSSL_CMP_OPT_REVOCATION_REASON, reason) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "the revocation cannot be asked for");
    if (OSSL_CMP_exec_RR_ses(session.ctx) == 1)
        return CF_OK;
    return cf_cmp_session_fail(&session, true, err);
}
