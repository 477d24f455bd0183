/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint - what names a TLS server to a channel binding. */
#include "certferry/cert.h"
#include "internal.h"

/* The digest of the certificate's signature, but none that collides (RFC 5929 section 4.1). */
static const EVP_MD *
binding_digest(X509 *x509)
{
    int nid = NID_undef;

    if (X509_get_signature_info(x509, &nid, NULL, NULL, NULL) != 1 || nid == NID_undef ||
        nid == NID_md5 || nid == NID_sha1)
        return EVP_sha256();
    const EVP_MD *digest = EVP_get_digestbynid(nid);
    return digest ? digest : EVP_sha256();
}

enum cf_rc
cf_cert_endpoint_binding(struct cf_bytes der, struct cf_buf **ret_binding, struct cf_err *err)
{
    static const char TYPE[] = "tls-server-end-point:";
    const unsigned char *at = der.data;
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    cf_own_ossl(X509) x509 = der.len <= CF_CERT_DER_MAX ? d2i_X509(NULL, &at, (long)der.len) : NULL;
    if (!x509 || at != der.data + der.len)
        return cf_fail_openssl(err, CF_E_ENCODING, "a server certificate that cannot be decoded");
    if (X509_digest(x509, binding_digest(x509), hash, &len) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "hash of a server certificate");
    cf_own(cf_buf) binding = cf_buf_new(sizeof TYPE + sizeof hash);
    if (!binding)
        return cf_fail_oom(err);
    CF_TRY(cf_buf_append_str(binding, TYPE, err));
    CF_TRY(cf_buf_append(binding, hash, len, err));
    *ret_binding = cf_give(binding);
    return CF_OK;
}
