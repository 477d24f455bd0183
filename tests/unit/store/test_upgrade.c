/* SPDX-License-Identifier: Apache-2.0 */
/* A store of the first schema is brought up to date with all that is in it, or stays as it was. */
#include <string.h>

#include "store/migrate.h"
#include "store/place.h"
#include "store_test.h"

static const char CONTENT[] =
    "INSERT INTO item (id, kind, state, context, received_ms, updated_ms, due_ms, lease_until_ms, "
    "attempts, first_failed_ms, submits, claimed_by, claimed_until_ms, claims, device_id, body, "
    "sealed_key, result) VALUES "
    "(5, 0, 3, 'waits', 1, 2, 3, 4, 5, 6, 1, NULL, 0, 7, 'd', x'7b7d', x'aabb', NULL), "
    "(6, 1, 6, 'done', 1, 2, 3, 4, 0, 0, 0, NULL, 0, 1, 'd', x'7b7d', NULL, x'7b7d'), "
    "(7, 0, 0, 'held', 1, 2, 3, 4, 0, 0, 0, 'node', 1700000099999, 1, 'd', x'7b7d', NULL, NULL); "
    "INSERT INTO history (item_id, at_ms, from_state, to_state, rc, text) VALUES "
    "(5, 2, 2, 3, NULL, 'submitted'); "
    "INSERT INTO ledger (id, context, ca, template_name, device_id, user_name, profile_id, "
    "subject, issuer, serial, thumbprint, not_before_ms, not_after_ms, issued_ms, "
    "renewal_threshold_percent, cert, revoked_ms, revocation_reason) VALUES "
    "(3, 'c3', 'corp', 'T', 'd', 'Anna', 'p', 'CN=d', 'CN=CA', '0A', 'AA', 1700000000000, "
    "1700000100000, 1, 20, x'30', 0, 0), "
    "(4, 'c4', 'corp', 'T', 'd', 'Anna', 'p', 'CN=d', 'CN=CA', '0B', 'BB', 1700000000000, "
    "1700000100000, 1, 0, x'30', 9, 1); "
    "INSERT INTO ca_record (ca, serial, request_key, status, requested_ms, validity_ms, "
    "not_after_ms, revoked_ms, revocation_reason) VALUES ('corp', '0A', 'k', 1, 1, 0, 2, 0, 0); "
    "INSERT INTO ca_crl (ca, number) VALUES ('corp', 41);";

/* Closed again, so that the next opening finds it as after an upgrade of the package. */
static void
make_version_1(struct place *place)
{
    struct cf_sqlite_conn conn;

    assert_int_equal(cf_place_prepare(place->path, &place->err), CF_OK);
    assert_int_equal(cf_sqlite_conn_open(&conn, place->path, NULL, &place->err), CF_OK);
    assert_int_equal(cf_sqlite_conn_tune(&conn, &place->err), CF_OK);
    assert_int_equal(cf_migrate(&conn, CF_MIGRATIONS, 1, &place->err), CF_OK);
    cf_sqlite_conn_done(&conn);
    run_sql(place, CONTENT);
}

static struct cf_ledger
find(struct place *place, struct cf_store *store, struct cf_ledger_filter filter)
{
    struct cf_ledger ledger = {0};

    filter.limit = 10;
    assert_int_equal(store->ops->ledger(store, &filter, &ledger, &place->err), CF_OK);
    return ledger;
}

static void
check_items(struct place *place, struct cf_store *store)
{
    cf_own(cf_item) waiting = NULL;
    struct cf_history history = {0};
    struct cf_items items = {0};
    int64_t next_ms = 0;

    assert_int_equal(store->ops->get(store, CF_KIND_PKCS, "waits", &waiting, &place->err), CF_OK);
    assert_int_equal(waiting->id, 5);
    assert_int_equal(waiting->state, CF_STATE_SUBMITTED);
    assert_int_equal(waiting->attempts, 5);
    assert_int_equal(waiting->claims, 7);
    assert_int_equal(cf_buf_len(waiting->sealed_key), 2);
    assert_int_equal(store->ops->history(store, 5, &history, &place->err), CF_OK);
    assert_int_equal(history.n, 1);
    assert_string_equal(history.line[0].text, "submitted");
    cf_history_done(&history);
    assert_int_equal(
        store->ops->next_due(store, ALL_STATES, ALL_KINDS, NULL, 0, &next_ms, &place->err), CF_OK);
    assert_int_equal(next_ms, 3);
    /* A claim of the old program holds as long as it was given. */
    assert_int_equal(store->ops->claim(store, "other", ALL_STATES, ALL_KINDS, NULL, 0, NOW, NOW + 9,
                                       10, &items, &place->err),
                     CF_OK);
    assert_int_equal(items.n, 2);
    cf_items_done(&items);
}

static void
check_ledger(struct place *place, struct cf_store *store)
{
    struct cf_ledger ledger = find(place, store, (struct cf_ledger_filter){0});

    assert_int_equal(ledger.n, 2);
    assert_int_equal(ledger.entry[0]->id, 3);
    assert_string_equal(ledger.entry[0]->serial, "0A");
    assert_int_equal(ledger.entry[0]->renews_id, 0);
    assert_int_equal(ledger.entry[0]->renewed_by_id, 0);
    assert_false(ledger.entry[0]->has_recovery);
    assert_int_equal(ledger.entry[1]->revoked_ms, 9);
    cf_ledger_done(&ledger);
    /* What was issued before is found by the new ways, too. */
    ledger = find(place, store,
                  (struct cf_ledger_filter){.only_renewal_due = true,
                                            .only_valid = true,
                                            .only_current = true,
                                            .now_ms = NOW + 80000});
    assert_int_equal(ledger.n, 1);
    cf_ledger_done(&ledger);
    ledger = find(place, store,
                  (struct cf_ledger_filter){.only_renewal_due = true, .now_ms = NOW + 79999});
    assert_int_equal(ledger.n, 0);
    cf_ledger_done(&ledger);
    ledger = find(place, store, (struct cf_ledger_filter){.user_name = "aNNA", .thumbprint = "BB"});
    assert_int_equal(ledger.n, 1);
    cf_ledger_done(&ledger);
}

