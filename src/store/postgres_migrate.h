/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres_migrate - brings a PostgreSQL database to the schema of this program.
 *
 * Whoever uses the schema holds a shared lock of the session's on it: it changes under nobody.
 */
#pragma once

#include "migrate.h"
#include "postgres_conn.h"

extern const struct cf_migration CF_PG_MIGRATIONS[];
extern const size_t CF_PG_N_MIGRATIONS;

int cf_pg_schema_version(void); /* of this program */
/* 0: the database has none. */
CF_MUST_USE enum cf_rc cf_pg_read_version(struct cf_pg_conn *conn, int *ret_version,
                                          struct cf_err *err);
/* Takes the shared lock and, where the schema is older, brings it up to date first. CF_E_CONFIG
 * when it is newer; CF_E_STORE_BUSY when it is older and in use by others. */
CF_MUST_USE enum cf_rc cf_pg_hold_schema(struct cf_pg_conn *conn, struct cf_err *err);

/* Locks of the session's, kept apart by the schema's name. `kind` is "" or "_shared". */
CF_MUST_USE enum cf_rc cf_pg_try_lock(struct cf_pg_conn *conn, bool is_shared, const char *area,
                                      const char *name, bool *ret_is_held, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_pg_unlock(struct cf_pg_conn *conn, bool is_shared, const char *area,
                                    const char *name, struct cf_err *err);
