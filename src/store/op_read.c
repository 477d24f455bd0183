/* SPDX-License-Identifier: Apache-2.0 */
/* op_read - looking at items without touching them. */
#include <stdio.h>
#include <stdlib.h>

#include "item_row.h"
#include "op.h"

struct next_due {
    unsigned states;
    unsigned kinds;
    const struct cf_ca_share *shares;
    size_t n_shares;
    int64_t ms;
};

/* In the order of due_ms, so that the first free row usually ends the walk. */
static enum cf_rc
next_due_of(struct cf_conn *conn, const struct cf_walk *walk, void *arg, struct cf_err *err)
{
    int64_t *best = &((struct next_due *)arg)->ms;
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn,
                         walk->is_of_ca ? CF_SQL_ITEM_NEXT_DUE_OF_CA : CF_SQL_ITEM_NEXT_DUE, err));
    cf_query_put_i64(&q, walk->kind);
    cf_query_put_i64(&q, walk->state);
    if (walk->is_of_ca)
        cf_query_put_text(&q, walk->ca);
    for (;;) {
        bool has_row = false;

        CF_TRY(cf_query_step(&q, &has_row, err));
        if (!has_row)
            return CF_OK;
        int64_t due_ms = cf_query_get_i64(&q);
        int64_t claimed_until_ms = cf_query_get_i64(&q);
        if (due_ms >= *best)
            return CF_OK;
        int64_t at_ms = due_ms > claimed_until_ms ? due_ms : claimed_until_ms;
        if (at_ms < *best)
            *best = at_ms;
    }
}

static enum cf_rc
next_due(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    const struct next_due *call = (struct next_due *)arg;

    return cf_op_each_walk(conn, call->states, call->kinds, call->shares, call->n_shares,
                           next_due_of, arg, err);
}

enum cf_rc
cf_op_next_due(struct cf_store *store, unsigned states, unsigned kinds,
               const struct cf_ca_share *shares, size_t n_shares, int64_t *ret_ms,
               struct cf_err *err)
{
    struct next_due call = {states, kinds, shares, n_shares, INT64_MAX};

    CF_TRY(cf_op_read(store, next_due, &call, err));
    *ret_ms = call.ms;
    return CF_OK;
}

struct count {
    enum cf_kind kind;
    uint64_t n[CF_STATE_MAX_];
};

static enum cf_rc
count(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    struct count *call = (struct count *)arg;
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_ITEM_COUNT, err));
    cf_query_put_i64(&q, call->kind);
    for (;;) {
        bool has_row = false;

        CF_TRY(cf_query_step(&q, &has_row, err));
        if (!has_row)
            return CF_OK;
        unsigned state = cf_query_get_enum(&q, CF_STATE_MAX_);
        call->n[state] = (uint64_t)cf_query_get_i64(&q);
    }
}

enum cf_rc
cf_op_count(struct cf_store *store, enum cf_kind kind, uint64_t ret_counts[CF_STATE_MAX_],
            struct cf_err *err)
{
    struct count call = {.kind = kind};

    CF_TRY(cf_op_read(store, count, &call, err));
    for (int i = 0; i < CF_STATE_MAX_; i++)
        ret_counts[i] = call.n[i];
    return CF_OK;
}

/* No text that goes on after a prefix is behind the prefix and this one. */
#define LAST_CHAR "\xF4\x8F\xBF\xBF"

struct list {
    const struct cf_item_filter *filter;
    struct cf_items items;
};

