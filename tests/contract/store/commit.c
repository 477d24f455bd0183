/* SPDX-License-Identifier: Apache-2.0 */
/* commit - all of it under a good claim, or nothing. */
#include "contract.h"

#include <string.h>

static void
fill(struct cf_item *item)
{
    item->state = CF_STATE_KEYED;
    item->due_ms = NOW + 7;
    item->attempts = 3;
    item->first_failed_ms = NOW - 9;
    item->submits = 2;
    item->user_name = strdup("anna");
    item->ca = strdup("corp");
    item->template_name = strdup("Device");
    item->subject = strdup("CN=x");
    item->serial = strdup("0AFF");
    item->cookie = strdup("cookie");
    item->error = strdup("no answer");
    item->rc = CF_E_NET;
    item->fault = CF_FAULT_TRANSIENT;
    item->csr = bytes_of("csr");
    item->sealed_key = bytes_of("sealed");
    item->cert = bytes_of("cert");
    item->chain = bytes_of("chain");
    item->result = bytes_of("");
}

static void
writes_all_members_and_frees_the_claim(void **state)
{
    struct fixture *f = *state;
    struct cf_history history = {0};

    receive_new(f, "r1");
    cf_own(cf_item) item = claim_it(f, "w", "r1");
    fill(item);
    cf_clock_fake_advance(f->clock, 11);
    struct cf_change change = {.item = item, .from = CF_STATE_RECEIVED, .history = "key made"};
    assert_ok(f, f->store->ops->commit(f->store, "w", &change, 1, &f->err));
    reopen(f);

    cf_own(cf_item) now = get_it(f, CF_KIND_PKCS, "r1");
    assert_int_equal(now->state, CF_STATE_KEYED);
    assert_int_equal(now->received_ms, NOW);
    assert_int_equal(now->updated_ms, NOW + 11);
    assert_int_equal(now->due_ms, NOW + 7);
    assert_int_equal(now->attempts, 3);
    assert_int_equal(now->first_failed_ms, NOW - 9);
    assert_int_equal(now->submits, 2);
    assert_int_equal(now->claimed_until_ms, 0);
    assert_int_equal(now->rc, CF_E_NET);
    assert_int_equal(now->fault, CF_FAULT_TRANSIENT);
    assert_string_equal(now->user_name, "anna");
    assert_string_equal(now->ca, "corp");
    assert_string_equal(now->template_name, "Device");
    assert_string_equal(now->subject, "CN=x");
    assert_string_equal(now->serial, "0AFF");
    assert_string_equal(now->cookie, "cookie");
    assert_string_equal(now->error, "no answer");
    assert_buf(now->body, "{\"request\":1}");
    assert_buf(now->csr, "csr");
    assert_buf(now->sealed_key, "sealed");
    assert_buf(now->cert, "cert");
    assert_buf(now->chain, "chain");
    assert_buf(now->result, "");

    assert_ok(f, f->store->ops->history(f->store, now->id, &history, &f->err));
    assert_int_equal(history.n, 1);
    assert_int_equal(history.line[0].at_ms, NOW + 11);
    assert_int_equal(history.line[0].from, CF_STATE_RECEIVED);
    assert_int_equal(history.line[0].to, CF_STATE_KEYED);
    assert_int_equal(history.line[0].rc, CF_E_NET);
    assert_string_equal(history.line[0].text, "key made");
    cf_history_done(&history);
}

static void
empties_what_the_worker_emptied(void **state)
{
    struct fixture *f = *state;

    receive_new(f, "r1");
    cf_own(cf_item) item = claim_it(f, "w", "r1");
    fill(item);
    struct cf_change change = {.item = item, .from = CF_STATE_RECEIVED, .keep_claim = true};
    assert_ok(f, f->store->ops->commit(f->store, "w", &change, 1, &f->err));
    item->sealed_key = cf_buf_free(item->sealed_key);
    item->rc = CF_OK;
    cf_charp_free(&item->error);
    assert_ok(f, f->store->ops->commit(f->store, "w", &change, 1, &f->err));
    cf_own(cf_item) now = get_it(f, CF_KIND_PKCS, "r1");
    assert_null(now->sealed_key);
    assert_null(now->error);
    assert_int_equal(now->rc, CF_OK);
}

