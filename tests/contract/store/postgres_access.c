/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_access - opening: what is refused, and what the administrator is told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract.h"
#include "place.h"
#include "postgres.h"
#include "postgres_child.h"

#define PASSWORD "correct horse"

struct access {
    struct cf_store_options options;
    struct cf_err err;
};

static int
prepare(void **state)
{
    struct access *access = calloc(1, sizeof *access);

    access->options.clock = cf_clock_real();
    place_make(&access->options);
    *state = access;
    return 0;
}

static int
clean(void **state)
{
    free(*state);
    return 0;
}

static struct cf_store *
open_it(struct access *access)
{
    struct cf_store *store = NULL;

    if (cf_store_postgres.open(&access->options, &store, &access->err) != CF_OK)
        fail_msg("%s", access->err.text);
    return store;
}

static void
assert_refused(struct access *access, enum cf_rc rc, const char *words)
{
    struct cf_store *store = NULL;

    assert_string_equal(cf_rc_name(cf_store_postgres.open(&access->options, &store, &access->err)),
                        cf_rc_name(rc));
    assert_null(store);
    if (!strstr(access->err.text, words))
        fail_msg("'%s' does not say '%s'", access->err.text, words);
}

static void
refuses_a_password_among_the_words(void **state)
{
    struct access *access = *state;

    access->options.connection = "host=db1 password=hunter2";
    assert_refused(access, CF_E_CONFIG, "password_file");
    assert_null(strstr(access->err.text, "hunter2"));
    access->options.connection = "postgresql://certferry:hunter2@db1/certferry";
    assert_refused(access, CF_E_CONFIG, "password_file");
    assert_null(strstr(access->err.text, "hunter2"));
    access->options.connection = "host=db1 hunter2";
    assert_refused(access, CF_E_CONFIG, "cannot be understood");
    assert_null(strstr(access->err.text, "hunter2"));
    access->options.connection = "hast=db1";
    assert_refused(access, CF_E_CONFIG, "cannot be understood");
}

static void
says_that_nobody_answers(void **state)
{
    struct access *access = *state;

    access->options.connection = "host=127.0.0.1 port=1 dbname=certferry";
    assert_refused(access, CF_E_STORE_BUSY, "refused");
    access->options.connection = "host=/nowhere dbname=certferry";
    assert_refused(access, CF_E_STORE_BUSY, "/nowhere");
}

static void
says_what_database_or_role_is_missing(void **state)
{
    struct access *access = *state;
    char connection[256];

    (void)snprintf(connection, sizeof connection, "host=%s port=%d user=postgres dbname=nothing",
                   postgres_directory(), postgres_port());
    access->options.connection = connection;
    assert_refused(access, CF_E_CONFIG, "\"nothing\" does not exist");
    (void)snprintf(connection, sizeof connection, "host=%s port=%d user=nobody dbname=postgres",
                   postgres_directory(), postgres_port());
    assert_refused(access, CF_E_CONFIG, "\"nobody\" does not exist");
}

