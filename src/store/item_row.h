/* SPDX-License-Identifier: Apache-2.0 */
/* item_row - an item as the row of a statement. */
#pragma once

#include "certferry/store.h"
#include "query.h"

/* Puts what both the insertion and the update of an item write. */
void cf_item_row_put(struct cf_query *q, const struct cf_item *item, int64_t now_ms);
CF_MUST_USE enum cf_rc cf_item_row_get(struct cf_query *q, struct cf_item **ret_item,
                                       struct cf_err *err);
/* Adds to a list that has room. Steps until there are no more rows, or `room` is used up. */
CF_MUST_USE enum cf_rc cf_item_rows_get(struct cf_query *q, struct cf_items *items, size_t room,
                                        struct cf_err *err);

CF_MUST_USE enum cf_rc cf_history_add(struct cf_conn *conn, int64_t item_id, int64_t at_ms,
                                      enum cf_state from, enum cf_state to, enum cf_rc rc,
                                      const char *text, struct cf_err *err);

/* Results are stored by name: the order of their list is not part of the format. */
const char *cf_rc_put_name(enum cf_rc rc); /* NULL for CF_OK */
enum cf_rc cf_rc_of_name(const char *name);
