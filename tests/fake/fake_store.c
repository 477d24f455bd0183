/* SPDX-License-Identifier: Apache-2.0 */
/* fake_store - opening, faults, and items that come in and go. */
#include "fake/fake_store_internal.h"

#include <stdlib.h>
#include <string.h>

void *
fake_grow(void *list, size_t n, size_t size)
{
    if ((n & (n - 1)) == 0) { /* full at each power of two */
        list = reallocarray(list, n ? 2 * n : 1, size);
        if (!list)
            abort();
    }
    memset((char *)list + n * size, 0, size);
    return list;
}

enum cf_rc
fake_enter(struct cf_store *store, const char *operation, struct fake_store **ret,
           struct cf_err *err)
{
    struct fake_store *fake = (struct fake_store *)store;

    pthread_mutex_lock(&fake->mutex);
    enum cf_rc fault = fake->fault;
    if (fault != CF_OK && (!fake->fault_of || strcmp(fake->fault_of, operation) == 0)) {
        if (!fake->fault_stays)
            fake->fault = CF_OK;
        pthread_mutex_unlock(&fake->mutex);
        return cf_fail(err, fault, "fake store: %s was told to fail", operation);
    }
    *ret = fake;
    return CF_OK;
}

enum cf_rc
fake_leave(struct fake_store *fake, enum cf_rc rc)
{
    pthread_mutex_unlock(&fake->mutex);
    return rc;
}

static void
set_fault(struct cf_store *store, const char *operation, enum cf_rc rc, bool stays)
{
    struct fake_store *fake = (struct fake_store *)store;

    pthread_mutex_lock(&fake->mutex);
    fake->fault = rc;
    fake->fault_of = operation;
    fake->fault_stays = stays;
    pthread_mutex_unlock(&fake->mutex);
}

void
cf_fake_store_fail_next(struct cf_store *store, enum cf_rc rc)
{
    set_fault(store, NULL, rc, false);
}

void
cf_fake_store_fail_next_of(struct cf_store *store, const char *operation, enum cf_rc rc)
{
    set_fault(store, operation, rc, false);
}

void
cf_fake_store_fail_all(struct cf_store *store, enum cf_rc rc)
{
    set_fault(store, NULL, rc, true);
}

struct cf_fake_store_counts
cf_fake_store_counts(struct cf_store *store)
{
    struct fake_store *fake = (struct fake_store *)store;

    pthread_mutex_lock(&fake->mutex);
    struct cf_fake_store_counts counts = fake->counts;
    pthread_mutex_unlock(&fake->mutex);
    return counts;
}

int64_t
fake_now(const struct fake_store *fake)
{
    return cf_clock_now_ms(fake->clock);
}

static enum cf_rc
fake_open(const struct cf_store_options *options, struct cf_store **ret_store, struct cf_err *err)
{
    struct fake_store *fake = calloc(1, sizeof *fake);
    if (!fake)
        return cf_fail_oom(err);

    fake->store.ops = &cf_store_fake;
    fake->clock = options->clock;
    pthread_mutex_init(&fake->mutex, NULL);
    *ret_store = &fake->store;
    return CF_OK;
}

static void
row_done(struct fake_row *row)
{
    (void)cf_item_free(row->item);
    free(row->claimed_by);
}

static void
fake_close(struct cf_store *store)
{
    struct fake_store *fake = (struct fake_store *)store;

    if (!fake)
        return;
    for (size_t i = 0; i < fake->n_rows; i++)
        row_done(&fake->row[i]);
    for (size_t i = 0; i < fake->n_lines; i++)
        free(fake->line[i].line.text);
    for (size_t i = 0; i < fake->n_entries; i++)
        (void)cf_ledger_entry_free(fake->entry[i]);
    fake_copies_done(fake);
    fake_grants_done(fake);
    fake_scep_done(fake);
    for (size_t i = 0; i < fake->n_records; i++)
        (void)cf_ca_record_free(fake->record[i]);
    for (size_t i = 0; i < fake->n_numbers; i++)
        free(fake->number[i].ca);
    free(fake->row);
    free(fake->line);
    free(fake->entry);
    free(fake->record);
    free(fake->number);
    pthread_mutex_destroy(&fake->mutex);
    free(fake);
}

