/* SPDX-License-Identifier: Apache-2.0 */
/* Ten thousand items: the queries that run all the time stay on their indexes. */
#include <stdio.h>
#include <string.h>

#include "store_test.h"

enum { ITEMS = 10000 };

static int
count_steps(void *arg)
{
    int *n = arg;

    ++*n;
    return 0;
}

static void
claims_the_oldest_of_ten_thousand(void **state)
{
    struct place *place = *state;
    struct cf_store *store = open_it(place);
    struct cf_items items = {0};
    int64_t next_ms = 0;

    close_it(store);
    run_sql(place,
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
            "INSERT INTO item (kind, state, context, received_ms, updated_ms, due_ms, "
            "lease_until_ms, attempts, first_failed_ms, submits) "
            "SELECT 0, CASE WHEN i % 10 = 0 THEN 0 ELSE 6 END, 'r' || i, 0, 0, 20000 - i, 0, 0, 0, "
            "0 FROM n");
    store = open_it(place);
    assert_int_equal(store->ops->next_due(store, CF_STATE_BIT(CF_STATE_RECEIVED), ALL_KINDS, NULL,
                                          0, &next_ms, &place->err),
                     CF_OK);
    assert_int_equal(next_ms, 20000 - ITEMS);
    for (int i = 0; i < 10; i++) {
        char expected[16];
        assert_int_equal(store->ops->claim(store, "w", CF_STATE_BIT(CF_STATE_RECEIVED), ALL_KINDS,
                                           NULL, 0, NOW, NOW + 9, 100, &items, &place->err),
                         CF_OK);
        assert_int_equal(items.n, 100);
        (void)snprintf(expected, sizeof expected, "r%d", ITEMS - 1000 * i);
        assert_string_equal(items.item[0]->context, expected);
        cf_items_done(&items);
    }
    assert_int_equal(store->ops->claim(store, "w", CF_STATE_BIT(CF_STATE_RECEIVED), ALL_KINDS, NULL,
                                       0, NOW, NOW + 9, 100, &items, &place->err),
                     CF_OK);
    assert_int_equal(items.n, 0);
    cf_items_done(&items);
    close_it(store);
}

/* Nothing is stepped through for what a CA's share leaves out. */
static void
passes_by_twenty_thousand_that_wait_for_another_ca(void **state)
{
    static char dead[] = "dead";
    static const struct cf_ca_share NONE = {.ca = dead, .max = 0};
    static const struct cf_ca_share TWO = {.ca = dead, .max = 2};
    struct place *place = *state;
    struct cf_store *store = open_it(place);
    struct cf_items items = {0};
    int64_t next_ms = 0;
    int n_steps = 0;

    close_it(store);
    run_sql(place,
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20001) "
            "INSERT INTO item (kind, state, context, received_ms, updated_ms, due_ms, "
            "lease_until_ms, attempts, first_failed_ms, submits, ca) "
            "SELECT 0, 2 + i % 2, 'r' || i, 0, 0, i, 0, 0, 0, 0, "
            "CASE WHEN i = 20001 THEN 'well' ELSE 'dead' END FROM n");
    store = open_it(place);
    sqlite3_progress_handler(cf_sqlite_of(store)->writer.conn.db, 1, count_steps, &n_steps);
    sqlite3_progress_handler(cf_sqlite_of(store)->reader.db, 1, count_steps, &n_steps);
    assert_int_equal(
        store->ops->next_due(store, ALL_STATES, ALL_KINDS, &NONE, 1, &next_ms, &place->err), CF_OK);
    assert_int_equal(next_ms, 20001);
    assert_int_equal(store->ops->claim(store, "w", ALL_STATES, ALL_KINDS, &TWO, 1, NOW, NOW + 9,
                                       256, &items, &place->err),
                     CF_OK);
    assert_int_equal(items.n, 3);
    assert_string_equal(items.item[1]->context, "r2");
    assert_string_equal(items.item[2]->context, "r20001");
    assert_in_range(n_steps, 1, 10000);
    cf_items_done(&items);
    close_it(store);
}

/* What a statement costs is counted in rows it steps through, not in time. */
static void
grants_in_a_full_hour_without_looking_at_all_of_it(void **state)
{
    struct place *place = *state;
    struct cf_store *store = open_it(place);
    struct cf_rate_request request = {.policy = "p",
                                      .context = "new",
                                      .device_id = "d7",
                                      .user_name = "U7",
                                      .now_ms = NOW,
                                      .per_device = 200,
                                      .per_user = 200,
                                      .per_all = 100001};
    int n_steps = 0;

    close_it(store);
    run_sql(place,
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
            "INSERT INTO rate_grant (policy, at_ms, n, context, device_id, user_name) "
            "SELECT 'p', 1700000000000 - 1000000 + i, i, 'r' || i, 'd' || i % 1000, "
            "'u' || i % 1000 FROM n");
    store = open_it(place);
    sqlite3_progress_handler(cf_sqlite_of(store)->writer.conn.db, 1, count_steps, &n_steps);
    assert_int_equal(store->ops->grant(store, &request, &place->err), CF_OK);
    assert_in_range(n_steps, 1, 5000);
    n_steps = 0;
    request.context = "newer";
    assert_int_equal(store->ops->grant(store, &request, &place->err), CF_E_RATE);
    assert_non_null(strstr(place->err.text, "100001 requests"));
    assert_in_range(n_steps, 1, 5000);
    close_it(store);
}

