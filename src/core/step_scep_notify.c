/* SPDX-License-Identifier: Apache-2.0 */
/* scep notify: the management service hears of a certificate before the device gets it. */
#include <stdio.h>
#include <string.h>

#include "scep.h"

static enum cf_rc
notify(struct cf_work *work, const struct cf_cert *cert, struct cf_err *err)
{
    struct cf_cloud *cloud = work->site->cloud;
    struct cf_scep_verdict verdict = {0};
    const struct cf_scep_action action = {
        .transaction_id = work->scep->body.transaction_id,
        .csr = cf_buf_bytes(work->item->csr),
    };
    const struct cf_scep_issued issued = {.cert = cert, .ca = work->item->ca};

    CF_TRY(cloud->ops->scep_issued(cloud, &action, &issued, CF_SCEP_CLOUD_MS, &verdict, err));
    memcpy(work->activity, verdict.activity, sizeof work->activity);
    if (!verdict.accepted)
        return cf_fail(err, CF_E_REJECTED,
                       "the management service does not want certificate %s: %.60s: %.120s",
                       work->item->serial, verdict.code, verdict.text);
    return CF_OK;
}

enum cf_rc
cf_step_scep_notify(struct cf_work *work, struct cf_outcome *ret_outcome, struct cf_err *err)
{
    struct cf_item *item = work->item;
    cf_own(cf_cert) cert = NULL;

    (void)ret_outcome;
    CF_TRY(cf_scep_need_body(work, err));
    if (cf_scep_is_judged_by_cloud(work)) {
        CF_TRY(cf_cert_parse(cf_buf_bytes(item->cert), &cert, err));
        CF_TRY(notify(work, cert, err));
    }
    snprintf(work->note, sizeof work->note, "certificate %s may be handed out", item->serial);
    return CF_OK;
}