static enum cf_rc
list(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    struct list *call = (struct list *)arg;
    const struct cf_item_filter *filter = call->filter;
    enum cf_sql sql = filter->context_prefix ? CF_SQL_ITEM_LIST_CONTEXT
                      : filter->device_id    ? CF_SQL_ITEM_LIST_DEVICE
                                             : CF_SQL_ITEM_LIST;
    cf_own_str prefix_end = NULL;
    cf_own_query q = {0};

    if (filter->context_prefix && asprintf(&prefix_end, "%s" LAST_CHAR, filter->context_prefix) < 0)
        return cf_fail_oom(err);
    CF_TRY(cf_query_init(&q, conn, filter->newest_first ? (enum cf_sql)(sql + 1) : sql, err));
    cf_query_put_i64(&q, filter->after_id);
    cf_query_put_i64(&q, filter->states);
    cf_query_put_i64(&q, filter->kinds);
    cf_query_put_i64(&q, (int64_t)filter->limit);
    cf_query_put_text(&q, filter->device_id);
    if (filter->context_prefix) {
        cf_query_put_text(&q, filter->context_prefix);
        cf_query_put_text(&q, prefix_end);
    }
    return cf_item_rows_get(&q, &call->items, filter->limit, err);
}

enum cf_rc
cf_op_list(struct cf_store *store, const struct cf_item_filter *filter, struct cf_items *ret_items,
           struct cf_err *err)
{
    struct list call = {.filter = filter};

    CF_TRY(cf_op_check_limit(filter->limit, err));
    call.items.item = calloc(filter->limit, sizeof(struct cf_item *));
    if (!call.items.item)
        return cf_fail_oom(err);
    enum cf_rc rc = cf_op_read(store, list, &call, err);
    if (rc == CF_OK)
        *ret_items = call.items;
    else
        cf_items_done(&call.items);
    return rc;
}

struct get {
    enum cf_kind kind;
    const char *context;
    struct cf_item *item;
};

static enum cf_rc
get(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    struct get *call = (struct get *)arg;
    cf_own_query q = {0};
    bool is_known = false;

    CF_TRY(cf_query_init(&q, conn, CF_SQL_ITEM_GET, err));
    cf_query_put_i64(&q, call->kind);
    cf_query_put_text(&q, call->context);
    CF_TRY(cf_query_step(&q, &is_known, err));
    if (!is_known)
        return cf_fail(err, CF_E_NOT_FOUND, "no %s request '%s' in the store",
                       cf_kind_name(call->kind), call->context);
    return cf_item_row_get(&q, &call->item, err);
}

enum cf_rc
cf_op_get(struct cf_store *store, enum cf_kind kind, const char *context, struct cf_item **ret_item,
          struct cf_err *err)
{
    struct get call = {kind, context, NULL};

    CF_TRY(cf_op_read(store, get, &call, err));
    *ret_item = call.item;
    return CF_OK;
}

struct history {
    int64_t item_id;
    struct cf_history lines;
};

static enum cf_rc
add_line(struct cf_query *q, struct cf_history *lines, struct cf_err *err)
{
    if ((lines->n & (lines->n - 1)) == 0) { /* full at each power of two */
        size_t room = lines->n ? 2 * lines->n : 1;
        struct cf_history_line *grown = reallocarray(lines->line, room, sizeof *grown);
        if (!grown)
            return cf_fail_oom(err);
        lines->line = grown;
    }
    struct cf_history_line *line = &lines->line[lines->n];
    line->at_ms = cf_query_get_i64(q);
    line->from = (enum cf_state)cf_query_get_enum(q, CF_STATE_MAX_);
    line->to = (enum cf_state)cf_query_get_enum(q, CF_STATE_MAX_);
    line->rc = cf_rc_of_name(cf_query_peek_text(q));
    line->text = cf_query_get_text(q);
    lines->n++;
    return cf_query_ok(q, err);
}

static enum cf_rc
history(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    struct history *call = (struct history *)arg;
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_HISTORY_LIST, err));
    cf_query_put_i64(&q, call->item_id);
    for (;;) {
        bool has_row = false;

        CF_TRY(cf_query_step(&q, &has_row, err));
        if (!has_row)
            return CF_OK;
        CF_TRY(add_line(&q, &call->lines, err));
    }
}

enum cf_rc
cf_op_history(struct cf_store *store, int64_t item_id, struct cf_history *ret_history,
              struct cf_err *err)
{
    struct history call = {.item_id = item_id};
    enum cf_rc rc = cf_op_read(store, history, &call, err);

    if (rc == CF_OK)
        *ret_history = call.lines;
    else
        cf_history_done(&call.lines);
    return rc;
}
