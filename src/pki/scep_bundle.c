/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_bundle - SignedData without a signer, which only carries certificates.
 *
 * Written by hand: the order is what clients go by, while OpenSSL puts a SET into DER's order.
 */
#include "scep_internal.h"

#include <openssl/err.h>

enum { BUNDLE_LEN_MAX = CF_SCEP_BUNDLE_MAX * CF_CERT_DER_MAX };

/* How many SEQUENCEs there are, one after another, and nothing else; 0 when it is otherwise. */
static size_t
count(struct cf_bytes elements)
{
    struct cf_der der = cf_der_of(elements);
    struct cf_der content;
    size_t n = 0;

    while (!cf_der_is_empty(&der)) {
        if (!cf_der_take(&der, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &content))
            return 0;
        n++;
    }
    return n;
}

static enum cf_rc
append(struct cf_buf *buf, uint8_t tag, struct cf_bytes content, struct cf_err *err)
{
    CF_TRY(cf_der_append_head(buf, tag, content.len, err));
    return cf_buf_append(buf, content.data, content.len, err);
}

enum cf_rc
cf_scep_degenerate(struct cf_bytes certs, struct cf_bytes crls, struct cf_buf **ret_der,
                   struct cf_err *err)
{
    static const uint8_t signed_data[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                          0xf7, 0x0d, 0x01, 0x07, 0x02};
    /* Version 1, no digests, content of type id-data that is not there. */
    static const uint8_t begin[] = {0x02, 0x01, 0x01, 0x31, 0x00, 0x30, 0x0b, 0x06, 0x09,
                                    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
    static const uint8_t no_signers[] = {0x31, 0x00};
    size_t len = sizeof begin + (certs.len > 0 ? cf_der_size(certs.len) : 0) +
                 (crls.len > 0 ? cf_der_size(crls.len) : 0) + sizeof no_signers;
    size_t whole_len = sizeof signed_data + cf_der_size(cf_der_size(len));
    cf_own(cf_buf) der = cf_buf_new(cf_der_size(whole_len));

    if (!der)
        return cf_fail_oom(err);
    CF_TRY(cf_der_append_head(der, 0x30, whole_len, err));
    CF_TRY(cf_buf_append(der, signed_data, sizeof signed_data, err));
    CF_TRY(cf_der_append_head(der, 0xa0, cf_der_size(len), err));
    CF_TRY(cf_der_append_head(der, 0x30, len, err));
    CF_TRY(cf_buf_append(der, begin, sizeof begin, err));
    if (certs.len > 0)
        CF_TRY(append(der, 0xa0, certs, err));
    if (crls.len > 0)
        CF_TRY(append(der, 0xa1, crls, err));
    CF_TRY(cf_buf_append(der, no_signers, sizeof no_signers, err));
    *ret_der = cf_give(der);
    return CF_OK;
}

enum cf_rc
cf_scep_bundle(const struct cf_bytes *certs, size_t n, struct cf_buf **ret_der, struct cf_err *err)
{
    cf_own(cf_buf) all = cf_buf_new(BUNDLE_LEN_MAX);

    if (!all)
        return cf_fail_oom(err);
    if (n == 0 || n > CF_SCEP_BUNDLE_MAX)
        return cf_fail(err, CF_E_LIMIT, "GetCACert: %zu certificates; 1 to %d are possible", n,
                       CF_SCEP_BUNDLE_MAX);
    for (size_t i = 0; i < n; i++) {
        bool is_one = count(certs[i]) == 1;
        ERR_clear_error();
        if (!is_one)
            return cf_fail(err, CF_E_ENCODING, "GetCACert: not a certificate in DER");
        CF_TRY(cf_buf_append(all, certs[i].data, certs[i].len, err));
    }
    return cf_scep_degenerate(cf_buf_bytes(all), (struct cf_bytes){0}, ret_der, err);
}

enum cf_rc
cf_scep_next_ca(const struct cf_bytes *certs, size_t n, const struct cf_scep_ra *signer,
                int64_t now_ms, struct cf_buf **ret_der, struct cf_err *err)
{
    cf_own(cf_buf) bundle = NULL;

    CF_TRY(cf_scep_bundle(certs, n, &bundle, err));
    return cf_scep_sign(cf_buf_bytes(bundle), signer, CF_SCEP_SHA256, now_ms, NULL, NULL, ret_der,
                        err);
}