static void
keeps_the_claim_when_the_worker_goes_on(void **state)
{
    struct fixture *f = *state;
    struct cf_item *other = NULL;

    receive_new(f, "r1");
    cf_own(cf_item) item = claim_it(f, "w", "r1");
    struct cf_change change = {.item = item, .from = CF_STATE_RECEIVED, .keep_claim = true};
    item->claimed_until_ms = NOW + 3 * MINUTE;
    assert_ok(f, f->store->ops->commit(f->store, "w", &change, 1, &f->err));
    assert_int_equal(f->store->ops->claim_one(f->store, "w2", CF_KIND_PKCS, "r1", NOW + 2 * MINUTE,
                                              NOW + 4 * MINUTE, &other, &f->err),
                     CF_E_LEASE);
    change.keep_claim = false;
    assert_ok(f, f->store->ops->commit(f->store, "w", &change, 1, &f->err));
    assert_int_equal(f->store->ops->commit(f->store, "w", &change, 1, &f->err), CF_E_LEASE);
}

static void
refuses_a_commit_whose_claim_was_taken_or_given_back(void **state)
{
    struct fixture *f = *state;

    receive_new(f, "r1");
    cf_own(cf_item) slow = claim_it(f, "w", "r1");
    struct cf_change change = {.item = slow, .from = CF_STATE_RECEIVED, .history = "late"};
    slow->state = CF_STATE_ADMITTED;
    assert_int_equal(f->store->ops->commit(f->store, "w2", &change, 1, &f->err), CF_E_LEASE);

    /* The same owner, another worker. */
    cf_clock_fake_advance(f->clock, 2 * MINUTE);
    cf_own(cf_item) fresh = claim_it(f, "w", "r1");
    assert_int_equal(f->store->ops->commit(f->store, "w", &change, 1, &f->err), CF_E_LEASE);

    assert_ok(f, f->store->ops->release(f->store, "w", NULL, 0, &f->err));
    change.item = fresh;
    assert_int_equal(f->store->ops->commit(f->store, "w", &change, 1, &f->err), CF_E_LEASE);
    cf_own(cf_item) item = get_it(f, CF_KIND_PKCS, "r1");
    assert_int_equal(item->state, CF_STATE_RECEIVED);
}

static void
honours_a_claim_that_ran_out_and_that_nobody_took(void **state)
{
    struct fixture *f = *state;

    receive_new(f, "r1");
    cf_own(cf_item) item = claim_it(f, "w", "r1");
    struct cf_change change = {.item = item, .from = CF_STATE_RECEIVED};
    cf_clock_fake_advance(f->clock, 99 * MINUTE);
    assert_ok(f, f->store->ops->commit(f->store, "w", &change, 1, &f->err));
}

static void
does_not_move_a_lease_back(void **state)
{
    struct fixture *f = *state;

    receive_new(f, "r1");
    cf_own(cf_item) item = claim_it(f, "w", "r1");
    assert_ok(f, f->store->ops->extend_leases(f->store, &item->id, 1, NOW + 50 * MINUTE, &f->err));
    struct cf_change change = {.item = item, .from = CF_STATE_RECEIVED, .keep_claim = true};
    assert_ok(f, f->store->ops->commit(f->store, "w", &change, 1, &f->err));
    cf_own(cf_item) now = get_it(f, CF_KIND_PKCS, "r1");
    assert_int_equal(now->lease_until_ms, NOW + 50 * MINUTE);
    item->lease_until_ms = NOW + 60 * MINUTE;
    assert_ok(f, f->store->ops->commit(f->store, "w", &change, 1, &f->err));
    cf_own(cf_item) later = get_it(f, CF_KIND_PKCS, "r1");
    assert_int_equal(later->lease_until_ms, NOW + 60 * MINUTE);
}

