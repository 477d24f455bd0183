/* SPDX-License-Identifier: Apache-2.0 */
#include "store/migrate.h"

#include <unistd.h>

#include "store/place.h"
#include "store_test.h"

static int
number_of(struct cf_sqlite_conn *conn, const char *sql)
{
    sqlite3_stmt *stmt = NULL;

    assert_int_equal(sqlite3_prepare_v2(conn->db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int number = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return number;
}

static void
open_conn(struct place *place, struct cf_sqlite_conn *conn)
{
    assert_int_equal(cf_place_prepare(place->path, &place->err), CF_OK);
    assert_int_equal(cf_sqlite_conn_open(conn, place->path, NULL, &place->err), CF_OK);
}

static void
reaches_the_newest_schema_from_every_older_one(void **state)
{
    struct place *place = *state;

    for (size_t from = 0; from <= CF_N_MIGRATIONS; from++) {
        struct cf_sqlite_conn conn;
        open_conn(place, &conn);
        assert_int_equal(cf_migrate(&conn, CF_MIGRATIONS, from, &place->err), CF_OK);
        assert_int_equal(number_of(&conn, "PRAGMA user_version"), from);
        cf_sqlite_conn_done(&conn);

        struct cf_store *store = open_it(place);
        assert_int_equal(receive_one(store, "r", 1, &place->err), CF_OK);
        struct cf_sqlite_conn *writer = &cf_sqlite_of(store)->writer.conn;
        assert_int_equal(number_of(writer, "PRAGMA user_version"), CF_N_MIGRATIONS);
        assert_int_equal(number_of(writer, "PRAGMA application_id"), CF_STORE_APPLICATION_ID);
        close_it(store);
        assert_int_equal(unlink(place->path), 0);
    }
}

static void
numbers_migrations_without_gaps(void **state)
{
    (void)state;
    for (size_t i = 0; i < CF_N_MIGRATIONS; i++)
        assert_int_equal(CF_MIGRATIONS[i].version, i + 1);
}

static void
runs_only_what_is_missing(void **state)
{
    static const struct cf_migration TWO[] = {
        {1, "PRAGMA application_id = 1128682073; CREATE TABLE a (x INT) STRICT; "
            "INSERT INTO a VALUES (5); PRAGMA user_version = 1;"},
        {2, "ALTER TABLE a ADD COLUMN y INT NOT NULL DEFAULT 7; PRAGMA user_version = 2;"},
    };
    struct place *place = *state;
    struct cf_sqlite_conn conn;

    open_conn(place, &conn);
    assert_int_equal(cf_migrate(&conn, TWO, 1, &place->err), CF_OK);
    assert_int_equal(cf_migrate(&conn, TWO, 2, &place->err), CF_OK);
    assert_int_equal(cf_migrate(&conn, TWO, 2, &place->err), CF_OK);
    assert_int_equal(number_of(&conn, "SELECT sum(x * 100 + y) FROM a"), 507);
    cf_sqlite_conn_done(&conn);
}

static void
undoes_a_migration_that_fails_in_its_middle(void **state)
{
    static const struct cf_migration TWO[] = {
        {1, "PRAGMA application_id = 1128682073; CREATE TABLE a (x INT) STRICT; "
            "PRAGMA user_version = 1;"},
        {2, "CREATE TABLE b (x INT) STRICT; PRAGMA user_version = 2; INSERT INTO nowhere "
            "VALUES (1);"},
    };
    struct place *place = *state;
    struct cf_sqlite_conn conn;

    open_conn(place, &conn);
    assert_int_equal(cf_migrate(&conn, TWO, 2, &place->err), CF_E_STORE);
    assert_says(place, "nowhere");
    assert_int_equal(number_of(&conn, "PRAGMA user_version"), 1);
    assert_int_equal(number_of(&conn, "SELECT count(*) FROM sqlite_schema"), 1);
    assert_true(sqlite3_get_autocommit(conn.db));
    cf_sqlite_conn_done(&conn);
}

static void
refuses_a_migration_that_does_not_say_its_number(void **state)
{
    static const struct cf_migration SILENT[] = {
        {1, "PRAGMA application_id = 1128682073; CREATE TABLE a (x INT) STRICT;"}};
    struct place *place = *state;
    struct cf_sqlite_conn conn;

    open_conn(place, &conn);
    assert_int_equal(cf_migrate(&conn, SILENT, 1, &place->err), CF_E_BUG);
    assert_int_equal(number_of(&conn, "SELECT count(*) FROM sqlite_schema"), 0);
    cf_sqlite_conn_done(&conn);
}

static void
refuses_a_newer_store_and_leaves_it_alone(void **state)
{
    struct place *place = *state;
    struct cf_store *store = open_it(place);

    close_it(store);
    run_sql(place, "PRAGMA user_version = 4711; PRAGMA journal_mode = DELETE;");
    store = NULL;
    assert_int_equal(try_open(place, &store), CF_E_CONFIG);
    assert_null(store);
    assert_says(place, "4711");
    assert_says(place, "install the newer version");
    struct cf_sqlite_conn conn;
    open_conn(place, &conn);
    assert_int_equal(number_of(&conn, "PRAGMA user_version"), 4711);
    cf_sqlite_conn_done(&conn);
}

static void
refuses_the_database_of_another_program(void **state)
{
    struct place *place = *state;
    struct cf_store *store = NULL;

    run_sql(place, "CREATE TABLE theirs (x);");
    assert_int_equal(try_open(place, &store), CF_E_CONFIG);
    assert_says(place, "another program");
    run_sql(place, "DROP TABLE theirs; PRAGMA application_id = 7;");
    assert_int_equal(try_open(place, &store), CF_E_CONFIG);
    run_sql(place, "PRAGMA application_id = 0; PRAGMA user_version = -1;");
    assert_int_equal(try_open(place, &store), CF_E_CONFIG);
    assert_null(store);
}

static void
names_states_and_kinds_as_the_program_does(void **state)
{
    struct place *place = *state;
    struct cf_store *store = open_it(place);
    sqlite3_stmt *stmt = NULL;
    sqlite3 *db = cf_sqlite_of(store)->reader.db;
    int n = 0;

    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT name FROM item_state ORDER BY id", -1, &stmt, NULL), 0);
    for (; sqlite3_step(stmt) == SQLITE_ROW; n++)
        assert_string_equal((const char *)sqlite3_column_text(stmt, 0),
                            cf_state_name((enum cf_state)n));
    sqlite3_finalize(stmt);
    assert_int_equal(n, CF_STATE_MAX_);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT name FROM item_kind ORDER BY id", -1, &stmt, NULL), 0);
    for (n = 0; sqlite3_step(stmt) == SQLITE_ROW; n++)
        assert_string_equal((const char *)sqlite3_column_text(stmt, 0),
                            cf_kind_name((enum cf_kind)n));
    sqlite3_finalize(stmt);
    assert_int_equal(n, CF_KIND_MAX_);
    close_it(store);
}

static void
prepares_every_statement(void **state)
{
    struct place *place = *state;
    struct cf_store *store = open_it(place);

    for (int i = 0; i < CF_SQL_MAX_; i++) {
        cf_own_query q = {0};
        assert_int_equal(
            cf_query_init(&q, &cf_sqlite_of(store)->reader.conn, (enum cf_sql)i, &place->err),
            CF_OK);
    }
    close_it(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(reaches_the_newest_schema_from_every_older_one),
        cmocka_unit_test(numbers_migrations_without_gaps),
        STORE_TEST(runs_only_what_is_missing),
        STORE_TEST(undoes_a_migration_that_fails_in_its_middle),
        STORE_TEST(refuses_a_migration_that_does_not_say_its_number),
        STORE_TEST(refuses_a_newer_store_and_leaves_it_alone),
        STORE_TEST(refuses_the_database_of_another_program),
        STORE_TEST(names_states_and_kinds_as_the_program_does),
        STORE_TEST(prepares_every_statement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
