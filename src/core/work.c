/* SPDX-License-Identifier: Apache-2.0 */
#include "work.h"

#include <stdlib.h>
#include <string.h>

#include "certferry/metrics.h"

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

    ask_done(&work->ask);
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
        .err = err,
    };
}

void
cf_ca_slot_note(struct cf_ca_slot *slot, enum cf_rc rc, const struct cf_err *err)
{
    bool is_ca_trouble = rc != CF_OK && err &&
                         (err->fault == CF_FAULT_TRANSIENT || err->fault == CF_FAULT_CONFIG) &&
                         rc != CF_E_STOPPED && rc != CF_E_OOM;
    const struct cf_log_fields fields = {
        .ca = slot->settings->name,
        .backend = slot->settings->backend,
        .err = is_ca_trouble ? err : NULL,
    };

    if (is_ca_trouble) {
        atomic_store(&slot->last_error_rc, (long)rc);
        atomic_store(&slot->unhealthy, true);
        cf_metric_add(CF_M_CA_ERRORS, 1);
        cf_log(CF_EV_CA_UNAVAILABLE, &fields, "CA %s does not serve requests",
               slot->settings->name);
    } else if (rc == CF_OK) {
        atomic_store(&slot->last_error_rc, (long)CF_OK);
        if (atomic_exchange(&slot->unhealthy, false))
            cf_log(CF_EV_CA_RECOVERED, &fields, "CA %s serves requests again",
                   slot->settings->name);
    }
}
