/* SPDX-License-Identifier: Apache-2.0 */
/* scep fail and withdraw: what is done about a request that the service had accepted. */
#include <stdio.h>
#include <string.h>

#include "revoke.h"
#include "scep.h"

/* The failure as the item keeps it; a pass on to the service, never a verdict on it. */
static struct cf_err
failure_of(const struct cf_item *item)
{
    struct cf_err failure = {.rc = item->rc, .fault = item->fault};

    cf_fail(&failure, item->rc != CF_OK ? item->rc : CF_E_BUG, "%s",
            item->error ? item->error : cf_rc_text(item->rc));
    return failure;
}

enum cf_rc
cf_step_scep_fail(struct cf_work *work, struct cf_outcome *ret_outcome, struct cf_err *err)
{
    struct cf_cloud *cloud = work->site->cloud;
    struct cf_scep_verdict verdict = {0};
    const struct cf_err failure = failure_of(work->item);
    struct cf_err fault = {0};

    (void)ret_outcome;
    if (!cf_scep_is_judged_by_cloud(work))
        return CF_OK;
    const struct cf_scep_action action = {
        .transaction_id = work->scep->body.transaction_id,
        .csr = cf_buf_bytes(work->item->csr),
    };
    enum cf_rc rc =
        cloud->ops->scep_failed(cloud, &action, &failure, CF_SCEP_CLOUD_MS, &verdict, &fault);
    memcpy(work->activity, verdict.activity, sizeof work->activity);
    if (rc != CF_OK && (fault.fault == CF_FAULT_TRANSIENT || fault.fault == CF_FAULT_CONFIG)) {
        if (err)
            *err = fault;
        return rc;
    }
    /* Nothing more can be said: the device hears of it all the same. */
    snprintf(work->note, sizeof work->note, "the management service %s that there is none%s%.150s",
             rc == CF_OK && verdict.accepted ? "knows" : "was told, in vain,",
             rc == CF_OK ? "" : ": ", rc == CF_OK ? "" : fault.text);
    return CF_OK;
}

enum cf_rc
cf_step_scep_withdraw(struct cf_work *work, struct cf_outcome *ret_outcome, struct cf_err *err)
{
    struct cf_site *site = work->site;
    cf_own(cf_ledger_entry) entry = NULL;

    CF_TRY(cf_scep_find_issued(site, work->item->context, &entry, err));
    if (!entry)
        return cf_fail(err, CF_E_BUG, "the certificate to revoke is not on record");
    if (entry->revoked_ms == 0) {
        CF_TRY(cf_revoke_entry(site, entry, site->settings->revocation_reason,
                               &ret_outcome->kept_back_ms, err));
        work->revoked_ledger_id = entry->id;
    }
    snprintf(work->note, sizeof work->note, "certificate %s revoked at CA %s", entry->serial,
             entry->ca);
    return CF_OK;
}