static void
write_password(char path[64], const char *password)
{
    (void)strcpy(path, "/tmp/certferry-password-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, password, strlen(password)), strlen(password));
    (void)close(fd);
}

static void
logs_in_with_the_password_of_the_file(void **state)
{
    struct access *access = *state;
    char connection[256];
    char path[64];

    postgres_run("CREATE ROLE secretive LOGIN PASSWORD '" PASSWORD "'");
    postgres_run("CREATE SCHEMA secretive AUTHORIZATION secretive");
    (void)snprintf(connection, sizeof connection, "host=%s port=%d user=secretive dbname=postgres",
                   postgres_directory(), postgres_port());
    access->options.connection = connection;
    assert_refused(access, CF_E_CONFIG, "asks for a password");

    write_password(path, "battery staple\n");
    access->options.password_file = path;
    assert_refused(access, CF_E_CONFIG, "password authentication failed");
    assert_null(strstr(access->err.text, "battery"));
    (void)unlink(path);

    write_password(path, PASSWORD "\n");
    struct cf_store *store = open_it(access);
    store->ops->close(store);
    assert_int_equal(chmod(path, 0644), 0);
    assert_refused(access, CF_E_PERMISSION, "chmod");
    (void)unlink(path);
}

static void
count_findings(void *arg, const struct cf_finding *finding)
{
    size_t *counts = arg;

    assert_string_equal(finding->subject, "store");
    assert_int_equal(finding->severity == CF_FINDING_OK, finding->remedy == NULL);
    counts[finding->severity]++;
}

static void
checks_the_servers_certificate(void **state)
{
    struct access *access = *state;
    const char *schema = strstr(access->options.connection, "place_");
    char words[128];
    char connection[320];
    size_t counts[3] = {0};

    (void)snprintf(words, sizeof words,
                   "port=%d user=postgres dbname=postgres options=-csearch_path=%s",
                   postgres_port(), schema);
    (void)snprintf(connection, sizeof connection,
                   "host=localhost hostaddr=127.0.0.1 %s sslmode=verify-full "
                   "sslrootcert=/etc/ssl/certs/ca-certificates.crt",
                   words);
    access->options.connection = connection;
    assert_refused(access, CF_E_CONFIG, "TLS");
    (void)snprintf(connection, sizeof connection,
                   "host=other.example hostaddr=127.0.0.1 %s sslmode=verify-full "
                   "sslrootcert=%s/server.pem",
                   words, postgres_directory());
    assert_refused(access, CF_E_CONFIG, "other.example");

    (void)snprintf(connection, sizeof connection,
                   "host=localhost hostaddr=127.0.0.1 %s sslmode=verify-full "
                   "sslrootcert=%s/server.pem",
                   words, postgres_directory());
    struct cf_store *store = open_it(access);
    assert_int_equal(store->ops->check(store, count_findings, counts, &access->err), CF_OK);
    assert_int_equal(counts[CF_FINDING_WARNING], 1); /* the role is a superuser */
    store->ops->close(store);

    (void)snprintf(connection, sizeof connection, "host=127.0.0.1 %s sslmode=disable", words);
    store = open_it(access);
    counts[CF_FINDING_WARNING] = 0;
    assert_int_equal(store->ops->check(store, count_findings, counts, &access->err), CF_OK);
    assert_int_equal(counts[CF_FINDING_WARNING], 2); /* and there is no TLS */
    store->ops->close(store);
}

static void
refuses_tables_and_schemas_that_are_not_its_own(void **state)
{
    struct access *access = *state;
    char sql[256];
    const char *schema = strstr(access->options.connection, "place_");

    (void)snprintf(sql, sizeof sql, "CREATE TABLE %s.item (id integer)", schema);
    postgres_run(sql);
    assert_refused(access, CF_E_CONFIG, "another program's");
    (void)snprintf(sql, sizeof sql, "DROP TABLE %s.item", schema);
    postgres_run(sql);
    struct cf_store *store = open_it(access);
    store->ops->close(store);

    (void)snprintf(sql, sizeof sql, "UPDATE %s.certferry_schema SET version = 99", schema);
    postgres_run(sql);
    assert_refused(access, CF_E_CONFIG, "has schema version 99");
}

static void
says_what_right_is_missing(void **state)
{
    struct access *access = *state;
    char connection[256];

    postgres_run("CREATE ROLE weak LOGIN");
    postgres_make_schema("fortress");
    (void)snprintf(connection, sizeof connection,
                   "host=%s port=%d user=weak dbname=postgres options=-csearch_path=fortress",
                   postgres_directory(), postgres_port());
    access->options.connection = connection;
    postgres_run("GRANT USAGE ON SCHEMA fortress TO weak");
    assert_refused(access, CF_E_CONFIG, "GRANT");
}

static void
refuses_a_database_of_another_encoding(void **state)
{
    struct access *access = *state;
    char connection[256];

    postgres_run("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    (void)snprintf(connection, sizeof connection, "host=%s port=%d user=postgres dbname=latin",
                   postgres_directory(), postgres_port());
    access->options.connection = connection;
    assert_refused(access, CF_E_CONFIG, "LATIN1");
}

static void
lets_no_two_daemons_go_by_one_name(void **state)
{
    struct access *access = *state;
    struct cf_store_options tool = access->options;
    struct cf_store *other = NULL;
    struct cf_store *store = open_it(access);

    assert_refused(access, CF_E_STORE_BUSY, "another service named 'contract'");
    access->options.owner = "other";
    other = open_it(access);
    other->ops->close(other);
    tool.owner = NULL;
    assert_int_equal(cf_store_postgres.open(&tool, &other, &access->err), CF_OK);
    other->ops->close(other);

    store->ops->close(store);
    access->options.owner = "contract";
    store = open_it(access);
    store->ops->close(store);
}

static void
changes_no_schema_under_those_that_use_it(void **state)
{
    struct access *access = *state;
    char sql[256];
    const char *schema = strstr(access->options.connection, "place_");
    struct cf_store *store = open_it(access);

    (void)snprintf(sql, sizeof sql, "UPDATE %s.certferry_schema SET version = 1", schema);
    postgres_run(sql);
    access->options.owner = "newer";
    assert_refused(access, CF_E_STORE_BUSY, "schema version 1 and is in use");
    store->ops->close(store);
}

static void
keeps_its_name_when_the_server_starts_again(void **state)
{
    struct access *access = *state;
    int64_t now_ms = NOW;
    enum cf_rc rc = CF_E_STORE_BUSY;
    struct cf_store *store = open_it(access);

    postgres_stop();
    postgres_start();
    for (int i = 0; i < 500 && rc == CF_E_STORE_BUSY; i++) {
        rc = store->ops->make_due(store, now_ms, &access->err);
        if (rc != CF_OK)
            (void)usleep(20000);
    }
    assert_int_equal(rc, CF_OK);
    assert_refused(access, CF_E_STORE_BUSY, "another service named 'contract'");
    store->ops->close(store);
}

static void
reports_how_safe_the_server_is(void **state)
{
    struct access *access = *state;
    size_t counts[3] = {0};
    struct cf_store *store = open_it(access);

    assert_int_equal(store->ops->check(store, count_findings, counts, &access->err), CF_OK);
    assert_int_equal(counts[CF_FINDING_ERROR], 0);
    assert_int_equal(counts[CF_FINDING_WARNING], 1); /* the role is a superuser */
    store->ops->close(store);

    postgres_run("ALTER SYSTEM SET fsync = off");
    postgres_run("SELECT pg_reload_conf()");
    /* The server takes it up in a moment. */
    for (int i = 0; i < 200 && counts[CF_FINDING_ERROR] == 0; i++) {
        (void)usleep(20000);
        store = open_it(access);
        assert_int_equal(store->ops->check(store, count_findings, counts, &access->err), CF_OK);
        store->ops->close(store);
    }
    assert_int_equal(counts[CF_FINDING_ERROR], 1);
    postgres_run("ALTER SYSTEM RESET fsync");
    postgres_run("SELECT pg_reload_conf()");

    postgres_run("ALTER ROLE postgres SET synchronous_commit = off");
    store = open_it(access);
    counts[CF_FINDING_WARNING] = 0;
    assert_int_equal(store->ops->check(store, count_findings, counts, &access->err), CF_OK);
    assert_int_equal(counts[CF_FINDING_WARNING], 2);
    store->ops->close(store);
    postgres_run("ALTER ROLE postgres RESET synchronous_commit");
}

int
run_access(void)
{
#define ACCESS_TEST(name) cmocka_unit_test_setup_teardown(name, prepare, clean)
    const struct CMUnitTest tests[] = {
        ACCESS_TEST(refuses_a_password_among_the_words),
        ACCESS_TEST(says_that_nobody_answers),
        ACCESS_TEST(says_what_database_or_role_is_missing),
        ACCESS_TEST(logs_in_with_the_password_of_the_file),
        ACCESS_TEST(checks_the_servers_certificate),
        ACCESS_TEST(refuses_tables_and_schemas_that_are_not_its_own),
        ACCESS_TEST(says_what_right_is_missing),
        ACCESS_TEST(refuses_a_database_of_another_encoding),
        ACCESS_TEST(lets_no_two_daemons_go_by_one_name),
        ACCESS_TEST(changes_no_schema_under_those_that_use_it),
        ACCESS_TEST(keeps_its_name_when_the_server_starts_again),
        ACCESS_TEST(reports_how_safe_the_server_is),
    };
    return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
