/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migrate - brings a database to the schema of this program.
 *
 * A migration is one SQL text that ends by setting user_version to its number; it happens as a
 * whole or not at all.
 */
#pragma once

#include <stddef.h>

#include "certferry/err.h"

struct cf_sqlite_conn;

struct cf_migration {
    int version; /* 1, 2, ... without gaps */
    const char *sql;
};

extern const struct cf_migration CF_MIGRATIONS[];
extern const size_t CF_N_MIGRATIONS;

enum { CF_STORE_APPLICATION_ID = 0x43465259 };

/* CF_E_CONFIG: the file belongs to another program, or to a newer version of this one. */
CF_MUST_USE enum cf_rc cf_migrate_check(struct cf_sqlite_conn *conn, size_t n, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_migrate(struct cf_sqlite_conn *conn,
                                  const struct cf_migration *migrations, size_t n,
                                  struct cf_err *err);
