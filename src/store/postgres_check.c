/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_check - what an administrator should know about the database. */
#include <stdlib.h>
#include <string.h>

#include "postgres.h"
#include "postgres_migrate.h"

enum { FEW_CONNECTIONS = 5 };

/* One row; names of its columns are those of the settings. */
static const char FACTS[] =
    "SELECT current_setting('fsync') AS fsync, "
    "current_setting('full_page_writes') AS full_page_writes, "
    "(SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit') AS synchronous_commit, "
    "current_setting('max_connections')::int "
    "- current_setting('superuser_reserved_connections')::int "
    "- (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS n_free, "
    "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS is_superuser, "
    "inet_server_addr() IS NOT NULL AS is_remote, "
    "coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS has_tls, "
    "pg_size_pretty(pg_database_size(current_database())) AS size";

static const char *
fact(const PGresult *facts, const char *name)
{
    return PQgetvalue(facts, 0, PQfnumber(facts, name));
}

static bool
is_true(const PGresult *facts, const char *name)
{
    return strcmp(fact(facts, name), "t") == 0;
}

static void
check_durability(const struct cf_report *report, const PGresult *facts)
{
    bool is_safe = true;

    if (strcmp(fact(facts, "fsync"), "on") != 0) {
        cf_report_say(report, CF_FINDING_ERROR, "set fsync = on in postgresql.conf",
                      "fsync is off: what is committed is lost, or the database damaged, when the "
                      "server's power fails");
        is_safe = false;
    }
    if (strcmp(fact(facts, "full_page_writes"), "on") != 0) {
        cf_report_say(report, CF_FINDING_WARNING, "set full_page_writes = on in postgresql.conf",
                      "full_page_writes is off: a power failure may damage the database");
        is_safe = false;
    }
    if (strcmp(fact(facts, "synchronous_commit"), "off") == 0) {
        cf_report_say(report, CF_FINDING_WARNING, "remove synchronous_commit = off",
                      "synchronous_commit is off for this role: certferry sets it on for itself, "
                      "others may lose commits");
        is_safe = false;
    }
    if (is_safe)
        cf_report_say(report, CF_FINDING_OK, NULL, "commits wait for the disk");
}

static void
check_access(const struct cf_report *report, const PGresult *facts)
{
    long n_free = strtol(fact(facts, "n_free"), NULL, 10);

    if (n_free < FEW_CONNECTIONS)
        cf_report_say(report, CF_FINDING_WARNING, "raise max_connections on the server",
                      "%ld connections are free on the server", n_free);
    else
        cf_report_say(report, CF_FINDING_OK, NULL, "%ld connections are free on the server",
                      n_free);
    if (is_true(facts, "is_remote") && !is_true(facts, "has_tls"))
        cf_report_say(report, CF_FINDING_WARNING,
                      "add sslmode=verify-full and sslrootcert to connection",
                      "the connection goes over the network without TLS");
    if (is_true(facts, "is_superuser"))
        cf_report_say(report, CF_FINDING_WARNING, "connect as a role that owns this database alone",
                      "the role is a superuser of the whole server");
}

static enum cf_rc
check(const struct cf_report *report, struct cf_pg_conn *conn, struct cf_err *err)
{
    cf_own_pg_result facts = NULL;
    int version = 0;

    CF_TRY(cf_pg_conn_run(conn, FACTS, "checking it", &facts, err));
    CF_TRY(cf_pg_read_version(conn, &version, err));
    cf_report_say(report, CF_FINDING_OK, NULL, "PostgreSQL %s, %s, schema version %d, %s",
                  PQparameterStatus(conn->pg, "server_version"), conn->place->name, version,
                  fact(facts, "size"));
    check_durability(report, facts);
    check_access(report, facts);
    return CF_OK;
}

enum cf_rc
cf_postgres_check(struct cf_store *store, cf_finding_fn *report_fn, void *arg, struct cf_err *err)
{
    struct cf_postgres *self = cf_postgres_of(store);
    const struct cf_report report = cf_report_to(report_fn, arg, "store");
    struct cf_pg_conn *conn = NULL;
    struct cf_err own = {0};

    enum cf_rc rc = cf_pg_pool_take(&self->pool, &conn, &own);
    if (rc == CF_OK) {
        rc = check(&report, conn, &own);
        cf_pg_pool_give(&self->pool, conn);
    }
    if (rc == CF_E_STORE_CORRUPT) {
        cf_report_say(&report, CF_FINDING_ERROR, "restore a backup", "%s", own.text);
        return CF_OK;
    }
    if (rc != CF_OK && err)
        *err = own;
    return rc;
}
