/* SPDX-License-Identifier: Apache-2.0 */
/* cmp - the CA that is spoken to with CMP: what it is opened with. */
#include "cmp.h"

#include <stdlib.h>

#include "ca_cmp.h"

static struct cmp_ca *
cmp_ca_free(struct cmp_ca *ca)
{
    if (!ca)
        return NULL;
    cf_http_pool_free(ca->pool);
    cf_chain_free(ca->chain);
    X509_free(ca->issuer);
    X509_free(ca->server);
    X509_NAME_free(ca->recipient);
    cf_secret_free(ca->secret);
    X509_free(ca->signer);
    EVP_PKEY_free(ca->signer_key);
    free(ca);
    return NULL;
}
CF_DEFINE_OWN(cmp_ca);

static void
close_ca(struct cf_ca *base)
{
    cmp_ca_free((struct cmp_ca *)base);
}

static enum cf_rc
new_client(const void *arg, struct cf_http **ret_http, struct cf_err *err)
{
    const struct cmp_ca *ca = arg;
    const struct cf_ca_settings *settings = ca->settings;
    const struct cf_http_options options = {
        .ca_file = settings->tls_ca_file,
        .client_cert_file = settings->tls_cert_file,
        .client_key_file = settings->tls_key_file,
        .proxy = settings->proxy,
        .connect_timeout_ms = settings->connect_timeout_ms,
        .response_max = CMP_MESSAGE_MAX,
        .stop_flag = ca->env.stop_flag,
    };

    return cf_http_new(&options, ret_http, err);
}

static enum cf_rc
open_ca(const struct cf_ca_settings *settings, const struct cf_ca_env *env, struct cf_ca **ret_ca,
        struct cf_err *err)
{
    cf_own(cmp_ca) ca = calloc(1, sizeof *ca);

    if (!ca)
        return cf_fail_oom(err);
    ca->base.ops = &cf_ca_cmp_ops;
    ca->settings = settings;
    ca->env = *env;
    CF_TRY(cf_cmp_load(ca, err));
    CF_TRY(cf_http_pool_new(new_client, ca, &ca->pool, err));
    *ret_ca = &cf_give(ca)->base;
    return CF_OK;
}

static enum cf_rc
chain(struct cf_ca *base, struct cf_buf **ret_chain, struct cf_err *err)
{
    return cf_chain_der(((const struct cmp_ca *)base)->chain, ret_chain, err);
}

const struct cf_ca_ops cf_ca_cmp_ops = {
    .name = "cmp",
    .abi = CF_CA_ABI,
    .open = open_ca,
    .close = close_ca,
    .check = cf_cmp_check,
    .submit = cf_cmp_submit,
    .poll = cf_cmp_poll,
    .revoke = cf_cmp_revoke,
    .chain = chain,
};
