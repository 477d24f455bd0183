/* SPDX-License-Identifier: Apache-2.0 */
/* receive - what comes in once, comes in again, and leaves. */
#include "contract.h"

#include <string.h>

static void
makes_due_what_waits_and_leaves_what_is_finished(void **state)
{
    struct fixture *f = *state;

    receive_new(f, "waits");
    receive_new(f, "finished");
    cf_own(cf_item) waits = claim_it(f, "w", "waits");
    cf_own(cf_item) finished = claim_it(f, "w", "finished");
    waits->due_ms = finished->due_ms = NOW + 600 * MINUTE;
    finished->state = CF_STATE_DELIVERED;
    const struct cf_change changes[] = {{.item = waits, .from = CF_STATE_RECEIVED},
                                        {.item = finished, .from = CF_STATE_RECEIVED}};
    assert_ok(f, f->store->ops->commit(f->store, "w", changes, 2, &f->err));

    assert_ok(f, f->store->ops->make_due(f->store, NOW + MINUTE, &f->err));
    cf_own(cf_item) now = get_it(f, CF_KIND_PKCS, "waits");
    assert_int_equal(now->due_ms, NOW + MINUTE);
    cf_own(cf_item) then = get_it(f, CF_KIND_PKCS, "finished");
    assert_int_equal(then->due_ms, NOW + 600 * MINUTE);
}

static void
takes_a_new_item_in(void **state)
{
    struct fixture *f = *state;

    receive_new(f, "r1");
    cf_own(cf_item) item = get_it(f, CF_KIND_PKCS, "r1");
    assert_true(item->id > 0);
    assert_int_equal(item->state, CF_STATE_RECEIVED);
    assert_int_equal(item->received_ms, NOW);
    assert_int_equal(item->updated_ms, NOW);
    assert_int_equal(item->due_ms, NOW);
    assert_int_equal(item->lease_until_ms, NOW + 10 * MINUTE);
    assert_int_equal(item->claimed_until_ms, 0);
    assert_string_equal(item->device_id, "device-1");
    assert_buf(item->body, "{\"request\":1}");
    assert_null(item->result);
    assert_null(item->error);
    assert_int_equal(item->rc, CF_OK);
}

static void
keeps_a_malformed_request_as_failed_with_its_result(void **state)
{
    struct fixture *f = *state;
    cf_own(cf_item) item = cf_item_new(CF_KIND_REVOCATION, "bad");
    enum cf_reception reception = CF_RECEPTION_DUPLICATE;

    item->state = CF_STATE_FAILED;
    item->due_ms = NOW;
    item->body = bytes_of("{");
    item->result = bytes_of("failed");
    item->rc = CF_E_SYNTAX;
    item->fault = CF_FAULT_REQUEST;
    item->error = strdup("not JSON");
    assert_ok(f, f->store->ops->receive(f->store, &item, 1, &reception, &f->err));
    assert_int_equal(reception, CF_RECEPTION_NEW);

    cf_own(cf_item) kept = get_it(f, CF_KIND_REVOCATION, "bad");
    assert_int_equal(kept->state, CF_STATE_FAILED);
    assert_int_equal(kept->rc, CF_E_SYNTAX);
    assert_int_equal(kept->fault, CF_FAULT_REQUEST);
    assert_string_equal(kept->error, "not JSON");
    assert_buf(kept->result, "failed");
}

static void
only_moves_the_lease_of_an_unfinished_duplicate(void **state)
{
    struct fixture *f = *state;
    cf_own(cf_item) again = cf_item_new(CF_KIND_PKCS, "r1");
    enum cf_reception reception = CF_RECEPTION_NEW;

    receive_new(f, "r1");
    again->state = CF_STATE_FAILED;
    again->due_ms = NOW + MINUTE;
    again->lease_until_ms = NOW + 20 * MINUTE;
    again->body = bytes_of("another body");
    assert_ok(f, f->store->ops->receive(f->store, &again, 1, &reception, &f->err));
    assert_int_equal(reception, CF_RECEPTION_DUPLICATE);

    cf_own(cf_item) item = get_it(f, CF_KIND_PKCS, "r1");
    assert_int_equal(item->state, CF_STATE_RECEIVED);
    assert_int_equal(item->due_ms, NOW);
    assert_int_equal(item->lease_until_ms, NOW + 20 * MINUTE);
    assert_buf(item->body, "{\"request\":1}");
}

static void
tells_a_duplicate_within_one_page(void **state)
{
    struct fixture *f = *state;
    cf_own(cf_item) a = cf_item_new(CF_KIND_PKCS, "same");
    cf_own(cf_item) b = cf_item_new(CF_KIND_PKCS, "same");
    cf_own(cf_item) c = cf_item_new(CF_KIND_REVOCATION, "same");
    struct cf_item *items[] = {a, b, c};
    enum cf_reception receptions[3];

    assert_ok(f, f->store->ops->receive(f->store, items, 3, receptions, &f->err));
    assert_int_equal(receptions[0], CF_RECEPTION_NEW);
    assert_int_equal(receptions[1], CF_RECEPTION_DUPLICATE);
    assert_int_equal(receptions[2], CF_RECEPTION_NEW);
}