static bool
find_reopened(const struct cf_item *item, enum cf_state *ret)
{
    if (item->state == CF_STATE_DELIVERED)
        *ret = item->kind == CF_KIND_REVOCATION ? CF_STATE_REVOKED : CF_STATE_WRAPPED;
    else if (item->state == CF_STATE_REPORTED)
        *ret = CF_STATE_FAILED;
    else
        return false;
    return true;
}

static void
begin_anew(struct fake_store *fake, struct fake_row *row, const struct cf_item *item)
{
    struct cf_item *known = row->item;

    fake_add_line(fake, known->id, known->state, item->state, CF_OK, "begins anew");
    known->state = item->state;
    known->due_ms = item->due_ms;
    known->updated_ms = fake_now(fake);
    known->attempts = 0;
    known->first_failed_ms = known->claimed_until_ms = 0;
    known->rc = CF_OK;
    known->fault = CF_FAULT_BUG;
    free(known->error);
    known->error = NULL;
    known->result = cf_buf_free(known->result);
    cf_buf_free(known->body);
    known->body = item->body ? cf_buf_copy(cf_buf_bytes(item->body)) : NULL;
    free(row->claimed_by);
    row->claimed_by = NULL;
}

static enum cf_reception
receive_one(struct fake_store *fake, const struct cf_item *item)
{
    struct fake_row *row = fake_find(fake, item->kind, item->context);
    enum cf_state to;

    if (!row) {
        row = FAKE_ADD(fake->row, fake->n_rows);
        row->item = fake_copy_item(item, true);
        row->item->id = ++fake->last_id;
        row->item->received_ms = row->item->updated_ms = fake_now(fake);
        row->item->claimed_until_ms = row->item->claims = 0;
        if (item->rc == CF_OK)
            row->item->fault = CF_FAULT_BUG;
        return CF_RECEPTION_NEW;
    }
    struct cf_item *known = row->item;
    known->lease_until_ms = item->lease_until_ms;
    if (known->claimed_until_ms > fake_now(fake))
        return CF_RECEPTION_DUPLICATE;
    if (cf_store_begins_anew(known->kind, known->state, known->rc, known->csr != NULL,
                             known->submits)) {
        begin_anew(fake, row, item);
        return CF_RECEPTION_ANEW;
    }
    if (!known->result || !find_reopened(known, &to))
        return CF_RECEPTION_DUPLICATE;
    fake_add_line(fake, known->id, known->state, to, CF_OK, "offered again");
    known->state = to;
    known->due_ms = item->due_ms;
    known->updated_ms = fake_now(fake);
    known->attempts = 0;
    known->first_failed_ms = known->claimed_until_ms = 0;
    free(row->claimed_by);
    row->claimed_by = NULL;
    return CF_RECEPTION_REDELIVER;
}

static enum cf_rc
fake_receive(struct cf_store *store, struct cf_item *const *items, size_t n,
             enum cf_reception *ret_receptions, struct cf_err *err)
{
    struct fake_store *fake = NULL;

    CF_TRY(fake_enter(store, "receive", &fake, err));
    for (size_t i = 0; i < n; i++) {
        size_t len = items[i]->context ? strlen(items[i]->context) : 0;
        if (len < 1 || len > CF_CONTEXT_MAX)
            return fake_leave(fake, cf_fail(err, CF_E_RANGE, "request context of %zu bytes", len));
    }
    for (size_t i = 0; i < n; i++)
        ret_receptions[i] = receive_one(fake, items[i]);
    return fake_leave(fake, CF_OK);
}

static enum cf_rc
fake_extend_leases(struct cf_store *store, const int64_t *ids, size_t n, int64_t lease_until_ms,
                   struct cf_err *err)
{
    struct fake_store *fake = NULL;

    CF_TRY(fake_enter(store, "extend_leases", &fake, err));
    for (size_t i = 0; i < n; i++) {
        struct fake_row *row = fake_find_id(fake, ids[i]);
        if (row)
            row->item->lease_until_ms = lease_until_ms;
    }
    return fake_leave(fake, CF_OK);
}

