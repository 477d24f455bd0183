/* SPDX-License-Identifier: Apache-2.0 */
/* op_claims - taking items to work on, and giving them back changed or as they were. */
#include <stdlib.h>
#include <string.h>

#include "item_row.h"
#include "op.h"

struct candidate {
    int64_t id;
    int64_t due_ms;
    const struct cf_ca_share *share; /* NULL: none */
};

struct claim {
    const char *owner;
    unsigned states;
    unsigned kinds;
    const struct cf_ca_share *shares;
    size_t n_shares;
    int64_t now_ms;
    int64_t until_ms;
    size_t max;
    struct candidate *candidates;
    size_t n_candidates;
    size_t *used;          /* of each share */
    struct cf_items items; /* room for max */
};

static enum cf_rc
find_candidates(struct cf_conn *conn, const struct cf_walk *walk, void *arg, struct cf_err *err)
{
    struct claim *call = (struct claim *)arg;
    size_t max = walk->share && walk->share->max < call->max ? walk->share->max : call->max;
    cf_own_query q = {0};

    struct candidate *list = reallocarray(call->candidates, call->n_candidates + max, sizeof *list);
    if (!list)
        return cf_fail_oom(err);
    call->candidates = list;
    CF_TRY(cf_query_init(
        &q, conn, walk->is_of_ca ? CF_SQL_ITEM_CANDIDATES_OF_CA : CF_SQL_ITEM_CANDIDATES, err));
    cf_query_put_i64(&q, walk->kind);
    cf_query_put_i64(&q, walk->state);
    if (walk->is_of_ca)
        cf_query_put_text(&q, walk->ca);
    cf_query_put_i64(&q, call->now_ms);
    cf_query_put_i64(&q, call->now_ms);
    cf_query_put_i64(&q, (int64_t)max);
    for (;;) {
        bool has_row = false;

        CF_TRY(cf_query_step(&q, &has_row, err));
        if (!has_row)
            return CF_OK;
        struct candidate *candidate = &call->candidates[call->n_candidates++];
        candidate->id = cf_query_get_i64(&q);
        candidate->due_ms = cf_query_get_i64(&q);
        candidate->share = walk->share;
    }
}