static void
check_redelivery(struct fixture *f, enum cf_kind kind, const char *context, enum cf_state finished,
                 enum cf_state expected)
{
    struct cf_history history = {0};

    (void)receive_one(f, kind, context, CF_STATE_RECEIVED, NOW);
    finish(f, kind, context, finished);
    assert_int_equal(receive_one(f, kind, context, CF_STATE_RECEIVED, NOW + 5),
                     CF_RECEPTION_REDELIVER);
    cf_own(cf_item) item = get_it(f, kind, context);
    assert_int_equal(item->state, expected);
    assert_int_equal(item->due_ms, NOW + 5);
    assert_int_equal(item->attempts, 0);
    assert_buf(item->result, "{\"result\":1}");
    assert_ok(f, f->store->ops->history(f->store, item->id, &history, &f->err));
    assert_int_equal(history.n, 2);
    assert_int_equal(history.line[1].from, finished);
    assert_int_equal(history.line[1].to, expected);
    cf_history_done(&history);
}

static void
sends_the_kept_result_of_a_finished_item_again(void **state)
{
    struct fixture *f = *state;

    check_redelivery(f, CF_KIND_PKCS, "a", CF_STATE_DELIVERED, CF_STATE_WRAPPED);
    check_redelivery(f, CF_KIND_REVOCATION, "a", CF_STATE_DELIVERED, CF_STATE_REVOKED);
    check_redelivery(f, CF_KIND_PKCS, "b", CF_STATE_REPORTED, CF_STATE_FAILED);
    check_redelivery(f, CF_KIND_REVOCATION, "b", CF_STATE_REPORTED, CF_STATE_FAILED);
}

static void
fail_it(struct fixture *f, const char *context, enum cf_rc rc, bool has_csr)
{
    cf_own(cf_item) item = claim_it(f, "w", context);

    item->state = CF_STATE_REPORTED;
    item->rc = rc;
    item->fault = CF_FAULT_REQUEST;
    item->error = strdup("refused");
    item->result = bytes_of("{\"failed\":1}");
    item->csr = has_csr ? bytes_of("csr") : NULL;
    const struct cf_change change = {.item = item, .from = CF_STATE_RECEIVED};
    assert_ok(f, f->store->ops->commit(f->store, "w", &change, 1, &f->err));
}

static void
begins_anew_what_had_failed_for_a_passing_reason(void **state)
{
    struct fixture *f = *state;

    receive_new(f, "rate");
    fail_it(f, "rate", CF_E_RATE, false);
    assert_int_equal(receive_one(f, CF_KIND_PKCS, "rate", CF_STATE_RECEIVED, NOW + 5),
                     CF_RECEPTION_ANEW);
    cf_own(cf_item) item = get_it(f, CF_KIND_PKCS, "rate");
    assert_int_equal(item->state, CF_STATE_RECEIVED);
    assert_int_equal(item->due_ms, NOW + 5);
    assert_int_equal(item->rc, CF_OK);
    assert_null(item->error);
    assert_null(item->result);
    assert_non_null(item->body);

    /* What failed for good, or has a CSR that may have reached a CA, keeps its answer. */
    receive_new(f, "policy");
    fail_it(f, "policy", CF_E_POLICY, false);
    assert_int_equal(receive_one(f, CF_KIND_PKCS, "policy", CF_STATE_RECEIVED, NOW + 5),
                     CF_RECEPTION_REDELIVER);
    receive_new(f, "keyed");
    fail_it(f, "keyed", CF_E_RATE, true);
    assert_int_equal(receive_one(f, CF_KIND_PKCS, "keyed", CF_STATE_RECEIVED, NOW + 5),
                     CF_RECEPTION_REDELIVER);
}

static struct cf_item *
fail_scep(struct fixture *f, const char *context, enum cf_rc rc, uint32_t submits)
{
    cf_own(cf_item) item = NULL;

    (void)receive_one(f, CF_KIND_SCEP, context, CF_STATE_RECEIVED, NOW);
    assert_ok(f, f->store->ops->claim_one(f->store, "w", CF_KIND_SCEP, context, NOW, NOW + MINUTE,
                                          &item, &f->err));
    item->state = CF_STATE_REPORTED;
    item->rc = rc;
    item->fault = CF_FAULT_REQUEST;
    item->error = strdup("refused");
    item->csr = bytes_of("csr");
    item->submits = submits;
    const struct cf_change change = {.item = item, .from = CF_STATE_RECEIVED};
    assert_ok(f, f->store->ops->commit(f->store, "w", &change, 1, &f->err));
    return cf_give(item);
}