static void
check_ca(struct place *place, struct cf_store *store)
{
    cf_own(cf_ca_record) record = NULL;
    uint64_t number = 0;

    assert_int_equal(store->ops->ca_get(store, "corp", "0A", NULL, &record, &place->err), CF_OK);
    assert_int_equal(store->ops->ca_crl_number(store, "corp", &number, &place->err), CF_OK);
    assert_int_equal(number, 42);
}

static void
finds_again_what_the_first_version_kept(void **state)
{
    struct place *place = *state;
    size_t counts[3] = {0};

    make_version_1(place);
    struct cf_store *store = open_it(place);
    check_items(place, store);
    check_ledger(place, store);
    check_ca(place, store);
    assert_int_equal(store->ops->check(store, count_findings, counts, &place->err), CF_OK);
    assert_int_equal(counts[CF_FINDING_ERROR], 0);
    close_it(store);
    store = open_it(place);
    assert_true(has_item(store, "waits"));
    close_it(store);
}

static void
goes_on_with_new_kinds_and_renewals(void **state)
{
    struct place *place = *state;
    cf_own(cf_item) held = NULL;
    cf_own(cf_item) import = cf_item_new(CF_KIND_IMPORT, "i");
    cf_own(cf_buf) copy = cf_buf_copy(cf_bytes_of("sealed", 6));
    enum cf_reception reception;
    char issuer[] = "CN=CA";
    char serial[] = "0C";

    make_version_1(place);
    struct cf_store *store = open_it(place);
    assert_int_equal(store->ops->receive(store, &import, 1, &reception, &place->err), CF_OK);
    assert_int_equal(
        store->ops->claim_one(store, "w", CF_KIND_PKCS, "waits", NOW, NOW + 9, &held, &place->err),
        CF_OK);
    const struct cf_ledger_entry entry = {.issuer = issuer,
                                          .serial = serial,
                                          .not_before_ms = NOW,
                                          .not_after_ms = NOW + 1000,
                                          .renews_id = 3};
    const struct cf_change change = {
        .item = held, .from = held->state, .issued = &entry, .recovery = copy};
    assert_int_equal(store->ops->commit(store, "w", &change, 1, &place->err), CF_OK);
    struct cf_ledger ledger = find(place, store, (struct cf_ledger_filter){.only_current = true});
    assert_int_equal(ledger.n, 2);
    assert_int_equal(ledger.entry[1]->id, 5);
    assert_true(ledger.entry[1]->has_recovery);
    cf_ledger_done(&ledger);
    close_it(store);
}

static bool
has_column(struct cf_sqlite_conn *conn, const char *name)
{
    sqlite3_stmt *stmt = NULL;

    assert_int_equal(sqlite3_prepare_v2(conn->db,
                                        "SELECT 1 FROM pragma_table_xinfo('ledger') WHERE name = ?",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC), SQLITE_OK);
    bool is_there = sqlite3_step(stmt) == SQLITE_ROW;
    sqlite3_finalize(stmt);
    return is_there;
}

/* Something in the way of the last statements: the first ones must not stay. */
static void
leaves_the_first_version_as_it_is_when_it_cannot_be_done(void **state)
{
    struct place *place = *state;
    struct cf_store *store = NULL;
    struct cf_sqlite_conn conn;

    make_version_1(place);
    run_sql(place, "CREATE TABLE rate_grant (x INT) STRICT;");
    assert_int_equal(try_open(place, &store), CF_E_STORE);
    assert_null(store);
    assert_says(place, "rate_grant");
    assert_int_equal(cf_sqlite_conn_open(&conn, place->path, NULL, &place->err), CF_OK);
    assert_int_equal(cf_migrate_check(&conn, 1, &place->err), CF_OK);
    assert_false(has_column(&conn, "renews_id"));
    cf_sqlite_conn_done(&conn);

    run_sql(place, "DROP TABLE rate_grant;");
    store = open_it(place);
    assert_true(has_column(&cf_sqlite_of(store)->writer.conn, "renews_id"));
    check_items(place, store);
    close_it(store);
}

static void
is_refused_by_the_program_of_the_first_version(void **state)
{
    struct place *place = *state;
    struct cf_store *store = open_it(place);
    struct cf_sqlite_conn conn;

    close_it(store);
    assert_int_equal(cf_sqlite_conn_open(&conn, place->path, NULL, &place->err), CF_OK);
    assert_int_equal(cf_migrate_check(&conn, 1, &place->err), CF_E_CONFIG);
    assert_says(place, "version 4");
    cf_sqlite_conn_done(&conn);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(finds_again_what_the_first_version_kept),
        STORE_TEST(goes_on_with_new_kinds_and_renewals),
        STORE_TEST(leaves_the_first_version_as_it_is_when_it_cannot_be_done),
        STORE_TEST(is_refused_by_the_program_of_the_first_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
