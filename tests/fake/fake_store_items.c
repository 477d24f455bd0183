/* SPDX-License-Identifier: Apache-2.0 */
/* fake_store_items - copies of items, and looking at them. */
#include "fake/fake_store_internal.h"

#include <stdlib.h>
#include <string.h>

char *
fake_copy_text(const char *text)
{
    char *copy = text ? strdup(text) : NULL;

    if (text && !copy)
        abort();
    return copy;
}

struct cf_buf *
fake_copy_buf(const struct cf_buf *buf)
{
    struct cf_buf *copy = buf ? cf_buf_copy(cf_buf_bytes(buf)) : NULL;

    if (buf && !copy)
        abort();
    return copy;
}

struct cf_item *
fake_copy_item(const struct cf_item *item, bool with_blobs)
{
    struct cf_item *copy = malloc(sizeof *copy);
    if (!copy)
        abort();

    *copy = *item;
    copy->context = fake_copy_text(item->context);
    copy->device_id = fake_copy_text(item->device_id);
    copy->user_name = fake_copy_text(item->user_name);
    copy->ca = fake_copy_text(item->ca);
    copy->template_name = fake_copy_text(item->template_name);
    copy->subject = fake_copy_text(item->subject);
    copy->serial = fake_copy_text(item->serial);
    copy->cookie = fake_copy_text(item->cookie);
    copy->error = fake_copy_text(item->error);
    copy->body = with_blobs ? fake_copy_buf(item->body) : NULL;
    copy->csr = with_blobs ? fake_copy_buf(item->csr) : NULL;
    copy->sealed_key = with_blobs ? fake_copy_buf(item->sealed_key) : NULL;
    copy->cert = with_blobs ? fake_copy_buf(item->cert) : NULL;
    copy->chain = with_blobs ? fake_copy_buf(item->chain) : NULL;
    copy->result = with_blobs ? fake_copy_buf(item->result) : NULL;
    return copy;
}

struct fake_row *
fake_find(struct fake_store *fake, enum cf_kind kind, const char *context)
{
    for (size_t i = 0; i < fake->n_rows; i++) {
        struct fake_row *row = &fake->row[i];
        if (row->item->kind == kind && strcmp(row->item->context, context) == 0)
            return row;
    }
    return NULL;
}

struct fake_row *
fake_find_id(struct fake_store *fake, int64_t id)
{
    for (size_t i = 0; i < fake->n_rows; i++) {
        if (fake->row[i].item->id == id)
            return &fake->row[i];
    }
    return NULL;
}

void
fake_add_line(struct fake_store *fake, int64_t item_id, enum cf_state from, enum cf_state to,
              enum cf_rc rc, const char *text)
{
    struct fake_line *line = FAKE_ADD(fake->line, fake->n_lines);

    line->item_id = item_id;
    line->line = (struct cf_history_line){fake_now(fake), from, to, rc, fake_copy_text(text)};
}

enum cf_rc
fake_next_due(struct cf_store *store, unsigned states, unsigned kinds,
              const struct cf_ca_share *shares, size_t n_shares, int64_t *ret_ms,
              struct cf_err *err)
{
    struct fake_store *fake = NULL;
    int64_t best = INT64_MAX;

    CF_TRY(fake_enter(store, "next_due", &fake, err));
    for (size_t i = 0; i < fake->n_rows; i++) {
        const struct cf_item *item = fake->row[i].item;
        int64_t at = item->due_ms > item->claimed_until_ms ? item->due_ms : item->claimed_until_ms;
        const struct cf_ca_share *share = CF_STATE_BIT(item->state) & CF_STORE_CA_STATES
                                              ? cf_ca_share_find(shares, n_shares, item->ca)
                                              : NULL;
        if (share && share->max == 0)
            continue;
        if (states & CF_STATE_BIT(item->state) && kinds & 1u << item->kind && at < best)
            best = at;
    }
    *ret_ms = best;
    return fake_leave(fake, CF_OK);
}

enum cf_rc
fake_count(struct cf_store *store, enum cf_kind kind, uint64_t ret_counts[CF_STATE_MAX_],
           struct cf_err *err)
{
    struct fake_store *fake = NULL;

    CF_TRY(fake_enter(store, "count", &fake, err));
    for (size_t i = 0; i < CF_STATE_MAX_; i++)
        ret_counts[i] = 0;
    for (size_t i = 0; i < fake->n_rows; i++) {
        if (fake->row[i].item->kind == kind)
            ret_counts[fake->row[i].item->state]++;
    }
    return fake_leave(fake, CF_OK);
}

static bool
matches(const struct cf_item *item, const struct cf_item_filter *filter)
{
    bool is_after = filter->newest_first ? filter->after_id == 0 || item->id < filter->after_id
                                         : item->id > filter->after_id;

    return is_after &&
           (!filter->context_prefix ||
            strncmp(item->context, filter->context_prefix, strlen(filter->context_prefix)) == 0) &&
           (filter->states == 0 || filter->states & CF_STATE_BIT(item->state)) &&
           (filter->kinds == 0 || filter->kinds & 1u << item->kind) &&
           (!filter->device_id ||
            (item->device_id && strcmp(item->device_id, filter->device_id) == 0));
}

enum cf_rc
fake_list(struct cf_store *store, const struct cf_item_filter *filter, struct cf_items *ret_items,
          struct cf_err *err)
{
    struct fake_store *fake = NULL;
    struct cf_items items = {0};

    if (filter->limit < 1 || filter->limit > 1000)
        return cf_fail(err, CF_E_RANGE, "limit %zu: must be 1..1000", filter->limit);
    CF_TRY(fake_enter(store, "list", &fake, err));
    for (size_t i = 0; i < fake->n_rows && items.n < filter->limit; i++) {
        size_t at = filter->newest_first ? fake->n_rows - 1 - i : i;
        if (matches(fake->row[at].item, filter))
            *FAKE_ADD(items.item, items.n) = fake_copy_item(fake->row[at].item, false);
    }
    *ret_items = items;
    return fake_leave(fake, CF_OK);
}

enum cf_rc
fake_get(struct cf_store *store, enum cf_kind kind, const char *context, struct cf_item **ret_item,
         struct cf_err *err)
{
    struct fake_store *fake = NULL;

    CF_TRY(fake_enter(store, "get", &fake, err));
    const struct fake_row *row = fake_find(fake, kind, context);
    if (!row)
        return fake_leave(fake, cf_fail(err, CF_E_NOT_FOUND, "no request '%s'", context));
    *ret_item = fake_copy_item(row->item, true);
    return fake_leave(fake, CF_OK);
}

enum cf_rc
fake_history(struct cf_store *store, int64_t item_id, struct cf_history *ret_history,
             struct cf_err *err)
{
    struct fake_store *fake = NULL;
    struct cf_history history = {0};

    CF_TRY(fake_enter(store, "history", &fake, err));
    for (size_t i = 0; i < fake->n_lines; i++) {
        if (fake->line[i].item_id != item_id)
            continue;
        struct cf_history_line *line = FAKE_ADD(history.line, history.n);
        *line = fake->line[i].line;
        line->text = fake_copy_text(line->text);
    }
    *ret_history = history;
    return fake_leave(fake, CF_OK);
}
