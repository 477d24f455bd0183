/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite_conn - one SQLite connection with its prepared statements, and what its errors mean.
 *
 * Not thread-safe: a connection is used by one thread at a time (writer.h, sqlite.c).
 */
#pragma once

#include <sqlite3.h>

#include "query.h"

struct cf_sqlite_conn {
    struct cf_conn conn; /* first: the operations' view */
    sqlite3 *db;
    const char *path; /* borrowed, for texts */
    const volatile int *stop_flag;
    bool never_waits; /* a lock that another process holds is an error at once */
    sqlite3_stmt *stmt[CF_SQL_MAX_];
};

extern const struct cf_conn_ops CF_SQLITE_CONN_OPS; /* sqlite_query.c */

enum { CF_CONN_BUSY_MS = 5000 };

/* Opens an existing file. The connection is not ready for use before cf_sqlite_conn_tune. */
CF_MUST_USE enum cf_rc cf_sqlite_conn_open(struct cf_sqlite_conn *conn, const char *path,
                                           const volatile int *stop_flag, struct cf_err *err);
/* WAL, full syncs, foreign keys, wiping of what is deleted. */
CF_MUST_USE enum cf_rc cf_sqlite_conn_tune(struct cf_sqlite_conn *conn, struct cf_err *err);
/* CF_E_STORE when the file is no longer the one that was opened, or its log is gone: what is
 * written then would be gone with the process. */
CF_MUST_USE enum cf_rc cf_sqlite_conn_check_place(const struct cf_sqlite_conn *conn,
                                                  struct cf_err *err);
void cf_sqlite_conn_done(struct cf_sqlite_conn *conn); /* also after a failed or no open */

/* Maps an SQLite code; `what` says what was being done. */
enum cf_rc cf_sqlite_conn_fail(const struct cf_sqlite_conn *conn, int code, const char *what,
                               struct cf_err *err);