static void
writes_a_page_as_a_whole_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    struct cf_ledger ledger = {0};
    struct cf_ledger_filter all = {.limit = 10};
    struct cf_history history = {0};
    cf_own(cf_ledger_entry) entry = entry_of("CN=CA", "01", "a");

    receive_new(f, "a");
    receive_new(f, "b");
    cf_own(cf_item) a = claim_it(f, "w", "a");
    cf_own(cf_item) b = claim_it(f, "w", "b");
    a->state = b->state = CF_STATE_DELIVERED;
    struct cf_change changes[] = {
        {.item = a, .from = CF_STATE_RECEIVED, .history = "sent", .issued = entry},
        {.item = b, .from = CF_STATE_RECEIVED, .history = "sent"},
    };
    b->claims++;
    assert_int_equal(f->store->ops->commit(f->store, "w", changes, 2, &f->err), CF_E_LEASE);
    cf_own(cf_item) now = get_it(f, CF_KIND_PKCS, "a");
    assert_int_equal(now->state, CF_STATE_RECEIVED);
    assert_ok(f, f->store->ops->history(f->store, a->id, &history, &f->err));
    assert_int_equal(history.n, 0);
    cf_history_done(&history);
    assert_ok(f, f->store->ops->ledger(f->store, &all, &ledger, &f->err));
    assert_int_equal(ledger.n, 0);
    cf_ledger_done(&ledger);

    b->claims--;
    assert_ok(f, f->store->ops->commit(f->store, "w", changes, 2, &f->err));
    assert_ok(f, f->store->ops->commit(f->store, "w", NULL, 0, &f->err));
}

static void
refuses_the_same_certificate_twice_and_writes_nothing_then(void **state)
{
    struct fixture *f = *state;
    cf_own(cf_ledger_entry) entry = entry_of("CN=CA", "01", "a");
    cf_own(cf_ledger_entry) other = entry_of("CN=CA", "02", "b");

    (void)add_to_ledger(f, entry, "a");
    receive_new(f, "b");
    receive_new(f, "c");
    cf_own(cf_item) b = claim_it(f, "w", "b");
    cf_own(cf_item) c = claim_it(f, "w", "c");
    struct cf_change changes[] = {{.item = b, .from = CF_STATE_RECEIVED, .issued = other},
                                  {.item = c, .from = CF_STATE_RECEIVED, .issued = other}};
    b->state = CF_STATE_ISSUED;
    assert_int_equal(f->store->ops->commit(f->store, "w", changes, 2, &f->err), CF_E_CONFLICT);
    changes[0].issued = entry;
    assert_int_equal(f->store->ops->commit(f->store, "w", changes, 1, &f->err), CF_E_CONFLICT);
    cf_own(cf_item) now = get_it(f, CF_KIND_PKCS, "b");
    assert_int_equal(now->state, CF_STATE_RECEIVED);
    changes[0].issued = other;
    assert_ok(f, f->store->ops->commit(f->store, "w", changes, 1, &f->err));
}

static void
marks_the_ledger_in_the_same_transaction(void **state)
{
    struct fixture *f = *state;
    struct cf_ledger ledger = {0};
    struct cf_ledger_filter all = {.limit = 10};
    cf_own(cf_ledger_entry) entry = entry_of("CN=CA", "01", "a");
    int64_t id = add_to_ledger(f, entry, "a");

    receive_new(f, "b");
    cf_own(cf_item) b = claim_it(f, "w", "b");
    struct cf_change change = {.item = b,
                               .from = CF_STATE_RECEIVED,
                               .revoked_ledger_id = id + 1,
                               .revoked_ms = NOW + 3,
                               .revocation_reason = 4};
    assert_int_equal(f->store->ops->commit(f->store, "w", &change, 1, &f->err), CF_E_NOT_FOUND);
    change.revoked_ledger_id = id;
    assert_ok(f, f->store->ops->commit(f->store, "w", &change, 1, &f->err));
    assert_ok(f, f->store->ops->ledger(f->store, &all, &ledger, &f->err));
    assert_int_equal(ledger.entry[0]->revoked_ms, NOW + 3);
    assert_int_equal(ledger.entry[0]->revocation_reason, 4);
    cf_ledger_done(&ledger);
}

int
run_commit(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(writes_all_members_and_frees_the_claim),
        CONTRACT_TEST(empties_what_the_worker_emptied),
        CONTRACT_TEST(keeps_the_claim_when_the_worker_goes_on),
        CONTRACT_TEST(refuses_a_commit_whose_claim_was_taken_or_given_back),
        CONTRACT_TEST(honours_a_claim_that_ran_out_and_that_nobody_took),
        CONTRACT_TEST(does_not_move_a_lease_back),
        CONTRACT_TEST(writes_a_page_as_a_whole_or_not_at_all),
        CONTRACT_TEST(refuses_the_same_certificate_twice_and_writes_nothing_then),
        CONTRACT_TEST(marks_the_ledger_in_the_same_transaction),
    };
    return cmocka_run_group_tests_name("commit", tests, NULL, NULL);
}
