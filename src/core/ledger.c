/* SPDX-License-Identifier: Apache-2.0 */
/* Records of issued certificates: the ledger and the embedded CA's list. */
#include "ledger.h"

#include <stdlib.h>

#include "certferry/text.h"

struct cf_ledger_entry *
cf_ledger_entry_free(struct cf_ledger_entry *entry)
{
    if (!entry)
        return NULL;

    free(entry->context);
    free(entry->ca);
    free(entry->template_name);
    free(entry->device_id);
    free(entry->user_name);
    free(entry->profile_id);
    free(entry->subject);
    free(entry->issuer);
    free(entry->serial);
    free(entry->thumbprint);
    cf_buf_free(entry->cert);
    free(entry);
    return NULL;
}

void
cf_ledger_done(struct cf_ledger *ledger)
{
    for (size_t i = 0; i < ledger->n; i++)
        cf_ledger_entry_free(ledger->entry[i]);
    free(ledger->entry);
    *ledger = (struct cf_ledger){0};
}

struct cf_ca_record *
cf_ca_record_free(struct cf_ca_record *record)
{
    if (!record)
        return NULL;

    free(record->ca);
    free(record->serial);
    free(record->request_key);
    free(record->template_name);
    free(record->subject);
    cf_buf_free(record->csr);
    cf_buf_free(record->cert);
    free(record);
    return NULL;
}

enum cf_rc
cf_ledger_find_meant(const struct cf_work *work, struct cf_ledger_entry **ret_entry,
                     struct cf_err *err)
{
    const struct cf_request *request = work->ask.request;
    const char *thumbprint = request->certificate_thumbprint;
    struct cf_store *store = work->site->store;
    struct cf_ledger ledger = {0};
    struct cf_ledger_filter filter = {.newest_first = true, .limit = 1};

    if (thumbprint) {
        filter.thumbprint = thumbprint;
    } else {
        filter.profile_id = request->profile.id;
        filter.device_id = request->device.id;
        filter.user_name = request->profile.is_device ? NULL : work->item->user_name;
        filter.only_current = true;
    }
    CF_TRY(store->ops->ledger(store, &filter, &ledger, err));
    if (ledger.n > 0)
        *ret_entry = cf_give(ledger.entry[0]);
    cf_ledger_done(&ledger);
    return CF_OK;
}

bool
cf_ledger_is_same_user(const struct cf_ledger_entry *entry, const char *user_name)
{
    return (!entry->user_name && !user_name) || cf_text_equal_nocase(entry->user_name, user_name);
}

bool
cf_ledger_is_same_holder(const struct cf_ledger_entry *entry, const char *device_id,
                         const char *user_name)
{
    return cf_text_equal_nocase(entry->device_id, device_id) &&
           cf_ledger_is_same_user(entry, user_name);
}