static void
assert_plan(struct cf_store *store, enum cf_sql sql, const char *index)
{
    char text[2400];
    sqlite3_stmt *stmt = NULL;

    (void)snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", CF_SQL_TEXT[sql]);
    assert_int_equal(sqlite3_prepare_v2(cf_sqlite_of(store)->reader.db, text, -1, &stmt, NULL),
                     SQLITE_OK);
    bool is_used = false;
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *line = (const char *)sqlite3_column_text(stmt, 3);
        is_used = is_used || strstr(line, index);
        bool is_table = strstr(line, "SCAN") && !strstr(line, "SCAN name"); /* of the CAs */
        if (is_table || ((sql == CF_SQL_ITEM_CANDIDATES || sql == CF_SQL_ITEM_CANDIDATES_OF_CA) &&
                         strstr(line, "B-TREE")))
            fail_msg("%s: %s", text, line);
    }
    sqlite3_finalize(stmt);
    if (!is_used)
        fail_msg("%s: does not use %s", text, index);
}

static void
uses_an_index_for_what_runs_all_the_time(void **state)
{
    struct place *place = *state;
    struct cf_store *store = open_it(place);

    assert_plan(store, CF_SQL_ITEM_CANDIDATES, "item_due");
    assert_plan(store, CF_SQL_ITEM_NEXT_DUE, "item_due");
    assert_plan(store, CF_SQL_ITEM_CAS, "COVERING INDEX item_ca");
    assert_plan(store, CF_SQL_ITEM_CANDIDATES_OF_CA, "COVERING INDEX item_ca");
    assert_plan(store, CF_SQL_ITEM_NEXT_DUE_OF_CA, "COVERING INDEX item_ca");
    assert_plan(store, CF_SQL_ITEM_COUNT, "item_due");
    assert_plan(store, CF_SQL_ITEM_RELEASE_ALL, "item_claimed_by");
    assert_plan(store, CF_SQL_ITEM_PRUNE, "item_finished");
    assert_plan(store, CF_SQL_ITEM_LIST_DEVICE, "item_device");
    assert_plan(store, CF_SQL_HISTORY_LIST, "history_item");
    assert_plan(store, CF_SQL_LEDGER_BY_SERIAL, "ledger_serial");
    assert_plan(store, CF_SQL_LEDGER_BY_CONTEXT, "ledger_context");
    assert_plan(store, CF_SQL_LEDGER_BY_NOT_AFTER, "ledger_not_after");
    assert_plan(store, CF_SQL_LEDGER_BY_THUMBPRINT, "ledger_thumbprint");
    assert_plan(store, CF_SQL_LEDGER_BY_DEVICE, "ledger_device");
    assert_plan(store, CF_SQL_LEDGER_BY_USER_NEWEST, "ledger_user");
    assert_plan(store, CF_SQL_LEDGER_BY_RENEWAL, "ledger_renewal");
    assert_plan(store, CF_SQL_LEDGER_LIST_NEWEST, "PRIMARY KEY");
    assert_plan(store, CF_SQL_RECOVERY_PRUNE, "recovery_end");
    assert_plan(store, CF_SQL_GRANT_FIND, "autoindex");
    assert_plan(store, CF_SQL_GRANT_FIRST, "PRIMARY KEY");
    assert_plan(store, CF_SQL_GRANT_LAST, "PRIMARY KEY");
    assert_plan(store, CF_SQL_GRANT_NTH_OF_USER, "rate_grant_user");
    assert_plan(store, CF_SQL_GRANT_NTH_OF_DEVICE, "rate_grant_device");
    assert_plan(store, CF_SQL_GRANT_DROP_OLD, "PRIMARY KEY");
    assert_plan(store, CF_SQL_GRANT_DROP_FUTURE, "PRIMARY KEY");
    assert_plan(store, CF_SQL_GRANT_PRUNE_OLD, "rate_grant_at");
    assert_plan(store, CF_SQL_GRANT_PRUNE_FUTURE, "rate_grant_at");
    assert_plan(store, CF_SQL_CA_PAGE, "ca_record_status");
    close_it(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(claims_the_oldest_of_ten_thousand),
        STORE_TEST(passes_by_twenty_thousand_that_wait_for_another_ca),
        STORE_TEST(grants_in_a_full_hour_without_looking_at_all_of_it),
        STORE_TEST(uses_an_index_for_what_runs_all_the_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
