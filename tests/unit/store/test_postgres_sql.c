/* SPDX-License-Identifier: Apache-2.0 */
/* The statements in PostgreSQL's words; that the server takes them is the contract's business. */
#include "store/postgres_sql.h"

#include <stdlib.h>
#include <string.h>

#include "unit/base/unit.h"

static void
assert_becomes(const char *from, const char *expected)
{
    char text[CF_PG_SQL_MAX];
    struct cf_err err = {0};

    assert_ok(cf_pg_translate(from, text, &err), err);
    assert_string_equal(text, expected);
}

static void
numbers_values_as_sqlite_does(void **state)
{
    (void)state;
    assert_becomes("VALUES (?, ?, 1)", "VALUES ($1, $2, 1)");
    assert_becomes("a = ?2 AND b = ?12 AND c = ?", "a = $2 AND b = $12 AND c = $13");
    assert_becomes("SET a = ?, b = CASE WHEN b > ?2 THEN b ELSE ?2 END, c = ?",
                   "SET a = $1, b = CASE WHEN b > $2 THEN b ELSE $2 END, c = $3");
    assert_becomes("", "");
}

static void
leaves_the_choice_of_an_index_to_the_server(void **state)
{
    (void)state;
    assert_becomes("FROM ledger INDEXED BY ledger_serial WHERE serial = ?2",
                   "FROM ledger  WHERE serial = $2");
}

static void
compares_without_case_in_lower_case(void **state)
{
    (void)state;
    assert_becomes("?1 IS NULL OR user_name = ?11 COLLATE NOCASE)",
                   "$1 IS NULL OR lower(user_name) = lower($11 COLLATE \"C\"))");
    assert_becomes("user_name = ?1 AND a = ?", "user_name = $1 AND a = $2");
}

static void
knows_every_statement_but_sqlites_own(void **state)
{
    char text[CF_PG_SQL_MAX];
    struct cf_err err = {0};

    (void)state;
    for (int i = 0; i < CF_SQL_QUICK_CHECK; i++) {
        assert_ok(cf_pg_sql((enum cf_sql)i, false, text, &err), err);
        assert_null(strchr(text, '?'));
        assert_null(strstr(text, "NOCASE"));
        assert_null(strstr(text, "INDEXED BY"));
        assert_null(strstr(text, "iif("));
    }
}

static void
does_not_fail_on_a_row_that_is_there_already(void **state)
{
    char text[CF_PG_SQL_MAX];
    struct cf_err err = {0};

    (void)state;
    assert_ok(cf_pg_sql(CF_SQL_CA_INSERT, true, text, &err), err);
    assert_contains(text, " ON CONFLICT DO NOTHING");
    assert_ok(cf_pg_sql(CF_SQL_LEDGER_INSERT, true, text, &err), err);
    assert_contains(text, " ON CONFLICT DO NOTHING RETURNING id");
}

static void
refuses_what_does_not_fit(void **state)
{
    char *from = calloc(1, CF_PG_SQL_MAX + 1);
    char text[CF_PG_SQL_MAX];

    (void)state;
    memset(from, '1', CF_PG_SQL_MAX);
    assert_rc(cf_pg_translate(from, text, NULL), CF_E_BUG);
    memset(from, 'a', CF_PG_SQL_MAX);
    assert_rc(cf_pg_translate(from, text, NULL), CF_E_BUG);
    from[CF_PG_SQL_MAX - 1] = '\0';
    assert_becomes(from, from);
    free(from);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_values_as_sqlite_does),
        cmocka_unit_test(leaves_the_choice_of_an_index_to_the_server),
        cmocka_unit_test(compares_without_case_in_lower_case),
        cmocka_unit_test(knows_every_statement_but_sqlites_own),
        cmocka_unit_test(does_not_fail_on_a_row_that_is_there_already),
        cmocka_unit_test(refuses_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