static void
begins_a_devices_request_anew_unless_a_ca_may_have_seen_it(void **state)
{
    struct fixture *f = *state;
    cf_own(cf_item) stayed = fail_scep(f, "p/k/1", CF_E_RATE, 0);
    cf_own(cf_item) went = fail_scep(f, "p/k/2", CF_E_RATE, 1);
    cf_own(cf_item) refused = fail_scep(f, "p/k/3", CF_E_POLICY, 0);

    assert_int_equal(receive_one(f, CF_KIND_SCEP, "p/k/1", CF_STATE_RECEIVED, NOW),
                     CF_RECEPTION_ANEW);
    assert_int_equal(receive_one(f, CF_KIND_SCEP, "p/k/2", CF_STATE_RECEIVED, NOW),
                     CF_RECEPTION_DUPLICATE);
    assert_int_equal(receive_one(f, CF_KIND_SCEP, "p/k/3", CF_STATE_RECEIVED, NOW),
                     CF_RECEPTION_ANEW);
    cf_own(cf_item) item = get_it(f, CF_KIND_SCEP, "p/k/1");
    assert_int_equal(item->id, stayed->id);
    assert_int_equal(item->state, CF_STATE_RECEIVED);
    assert_buf(item->csr, "csr");
    cf_own(cf_item) other = get_it(f, CF_KIND_SCEP, "p/k/2");
    assert_int_equal(other->id, went->id);
    assert_int_equal(other->state, CF_STATE_REPORTED);
    assert_int_not_equal(refused->id, went->id);
}

static void
leaves_a_finished_item_alone_that_is_claimed_or_has_no_result(void **state)
{
    struct fixture *f = *state;

    (void)receive_one(f, CF_KIND_PKCS, "bare", CF_STATE_DELIVERED, NOW);
    assert_int_equal(receive_one(f, CF_KIND_PKCS, "bare", CF_STATE_RECEIVED, NOW),
                     CF_RECEPTION_DUPLICATE);

    receive_new(f, "held");
    finish(f, CF_KIND_PKCS, "held", CF_STATE_DELIVERED);
    cf_own(cf_item) held = claim_it(f, "operator", "held");
    assert_int_equal(held->claims, 2);
    assert_int_equal(receive_one(f, CF_KIND_PKCS, "held", CF_STATE_RECEIVED, NOW),
                     CF_RECEPTION_DUPLICATE);
    cf_own(cf_item) item = get_it(f, CF_KIND_PKCS, "held");
    assert_int_equal(item->state, CF_STATE_DELIVERED);
}

static void
refuses_a_page_with_an_impossible_context_as_a_whole(void **state)
{
    struct fixture *f = *state;
    char name[CF_CONTEXT_MAX + 2];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    cf_own(cf_item) good = cf_item_new(CF_KIND_PKCS, "good");
    cf_own(cf_item) bad = cf_item_new(CF_KIND_PKCS, name);
    cf_own(cf_item) empty = cf_item_new(CF_KIND_PKCS, "");
    cf_own(cf_item) none = NULL;
    struct cf_item *items[] = {good, bad};
    struct cf_item *others[] = {good, empty};
    enum cf_reception receptions[2];

    assert_int_equal(f->store->ops->receive(f->store, items, 2, receptions, &f->err), CF_E_RANGE);
    assert_int_equal(f->store->ops->receive(f->store, others, 2, receptions, &f->err), CF_E_RANGE);
    assert_int_equal(f->store->ops->get(f->store, CF_KIND_PKCS, "good", &none, &f->err),
                     CF_E_NOT_FOUND);
    assert_null(none);
    bad->context[CF_CONTEXT_MAX] = '\0';
    assert_ok(f, f->store->ops->receive(f->store, items, 2, receptions, &f->err));
}

static void
takes_a_context_as_text_whatever_is_in_it(void **state)
{
    struct fixture *f = *state;
    static const char *const CONTEXTS[] = {
        "'; DROP TABLE item; --", "\" OR 1=1 --", "%", "_", "?1", "a'b", "\xc3\xa4", "A", "a"};

    for (size_t i = 0; i < CF_COUNT(CONTEXTS); i++)
        receive_new(f, CONTEXTS[i]);
    for (size_t i = 0; i < CF_COUNT(CONTEXTS); i++) {
        cf_own(cf_item) item = get_it(f, CF_KIND_PKCS, CONTEXTS[i]);
        assert_string_equal(item->context, CONTEXTS[i]);
    }
    uint64_t counts[CF_STATE_MAX_];
    assert_ok(f, f->store->ops->count(f->store, CF_KIND_PKCS, counts, &f->err));
    assert_int_equal(counts[CF_STATE_RECEIVED], CF_COUNT(CONTEXTS));
}

