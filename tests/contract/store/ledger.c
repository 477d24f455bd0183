/* SPDX-License-Identifier: Apache-2.0 */
/* ledger - what was issued stays known. */
#include "contract.h"

#include <stdlib.h>
#include <string.h>

static int64_t
add(struct fixture *f, const char *issuer, const char *serial, const char *context,
    int64_t not_after_ms)
{
    cf_own(cf_ledger_entry) entry = entry_of(issuer, serial, context);

    entry->not_after_ms = not_after_ms;
    return add_to_ledger(f, entry, context);
}

static void
keeps_all_members_of_an_entry(void **state)
{
    struct fixture *f = *state;

    int64_t id = add(f, "CN=CA", "0A", "r1", NOW + 5);
    reopen(f);
    struct cf_ledger ledger = find_ledger(f, (struct cf_ledger_filter){.serial = "0A"});
    assert_int_equal(ledger.n, 1);
    const struct cf_ledger_entry *entry = ledger.entry[0];
    assert_int_equal(entry->id, id);
    assert_string_equal(entry->context, "r1");
    assert_string_equal(entry->ca, "corp");
    assert_string_equal(entry->template_name, "Device");
    assert_string_equal(entry->device_id, "device-1");
    assert_string_equal(entry->user_name, "anna@example.org");
    assert_string_equal(entry->profile_id, "profile-1");
    assert_string_equal(entry->subject, "CN=device-1");
    assert_string_equal(entry->issuer, "CN=CA");
    assert_string_equal(entry->serial, "0A");
    assert_string_equal(entry->thumbprint, "AA11");
    assert_int_equal(entry->not_before_ms, NOW);
    assert_int_equal(entry->not_after_ms, NOW + 5);
    assert_int_equal(entry->issued_ms, NOW);
    assert_int_equal(entry->renewal_threshold_percent, 20);
    assert_int_equal(entry->revoked_ms, 0);
    assert_buf(entry->cert, "der");
    cf_ledger_done(&ledger);
}

static void
finds_by_each_filter_and_by_all_together(void **state)
{
    struct fixture *f = *state;

    (void)add(f, "CN=A", "01", "r1", NOW + 30);
    (void)add(f, "CN=B", "01", "r2", NOW + 20);
    (void)add(f, "CN=A", "02", "r3", NOW + 10);
    int64_t last = add(f, "CN=A", "03", "r4", NOW + 40);
    assert_ok(f, f->store->ops->ledger_revoke(f->store, last, NOW, 1, &f->err));

    assert_ledger(f, (struct cf_ledger_filter){0}, "01 01 02 03");
    assert_ledger(f, (struct cf_ledger_filter){.serial = "01"}, "01 01");
    assert_ledger(f, (struct cf_ledger_filter){.serial = "01", .issuer = "CN=B"}, "01");
    assert_ledger(f, (struct cf_ledger_filter){.serial = "1"}, "");
    assert_ledger(f, (struct cf_ledger_filter){.issuer = "CN=A"}, "01 02 03");
    assert_ledger(f, (struct cf_ledger_filter){.context = "r3"}, "02");
    assert_ledger(f, (struct cf_ledger_filter){.context = "r3", .serial = "01"}, "");
    assert_ledger(f, (struct cf_ledger_filter){.ca = "corp"}, "01 01 02 03");
    assert_ledger(f, (struct cf_ledger_filter){.ca = "other"}, "");
    assert_ledger(f, (struct cf_ledger_filter){.expires_before_ms = NOW + 30}, "01 02");
    assert_ledger(f, (struct cf_ledger_filter){.only_valid = true}, "01 01 02");
    assert_ledger(f, (struct cf_ledger_filter){.after_id = last - 2, .limit = 1}, "02");
    assert_ledger(
        f,
        (struct cf_ledger_filter){
            .expires_before_ms = NOW + 50, .only_valid = true, .issuer = "CN=A", .limit = 1},
        "01");
    assert_ledger(f, (struct cf_ledger_filter){.serial = "' OR 1=1 --"}, "");
}