static enum cf_rc
fake_make_due(struct cf_store *store, int64_t now_ms, struct cf_err *err)
{
    struct fake_store *fake = NULL;

    CF_TRY(fake_enter(store, "make_due", &fake, err));
    for (size_t i = 0; i < fake->n_rows; i++) {
        struct cf_item *item = fake->row[i].item;

        if (item->state != CF_STATE_DELIVERED && item->state != CF_STATE_REPORTED &&
            item->due_ms > now_ms)
            item->due_ms = now_ms;
    }
    return fake_leave(fake, CF_OK);
}

static bool
has_good_certificate(const struct fake_store *fake, const char *context)
{
    for (size_t i = 0; i < fake->n_entries; i++) {
        const struct cf_ledger_entry *entry = fake->entry[i];

        if (strcmp(entry->context, context) == 0 && entry->revoked_ms == 0 &&
            entry->not_after_ms > fake_now(fake))
            return true;
    }
    return false;
}

static bool
is_prunable(const struct fake_store *fake, const struct cf_item *item, int64_t before_ms)
{
    return (item->state == CF_STATE_DELIVERED || item->state == CF_STATE_REPORTED) &&
           item->updated_ms < before_ms && item->claimed_until_ms <= fake_now(fake) &&
           !(item->kind == CF_KIND_SCEP && item->state == CF_STATE_REPORTED &&
             has_good_certificate(fake, item->context));
}

static enum cf_rc
fake_prune(struct cf_store *store, int64_t before_ms, uint64_t *ret_n, struct cf_err *err)
{
    struct fake_store *fake = NULL;
    size_t kept = 0;

    CF_TRY(fake_enter(store, "prune", &fake, err));
    for (size_t i = 0; i < fake->n_rows; i++) {
        if (is_prunable(fake, fake->row[i].item, before_ms)) {
            /* Its lines stay in the list; their id is never given again. */
            for (size_t j = 0; j < fake->n_lines; j++) {
                if (fake->line[j].item_id == fake->row[i].item->id)
                    fake->line[j].item_id = 0;
            }
            row_done(&fake->row[i]);
        } else {
            fake->row[kept++] = fake->row[i];
        }
    }
    *ret_n = fake->n_rows - kept;
    /* The list's room is known from its length alone. */
    struct fake_row *rows = NULL;
    size_t n = 0;
    for (size_t i = 0; i < kept; i++)
        *FAKE_ADD(rows, n) = fake->row[i];
    free(fake->row);
    fake->row = rows;
    fake->n_rows = n;
    fake_copies_prune(fake);
    fake_grants_prune(fake);
    fake_challenges_prune(fake);
    return fake_leave(fake, CF_OK);
}

static enum cf_rc
fake_tidy(struct cf_store *store, struct cf_err *err)
{
    struct fake_store *fake = NULL;

    CF_TRY(fake_enter(store, "tidy", &fake, err));
    return fake_leave(fake, CF_OK);
}

static enum cf_rc
fake_check(struct cf_store *store, cf_finding_fn *report, void *arg, struct cf_err *err)
{
    struct cf_finding finding = {CF_FINDING_OK, "store", "in memory", NULL};
    struct fake_store *fake = NULL;

    CF_TRY(fake_enter(store, "check", &fake, err));
    (void)fake_leave(fake, CF_OK);
    report(arg, &finding);
    return CF_OK;
}

const struct cf_store_ops cf_store_fake = {
    .name = "fake",
    .abi = CF_STORE_ABI,
    .open = fake_open,
    .close = fake_close,
    .receive = fake_receive,
    .claim = fake_claim,
    .claim_one = fake_claim_one,
    .commit = fake_commit,
    .release = fake_release,
    .renew = fake_renew,
    .extend_leases = fake_extend_leases,
    .make_due = fake_make_due,
    .next_due = fake_next_due,
    .count = fake_count,
    .list = fake_list,
    .get = fake_get,
    .history = fake_history,
    .ledger = fake_ledger,
    .ledger_revoke = fake_ledger_revoke,
    .recovery = fake_recovery,
    .grant = fake_grant,
    .challenge_add = fake_challenge_add,
    .challenge_use = fake_challenge_use,
    .ra_get = fake_ra_get,
    .ra_put = fake_ra_put,
    .prune = fake_prune,
    .tidy = fake_tidy,
    .check = fake_check,
    .ca_add = fake_ca_add,
    .ca_get = fake_ca_get,
    .ca_update = fake_ca_update,
    .ca_each = fake_ca_each,
    .ca_crl_number = fake_ca_crl_number,
};
