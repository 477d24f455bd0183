/* SPDX-License-Identifier: Apache-2.0 */
/* renewal - certificates that follow one another, those that are due, and copies of their keys. */
#include "contract.h"

#include <stdlib.h>
#include <string.h>

static int64_t
add(struct fixture *f, const char *serial, void (*change)(struct cf_ledger_entry *entry),
    int64_t renews_id)
{
    cf_own(cf_ledger_entry) entry = entry_of("CN=CA", serial, serial);

    entry->renews_id = renews_id;
    if (change)
        change(entry);
    return add_to_ledger(f, entry, serial);
}

static void
replaces(char **text, const char *value)
{
    free(*text);
    *text = strdup(value);
}

static void
as_other(struct cf_ledger_entry *entry)
{
    replaces(&entry->thumbprint, "BB22");
    replaces(&entry->device_id, "device-2");
    replaces(&entry->user_name, "Bert@Example.org");
    replaces(&entry->profile_id, "profile-2");
}

static void
without_names(struct cf_ledger_entry *entry)
{
    cf_charp_free(&entry->thumbprint);
    cf_charp_free(&entry->device_id);
    cf_charp_free(&entry->user_name);
    cf_charp_free(&entry->profile_id);
}

static void
links_a_certificate_to_the_one_it_replaces(void **state)
{
    struct fixture *f = *state;
    int64_t old = add(f, "01", NULL, 0);
    int64_t new = add(f, "02", NULL, old);

    reopen(f);
    struct cf_ledger ledger = find_ledger(f, (struct cf_ledger_filter){0});
    assert_int_equal(ledger.n, 2);
    assert_int_equal(ledger.entry[0]->renews_id, 0);
    assert_int_equal(ledger.entry[0]->renewed_by_id, new);
    assert_int_equal(ledger.entry[1]->renews_id, old);
    assert_int_equal(ledger.entry[1]->renewed_by_id, 0);
    cf_ledger_done(&ledger);

    /* Renewed again: the last one counts. */
    int64_t last = add(f, "03", NULL, old);
    ledger = find_ledger(f, (struct cf_ledger_filter){.serial = "01"});
    assert_int_equal(ledger.entry[0]->renewed_by_id, last);
    cf_ledger_done(&ledger);
    assert_ledger(f, (struct cf_ledger_filter){.only_current = true}, "02 03");
}

static void
enters_nothing_that_replaces_what_is_not_there(void **state)
{
    struct fixture *f = *state;
    cf_own(cf_ledger_entry) entry = entry_of("CN=CA", "01", "r1");

    entry->renews_id = 4711;
    receive_new(f, "r1");
    cf_own(cf_item) item = claim_it(f, "w", "r1");
    item->state = CF_STATE_ISSUED;
    struct cf_change change = {.item = item, .from = CF_STATE_RECEIVED, .issued = entry};
    assert_int_equal(f->store->ops->commit(f->store, "w", &change, 1, &f->err), CF_E_NOT_FOUND);
    assert_ledger(f, (struct cf_ledger_filter){0}, "");
    cf_own(cf_item) now = get_it(f, CF_KIND_PKCS, "r1");
    assert_int_equal(now->state, CF_STATE_RECEIVED);
}