static void
marks_a_revocation_once(void **state)
{
    struct fixture *f = *state;
    int64_t id = add(f, "CN=A", "01", "r1", NOW + 30);

    assert_ok(f, f->store->ops->ledger_revoke(f->store, id, NOW + 1, 4, &f->err));
    assert_ok(f, f->store->ops->ledger_revoke(f->store, id, NOW + 9, 1, &f->err));
    struct cf_ledger ledger = find_ledger(f, (struct cf_ledger_filter){0});
    assert_int_equal(ledger.entry[0]->revoked_ms, NOW + 1);
    assert_int_equal(ledger.entry[0]->revocation_reason, 4);
    cf_ledger_done(&ledger);
    assert_int_equal(f->store->ops->ledger_revoke(f->store, id + 1, NOW, 1, &f->err),
                     CF_E_NOT_FOUND);
    assert_int_equal(f->store->ops->ledger_revoke(f->store, id, 0, 1, &f->err), CF_E_BUG);
}

static void
outlives_the_item_it_came_from(void **state)
{
    struct fixture *f = *state;
    uint64_t n = 0;

    (void)add(f, "CN=A", "01", "r1", NOW + 30);
    finish(f, CF_KIND_PKCS, "r1", CF_STATE_DELIVERED);
    assert_ok(f, f->store->ops->prune(f->store, NOW + MINUTE, &n, &f->err));
    assert_int_equal(n, 1);
    assert_ledger(f, (struct cf_ledger_filter){.context = "r1"}, "01");
}

static uint64_t
prune_at(struct fixture *f, int64_t now_ms)
{
    uint64_t n = 0;

    cf_clock_fake_advance(f->clock, now_ms - cf_clock_now_ms(f->clock));
    assert_ok(f, f->store->ops->prune(f->store, now_ms, &n, &f->err));
    return n;
}

/* That no device may have the certificate is known from the item alone. */
static void
keeps_what_says_that_a_good_certificate_is_kept_back(void **state)
{
    struct fixture *f = *state;

    (void)receive_one(f, CF_KIND_SCEP, "bad", CF_STATE_RECEIVED, NOW);
    (void)receive_one(f, CF_KIND_SCEP, "revoked", CF_STATE_RECEIVED, NOW);
    (void)receive_one(f, CF_KIND_SCEP, "none", CF_STATE_RECEIVED, NOW);
    (void)receive_one(f, CF_KIND_SCEP, "had", CF_STATE_RECEIVED, NOW);
    (void)add(f, "CN=A", "01", "bad", NOW + 10 * MINUTE);
    int64_t revoked = add(f, "CN=A", "02", "revoked", NOW + 10 * MINUTE);
    (void)add(f, "CN=A", "03", "had", NOW + 10 * MINUTE);
    assert_ok(f, f->store->ops->ledger_revoke(f->store, revoked, NOW + 1, 4, &f->err));
    finish(f, CF_KIND_SCEP, "bad", CF_STATE_REPORTED);
    finish(f, CF_KIND_SCEP, "revoked", CF_STATE_REPORTED);
    finish(f, CF_KIND_SCEP, "none", CF_STATE_REPORTED);
    finish(f, CF_KIND_SCEP, "had", CF_STATE_DELIVERED);

    assert_int_equal(prune_at(f, NOW + 5 * MINUTE), 3);
    cf_own(cf_item) kept = get_it(f, CF_KIND_SCEP, "bad");
    assert_int_equal(kept->state, CF_STATE_REPORTED);
    assert_int_equal(prune_at(f, NOW + 11 * MINUTE), 1);
}

static void
refuses_an_entry_without_issuer_or_serial(void **state)
{
    struct fixture *f = *state;
    cf_own(cf_ledger_entry) entry = entry_of("CN=A", "01", "r1");

    cf_charp_free(&entry->serial);
    receive_new(f, "r1");
    cf_own(cf_item) item = claim_it(f, "w", "r1");
    struct cf_change change = {.item = item, .from = CF_STATE_RECEIVED, .issued = entry};
    assert_int_equal(f->store->ops->commit(f->store, "w", &change, 1, &f->err), CF_E_BUG);
}

int
run_ledger(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(keeps_all_members_of_an_entry),
        CONTRACT_TEST(finds_by_each_filter_and_by_all_together),
        CONTRACT_TEST(marks_a_revocation_once),
        CONTRACT_TEST(outlives_the_item_it_came_from),
        CONTRACT_TEST(keeps_what_says_that_a_good_certificate_is_kept_back),
        CONTRACT_TEST(refuses_an_entry_without_issuer_or_serial),
    };
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
