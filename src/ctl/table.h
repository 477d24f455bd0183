/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table - rows of text below one another, as wide as they need and the terminal allows.
 *
 * When a terminal is too narrow the widest column that may shrink is cut, character by character,
 * and a cut text ends in "...". Without a terminal nothing is cut.
 */
#pragma once

#include "tool.h"

enum { CF_TABLE_COLUMNS_MAX = 10, CF_TABLE_CELL_MAX = 1024 };

struct cf_table_column {
    const char *title;
    bool is_number; /* aligned to the right */
    bool may_shrink;
};

struct cf_table;

struct cf_table *cf_table_new(const struct cf_table_column *columns, size_t n_columns);
struct cf_table *cf_table_free(struct cf_table *table);
CF_DEFINE_OWN(cf_table);

/* Cells are filled row by row; NULL and "" show as "-". Errors (memory) stick until printing. */
void cf_table_cell(struct cf_table *table, enum cf_tool_style style, const char *text);
size_t cf_table_rows(const struct cf_table *table);
CF_MUST_USE enum cf_rc cf_table_print(const struct cf_table *table, struct cf_tool *tool,
                                      struct cf_err *err);
