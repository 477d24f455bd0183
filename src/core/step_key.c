/* SPDX-License-Identifier: Apache-2.0 */
/* key: a key pair of this request's own, sealed for the wait, and the CSR that will be submitted.
 */
#include <stdio.h>
#include <string.h>

#include "certferry/csr.h"
#include "certferry/metrics.h"
#include "work.h"

/* A key that cannot agree must not say so: RSA transports keys, EC agrees on them. */
static unsigned
usage_for_key(unsigned key_usage, enum cf_key_kind kind)
{
    return cf_key_kind_is_rsa(kind) ? key_usage & ~(unsigned)CF_KU_KEY_AGREEMENT
                                    : key_usage & ~(unsigned)CF_KU_KEY_ENCIPHERMENT;
}

enum cf_rc
cf_step_key(struct cf_work *work, struct cf_outcome *ret_outcome, struct cf_err *err)
{
    struct cf_item *item = work->item;

    (void)ret_outcome;
    CF_TRY(cf_work_need_names(work, err));

    const struct cf_ask *ask = &work->ask;
    const struct cf_template_settings *template_settings = ask->grant.template_settings;
    const struct cf_csr_spec spec = {
        .subject = ask->subject,
        .san = ask->san,
        .key_usage = usage_for_key(template_settings->key_usage, ask->grant.key),
        .eku = ask->grant.eku,
        .n_eku = ask->grant.n_eku,
        .template_name = template_settings->name,
        .template_oid = template_settings->oid,
        .sid = ask->sid,
    };
    cf_own(cf_key) key = NULL;
    cf_own(cf_buf) csr = NULL;
    cf_own(cf_buf) sealed = NULL;
    bool from_pool = false;

    CF_TRY(cf_keypool_take(work->site->keypool, ask->grant.key, &key, &from_pool, err));
    cf_metric_add(from_pool ? CF_M_KEYS_FROM_POOL : CF_M_KEYS_GENERATED, 1);
    CF_TRY(cf_csr_build(key, &spec, &csr, err));
    CF_TRY(cf_key_seal(key, work->site->store_key,
                       cf_bytes_of(item->context, strlen(item->context)), &sealed, err));

    cf_buf_free(item->csr);
    cf_buf_free(item->sealed_key);
    item->csr = cf_give(csr);
    item->sealed_key = cf_give(sealed);
    cf_key_free(work->key);
    work->key = cf_give(key);
    snprintf(work->note, sizeof work->note, "%s key made, CSR ready",
             cf_key_kind_name(ask->grant.key));
    return CF_OK;
}