static void
finds_by_thumbprint_device_user_and_profile(void **state)
{
    struct fixture *f = *state;

    (void)add(f, "01", NULL, 0);
    (void)add(f, "02", as_other, 0);
    (void)add(f, "03", without_names, 0);
    assert_ledger(f, (struct cf_ledger_filter){.thumbprint = "BB22"}, "02");
    assert_ledger(f, (struct cf_ledger_filter){.thumbprint = "bb22"}, "");
    assert_ledger(f, (struct cf_ledger_filter){.device_id = "device-1"}, "01");
    assert_ledger(f, (struct cf_ledger_filter){.user_name = "bert@example.ORG"}, "02");
    assert_ledger(f, (struct cf_ledger_filter){.user_name = "bert@example.or"}, "");
    assert_ledger(f, (struct cf_ledger_filter){.profile_id = "profile-2"}, "02");
    assert_ledger(f, (struct cf_ledger_filter){.profile_id = "profile-2", .device_id = "device-1"},
                  "");
    assert_ledger(f,
                  (struct cf_ledger_filter){.profile_id = "profile-2",
                                            .device_id = "device-2",
                                            .user_name = "BERT@example.org",
                                            .thumbprint = "BB22",
                                            .serial = "02",
                                            .issuer = "CN=CA",
                                            .context = "02",
                                            .ca = "corp"},
                  "02");
    assert_ledger(f, (struct cf_ledger_filter){.user_name = "' OR 1=1 --"}, "");
}

static void
ends_early(struct cf_ledger_entry *entry)
{
    entry->not_after_ms = NOW + 10 * MINUTE;
}

static void
finds_by_the_time_of_the_end(void **state)
{
    struct fixture *f = *state;

    (void)add(f, "01", NULL, 0); /* ends after 100 minutes */
    (void)add(f, "02", ends_early, 0);
    assert_ledger(f, (struct cf_ledger_filter){.expires_after_ms = NOW + 10 * MINUTE}, "01 02");
    assert_ledger(f, (struct cf_ledger_filter){.expires_after_ms = NOW + 10 * MINUTE + 1}, "01");
    assert_ledger(f,
                  (struct cf_ledger_filter){.expires_after_ms = NOW + 10 * MINUTE,
                                            .expires_before_ms = NOW + 100 * MINUTE},
                  "02");
    assert_ledger(f,
                  (struct cf_ledger_filter){.expires_after_ms = NOW + 11 * MINUTE,
                                            .expires_before_ms = NOW + 100 * MINUTE},
                  "");
}

static void
has_no_threshold(struct cf_ledger_entry *entry)
{
    entry->renewal_threshold_percent = 0;
}

static void
has_a_large_threshold(struct cf_ledger_entry *entry)
{
    entry->renewal_threshold_percent = 99;
}

static void
lasts_as_long_as_time(struct cf_ledger_entry *entry)
{
    entry->not_after_ms = INT64_C(253402300799000); /* the end of year 9999 */
    entry->renewal_threshold_percent = 99;
}

static struct cf_ledger_filter
due_at(int64_t now_ms)
{
    return (struct cf_ledger_filter){.only_renewal_due = true, .now_ms = now_ms};
}

/* 20 percent of 100 minutes left. */
static void
knows_when_the_renewal_threshold_is_reached(void **state)
{
    struct fixture *f = *state;

    (void)add(f, "01", NULL, 0);
    (void)add(f, "02", has_no_threshold, 0);
    (void)add(f, "03", has_a_large_threshold, 0);
    (void)add(f, "04", lasts_as_long_as_time, 0);
    assert_ledger(f, due_at(NOW + MINUTE - 1), "");
    assert_ledger(f, due_at(NOW + MINUTE), "03");
    assert_ledger(f, due_at(NOW + 80 * MINUTE - 1), "03");
    assert_ledger(f, due_at(NOW + 80 * MINUTE), "01 03");
    assert_ledger(f, due_at(NOW + 1000 * MINUTE), "01 03");
    assert_ledger(f, (struct cf_ledger_filter){.now_ms = NOW}, "01 02 03 04");
}

