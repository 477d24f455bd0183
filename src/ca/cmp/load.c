/* SPDX-License-Identifier: Apache-2.0 */
/* load - the chain, and what the connector and the CMP server know each other by. */
#include "certferry/dn.h"
#include "certferry/file.h"
#include "certferry/identity.h"
#include "certferry/text.h"
#include "cmp.h"

enum { SECRET_MAX = 1024, SIGNER_MAX = 64 * 1024 };

static enum cf_rc
load_chain(struct cmp_ca *ca, struct cf_err *err)
{
    const char *path = ca->settings->chain_file;

    CF_TRY(cf_ca_read_chain("chain_file", path, &ca->chain, err));
    for (size_t i = 0; i < cf_chain_count(ca->chain); i++) {
        if (!cf_cert_is_ca(cf_chain_at(ca->chain, i)))
            return cf_fail(err, CF_E_CONFIG,
                           "chain_file %s: certificate %zu is not that of a CA: put the issuing "
                           "CA's first and those above it behind",
                           path, i + 1);
    }
    ca->issuer = cf_cert_x509(cf_chain_at(ca->chain, 0));
    return CF_OK;
}

/* With a secret only a server that is named may sign instead. */
static enum cf_rc
load_server(struct cmp_ca *ca, struct cf_err *err)
{
    const char *path = ca->settings->server_cert_file;
    cf_own(cf_chain) server = NULL;

    if (path) {
        CF_TRY(cf_ca_read_chain("server_cert_file", path, &server, err));
        ca->server = cf_cert_x509(cf_chain_at(server, 0));
        return CF_OK;
    }
    if (ca->settings->protection == CF_CMP_SECRET)
        return CF_OK;
    (void)X509_up_ref(ca->issuer);
    ca->server = ca->issuer;
    return CF_OK;
}

static enum cf_rc
load_recipient(struct cmp_ca *ca, struct cf_err *err)
{
    const char *text = ca->settings->recipient;
    cf_own(cf_dn) dn = NULL;
    cf_own(cf_buf) der = NULL;

    if (!text) {
        ca->recipient = X509_NAME_dup(X509_get_subject_name(ca->issuer));
        return ca->recipient ? CF_OK : cf_fail_oom(err);
    }
    if (cf_dn_parse_text(text, &dn, err) != CF_OK || cf_dn_der(dn, &der, err) != CF_OK)
        return cf_err_prefix(err, "recipient");
    const unsigned char *at = cf_buf_bytes(der).data;
    ca->recipient = d2i_X509_NAME(NULL, &at, (long)cf_buf_len(der));
    return ca->recipient ? CF_OK : cf_fail_openssl(err, CF_E_CONFIG, "recipient");
}

static enum cf_rc
load_signer(struct cmp_ca *ca, struct cf_err *err)
{
    const char *path = ca->settings->signer_file;
    cf_own(cf_secret) pem = NULL;
    cf_own(cf_identity) identity = NULL;

    if (!path)
        return cf_fail(err, CF_E_CONFIG, "signer_file is not set");
    /* The identity's parser says best what is wrong with the file. */
    if (cf_file_read_secret(path, SIGNER_MAX, &pem, err) != CF_OK ||
        cf_identity_parse(pem, &identity, err) != CF_OK ||
        cf_pkey_from_pem(pem, &ca->signer_key, err) != CF_OK) {
        cf_err_prefix(err, "signer_file");
        return err ? cf_fail(err, CF_E_CONFIG, "%s", err->text) : CF_E_CONFIG;
    }
    ca->signer = cf_cert_x509(cf_identity_cert(identity));
    return CF_OK;
}

static enum cf_rc
load_secret(struct cmp_ca *ca, struct cf_err *err)
{
    const char *path = ca->settings->secret_file;

    if (!path || !ca->settings->reference)
        return cf_fail(err, CF_E_CONFIG, "reference and secret_file must be set");
    if (cf_file_read_secret(path, SECRET_MAX, &ca->secret, err) != CF_OK)
        return cf_err_prefix(err, "secret_file");
    cf_file_trim_newline(ca->secret);
    if (cf_secret_len(ca->secret) == 0)
        return cf_fail(err, CF_E_CONFIG, "secret_file %s holds no secret", path);
    return CF_OK;
}

enum cf_rc
cf_cmp_load(struct cmp_ca *ca, struct cf_err *err)
{
    if (!ca->settings->url)
        return cf_fail(err, CF_E_CONFIG, "url is not set");
    ca->has_tls = cf_text_starts_with(ca->settings->url, "https://");
    CF_TRY(load_chain(ca, err));
    CF_TRY(load_server(ca, err));
    CF_TRY(load_recipient(ca, err));
    if (ca->settings->protection == CF_CMP_CERTIFICATE)
        return load_signer(ca, err);
    return load_secret(ca, err);
}
