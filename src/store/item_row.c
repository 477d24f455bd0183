/* SPDX-License-Identifier: Apache-2.0 */
#include "item_row.h"

#include <string.h>

const char *
cf_rc_put_name(enum cf_rc rc)
{
    return rc == CF_OK ? NULL : cf_rc_name(rc);
}

enum cf_rc
cf_rc_of_name(const char *name)
{
    return name ? cf_rc_from_name(name) : CF_OK;
}

static enum cf_fault
fault_of_name(const char *name)
{
    for (int i = CF_FAULT_BUG; name && i <= CF_FAULT_CONFIG; i++) {
        if (strcmp(name, cf_fault_name((enum cf_fault)i)) == 0)
            return (enum cf_fault)i;
    }
    return CF_FAULT_BUG;
}

void
cf_item_row_put(struct cf_query *q, const struct cf_item *item, int64_t now_ms)
{
    cf_query_put_i64(q, item->state);
    cf_query_put_i64(q, item->due_ms);
    cf_query_put_i64(q, item->lease_until_ms);
    cf_query_put_i64(q, item->attempts);
    cf_query_put_i64(q, item->first_failed_ms);
    cf_query_put_i64(q, item->submits);
    cf_query_put_text(q, item->device_id);
    cf_query_put_text(q, item->user_name);
    cf_query_put_text(q, item->ca);
    cf_query_put_text(q, item->template_name);
    cf_query_put_text(q, item->subject);
    cf_query_put_text(q, item->serial);
    cf_query_put_text(q, item->cookie);
    cf_query_put_text(q, cf_rc_put_name(item->rc));
    cf_query_put_text(q, item->rc == CF_OK ? NULL : cf_fault_name(item->fault));
    cf_query_put_text(q, item->error);
    cf_query_put_buf(q, item->body);
    cf_query_put_buf(q, item->csr);
    cf_query_put_buf(q, item->sealed_key);
    cf_query_put_buf(q, item->cert);
    cf_query_put_buf(q, item->chain);
    cf_query_put_buf(q, item->result);
    cf_query_put_i64(q, now_ms);
}

enum cf_rc
cf_item_row_get(struct cf_query *q, struct cf_item **ret_item, struct cf_err *err)
{
    int64_t id = cf_query_get_i64(q);
    enum cf_kind kind = (enum cf_kind)cf_query_get_enum(q, CF_KIND_MAX_);
    enum cf_state state = (enum cf_state)cf_query_get_enum(q, CF_STATE_MAX_);
    const char *context = cf_query_peek_text(q);
    CF_TRY(cf_query_ok(q, err));

    cf_own(cf_item) item = cf_item_new(kind, context ? context : "");
    if (!item)
        return cf_fail_oom(err);
    item->id = id;
    item->state = state;
    item->received_ms = cf_query_get_i64(q);
    item->updated_ms = cf_query_get_i64(q);
    item->due_ms = cf_query_get_i64(q);
    item->lease_until_ms = cf_query_get_i64(q);
    item->attempts = cf_query_get_enum(q, UINT32_MAX);
    item->first_failed_ms = cf_query_get_i64(q);
    item->submits = cf_query_get_enum(q, UINT32_MAX);
    item->claimed_until_ms = cf_query_get_i64(q);
    item->claims = cf_query_get_i64(q);
    item->device_id = cf_query_get_text(q);
    item->user_name = cf_query_get_text(q);
    item->ca = cf_query_get_text(q);
    item->template_name = cf_query_get_text(q);
    item->subject = cf_query_get_text(q);
    item->serial = cf_query_get_text(q);
    item->cookie = cf_query_get_text(q);
    item->rc = cf_rc_of_name(cf_query_peek_text(q));
    item->fault = fault_of_name(cf_query_peek_text(q));
    item->error = cf_query_get_text(q);
    item->body = cf_query_get_buf(q);
    item->csr = cf_query_get_buf(q);
    item->sealed_key = cf_query_get_buf(q);
    item->cert = cf_query_get_buf(q);
    item->chain = cf_query_get_buf(q);
    item->result = cf_query_get_buf(q);
    CF_TRY(cf_query_ok(q, err));

    *ret_item = cf_give(item);
    return CF_OK;
}

enum cf_rc
cf_item_rows_get(struct cf_query *q, struct cf_items *items, size_t room, struct cf_err *err)
{
    while (room-- > 0) {
        bool has_row = false;

        CF_TRY(cf_query_step(q, &has_row, err));
        if (!has_row)
            break;
        CF_TRY(cf_item_row_get(q, &items->item[items->n], err));
        items->n++;
    }
    return CF_OK;
}

enum cf_rc
cf_history_add(struct cf_conn *conn, int64_t item_id, int64_t at_ms, enum cf_state from,
               enum cf_state to, enum cf_rc rc, const char *text, struct cf_err *err)
{
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_HISTORY_INSERT, err));
    cf_query_put_i64(&q, item_id);
    cf_query_put_i64(&q, at_ms);
    cf_query_put_i64(&q, from);
    cf_query_put_i64(&q, to);
    cf_query_put_text(&q, cf_rc_put_name(rc));
    cf_query_put_text(&q, text);
    return cf_query_run(&q, err);
}
