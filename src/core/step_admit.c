/* SPDX-License-Identifier: Apache-2.0 */
/* admit: is this a request we can and may serve? */
#include <stdio.h>
#include <string.h>

#include "work.h"

/* Facts for people are kept even when the request is refused later on. */
static enum cf_rc
note_facts(struct cf_item *item, const struct cf_request *request, struct cf_err *err)
{
    const char *user = request->user.upn ? request->user.upn : request->user.name;

    CF_TRY(cf_replace_text(&item->device_id, request->device.id, err));
    CF_TRY(cf_replace_text(&item->user_name, user, err));
    return cf_replace_text(&item->template_name, request->template_name, err);
}

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
    CF_TRY(cf_request_parse(cf_buf_bytes(item->body), &work->ask.request, err));
    if (strcmp(work->ask.request->context, item->context) != 0)
        return cf_fail(err, CF_E_BUG, "requestContext: body and item differ");
    CF_TRY(note_facts(item, work->ask.request, err));
    CF_TRY(check_not_issued_before(work, err));
    CF_TRY(cf_work_need_ask(work, err));

    cf_own_str subject = NULL;
    CF_TRY(cf_dn_text(work->ask.subject, &subject, err));
    CF_TRY(cf_replace_text(&item->subject, subject, err));
    CF_TRY(cf_replace_text(&item->ca, work->ask.grant.ca->name, err));
    snprintf(work->note, sizeof work->note, "admitted for %s, template %s",
             work->ask.grant.ca->name, work->ask.grant.template_settings->name);
    return CF_OK;
}
