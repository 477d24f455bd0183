/* SPDX-License-Identifier: Apache-2.0 */
/* scep validate: what the challenge is worth, where the management service judges it. */
#include <stdio.h>
#include <string.h>

#include "scep.h"

enum cf_rc
cf_step_scep_validate(struct cf_work *work, struct cf_outcome *ret_outcome, struct cf_err *err)
{
    struct cf_cloud *cloud = work->site->cloud;
    struct cf_scep_verdict verdict = {0};

    (void)ret_outcome;
    CF_TRY(cf_scep_need_ask(work, err));
    if (!cf_scep_is_judged_by_cloud(work))
        return CF_OK;
    const struct cf_scep_action action = {
        .transaction_id = work->scep->body.transaction_id,
        .csr = cf_buf_bytes(work->item->csr),
    };
    CF_TRY(cloud->ops->scep_validate(cloud, &action, CF_SCEP_CLOUD_MS, &verdict, err));
    memcpy(work->activity, verdict.activity, sizeof work->activity);
    if (!verdict.accepted)
        return cf_fail(err, CF_E_CHALLENGE, "the management service refused: %s: %s", verdict.code,
                       verdict.text);
    CF_TRY(cf_work_count(work, err));
    snprintf(work->note, sizeof work->note, "the management service accepted the challenge");
    return CF_OK;
}
