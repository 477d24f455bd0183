/* SPDX-License-Identifier: Apache-2.0 */
/* scep admit: may this CSR be certified? */
#include <stdio.h>
#include <string.h>

#include "scep.h"

/* The ledger outlives the item: no context gets a second certificate. */
static enum cf_rc
check_not_issued_before(struct cf_work *work, struct cf_err *err)
{
    cf_own(cf_ledger_entry) entry = NULL;

    CF_TRY(cf_scep_find_issued(work->site, work->item->context, &entry, err));
    return entry ? cf_fail(err, CF_E_CONFLICT, "certificate %s was issued for this request before",
                           entry->serial)
                 : CF_OK;
}

/* What people want to know of it is kept also when it is refused. */
static enum cf_rc
note_csr(struct cf_work *work, struct cf_err *err)
{
    struct cf_item *item = work->item;
    const struct cf_scep_ask *ask = work->scep;
    cf_own_str subject = NULL;

    CF_TRY(cf_dn_text(cf_csr_subject(ask->csr), &subject, err));
    CF_TRY(cf_replace_text(&item->subject, subject, err));
    CF_TRY(cf_replace_text(&item->ca, ask->profile ? ask->profile->ca : ask->body.ca, err));
    return ask->profile ? cf_replace_text(&item->template_name, ask->profile->template_name, err)
                        : CF_OK;
}

static enum cf_rc
note_grant(struct cf_work *work, struct cf_err *err)
{
    struct cf_item *item = work->item;
    const struct cf_request *request = work->ask.request;
    const char *user = request->user.upn ? request->user.upn : request->user.name;

    CF_TRY(cf_replace_text(&item->device_id, request->device.id, err));
    CF_TRY(cf_replace_text(&item->user_name, user, err));
    return cf_replace_text(&item->template_name, work->ask.grant.template_settings->name, err);
}

static enum cf_rc
judge_names(struct cf_work *work, struct cf_err *err)
{
    struct cf_ask *ask = &work->ask;
    const struct cf_csr *csr = work->scep->csr;
    const struct cf_policy_names names = {
        .subject = cf_csr_subject(csr), .san = cf_csr_san(csr), .facts = &ask->facts};

    ask->facts.request = ask->request;
    ask->facts.directory = work->site->directory;
    if (ask->grant.ca->enforce_dn_limits && cf_dn_check_limits(names.subject, err) != CF_OK)
        return cf_err_prefix(err, "CSR: subject");
    if (cf_policy_judge_names(&ask->grant, &names, NULL, NULL, err) != CF_OK)
        return cf_scep_reword(err);
    return cf_scep_check_sid(work, err);
}

/* What costs others something comes last: a challenge that is used up, a place in the hour. The
 * cloud's challenges count once they have been judged. */
static enum cf_rc
judge_device(struct cf_work *work, struct cf_err *err)
{
    const struct cf_scep_profile_settings *profile = work->scep->profile;
    bool is_used_up = profile->challenge == CF_SCEP_ONE_TIME;

    CF_TRY(cf_scep_check_profile(work, err));
    CF_TRY(cf_scep_check_signer(work, err));
    if (!is_used_up)
        CF_TRY(cf_scep_check_challenge(work, err));
    CF_TRY(judge_names(work, err));
    if (is_used_up)
        CF_TRY(cf_scep_check_challenge(work, err));
    return profile->challenge == CF_SCEP_INTUNE ? CF_OK : cf_work_count(work, err);
}

/* From here on the CSR is the item's: it is what goes to the CA. */
static enum cf_rc
take_csr(struct cf_work *work, struct cf_err *err)
{
    struct cf_item *item = work->item;
    struct cf_scep_body *body = &work->scep->body;
    const struct cf_bytes none = {0};
    struct cf_buf *json = NULL;

    if (!body->csr)
        return CF_OK;
    body->is_for_cloud = work->scep->profile && work->scep->profile->challenge == CF_SCEP_INTUNE;
    CF_TRY(cf_scep_body_write(body, none, body->signer ? cf_buf_bytes(body->signer) : none, &json,
                              err));
    cf_buf_free(item->body);
    item->body = json;
    cf_buf_free(item->csr);
    item->csr = cf_give(body->csr);
    return CF_OK;
}

enum cf_rc
cf_step_scep_admit(struct cf_work *work, struct cf_outcome *ret_outcome, struct cf_err *err)
{
    (void)ret_outcome;
    CF_TRY(cf_scep_need_body(work, err));
    CF_TRY(note_csr(work, err));
    CF_TRY(check_not_issued_before(work, err));
    CF_TRY(cf_scep_need_ask(work, err));
    CF_TRY(note_grant(work, err));
    if (work->scep->profile)
        CF_TRY(judge_device(work, err));
    CF_TRY(take_csr(work, err));
    if (work->scep->renewed)
        snprintf(work->note, sizeof work->note, "admitted for %s, template %s; renews %s",
                 work->item->ca, work->item->template_name, work->scep->renewed->serial);
    else
        snprintf(work->note, sizeof work->note, "admitted for %s, template %s", work->item->ca,
                 work->item->template_name);
    return CF_OK;
}
