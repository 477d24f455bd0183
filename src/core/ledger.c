/* SPDX-License-Identifier: Apache-2.0 */
/* Records of issued certificates: the ledger and the embedded CA's list. */
#include <stdlib.h>

#include "certferry/store.h"

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
