/* SPDX-License-Identifier: Apache-2.0 */
/* local - the embedded CA: opened, closed, and its table of operations. */
#include "local.h"

#include <stdlib.h>

#include "ca_local.h"

static void
close_ca(struct cf_ca *base)
{
    struct local_ca *ca = (struct local_ca *)base;

    if (!ca)
        return;
    cf_local_crl_done(ca);
    X509_free(ca->cert);
    EVP_PKEY_free(ca->key);
    cf_buf_free(ca->chain);
    ASN1_OCTET_STRING_free(ca->key_id);
    free(ca);
}

static void
closep(struct local_ca **ca)
{
    if (*ca)
        close_ca(&(*ca)->base);
    *ca = NULL;
}

static enum cf_rc
check_templates(const struct local_ca *ca, struct cf_err *err)
{
    for (size_t i = 0; i < ca->settings->n_templates; i++) {
        if (cf_local_template_check(ca->settings->templates[i], err) != CF_OK)
            return cf_local_turn(err, CF_E_CONFIG);
    }
    return CF_OK;
}

/* Makes the file say what the store says. */
static enum cf_rc
bring_crl_up_to_date(struct local_ca *ca, struct cf_err *err)
{
    bool is_complete = false;
    enum cf_rc rc = CF_OK;

    cf_local_crl_lock();
    if (cf_local_crl_due_ms(ca) != 0)
        rc = cf_local_crl_is_complete(ca, &is_complete, err);
    if (rc == CF_OK && !is_complete)
        rc = cf_local_crl_publish(ca, err);
    cf_local_crl_unlock();
    return rc;
}

static enum cf_rc
open_ca(const struct cf_ca_settings *settings, const struct cf_ca_env *env, struct cf_ca **ret_ca,
        struct cf_err *err)
{
    __attribute__((cleanup(closep))) struct local_ca *ca = calloc(1, sizeof *ca);

    if (!ca)
        return cf_fail_oom(err);
    ca->base.ops = &cf_ca_local_ops;
    ca->settings = settings;
    ca->env = *env;
    CF_TRY(cf_local_load(ca, err));
    CF_TRY(check_templates(ca, err));
    CF_TRY(cf_local_crl_load(ca, err));
    if (env->store)
        CF_TRY(bring_crl_up_to_date(ca, err));

    *ret_ca = &ca->base;
    ca = NULL;
    return CF_OK;
}

static enum cf_rc
chain(struct cf_ca *base, struct cf_buf **ret_chain, struct cf_err *err)
{
    const struct local_ca *ca = (const struct local_ca *)base;
    struct cf_buf *copy = cf_buf_copy(cf_buf_bytes(ca->chain));

    if (!copy)
        return cf_fail_oom(err);
    *ret_chain = copy;
    return CF_OK;
}

const struct cf_ca_ops cf_ca_local_ops = {
    .name = "local",
    .abi = CF_CA_ABI,
    .open = open_ca,
    .close = close_ca,
    .check = cf_local_check,
    .submit = cf_local_submit,
    .poll = cf_local_poll,
    .revoke = cf_local_revoke,
    .chain = chain,
    .crl = cf_local_crl,
    .upkeep = cf_local_upkeep,
    .decide = cf_local_decide,
    .is_idempotent = true,
    .is_in_process = true,
};
