/* SPDX-License-Identifier: Apache-2.0 */
#include "sqlite_conn.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "certferry/stop.h"

enum { BUSY_TURN_MS = 25 };

/* Another process holds the lock: waits, but not past a stop. */
static int
on_busy(void *arg, int n_turns)
{
    const struct cf_sqlite_conn *conn = (const struct cf_sqlite_conn *)arg;
    const struct timespec turn = {.tv_nsec = BUSY_TURN_MS * 1000000L};

    if (conn->never_waits || n_turns >= CF_CONN_BUSY_MS / BUSY_TURN_MS ||
        cf_stop_is_set(conn->stop_flag))
        return 0;
    (void)nanosleep(&turn, NULL);
    return 1;
}

enum cf_rc
cf_sqlite_conn_open(struct cf_sqlite_conn *conn, const char *path, const volatile int *stop_flag,
                    struct cf_err *err)
{
    *conn = (struct cf_sqlite_conn){
        .conn = {&CF_SQLITE_CONN_OPS}, .path = path, .stop_flag = stop_flag};
    /* Without SQLITE_OPEN_CREATE: place.c made the file, with the right mode. */
    errno = 0;
    int code = sqlite3_open_v2(
        path, &conn->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code != SQLITE_OK)
        return cf_sqlite_conn_fail(conn, code, "opening it", err);

    (void)sqlite3_busy_handler(conn->db, on_busy, conn);
    return CF_OK;
}

static enum cf_rc
set_wal(struct cf_sqlite_conn *conn, struct cf_err *err)
{
    sqlite3_stmt *stmt = NULL;

    errno = 0;
    int code = sqlite3_prepare_v2(conn->db, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_step(stmt);
    bool is_wal =
        code == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(stmt, 0), "wal") == 0;
    sqlite3_finalize(stmt);
    if (code != SQLITE_ROW)
        return cf_sqlite_conn_fail(conn, code, "switching to a write-ahead log", err);
    if (!is_wal)
        return cf_fail(err, CF_E_CONFIG,
                       "store %s: this file system cannot hold a write-ahead log; put the store "
                       "on a local disk",
                       conn->path);
    return CF_OK;
}

enum cf_rc
cf_sqlite_conn_tune(struct cf_sqlite_conn *conn, struct cf_err *err)
{
    CF_TRY(set_wal(conn, err));
    errno = 0;
    int code = sqlite3_exec(conn->db,
                            "PRAGMA synchronous = FULL;"
                            "PRAGMA foreign_keys = ON;"
                            "PRAGMA secure_delete = ON;"
                            "PRAGMA trusted_schema = OFF;"
                            "PRAGMA cell_size_check = ON;"
                            "PRAGMA journal_size_limit = 16777216;",
                            NULL, NULL, NULL);
    return code == SQLITE_OK ? CF_OK : cf_sqlite_conn_fail(conn, code, "setting it up", err);
}

enum cf_rc
cf_sqlite_conn_check_place(const struct cf_sqlite_conn *conn, struct cf_err *err)
{
    int has_moved = 0;
    const char *log = sqlite3_filename_wal(sqlite3_db_filename(conn->db, "main"));

    (void)sqlite3_file_control(conn->db, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
    if (!has_moved && access(log, F_OK) == 0)
        return CF_OK;
    return cf_fail(err, CF_E_STORE,
                   "store %s: it or its -wal file was removed or replaced while in use; put back "
                   "what was there, or restart the service",
                   conn->path);
}

void
cf_sqlite_conn_done(struct cf_sqlite_conn *conn)
{
    for (int i = 0; i < CF_SQL_MAX_; i++)
        sqlite3_finalize(conn->stmt[i]);
    (void)sqlite3_close_v2(conn->db);
    *conn = (struct cf_sqlite_conn){0};
}

static enum cf_rc
fail(const struct cf_sqlite_conn *conn, enum cf_rc rc, int code, const char *what,
     const char *remedy, struct cf_err *err)
{
    (void)cf_fail(err, rc, "store %s: %s: %s; %s", conn->path, what, sqlite3_errstr(code), remedy);
    if (err)
        err->native = code;
    return rc;
}

/* A store's error, so that it is not taken for one of the cloud or the CA. */
static enum cf_rc
fail_access(const struct cf_sqlite_conn *conn, int code, const char *what, struct cf_err *err)
{
    (void)fail(conn, CF_E_STORE, code, what,
               "the service user must be able to read and write the file and its directory", err);
    if (err)
        err->fault = CF_FAULT_CONFIG;
    return CF_E_STORE;
}

static bool
is_no_space(int number)
{
    /* EFBIG: a file size limit, which the administrator meets in the same way. */
    return number == ENOSPC || number == EDQUOT || number == EFBIG;
}

enum cf_rc
cf_sqlite_conn_fail(const struct cf_sqlite_conn *conn, int code, const char *what,
                    struct cf_err *err)
{
    static const char MAKE_ROOM[] = "make room on its file system";
    /* sqlite3_system_errno knows nothing of a commit that fails; callers clear errno before. */
    int number = errno;

    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return cf_fail_oom(err);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fail(conn, CF_E_STORE_BUSY, code, what,
                    "another process holds it: see 'fuser FILE' and stop that process", err);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return fail(conn, CF_E_STORE_CORRUPT, code, what,
                    "stop the service, keep a copy, then restore a backup or use 'sqlite3 FILE "
                    ".recover'",
                    err);
    case SQLITE_FULL:
        return fail(conn, CF_E_DISK_FULL, code, what, MAKE_ROOM, err);
    case SQLITE_CANTOPEN:
        if (is_no_space(number))
            return fail(conn, CF_E_DISK_FULL, code, what, MAKE_ROOM, err);
        if (number == EMFILE || number == ENFILE)
            return fail(conn, CF_E_STORE, code, what, "there are too many open files", err);
        return fail_access(conn, code, what, err);
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return fail_access(conn, code, what, err);
    case SQLITE_IOERR:
        if (is_no_space(number))
            return fail(conn, CF_E_DISK_FULL, code, what, MAKE_ROOM, err);
        if (code == SQLITE_IOERR_NOMEM)
            return cf_fail_oom(err);
        return fail(conn, CF_E_STORE, code, what, "look for disk errors in the kernel's log", err);
    default:
        /* The schema and the statements are ours; this text names what does not fit. */
        (void)cf_fail(err, CF_E_STORE, "store %s: %s: %s; please report this", conn->path, what,
                      conn->db ? sqlite3_errmsg(conn->db) : sqlite3_errstr(code));
        if (err)
            err->native = code;
        return CF_E_STORE;
    }
}
