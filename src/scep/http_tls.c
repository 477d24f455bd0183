/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/cert.h"
#include "certferry/file.h"
#include "http_internal.h"

enum { PEM_MAX = CF_SECRET_MAX - 1 };

static enum cf_rc
check(const struct cf_scep_settings *settings, const struct cf_scep_tls *tls, struct cf_err *err)
{
    cf_own(cf_chain) chain = NULL;

    if (cf_chain_parse_pem(cf_buf_bytes(tls->chain), &chain, err) != CF_OK)
        return cf_err_prefix(err, "[scep] tls_cert_file %s", settings->tls_cert_file);
    if (cf_cert_check_key(cf_chain_at(chain, 0), tls->key, err) != CF_OK)
        return cf_err_prefix(err, "[scep] tls_key_file %s", settings->tls_key_file);
    return CF_OK;
}

enum cf_rc
cf_scep_tls_read(const struct cf_scep_settings *settings, struct cf_scep_tls *ret_tls,
                 struct cf_err *err)
{
    struct cf_scep_tls tls = {0};

    if (!settings->tls_cert_file || !settings->tls_key_file)
        return cf_fail(err, CF_E_CONFIG,
                       "[scep] a TLS listener has no certificate; set tls_cert_file and "
                       "tls_key_file");
    enum cf_rc rc = cf_file_read(settings->tls_cert_file, PEM_MAX, &tls.chain, err);
    if (rc == CF_OK)
        rc = cf_file_read_secret(settings->tls_key_file, PEM_MAX, &tls.key, err);
    if (rc == CF_OK)
        rc = check(settings, &tls, err);
    if (rc != CF_OK) {
        cf_scep_tls_done(&tls);
        return rc;
    }
    *ret_tls = tls;
    return CF_OK;
}

void
cf_scep_tls_done(struct cf_scep_tls *tls)
{
    tls->chain = cf_buf_free(tls->chain);
    tls->key = cf_secret_free(tls->key);
}