static int
by_due(const void *a, const void *b)
{
    const struct candidate *x = (const struct candidate *)a;
    const struct candidate *y = (const struct candidate *)b;

    if (x->due_ms != y->due_ms)
        return x->due_ms < y->due_ms ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static enum cf_rc
take(struct cf_conn *conn, const char *owner, int64_t until_ms, int64_t id,
     struct cf_item **ret_item, struct cf_err *err)
{
    cf_own_query q = {0};
    bool has_row = false;

    CF_TRY(cf_query_init(&q, conn, CF_SQL_ITEM_CLAIM, err));
    cf_query_put_text(&q, owner);
    cf_query_put_i64(&q, until_ms);
    cf_query_put_i64(&q, id);
    CF_TRY(cf_query_step(&q, &has_row, err));
    if (!has_row)
        return cf_fail(err, CF_E_BUG, "store: item %lld vanished under its lock", (long long)id);
    return cf_item_row_get(&q, ret_item, err);
}

/* A share goes to items of several states. */
static bool
is_within_share(struct claim *call, const struct cf_ca_share *share)
{
    return !share || call->used[share - call->shares]++ < share->max;
}

/* What an earlier run has found that was undone. */
static void
forget(struct claim *call)
{
    while (call->items.n > 0)
        (void)cf_item_free(call->items.item[--call->items.n]);
    memset(call->used, 0, call->n_shares * sizeof *call->used);
    call->n_candidates = 0;
}

static enum cf_rc
claim(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    struct claim *call = (struct claim *)arg;

    forget(call);
    CF_TRY(cf_op_each_walk(conn, call->states, call->kinds, call->shares, call->n_shares,
                           find_candidates, call, err));
    if (call->n_candidates > 0)
        qsort(call->candidates, call->n_candidates, sizeof *call->candidates, by_due);
    for (size_t i = 0; i < call->n_candidates && call->items.n < call->max; i++) {
        const struct candidate *candidate = &call->candidates[i];

        if (!is_within_share(call, candidate->share))
            continue;
        CF_TRY(take(conn, call->owner, call->until_ms, candidate->id,
                    &call->items.item[call->items.n], err));
        call->items.n++;
    }
    return CF_OK;
}

enum cf_rc
cf_op_claim(struct cf_store *store, const char *owner, unsigned states, unsigned kinds,
            const struct cf_ca_share *shares, size_t n_shares, int64_t now_ms, int64_t until_ms,
            size_t max, struct cf_items *ret_items, struct cf_err *err)
{
    *ret_items = (struct cf_items){0};
    if (max == 0)
        return CF_OK;
    if (max > 1000)
        max = 1000;

    struct claim call = {.owner = owner,
                         .states = states,
                         .kinds = kinds,
                         .shares = shares,
                         .n_shares = n_shares,
                         .now_ms = now_ms,
                         .until_ms = until_ms,
                         .max = max};
    call.used = calloc(n_shares > 0 ? n_shares : 1, sizeof *call.used);
    call.items.item = calloc(max, sizeof(struct cf_item *));
    enum cf_rc rc =
        call.used && call.items.item ? cf_op_write(store, claim, &call, err) : cf_fail_oom(err);
    free(call.candidates);
    free(call.used);
    if (rc == CF_OK)
        *ret_items = call.items;
    else
        cf_items_done(&call.items);
    return rc;
}

struct claim_one {
    const char *owner;
    enum cf_kind kind;
    const char *context;
    int64_t now_ms;
    int64_t until_ms;
    struct cf_item *item;
};

static enum cf_rc
claim_one(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    struct claim_one *call = (struct claim_one *)arg;
    cf_own_query q = {0};
    bool is_known = false;

    call->item = cf_item_free(call->item);
    CF_TRY(cf_query_init(&q, conn, CF_SQL_ITEM_FIND, err));
    cf_query_put_i64(&q, call->kind);
    cf_query_put_text(&q, call->context);
    CF_TRY(cf_query_step(&q, &is_known, err));
    if (!is_known)
        return cf_fail(err, CF_E_NOT_FOUND, "no %s request '%s' in the store",
                       cf_kind_name(call->kind), call->context);
    int64_t id = cf_query_get_i64(&q);
    (void)cf_query_get_i64(&q);
    if (cf_query_get_i64(&q) > call->now_ms)
        return cf_fail(err, CF_E_LEASE, "%s request '%s' is being worked on; try again later",
                       cf_kind_name(call->kind), call->context);
    return take(conn, call->owner, call->until_ms, id, &call->item, err);
}

enum cf_rc
cf_op_claim_one(struct cf_store *store, const char *owner, enum cf_kind kind, const char *context,
                int64_t now_ms, int64_t until_ms, struct cf_item **ret_item, struct cf_err *err)
{
    struct claim_one call = {owner, kind, context, now_ms, until_ms, NULL};
    enum cf_rc rc = cf_op_write(store, claim_one, &call, err);

    if (rc == CF_OK)
        *ret_item = call.item;
    else
        (void)cf_item_free(call.item);
    return rc;
}

struct commit {
    const char *owner;
    const struct cf_change **changes; /* by the ids of their items, as in cf_op_write_ids */
    size_t n;
    int64_t now_ms;
};

static enum cf_rc
update(struct cf_conn *conn, const struct commit *call, const struct cf_change *change,
       struct cf_err *err)
{
    const struct cf_item *item = change->item;
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_ITEM_UPDATE, err));
    cf_item_row_put(&q, item, call->now_ms);
    cf_query_put_text(&q, change->keep_claim ? call->owner : NULL);
    cf_query_put_i64(&q, change->keep_claim ? item->claimed_until_ms : 0);
    cf_query_put_i64(&q, item->id);
    cf_query_put_text(&q, call->owner);
    cf_query_put_i64(&q, item->claims);
    CF_TRY(cf_query_run(&q, err));
    if (cf_query_changes(&q) == 0)
        return cf_fail(err, CF_E_LEASE,
                       "%s request '%s': the claim ran out and was taken or given back; what was "
                       "done under it is not written",
                       cf_kind_name(item->kind), item->context);
    return CF_OK;
}

