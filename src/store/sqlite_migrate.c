/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate.h"

#include <errno.h>

#include "sqlite_conn.h"

/* Runs one of our own fixed texts, prepared for this once. */
static enum cf_rc
read_number(struct cf_sqlite_conn *conn, const char *sql, int *ret, struct cf_err *err)
{
    sqlite3_stmt *stmt = NULL;

    errno = 0;
    int code = sqlite3_prepare_v2(conn->db, sql, -1, &stmt, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_step(stmt);
    int value = code == SQLITE_ROW ? sqlite3_column_int(stmt, 0) : 0;
    sqlite3_finalize(stmt);
    if (code != SQLITE_ROW)
        return cf_sqlite_conn_fail(conn, code, "reading its version", err);

    *ret = value;
    return CF_OK;
}

static enum cf_rc
read_version(struct cf_sqlite_conn *conn, int *ret, struct cf_err *err)
{
    return read_number(conn, "PRAGMA user_version", ret, err);
}

enum cf_rc
cf_migrate_check(struct cf_sqlite_conn *conn, size_t n, struct cf_err *err)
{
    int id = 0;
    int version = 0;
    int n_tables = 0;

    CF_TRY(read_number(conn, "PRAGMA application_id", &id, err));
    CF_TRY(read_version(conn, &version, err));
    CF_TRY(read_number(conn, "SELECT count(*) FROM sqlite_schema", &n_tables, err));

    bool is_new = id == 0 && version == 0 && n_tables == 0;
    if (!is_new && id != CF_STORE_APPLICATION_ID)
        return cf_fail(err, CF_E_CONFIG,
                       "store %s: is the database of another program (application id %d); give the "
                       "store a path of its own",
                       conn->path, id);
    if (version < 0 || (size_t)version > n)
        return cf_fail(err, CF_E_CONFIG,
                       "store %s: has schema version %d, this program knows up to %zu; install "
                       "the newer version again or restore the backup made before it",
                       conn->path, version, n);
    return CF_OK;
}

static enum cf_rc
run(struct cf_sqlite_conn *conn, const char *sql, const char *what, struct cf_err *err)
{
    errno = 0;
    int code = sqlite3_exec(conn->db, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? CF_OK : cf_sqlite_conn_fail(conn, code, what, err);
}

static enum cf_rc
migrate_one(struct cf_sqlite_conn *conn, const struct cf_migration *migration, struct cf_err *err)
{
    int version = 0;

    /* Read again under the lock: another process may have been faster. */
    CF_TRY(read_version(conn, &version, err));
    if (version >= migration->version)
        return CF_OK;
    CF_TRY(run(conn, migration->sql, "bringing its schema up to date", err));
    CF_TRY(read_version(conn, &version, err));
    if (version != migration->version)
        return cf_fail(err, CF_E_BUG, "store %s: migration %d left version %d", conn->path,
                       migration->version, version);
    return CF_OK;
}

enum cf_rc
cf_migrate(struct cf_sqlite_conn *conn, const struct cf_migration *migrations, size_t n,
           struct cf_err *err)
{
    int version = 0;

    CF_TRY(cf_migrate_check(conn, n, err));
    CF_TRY(read_version(conn, &version, err));
    for (size_t i = (size_t)version; i < n; i++) {
        CF_TRY(run(conn, "BEGIN IMMEDIATE", "starting a migration", err));
        enum cf_rc rc = migrate_one(conn, &migrations[i], err);
        if (rc == CF_OK)
            rc = run(conn, "COMMIT", "finishing a migration", err);
        if (rc != CF_OK) {
            /* Some errors have rolled back already; err keeps the first one. */
            (void)sqlite3_exec(conn->db, "ROLLBACK", NULL, NULL, NULL);
            return rc;
        }
    }
    return CF_OK;
}
