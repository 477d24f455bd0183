/* SPDX-License-Identifier: Apache-2.0 */
#include "work.h"

#include <stdlib.h>
#include <string.h>

#include "scep.h"

struct cf_work *
cf_work_new(struct cf_site *site, struct cf_item *take_item)
{
    struct cf_work *work = calloc(1, sizeof *work);
    if (!work) {
        cf_item_free(take_item);
        return NULL;
    }

    work->site = cf_site_ref(site);
    work->item = take_item;
    work->stored = take_item->state;
    return work;
}

static void
ask_done(struct cf_ask *ask)
{
    cf_facts_done(&ask->facts);
    cf_grant_done(&ask->grant);
    cf_request_free(ask->request);
    cf_cert_free(ask->recipient);
    cf_dn_free(ask->subject);
    cf_san_free(ask->san);
    *ask = (struct cf_ask){0};
}

struct cf_work *
cf_work_free(struct cf_work *work)
{
    if (!work)
        return NULL;

    cf_ca_call_cancel(&work->call);
    ask_done(&work->ask); /* may borrow from the next */
    cf_scep_ask_free(work->scep);
    cf_key_free(work->key);
    cf_ledger_entry_free(work->issued);
    cf_buf_free(work->recovery);
    cf_item_free(work->item);
    cf_site_free(work->site);
    free(work);
    return NULL;
}

enum cf_rc
cf_replace_text(char **text, const char *value, struct cf_err *err)
{
    char *copy = value ? strdup(value) : NULL;
    if (value && !copy)
        return cf_fail_oom(err);

    free(*text);
    *text = copy;
    return CF_OK;
}

struct cf_log_fields
cf_work_fields(const struct cf_work *work, const struct cf_err *err)
{
    const struct cf_item *item = work->item;
    struct cf_ca_slot *slot = item->ca ? cf_site_ca(work->site, item->ca) : NULL;

    return (struct cf_log_fields){
        .request = item->context,
        .kind = cf_kind_name(item->kind),
        .state = cf_state_name(item->state),
        .device = item->device_id,
        .ca = item->ca,
        .backend = slot ? slot->settings->backend : NULL,
        .template_name = item->template_name,
        .serial = item->serial,
        .subject = item->subject,
        .activity = work->activity[0] ? work->activity : NULL,
        .err = err,
    };
}