static enum cf_rc
commit_one(struct cf_conn *conn, const struct commit *call, const struct cf_change *change,
           struct cf_err *err)
{
    const struct cf_item *item = change->item;

    CF_TRY(update(conn, call, change, err));
    if (change->history)
        CF_TRY(cf_history_add(conn, item->id, call->now_ms, change->from, item->state, item->rc,
                              change->history, err));
    if (change->recovery && !change->issued)
        return cf_fail(err, CF_E_BUG, "a copy for re-encryption without its ledger entry");
    if (change->issued)
        CF_TRY(cf_ledger_row_add(conn, change->issued, change->recovery, err));
    if (change->revoked_ledger_id != 0)
        CF_TRY(cf_ledger_row_revoke(conn, change->revoked_ledger_id, change->revoked_ms,
                                    change->revocation_reason, err));
    return CF_OK;
}

static enum cf_rc
commit(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    struct commit *call = (struct commit *)arg;

    for (size_t i = 0; i < call->n; i++)
        CF_TRY(commit_one(conn, call, call->changes[i], err));
    return CF_OK;
}

static int
by_item(const void *a, const void *b)
{
    int64_t x = (*(const struct cf_change *const *)a)->item->id;
    int64_t y = (*(const struct cf_change *const *)b)->item->id;

    return (x > y) - (x < y);
}

enum cf_rc
cf_op_commit(struct cf_store *store, const char *owner, const struct cf_change *changes, size_t n,
             struct cf_err *err)
{
    if (n == 0)
        return CF_OK;

    const struct cf_change **sorted = reallocarray(NULL, n, sizeof *sorted);
    if (!sorted)
        return cf_fail_oom(err);
    for (size_t i = 0; i < n; i++)
        sorted[i] = &changes[i];
    qsort(sorted, n, sizeof *sorted, by_item);
    struct commit call = {owner, sorted, n, cf_op_now(store)};
    enum cf_rc rc = cf_op_write(store, commit, &call, err);
    free(sorted);
    return rc;
}

static enum cf_rc
release(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    const struct cf_op_ids *call = (const struct cf_op_ids *)arg;

    for (size_t i = 0; i < call->n; i++) {
        cf_own_query q = {0};

        CF_TRY(cf_query_init(&q, conn, CF_SQL_ITEM_RELEASE, err));
        cf_query_put_i64(&q, call->id[i]);
        cf_query_put_text(&q, (const char *)call->arg);
        CF_TRY(cf_query_run(&q, err));
    }
    return CF_OK;
}

static enum cf_rc
release_all(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    const char *const *owner = (const char *const *)arg;
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_ITEM_RELEASE_ALL, err));
    cf_query_put_text(&q, *owner);
    return cf_query_run(&q, err);
}

enum cf_rc
cf_op_release(struct cf_store *store, const char *owner, const int64_t *ids, size_t n,
              struct cf_err *err)
{
    if (!ids)
        return cf_op_write(store, release_all, &owner, err);
    return n == 0 ? CF_OK : cf_op_write_ids(store, release, ids, n, owner, err);
}

struct renew {
    const char *owner;
    int64_t until_ms;
};

static enum cf_rc
renew(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    const struct cf_op_ids *call = (const struct cf_op_ids *)arg;
    const struct renew *how = (const struct renew *)call->arg;

    for (size_t i = 0; i < call->n; i++) {
        cf_own_query q = {0};

        CF_TRY(cf_query_init(&q, conn, CF_SQL_ITEM_RENEW, err));
        cf_query_put_i64(&q, how->until_ms);
        cf_query_put_i64(&q, call->id[i]);
        cf_query_put_text(&q, how->owner);
        CF_TRY(cf_query_run(&q, err));
    }
    return CF_OK;
}

enum cf_rc
cf_op_renew(struct cf_store *store, const char *owner, const int64_t *ids, size_t n,
            int64_t until_ms, struct cf_err *err)
{
    struct renew how = {owner, until_ms};

    return n == 0 ? CF_OK : cf_op_write_ids(store, renew, ids, n, &how, err);
}
