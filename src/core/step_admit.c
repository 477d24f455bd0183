/* SPDX-License-Identifier: Apache-2.0 */
/* admit: is this a request we can and may serve? */
#include <stdio.h>

#include "work.h"

/* The ledger outlives the item: a context that came back after its result was pruned must not get
 * a second certificate. */
static enum cf_rc
check_not_issued_before(struct cf_work *work, struct cf_err *err)
{
    struct cf_ledger ledger = {0};
    struct cf_store *store = work->site->store;
    const struct cf_ledger_filter filter = {.context = work->item->context, .limit = 1};

    CF_TRY(store->ops->ledger(store, &filter, &ledger, err));

    enum cf_rc rc = CF_OK;
    if (ledger.n > 0)
        rc = cf_fail(err, CF_E_CONFLICT,
                     "requestContext: certificate %s was issued for it before and its result is no "
                     "longer kept; offer a new request",
                     ledger.entry[0]->serial);
    cf_ledger_done(&ledger);
    return rc;
}

enum cf_rc
cf_step_admit(struct cf_work *work, struct cf_outcome *ret_outcome, struct cf_err *err)
{
    struct cf_item *item = work->item;

    (void)ret_outcome;
    CF_TRY(cf_work_note_request(work, err));
    if (work->ask.request->type != CF_REQUEST_ISSUE && work->ask.request->type != CF_REQUEST_RENEW)
        return cf_fail(err, CF_E_BUG, "requestType: is not one that gets a new certificate");
    CF_TRY(check_not_issued_before(work, err));
    CF_TRY(cf_work_need_names(work, err));

    cf_own_str subject = NULL;
    CF_TRY(cf_dn_text(work->ask.subject, &subject, err));
    CF_TRY(cf_replace_text(&item->subject, subject, err));
    CF_TRY(cf_replace_text(&item->ca, work->ask.grant.ca->name, err));
    CF_TRY(cf_work_count(work, err));
    snprintf(work->note, sizeof work->note, "admitted for %s, template %s",
             work->ask.grant.ca->name, work->ask.grant.template_settings->name);
    return CF_OK;
}
