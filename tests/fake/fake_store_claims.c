/* SPDX-License-Identifier: Apache-2.0 */
/* fake_store_claims - taking items to work on, and giving them back. */
#include "fake/fake_store_internal.h"

#include <stdlib.h>
#include <string.h>

static void
set_owner(struct fake_row *row, const char *owner, int64_t until_ms)
{
    free(row->claimed_by);
    row->claimed_by = fake_copy_text(owner);
    row->item->claimed_until_ms = until_ms;
}

struct fake_wish {
    unsigned states;
    unsigned kinds;
    const struct cf_ca_share *shares;
    size_t n_shares;
    size_t *used;
    int64_t now_ms;
};

static const struct cf_ca_share *
share_of(const struct fake_wish *wish, const struct cf_item *item)
{
    return CF_STATE_BIT(item->state) & CF_STORE_CA_STATES
               ? cf_ca_share_find(wish->shares, wish->n_shares, item->ca)
               : NULL;
}

static bool
is_wanted(const struct fake_wish *wish, const struct cf_item *item)
{
    const struct cf_ca_share *share = share_of(wish, item);

    return wish->states & CF_STATE_BIT(item->state) && wish->kinds & 1u << item->kind &&
           item->due_ms <= wish->now_ms && item->claimed_until_ms <= wish->now_ms &&
           (!share || wish->used[share - wish->shares] < share->max);
}

static struct fake_row *
find_oldest(struct fake_store *fake, const struct fake_wish *wish)
{
    struct fake_row *best = NULL;

    for (size_t i = 0; i < fake->n_rows; i++) {
        /* Rows are in the order of their ids. */
        if (is_wanted(wish, fake->row[i].item) &&
            (!best || fake->row[i].item->due_ms < best->item->due_ms))
            best = &fake->row[i];
    }
    return best;
}

enum cf_rc
fake_claim(struct cf_store *store, const char *owner, unsigned states, unsigned kinds,
           const struct cf_ca_share *shares, size_t n_shares, int64_t now_ms, int64_t until_ms,
           size_t max, struct cf_items *ret_items, struct cf_err *err)
{
    struct fake_store *fake = NULL;
    struct cf_items items = {0};
    size_t *used = NULL;

    *ret_items = items;
    CF_TRY(fake_enter(store, "claim", &fake, err));
    for (size_t n = 0; n < n_shares;)
        (void)FAKE_ADD(used, n);
    const struct fake_wish wish = {states, kinds, shares, n_shares, used, now_ms};
    fake->counts.claims++;
    while (items.n < max) {
        struct fake_row *row = find_oldest(fake, &wish);
        if (!row)
            break;
        const struct cf_ca_share *share = share_of(&wish, row->item);
        if (share)
            used[share - shares]++;
        set_owner(row, owner, until_ms);
        row->item->claims++;
        *FAKE_ADD(items.item, items.n) = fake_copy_item(row->item, true);
    }
    fake->counts.claimed += items.n;
    free(used);
    *ret_items = items;
    return fake_leave(fake, CF_OK);
}

enum cf_rc
fake_claim_one(struct cf_store *store, const char *owner, enum cf_kind kind, const char *context,
               int64_t now_ms, int64_t until_ms, struct cf_item **ret_item, struct cf_err *err)
{
    struct fake_store *fake = NULL;

    CF_TRY(fake_enter(store, "claim_one", &fake, err));
    struct fake_row *row = fake_find(fake, kind, context);
    if (!row)
        return fake_leave(fake, cf_fail(err, CF_E_NOT_FOUND, "no request '%s'", context));
    if (row->item->claimed_until_ms > now_ms)
        return fake_leave(fake, cf_fail(err, CF_E_LEASE, "'%s' is being worked on", context));
    set_owner(row, owner, until_ms);
    row->item->claims++;
    *ret_item = fake_copy_item(row->item, true);
    return fake_leave(fake, CF_OK);
}

static enum cf_rc
check_change(struct fake_store *fake, const char *owner, const struct cf_change *changes, size_t i,
             struct cf_err *err)
{
    const struct cf_change *change = &changes[i];
    const struct fake_row *row = fake_find_id(fake, change->item->id);
    bool is_held = row && row->claimed_by && strcmp(row->claimed_by, owner) == 0 &&
                   row->item->claims == change->item->claims;

