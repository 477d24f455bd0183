/* SPDX-License-Identifier: Apache-2.0 */
/* fake_store_ledger - issued certificates, and the embedded CA's list. */
#include "fake/fake_store_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool
is_text(const char *wanted, const char *text)
{
    return !wanted || (text && strcmp(wanted, text) == 0);
}

static struct cf_ledger_entry *
copy_entry(const struct cf_ledger_entry *entry)
{
    struct cf_ledger_entry *copy = malloc(sizeof *copy);
    if (!copy)
        abort();

    *copy = *entry;
    copy->context = fake_copy_text(entry->context);
    copy->ca = fake_copy_text(entry->ca);
    copy->template_name = fake_copy_text(entry->template_name);
    copy->device_id = fake_copy_text(entry->device_id);
    copy->user_name = fake_copy_text(entry->user_name);
    copy->profile_id = fake_copy_text(entry->profile_id);
    copy->subject = fake_copy_text(entry->subject);
    copy->issuer = fake_copy_text(entry->issuer);
    copy->serial = fake_copy_text(entry->serial);
    copy->thumbprint = fake_copy_text(entry->thumbprint);
    copy->cert = fake_copy_buf(entry->cert);
    return copy;
}

enum cf_rc
fake_ledger_check(struct fake_store *fake, const struct cf_ledger_entry *entry, struct cf_err *err)
{
    if (!entry->issuer || !entry->serial)
        return cf_fail(err, CF_E_BUG, "ledger entry without issuer or serial");
    for (size_t i = 0; i < fake->n_entries; i++) {
        if (is_text(entry->issuer, fake->entry[i]->issuer) &&
            is_text(entry->serial, fake->entry[i]->serial))
            return cf_fail(err, CF_E_CONFLICT, "certificate %s is there already", entry->serial);
    }
    if (entry->renews_id < 0 || (size_t)entry->renews_id > fake->n_entries)
        return cf_fail(err, CF_E_NOT_FOUND, "no entry %lld in the ledger",
                       (long long)entry->renews_id);
    return CF_OK;
}

void
fake_ledger_add(struct fake_store *fake, const struct cf_ledger_entry *entry,
                const struct cf_buf *recovery)
{
    struct cf_ledger_entry *copy = copy_entry(entry);

    *FAKE_ADD(fake->entry, fake->n_entries) = copy;
    copy->id = (int64_t)fake->n_entries;
    copy->renewed_by_id = 0;
    copy->has_recovery = recovery != NULL;
    if (copy->renews_id != 0)
        fake->entry[copy->renews_id - 1]->renewed_by_id = copy->id;
    if (recovery)
        *FAKE_ADD(fake->copy, fake->n_copies) =
            (struct fake_copy){copy->id, fake_copy_buf(recovery)};
}

enum cf_rc
fake_ledger_check_id(struct fake_store *fake, int64_t id, int64_t revoked_ms, struct cf_err *err)
{
    if (revoked_ms <= 0)
        return cf_fail(err, CF_E_BUG, "revocation without a time");
    if (id < 1 || (size_t)id > fake->n_entries)
        return cf_fail(err, CF_E_NOT_FOUND, "no entry %lld in the ledger", (long long)id);
    return CF_OK;
}

void
fake_ledger_mark(struct fake_store *fake, int64_t id, int64_t revoked_ms, int reason)
{
    struct cf_ledger_entry *entry = fake->entry[id - 1];

    if (entry->revoked_ms == 0) {
        entry->revoked_ms = revoked_ms;
        entry->revocation_reason = reason;
    }
}

enum cf_rc
fake_ledger_revoke(struct cf_store *store, int64_t ledger_id, int64_t revoked_ms, int reason,
                   struct cf_err *err)
{
    struct fake_store *fake = NULL;

    CF_TRY(fake_enter(store, "ledger_revoke", &fake, err));
    enum cf_rc rc = fake_ledger_check_id(fake, ledger_id, revoked_ms, err);
    if (rc == CF_OK)
        fake_ledger_mark(fake, ledger_id, revoked_ms, reason);
    return fake_leave(fake, rc);
}

