/* SPDX-License-Identifier: Apache-2.0 */
/* cert_sketch - the little that is asked of a certificate which may be a device's own making. */
#include <openssl/err.h>
#include <openssl/sha.h>

#include "certferry/text.h"
#include "internal.h"

enum cf_rc
cf_cert_sketch(struct cf_bytes der, struct cf_cert_sketch *ret_sketch, struct cf_err *err)
{
    const unsigned char *at = der.data;
    uint8_t digest[SHA_DIGEST_LENGTH];
    unsigned char *spki = NULL;

    if (der.len > CF_CERT_DER_MAX)
        return cf_fail(err, CF_E_LIMIT, "a certificate of %zu bytes; at most %d are accepted",
                       der.len, CF_CERT_DER_MAX);
    ERR_clear_error();
    cf_own_ossl(X509) x509 = der.len ? d2i_X509(NULL, &at, (long)der.len) : NULL;
    if (!x509 || at != der.data + der.len)
        return cf_fail_openssl(err, CF_E_ENCODING, "not a certificate");
    if (EVP_Digest(der.data, der.len, digest, NULL, EVP_sha1(), NULL) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "SHA-1");

    struct cf_cert_sketch sketch = {
        .is_self_issued =
            X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) == 0,
    };
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &spki);
    CF_TRY(cf_buf_from_ossl(spki, len, &sketch.spki, err));
    cf_text_hex(cf_bytes_of(digest, sizeof digest), true, sketch.thumbprint,
                sizeof sketch.thumbprint);
    *ret_sketch = sketch;
    return CF_OK;
}

void
cf_cert_sketch_done(struct cf_cert_sketch *sketch)
{
    cf_buf_free(sketch->spki);
    *sketch = (struct cf_cert_sketch){0};
}