    for (size_t j = 0; j < i; j++) {
        if (changes[j].item->id == change->item->id && !changes[j].keep_claim)
            is_held = false;
        const struct cf_ledger_entry *other = changes[j].issued;
        if (change->issued && other && strcmp(other->issuer, change->issued->issuer) == 0 &&
            strcmp(other->serial, change->issued->serial) == 0)
            return cf_fail(err, CF_E_CONFLICT, "certificate %s twice", other->serial);
    }
    if (!is_held)
        return cf_fail(err, CF_E_LEASE, "'%s': the claim is gone", change->item->context);
    if (change->recovery && !change->issued)
        return cf_fail(err, CF_E_BUG, "'%s': a copy without its entry", change->item->context);
    if (change->issued)
        CF_TRY(fake_ledger_check(fake, change->issued, err));
    if (change->revoked_ledger_id != 0)
        CF_TRY(fake_ledger_check_id(fake, change->revoked_ledger_id, change->revoked_ms, err));
    return CF_OK;
}

static void
apply(struct fake_store *fake, const char *owner, const struct cf_change *change)
{
    struct fake_row *row = fake_find_id(fake, change->item->id);
    struct cf_item *old = row->item;
    struct cf_item *item = fake_copy_item(change->item, true);

    item->received_ms = old->received_ms;
    item->updated_ms = fake_now(fake);
    if (old->lease_until_ms > item->lease_until_ms)
        item->lease_until_ms = old->lease_until_ms;
    if (item->rc == CF_OK)
        item->fault = CF_FAULT_BUG;
    row->item = item;
    set_owner(row, change->keep_claim ? owner : NULL,
              change->keep_claim ? item->claimed_until_ms : 0);
    if (change->history)
        fake_add_line(fake, item->id, change->from, item->state, item->rc, change->history);
    if (change->issued)
        fake_ledger_add(fake, change->issued, change->recovery);
    if (change->revoked_ledger_id != 0)
        fake_ledger_mark(fake, change->revoked_ledger_id, change->revoked_ms,
                         change->revocation_reason);
    (void)cf_item_free(old);
}

enum cf_rc
fake_commit(struct cf_store *store, const char *owner, const struct cf_change *changes, size_t n,
            struct cf_err *err)
{
    struct fake_store *fake = NULL;

    CF_TRY(fake_enter(store, "commit", &fake, err));
    fake->counts.commits++;
    for (size_t i = 0; i < n; i++) {
        enum cf_rc rc = check_change(fake, owner, changes, i, err);
        if (rc != CF_OK)
            return fake_leave(fake, rc);
    }
    for (size_t i = 0; i < n; i++)
        apply(fake, owner, &changes[i]);
    return fake_leave(fake, CF_OK);
}

static bool
is_among(int64_t id, const int64_t *ids, size_t n)
{
    for (size_t i = 0; ids && i < n; i++) {
        if (ids[i] == id)
            return true;
    }
    return !ids;
}

enum cf_rc
fake_release(struct cf_store *store, const char *owner, const int64_t *ids, size_t n,
             struct cf_err *err)
{
    struct fake_store *fake = NULL;

    CF_TRY(fake_enter(store, "release", &fake, err));
    for (size_t i = 0; i < fake->n_rows; i++) {
        struct fake_row *row = &fake->row[i];
        if (row->claimed_by && strcmp(row->claimed_by, owner) == 0 &&
            is_among(row->item->id, ids, n))
            set_owner(row, NULL, 0);
    }
    return fake_leave(fake, CF_OK);
}

enum cf_rc
fake_renew(struct cf_store *store, const char *owner, const int64_t *ids, size_t n,
           int64_t until_ms, struct cf_err *err)
{
    struct fake_store *fake = NULL;

    CF_TRY(fake_enter(store, "renew", &fake, err));
    for (size_t i = 0; i < fake->n_rows; i++) {
        struct fake_row *row = &fake->row[i];
        if (n > 0 && row->claimed_by && strcmp(row->claimed_by, owner) == 0 &&
            is_among(row->item->id, ids, n))
            row->item->claimed_until_ms = until_ms;
    }
    return fake_leave(fake, CF_OK);
}