static void
leaves_out_of_what_is_due_what_was_replaced_or_revoked(void **state)
{
    struct fixture *f = *state;
    struct cf_ledger_filter filter = due_at(NOW + 99 * MINUTE);
    int64_t replaced = add(f, "01", NULL, 0);
    int64_t revoked = add(f, "02", NULL, 0);

    (void)add(f, "03", NULL, 0);
    (void)add(f, "04", NULL, replaced);
    assert_ok(f, f->store->ops->ledger_revoke(f->store, revoked, NOW, 1, &f->err));
    assert_ledger(f, filter, "01 02 03 04");
    filter.only_current = true;
    assert_ledger(f, filter, "02 03 04");
    filter.only_valid = true;
    assert_ledger(f, filter, "03 04");
    filter.after_id = revoked;
    filter.limit = 1;
    assert_ledger(f, filter, "03");
    filter.expires_after_ms = NOW + 101 * MINUTE;
    assert_ledger(f, filter, "");
}

static void
pages_from_the_newest_back(void **state)
{
    struct fixture *f = *state;
    struct cf_ledger_filter filter = {.newest_first = true, .limit = 2};

    (void)add(f, "01", NULL, 0);
    int64_t second = add(f, "02", NULL, 0);
    (void)add(f, "03", as_other, 0);
    (void)add(f, "04", NULL, 0);
    assert_ledger(f, filter, "04 03");
    filter.after_id = second + 1;
    assert_ledger(f, filter, "02 01");
    filter.after_id = second - 1;
    assert_ledger(f, filter, "");
    filter.after_id = 0;
    filter.device_id = "device-1";
    assert_ledger(f, filter, "04 02");
    filter.expires_before_ms = NOW + 500 * MINUTE;
    filter.device_id = NULL;
    assert_ledger(f, filter, "04 03");
}

static int64_t
add_with_copy(struct fixture *f, const char *serial, int64_t not_after_ms, const char *sealed)
{
    struct cf_ledger ledger = {0};
    cf_own(cf_ledger_entry) entry = entry_of("CN=CA", serial, serial);
    cf_own(cf_buf) copy = bytes_of(sealed);

    entry->not_after_ms = not_after_ms;
    receive_new(f, serial);
    cf_own(cf_item) item = claim_it(f, "w", serial);
    item->state = CF_STATE_WRAPPED;
    struct cf_change change = {
        .item = item, .from = CF_STATE_RECEIVED, .issued = entry, .recovery = copy};
    assert_ok(f, f->store->ops->commit(f->store, "w", &change, 1, &f->err));
    ledger = find_ledger(f, (struct cf_ledger_filter){.serial = serial});
    assert_int_equal(ledger.n, 1);
    int64_t id = ledger.entry[0]->id;
    assert_true(ledger.entry[0]->has_recovery);
    cf_ledger_done(&ledger);
    return id;
}

static void
expect_copy(struct fixture *f, int64_t id, const char *expected)
{
    cf_own(cf_buf) sealed = NULL;
    enum cf_rc rc = f->store->ops->recovery(f->store, id, &sealed, &f->err);

    if (!expected) {
        assert_int_equal(rc, CF_E_NOT_FOUND);
        assert_null(sealed);
        return;
    }
    assert_ok(f, rc);
    assert_buf(sealed, expected);
}

static void
keeps_the_copy_of_a_key_with_its_certificate(void **state)
{
    struct fixture *f = *state;
    int64_t with = add_with_copy(f, "01", NOW + 9 * MINUTE, "sealed");
    int64_t without = add(f, "02", NULL, 0);

    reopen(f);
    expect_copy(f, with, "sealed");
    expect_copy(f, without, NULL);
    expect_copy(f, 4711, NULL);
    struct cf_ledger ledger = find_ledger(f, (struct cf_ledger_filter){.serial = "02"});
    assert_false(ledger.entry[0]->has_recovery);
    cf_ledger_done(&ledger);
}

