/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/store.h"

#include <stdlib.h>
#include <string.h>

#include "certferry/text.h"

static const char *const state_names[CF_STATE_MAX_] = {
#define X(name, text) [CF_STATE_##name] = (text),
    CF_STATE_LIST(X)
#undef X
};

const char *
cf_kind_name(enum cf_kind kind)
{
    switch (kind) {
    case CF_KIND_PKCS:
        return "pkcs";
    case CF_KIND_REVOCATION:
        return "revocation";
    case CF_KIND_REENCRYPT:
        return "reencrypt";
    case CF_KIND_IMPORT:
        return "import";
    case CF_KIND_SCEP:
        return "scep";
    case CF_KIND_MAX_:
        break;
    }
    return "unknown";
}

bool
cf_store_begins_anew(enum cf_kind kind, enum cf_state state, enum cf_rc rc, bool has_csr,
                     uint32_t submits)
{
    if (kind == CF_KIND_REVOCATION || state != CF_STATE_REPORTED || rc == CF_OK)
        return false;
    /* A device that was refused is judged again: what refused it may have been corrected. */
    if (kind == CF_KIND_SCEP)
        return submits == 0;
    return !has_csr && cf_cloud_code_is_retryable(cf_rc_cloud_code(rc));
}

const struct cf_ca_share *
cf_ca_share_find(const struct cf_ca_share *shares, size_t n, const char *ca)
{
    for (size_t i = 0; ca && i < n; i++) {
        if (strcmp(shares[i].ca, ca) == 0)
            return &shares[i];
    }
    return NULL;
}

unsigned
cf_kinds_of_results(void)
{
    return 1u << CF_KIND_PKCS | 1u << CF_KIND_REENCRYPT | 1u << CF_KIND_IMPORT;
}

const char *
cf_state_name(enum cf_state state)
{
    return (unsigned)state < CF_STATE_MAX_ ? state_names[state] : "unknown";
}

enum cf_rc
cf_state_parse(const char *name, enum cf_state *ret, struct cf_err *err)
{
    for (unsigned i = 0; i < CF_STATE_MAX_; i++) {
        if (strcmp(name, state_names[i]) == 0) {
            *ret = (enum cf_state)i;
            return CF_OK;
        }
    }

    const char *nearest = cf_text_nearest(name, state_names, CF_STATE_MAX_);
    return nearest ? cf_fail(err, CF_E_SYNTAX, "no state '%s'; did you mean '%s'?", name, nearest)
                   : cf_fail(err, CF_E_SYNTAX, "no state '%s'", name);
}

struct cf_item *
cf_item_new(enum cf_kind kind, const char *context)
{
    struct cf_item *item = calloc(1, sizeof *item);
    if (!item)
        return NULL;

    item->kind = kind;
    item->context = strdup(context);
    return item->context ? item : cf_item_free(item);
}

struct cf_item *
cf_item_free(struct cf_item *item)
{
    if (!item)
        return NULL;

    free(item->context);
    free(item->device_id);
    free(item->user_name);
    free(item->ca);
    free(item->template_name);
    free(item->subject);
    free(item->serial);
    cf_buf_free(item->body);
    cf_buf_free(item->csr);
    cf_buf_free(item->sealed_key);
    free(item->cookie);
    cf_buf_free(item->cert);
    cf_buf_free(item->chain);
    cf_buf_free(item->result);
    free(item->error);
    free(item);
    return NULL;
}

void
cf_items_done(struct cf_items *items)
{
    for (size_t i = 0; i < items->n; i++)
        cf_item_free(items->item[i]);
    free(items->item);
    *items = (struct cf_items){0};
}

void
cf_history_done(struct cf_history *history)
{
    for (size_t i = 0; i < history->n; i++)
        free(history->line[i].text);
    free(history->line);
    *history = (struct cf_history){0};
}

int64_t
cf_ledger_entry_renewal_ms(const struct cf_ledger_entry *entry)
{
    int64_t lifetime_ms = entry->not_after_ms - entry->not_before_ms;

    if (entry->renewal_threshold_percent == 0)
        return 0;
    return entry->not_after_ms - lifetime_ms * entry->renewal_threshold_percent / 100;
}
