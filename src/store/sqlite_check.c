/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_check - what an administrator should know about the store. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "place.h"
#include "sqlite.h"

enum { TEXT_SIZE = 512 };
#define MIB (UINT64_C(1024) * 1024)
#define SPACE_ERROR (16 * MIB)
#define SPACE_WARNING (256 * MIB)

struct report {
    cf_finding_fn *fn;
    void *arg;
};

static void
say(const struct report *report, enum cf_severity severity, const char *text, const char *remedy)
{
    struct cf_finding finding = {severity, "store", text, remedy};

    report->fn(report->arg, &finding);
}

static void
check_place(const struct report *report, const char *path)
{
    struct cf_err err = {0};

    if (cf_place_check(path, &err) == CF_OK)
        say(report, CF_FINDING_OK, "file and directory belong to the service alone", NULL);
    else
        say(report, CF_FINDING_ERROR, err.text, "correct owner and mode of the file and directory");
}

static void
check_space(const struct report *report, const char *path)
{
    char text[TEXT_SIZE];
    struct statvfs fs;

    if (statvfs(path, &fs) != 0) {
        say(report, CF_FINDING_ERROR, "free space cannot be read", "look at the file system");
        return;
    }
    uint64_t free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    (void)snprintf(text, sizeof text, "%" PRIu64 " MiB free on the file system of %s",
                   free_bytes / MIB, path);
    if (free_bytes < SPACE_ERROR)
        say(report, CF_FINDING_ERROR, text, "make room: without it no request is taken in");
    else if (free_bytes < SPACE_WARNING)
        say(report, CF_FINDING_WARNING, text, "make room before it is full");
    else
        say(report, CF_FINDING_OK, text, NULL);
}

static enum cf_rc
first_text(struct cf_sqlite_conn *conn, enum cf_sql sql, bool *ret_has_row, char *text, size_t size,
           struct cf_err *err)
{
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, &conn->conn, sql, err));
    CF_TRY(cf_query_step(&q, ret_has_row, err));
    const char *value = *ret_has_row ? cf_query_peek_text(&q) : NULL;
    (void)snprintf(text, size, "%s", value ? value : "");
    return cf_query_ok(&q, err);
}

static enum cf_rc
read_number(struct cf_sqlite_conn *conn, enum cf_sql sql, int64_t *ret, struct cf_err *err)
{
    cf_own_query q = {0};
    bool has_row = false;

    CF_TRY(cf_query_init(&q, &conn->conn, sql, err));
    CF_TRY(cf_query_step(&q, &has_row, err));
    *ret = has_row ? cf_query_get_i64(&q) : 0;
    return CF_OK;
}

static enum cf_rc
check_content(const struct report *report, struct cf_sqlite_conn *conn, struct cf_err *err)
{
    static const char RESTORE[] =
        "stop the service, keep a copy, then restore a backup or use 'sqlite3 FILE .recover'";
    char text[TEXT_SIZE];
    bool has_row = false;
    int64_t n_free = 0;
    int64_t n_pages = 0;

    CF_TRY(first_text(conn, CF_SQL_QUICK_CHECK, &has_row, text, sizeof text, err));
    if (!has_row || strcmp(text, "ok") != 0)
        say(report, CF_FINDING_ERROR, text, RESTORE);
    else
        say(report, CF_FINDING_OK, "the database is intact", NULL);

    CF_TRY(first_text(conn, CF_SQL_FOREIGN_KEY_CHECK, &has_row, text, sizeof text, err));
    if (has_row)
        say(report, CF_FINDING_ERROR, "rows refer to rows that do not exist", RESTORE);

    CF_TRY(read_number(conn, CF_SQL_FREE_PAGES, &n_free, err));
    CF_TRY(read_number(conn, CF_SQL_PAGES, &n_pages, err));
    if (n_pages > 25600 && n_free > n_pages / 2)
        say(report, CF_FINDING_WARNING, "more than half of a large file is unused",
            "to shrink it, stop the service and run 'sqlite3 FILE VACUUM'");
    return CF_OK;
}

/* On a connection of its own: reading a large file through may take a while. */
enum cf_rc
cf_sqlite_check(struct cf_store *store, cf_finding_fn *report_fn, void *arg, struct cf_err *err)
{
    struct cf_sqlite *self = cf_sqlite_of(store);
    struct report report = {report_fn, arg};
    struct cf_sqlite_conn conn = {0};
    struct cf_err own = {0};

    check_place(&report, self->path);
    check_space(&report, self->path);
    enum cf_rc rc = cf_sqlite_conn_open(&conn, self->path, self->writer.conn.stop_flag, &own);
    if (rc == CF_OK)
        rc = check_content(&report, &conn, &own);
    cf_sqlite_conn_done(&conn);
    if (rc == CF_E_STORE_CORRUPT) {
        say(&report, CF_FINDING_ERROR, own.text, "restore a backup");
        return CF_OK;
    }
    if (rc != CF_OK && err)
        *err = own;
    return rc;
}