static void
extends_the_leases_of_items_that_are_there(void **state)
{
    struct fixture *f = *state;

    receive_new(f, "r1");
    receive_new(f, "r2");
    receive_new(f, "r3");
    cf_own(cf_item) held = claim_it(f, "w", "r1");
    cf_own(cf_item) other = get_it(f, CF_KIND_PKCS, "r3");
    const int64_t ids[] = {held->id, 4711, other->id};
    assert_ok(f, f->store->ops->extend_leases(f->store, ids, 3, NOW + 99, &f->err));
    assert_ok(f, f->store->ops->extend_leases(f->store, NULL, 0, NOW + 7, &f->err));
    cf_own(cf_item) first = get_it(f, CF_KIND_PKCS, "r1");
    cf_own(cf_item) second = get_it(f, CF_KIND_PKCS, "r2");
    cf_own(cf_item) third = get_it(f, CF_KIND_PKCS, "r3");
    assert_int_equal(first->lease_until_ms, NOW + 99);
    assert_int_equal(first->claimed_until_ms, held->claimed_until_ms);
    assert_int_equal(second->lease_until_ms, NOW + 10 * MINUTE);
    assert_int_equal(third->lease_until_ms, NOW + 99);
}

static void
prunes_old_finished_items_only(void **state)
{
    struct fixture *f = *state;
    cf_own(cf_item) none = NULL;
    struct cf_history history = {0};
    uint64_t n = 0;

    receive_new(f, "open");
    receive_new(f, "old");
    receive_new(f, "held");
    receive_new(f, "young");
    finish(f, CF_KIND_PKCS, "old", CF_STATE_DELIVERED);
    finish(f, CF_KIND_PKCS, "held", CF_STATE_REPORTED);
    cf_own(cf_item) old = get_it(f, CF_KIND_PKCS, "old");
    cf_clock_fake_advance(f->clock, 5 * MINUTE);
    finish(f, CF_KIND_PKCS, "young", CF_STATE_REPORTED);
    cf_own(cf_item) held = claim_it(f, "operator", "held");

    assert_ok(f, f->store->ops->prune(f->store, NOW + MINUTE, &n, &f->err));
    assert_int_equal(n, 1);
    assert_int_equal(f->store->ops->get(f->store, CF_KIND_PKCS, "old", &none, &f->err),
                     CF_E_NOT_FOUND);
    assert_ok(f, f->store->ops->history(f->store, old->id, &history, &f->err));
    assert_int_equal(history.n, 0);
    cf_history_done(&history);

    /* Its id is not given to the next one. */
    receive_new(f, "next");
    cf_own(cf_item) next = get_it(f, CF_KIND_PKCS, "next");
    assert_true(next->id > held->id && next->id > old->id);
    uint64_t counts[CF_STATE_MAX_];
    assert_ok(f, f->store->ops->count(f->store, CF_KIND_PKCS, counts, &f->err));
    assert_int_equal(counts[CF_STATE_RECEIVED], 2);
    assert_int_equal(counts[CF_STATE_REPORTED], 2);
}

static void
keeps_everything_over_a_restart(void **state)
{
    struct fixture *f = *state;

    receive_new(f, "r1");
    cf_own(cf_item) held = claim_it(f, "w", "r1");
    reopen(f);
    cf_own(cf_item) item = get_it(f, CF_KIND_PKCS, "r1");
    assert_int_equal(item->claimed_until_ms, held->claimed_until_ms);
    assert_buf(item->body, "{\"request\":1}");
}

int
run_receive(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(takes_a_new_item_in),
        CONTRACT_TEST(makes_due_what_waits_and_leaves_what_is_finished),
        CONTRACT_TEST(keeps_a_malformed_request_as_failed_with_its_result),
        CONTRACT_TEST(only_moves_the_lease_of_an_unfinished_duplicate),
        CONTRACT_TEST(tells_a_duplicate_within_one_page),
        CONTRACT_TEST(sends_the_kept_result_of_a_finished_item_again),
        CONTRACT_TEST(begins_anew_what_had_failed_for_a_passing_reason),
        CONTRACT_TEST(begins_a_devices_request_anew_unless_a_ca_may_have_seen_it),
        CONTRACT_TEST(leaves_a_finished_item_alone_that_is_claimed_or_has_no_result),
        CONTRACT_TEST(refuses_a_page_with_an_impossible_context_as_a_whole),
        CONTRACT_TEST(takes_a_context_as_text_whatever_is_in_it),
        CONTRACT_TEST(extends_the_leases_of_items_that_are_there),
        CONTRACT_TEST(prunes_old_finished_items_only),
        CONTRACT_TEST(keeps_everything_over_a_restart),
    };
    return cmocka_run_group_tests_name("receive", tests, NULL, NULL);
}
