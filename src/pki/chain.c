/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain - several certificates in one text or one byte string, and the link between two of them.
 */
#include "cert_internal.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "certferry/text.h"

struct cf_chain *
cf_chain_new(size_t n_max)
{
    struct cf_chain *chain = calloc(1, sizeof *chain);
    if (!chain)
        return NULL;
    chain->certs = calloc(n_max, sizeof(struct cf_cert *));
    if (!chain->certs)
        return cf_chain_free(chain);
    return chain;
}

struct cf_chain *
cf_chain_free(struct cf_chain *chain)
{
    if (!chain)
        return NULL;
    for (size_t i = 0; i < chain->n_certs; i++)
        cf_cert_free(chain->certs[i]);
    free(chain->certs);
    free(chain);
    return NULL;
}

enum cf_rc
cf_chain_append(struct cf_chain *chain, size_t n_max, struct cf_bytes der, struct cf_err *err)
{
    if (chain->n_certs == n_max)
        return cf_fail(err, CF_E_LIMIT, "certificate list: more than %zu certificates", n_max);
    enum cf_rc rc = cf_cert_parse(der, &chain->certs[chain->n_certs], err);
    if (rc != CF_OK) {
        (void)cf_err_prefix(err, "certificate list: number %zu", chain->n_certs + 1);
        return rc;
    }
    chain->n_certs++;
    return CF_OK;
}

/* Reads one block. *ret_end: only text without a block was left. */
static enum cf_rc
append_pem_block(struct cf_chain *chain, size_t n_max, BIO *bio, bool *ret_end, struct cf_err *err)
{
    char *name = NULL, *header = NULL;
    unsigned char *data = NULL;
    long len = 0;

    *ret_end = false;
    if (PEM_read_bio(bio, &name, &header, &data, &len) != 1) {
        if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
            return cf_fail_openssl(err, CF_E_ENCODING, "certificate list: PEM block %zu is broken",
                                   chain->n_certs + 1);
        ERR_clear_error();
        *ret_end = true;
        return CF_OK;
    }

    enum cf_rc rc;
    if (strcmp(name, PEM_STRING_X509) == 0) {
        rc = cf_chain_append(chain, n_max, cf_bytes_of(data, (size_t)len), err);
    } else {
        char shown[64];
        cf_text_sanitize(name, strlen(name), shown, sizeof shown);
        rc = cf_fail(err, CF_E_ENCODING,
                     "certificate list: a PEM block '%s' where only CERTIFICATE belongs", shown);
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    /* Somebody may have put a private key here by mistake. */
    OPENSSL_clear_free(data, (size_t)len);
    return rc;
}

enum cf_rc
cf_chain_parse_pem_max(struct cf_bytes pem, size_t n_max, struct cf_chain **ret_chain,
                       struct cf_err *err)
{
    if (pem.len > CF_PEM_MAX)
        return cf_fail(err, CF_E_LIMIT, "certificate list: over %d bytes", CF_PEM_MAX);

    cf_own(cf_chain) chain = cf_chain_new(n_max);
    cf_own_ossl(BIO) bio = BIO_new_mem_buf(pem.len > 0 ? pem.data : (const void *)"", (int)pem.len);
    if (!chain || !bio)
        return cf_fail_oom(err);

    for (bool is_end = false; !is_end;)
        CF_TRY(append_pem_block(chain, n_max, bio, &is_end, err));
    if (chain->n_certs == 0)
        return cf_fail(err, CF_E_ENCODING, "certificate list: no PEM block CERTIFICATE in it");

    *ret_chain = cf_give(chain);
    return CF_OK;
}

enum cf_rc
cf_chain_parse_pem(struct cf_bytes pem, struct cf_chain **ret_chain, struct cf_err *err)
{
    return cf_chain_parse_pem_max(pem, CF_CERT_CHAIN_MAX, ret_chain, err);
}

enum cf_rc
cf_chain_parse_der(struct cf_bytes concatenated, struct cf_chain **ret_chain, struct cf_err *err)
{
    const unsigned char *at = concatenated.data;
    const unsigned char *end = at + concatenated.len;

    cf_own(cf_chain) chain = cf_chain_new(CF_CERT_CHAIN_MAX);
    if (!chain)
        return cf_fail_oom(err);
    if (concatenated.len == 0)
        return cf_fail(err, CF_E_ENCODING, "certificate list: empty");

    while (at < end) {
        const unsigned char *content = at;
        long content_len = 0;
        int tag = 0, class = 0;
        int form = ASN1_get_object(&content, &content_len, &tag, &class, end - at);
        if (form != V_ASN1_CONSTRUCTED || tag != V_ASN1_SEQUENCE || class != V_ASN1_UNIVERSAL)
            return cf_fail_openssl(err, CF_E_ENCODING,
                                   "certificate list: number %zu is not a DER certificate",
                                   chain->n_certs + 1);
        size_t len = (size_t)(content - at) + (size_t)content_len;
        CF_TRY(cf_chain_append(chain, CF_CERT_CHAIN_MAX, cf_bytes_of(at, len), err));
        at += len;
    }
    *ret_chain = cf_give(chain);
    return CF_OK;
}

size_t
cf_chain_count(const struct cf_chain *chain)
{
    return chain->n_certs;
}

const struct cf_cert *
cf_chain_at(const struct cf_chain *chain, size_t index)
{
    return index < chain->n_certs ? chain->certs[index] : NULL;
}

enum cf_rc
cf_chain_der(const struct cf_chain *chain, struct cf_buf **ret_der, struct cf_err *err)
{
    cf_own(cf_buf) der = cf_buf_new((size_t)CF_CERT_CHAIN_MAX * CF_CERT_DER_MAX);
    if (!der)
        return cf_fail_oom(err);
    for (size_t i = 0; i < chain->n_certs; i++) {
        struct cf_bytes one = cf_cert_der(chain->certs[i]);
        CF_TRY(cf_buf_append(der, one.data, one.len, err));
    }
    *ret_der = cf_give(der);
    return CF_OK;
}

enum cf_rc
cf_cert_append_pem(const struct cf_cert *cert, struct cf_buf *pem, struct cf_err *err)
{
    enum { LINE_LEN = 64 };
    cf_own_str base64 = NULL;

    CF_TRY(cf_text_base64(cf_cert_der(cert), &base64, err));
    CF_TRY(cf_buf_append_str(pem, "-----BEGIN CERTIFICATE-----\n", err));
    for (size_t at = 0, len = strlen(base64); at < len; at += LINE_LEN)
        CF_TRY(cf_buf_appendf(pem, err, "%.*s\n", LINE_LEN, base64 + at));
    return cf_buf_append_str(pem, "-----END CERTIFICATE-----\n", err);
}

enum cf_rc
cf_chain_pem(const struct cf_chain *chain, struct cf_buf **ret_pem, struct cf_err *err)
{
    cf_own(cf_buf) pem = cf_buf_new((size_t)CF_CERT_CHAIN_MAX * CF_CERT_DER_MAX * 2);
    if (!pem)
        return cf_fail_oom(err);
    for (size_t i = 0; i < chain->n_certs; i++)
        CF_TRY(cf_cert_append_pem(chain->certs[i], pem, err));
    *ret_pem = cf_give(pem);
    return CF_OK;
}