static void
keeps_no_copy_when_the_commit_is_refused(void **state)
{
    struct fixture *f = *state;
    cf_own(cf_ledger_entry) twice = entry_of("CN=CA", "01", "r2");
    cf_own(cf_buf) copy = bytes_of("other");
    int64_t id = add_with_copy(f, "01", NOW + 9 * MINUTE, "sealed");

    receive_new(f, "r2");
    cf_own(cf_item) item = claim_it(f, "w", "r2");
    struct cf_change change = {
        .item = item, .from = CF_STATE_RECEIVED, .issued = twice, .recovery = copy};
    assert_int_equal(f->store->ops->commit(f->store, "w", &change, 1, &f->err), CF_E_CONFLICT);
    change.issued = NULL;
    assert_int_equal(f->store->ops->commit(f->store, "w", &change, 1, &f->err), CF_E_BUG);
    expect_copy(f, id, "sealed");
    expect_copy(f, id + 1, NULL);
}

static void
prunes_copies_at_the_end_of_their_certificates(void **state)
{
    struct fixture *f = *state;
    int64_t ending = add_with_copy(f, "01", NOW + MINUTE, "one");
    int64_t revoked = add_with_copy(f, "02", NOW + 99 * MINUTE, "two");
    int64_t lasting = add_with_copy(f, "03", NOW + 99 * MINUTE, "three");
    uint64_t n = 7;

    assert_ok(f, f->store->ops->ledger_revoke(f->store, revoked, NOW, 1, &f->err));
    cf_clock_fake_advance(f->clock, MINUTE - 1);
    assert_ok(f, f->store->ops->prune(f->store, NOW, &n, &f->err));
    assert_int_equal(n, 0);
    expect_copy(f, ending, "one");
    expect_copy(f, revoked, NULL);
    cf_clock_fake_advance(f->clock, 1);
    assert_ok(f, f->store->ops->prune(f->store, NOW, &n, &f->err));
    expect_copy(f, ending, NULL);
    expect_copy(f, lasting, "three");

    struct cf_ledger ledger = find_ledger(f, (struct cf_ledger_filter){0});
    assert_int_equal(ledger.n, 3);
    assert_false(ledger.entry[0]->has_recovery);
    assert_false(ledger.entry[1]->has_recovery);
    assert_true(ledger.entry[2]->has_recovery);
    cf_ledger_done(&ledger);
}

static void
takes_in_every_kind_of_work(void **state)
{
    struct fixture *f = *state;

    for (unsigned kind = 0; kind < CF_KIND_MAX_; kind++) {
        assert_int_equal(receive_one(f, (enum cf_kind)kind, "same", CF_STATE_RECEIVED, NOW),
                         CF_RECEPTION_NEW);
        finish(f, (enum cf_kind)kind, "same", CF_STATE_DELIVERED);
        assert_int_equal(receive_one(f, (enum cf_kind)kind, "same", CF_STATE_RECEIVED, NOW),
                         CF_RECEPTION_REDELIVER);
        cf_own(cf_item) item = get_it(f, (enum cf_kind)kind, "same");
        assert_int_equal(item->state,
                         kind == CF_KIND_REVOCATION ? CF_STATE_REVOKED : CF_STATE_WRAPPED);
    }
}

int
run_renewal(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(links_a_certificate_to_the_one_it_replaces),
        CONTRACT_TEST(enters_nothing_that_replaces_what_is_not_there),
        CONTRACT_TEST(finds_by_thumbprint_device_user_and_profile),
        CONTRACT_TEST(finds_by_the_time_of_the_end),
        CONTRACT_TEST(knows_when_the_renewal_threshold_is_reached),
        CONTRACT_TEST(leaves_out_of_what_is_due_what_was_replaced_or_revoked),
        CONTRACT_TEST(pages_from_the_newest_back),
        CONTRACT_TEST(keeps_the_copy_of_a_key_with_its_certificate),
        CONTRACT_TEST(keeps_no_copy_when_the_commit_is_refused),
        CONTRACT_TEST(prunes_copies_at_the_end_of_their_certificates),
        CONTRACT_TEST(takes_in_every_kind_of_work),
    };
    return cmocka_run_group_tests_name("renewal", tests, NULL, NULL);
}