static bool
is_due(const struct cf_ledger_entry *entry, int64_t now_ms)
{
    return entry->renewal_threshold_percent > 0 && cf_ledger_entry_renewal_ms(entry) <= now_ms;
}

static bool
is_same_name(const char *wanted, const char *text)
{
    return !wanted || (text && strcasecmp(wanted, text) == 0);
}

static bool
matches(const struct cf_ledger_entry *entry, const struct cf_ledger_filter *filter)
{
    return is_text(filter->serial, entry->serial) && is_text(filter->issuer, entry->issuer) &&
           is_text(filter->context, entry->context) && is_text(filter->ca, entry->ca) &&
           is_text(filter->thumbprint, entry->thumbprint) &&
           is_text(filter->device_id, entry->device_id) &&
           is_same_name(filter->user_name, entry->user_name) &&
           is_text(filter->profile_id, entry->profile_id) &&
           (filter->expires_before_ms == 0 || entry->not_after_ms < filter->expires_before_ms) &&
           entry->not_after_ms >= filter->expires_after_ms &&
           (!filter->only_valid || entry->revoked_ms == 0) &&
           (!filter->only_current || entry->renewed_by_id == 0) &&
           (!filter->only_renewal_due || is_due(entry, filter->now_ms));
}

enum cf_rc
fake_ledger(struct cf_store *store, const struct cf_ledger_filter *filter,
            struct cf_ledger *ret_ledger, struct cf_err *err)
{
    struct fake_store *fake = NULL;
    struct cf_ledger ledger = {0};

    if (filter->limit < 1 || filter->limit > 1000)
        return cf_fail(err, CF_E_RANGE, "limit %zu: must be 1..1000", filter->limit);
    CF_TRY(fake_enter(store, "ledger", &fake, err));
    for (size_t i = 0; i < fake->n_entries && ledger.n < filter->limit; i++) {
        size_t at = filter->newest_first ? fake->n_entries - 1 - i : i;
        const struct cf_ledger_entry *entry = fake->entry[at];
        bool is_after = filter->newest_first ? filter->after_id == 0 || entry->id < filter->after_id
                                             : entry->id > filter->after_id;
        if (is_after && matches(entry, filter))
            *FAKE_ADD(ledger.entry, ledger.n) = copy_entry(entry);
    }
    *ret_ledger = ledger;
    return fake_leave(fake, CF_OK);
}

enum cf_rc
fake_recovery(struct cf_store *store, int64_t ledger_id, struct cf_buf **ret_sealed,
              struct cf_err *err)
{
    struct fake_store *fake = NULL;

    CF_TRY(fake_enter(store, "recovery", &fake, err));
    for (size_t i = 0; i < fake->n_copies; i++) {
        if (fake->copy[i].ledger_id != ledger_id || !fake->copy[i].sealed)
            continue;
        *ret_sealed = fake_copy_buf(fake->copy[i].sealed);
        return fake_leave(fake, CF_OK);
    }
    return fake_leave(fake, cf_fail(err, CF_E_NOT_FOUND, "no copy for entry %lld of the ledger",
                                    (long long)ledger_id));
}

void
fake_copies_prune(struct fake_store *fake)
{
    for (size_t i = 0; i < fake->n_copies; i++) {
        struct cf_ledger_entry *entry = fake->entry[fake->copy[i].ledger_id - 1];
        if (entry->revoked_ms == 0 && entry->not_after_ms > fake_now(fake))
            continue;
        fake->copy[i].sealed = cf_buf_free(fake->copy[i].sealed);
        entry->has_recovery = false;
    }
}

void
fake_copies_done(struct fake_store *fake)
{
    for (size_t i = 0; i < fake->n_copies; i++)
        (void)cf_buf_free(fake->copy[i].sealed);
    free(fake->copy);
}
