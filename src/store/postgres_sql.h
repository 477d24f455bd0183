/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres_sql - the statements of sql.h in PostgreSQL's words.
 */
#pragma once

#include <stddef.h>

#include "certferry/err.h"
#include "sql.h"

enum { CF_PG_SQL_MAX = 4096 };

/* is_insert: for cf_query_insert. CF_E_BUG as below. */
CF_MUST_USE enum cf_rc cf_pg_sql(enum cf_sql sql, bool is_insert, char text[CF_PG_SQL_MAX],
                                 struct cf_err *err);
/* ? and ?N become $N, INDEXED BY goes, "name = ?N COLLATE NOCASE" compares in lower case. CF_E_BUG
 * for what does not fit. */
CF_MUST_USE enum cf_rc cf_pg_translate(const char *from, char text[CF_PG_SQL_MAX],
                                       struct cf_err *err);
