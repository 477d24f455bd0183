/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pages - lists that come from the daemon in pages, as one table or one JSON document.
 *
 * A page is an array in the result, and `after` when there may be more.
 */
#pragma once

#include "ask.h"
#include "table.h"

enum { CF_PAGE_MAX = 1000 };

struct cf_pages {
    const char *member; /* of the result: the array of objects */
    const struct cf_table_column *columns;
    size_t n_columns;
    /* Adds the row of one object. */
    enum cf_rc (*add)(struct cf_table *table, const struct cf_json *object, struct cf_err *err);
    const char *nothing; /* said in place of an empty table */
};

/* One page, and that there may be more. */
CF_MUST_USE enum cf_rc cf_pages_render(struct cf_tool *tool, const struct cf_pages *pages,
                                       const struct cf_json *result, struct cf_err *err);
/* Asks until there are no more; `after` is that member of ask. */
int cf_pages_all(struct cf_tool *tool, const struct cf_pages *pages, struct cf_ask *ask,
                 struct cf_ask_member *after);
