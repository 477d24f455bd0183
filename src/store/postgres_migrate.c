/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres_migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "certferry/stop.h"

enum { WAIT_MS = 5000, TURN_MS = 100 };
static const char AREA[] = "schema";

#define LOCK_KEY                                                                                   \
    "(hashtextextended(concat_ws(':', 'certferry', current_schema(), $1::text, $2::text), 0))"

enum cf_rc
cf_pg_try_lock(struct cf_pg_conn *conn, bool is_shared, const char *area, const char *name,
               bool *ret_is_held, struct cf_err *err)
{
    const char *const texts[] = {area, name};
    cf_own_pg_result result = NULL;

    CF_TRY(cf_pg_conn_ask(conn,
                          is_shared ? "SELECT pg_try_advisory_lock_shared" LOCK_KEY
                                    : "SELECT pg_try_advisory_lock" LOCK_KEY,
                          texts, 2, "locking", &result, err));
    *ret_is_held = strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    return CF_OK;
}

enum cf_rc
cf_pg_unlock(struct cf_pg_conn *conn, bool is_shared, const char *area, const char *name,
             struct cf_err *err)
{
    const char *const texts[] = {area, name};

    return cf_pg_conn_ask(conn,
                          is_shared ? "SELECT pg_advisory_unlock_shared" LOCK_KEY
                                    : "SELECT pg_advisory_unlock" LOCK_KEY,
                          texts, 2, "unlocking", NULL, err);
}

int
cf_pg_schema_version(void)
{
    return CF_PG_MIGRATIONS[CF_PG_N_MIGRATIONS - 1].version;
}

enum cf_rc
cf_pg_read_version(struct cf_pg_conn *conn, int *ret_version, struct cf_err *err)
{
    static const char READING[] = "reading its version";
    cf_own_pg_result is_there = NULL;
    cf_own_pg_result version = NULL;

    CF_TRY(cf_pg_conn_run(conn, "SELECT to_regclass('certferry_schema') IS NOT NULL", READING,
                          &is_there, err));
    if (strcmp(PQgetvalue(is_there, 0, 0), "t") != 0) {
        *ret_version = 0;
        return CF_OK;
    }
    CF_TRY(
        cf_pg_conn_run(conn, "SELECT max(version) FROM certferry_schema", READING, &version, err));
    *ret_version = (int)strtol(PQgetvalue(version, 0, 0), NULL, 10);
    return CF_OK;
}

static enum cf_rc
migrate_one(struct cf_pg_conn *conn, const struct cf_migration *migration, struct cf_err *err)
{
    static const char MIGRATING[] = "bringing its schema up to date";
    int version = 0;

    CF_TRY(cf_pg_conn_run(conn, "BEGIN", MIGRATING, NULL, err));
    CF_TRY(cf_pg_conn_run(conn, migration->sql, MIGRATING, NULL, err));
    CF_TRY(cf_pg_read_version(conn, &version, err));
    if (version != migration->version)
        return cf_fail(err, CF_E_BUG, "store %s: migration %d left version %d", conn->place->name,
                       migration->version, version);
    return cf_pg_conn_run(conn, "COMMIT", MIGRATING, NULL, err);
}

/* Under the exclusive lock. A failure leaves the transaction open: the caller drops the
 * connection. */
static enum cf_rc
migrate(struct cf_pg_conn *conn, int version, struct cf_err *err)
{
    for (size_t i = 0; i < CF_PG_N_MIGRATIONS; i++) {
        if (CF_PG_MIGRATIONS[i].version > version)
            CF_TRY(migrate_one(conn, &CF_PG_MIGRATIONS[i], err));
    }
    return CF_OK;
}

static enum cf_rc
check_newer(const struct cf_pg_conn *conn, int version, struct cf_err *err)
{
    if (version <= cf_pg_schema_version())
        return CF_OK;
    return cf_fail(
        err, CF_E_CONFIG,
        "store %s: has schema version %d, this program knows up to %d; install the newer "
        "version again or restore the backup made before it",
        conn->place->name, version, cf_pg_schema_version());
}

/* One look; *ret_version is the schema's. */
static enum cf_rc
try_hold(struct cf_pg_conn *conn, bool *ret_is_held, int *ret_version, struct cf_err *err)
{
    bool is_alone = false;
    bool is_shared = false;

    CF_TRY(cf_pg_try_lock(conn, true, AREA, "", &is_shared, err));
    if (!is_shared)
        return CF_OK;
    CF_TRY(cf_pg_read_version(conn, ret_version, err));
    CF_TRY(check_newer(conn, *ret_version, err));
    if (*ret_version == cf_pg_schema_version()) {
        *ret_is_held = true;
        return CF_OK;
    }
    /* A lock of one's own is no hindrance: this waits for the others only. */
    CF_TRY(cf_pg_try_lock(conn, false, AREA, "", &is_alone, err));
    if (!is_alone)
        return cf_pg_unlock(conn, true, AREA, "", err);
    CF_TRY(migrate(conn, *ret_version, err));
    CF_TRY(cf_pg_unlock(conn, false, AREA, "", err));
    *ret_is_held = true;
    return CF_OK;
}

enum cf_rc
cf_pg_hold_schema(struct cf_pg_conn *conn, struct cf_err *err)
{
    const struct timespec turn = {.tv_nsec = TURN_MS * 1000000L};
    int64_t until_ms = cf_pg_now_ms() + WAIT_MS;
    bool is_held = false;
    int version = 0;

    for (;;) {
        CF_TRY(try_hold(conn, &is_held, &version, err));
        if (is_held)
            return CF_OK;
        if (cf_pg_now_ms() >= until_ms || cf_stop_is_set(conn->place->stop_flag))
            break;
        (void)nanosleep(&turn, NULL);
    }
    return cf_fail(err, CF_E_STORE_BUSY,
                   "store %s: has schema version %d and is in use by services of that version; "
                   "stop them all, then start those of version %d",
                   conn->place->name, version, cf_pg_schema_version());
}
