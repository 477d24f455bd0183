/* SPDX-License-Identifier: Apache-2.0 */
/* claims - one worker at a time, oldest first, and back again. */
#include "contract.h"

static struct cf_items
claim(struct fixture *f, const char *owner, unsigned states, unsigned kinds, size_t max)
{
    struct cf_items items = {0};
    int64_t now_ms = cf_clock_now_ms(f->clock);

    assert_ok(f, f->store->ops->claim(f->store, owner, states, kinds, NULL, 0, now_ms,
                                      now_ms + MINUTE, max, &items, &f->err));
    return items;
}

static size_t
count_claimed(struct fixture *f, const char *owner)
{
    struct cf_items items = claim(f, owner, ALL_STATES, ALL_KINDS, 1000);
    size_t n = items.n;

    cf_items_done(&items);
    return n;
}

static void
claims_the_oldest_due_first_and_by_id_among_equals(void **state)
{
    struct fixture *f = *state;
    static const char *const EXPECTED[] = {"older", "b", "a", "c"};

    (void)receive_one(f, CF_KIND_PKCS, "b", CF_STATE_RECEIVED, NOW - 5);
    (void)receive_one(f, CF_KIND_REVOCATION, "a", CF_STATE_RECEIVED, NOW - 5);
    (void)receive_one(f, CF_KIND_PKCS, "c", CF_STATE_KEYED, NOW - 5);
    (void)receive_one(f, CF_KIND_PKCS, "later", CF_STATE_RECEIVED, NOW + 1);
    (void)receive_one(f, CF_KIND_PKCS, "older", CF_STATE_ADMITTED, NOW - 6);
    (void)receive_one(f, CF_KIND_PKCS, "youngest", CF_STATE_RECEIVED, NOW);

    struct cf_items items = claim(f, "w", ALL_STATES, ALL_KINDS, 4);
    assert_int_equal(items.n, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(items.item[i]->context, EXPECTED[i]);
    assert_int_equal(items.item[0]->claimed_until_ms, NOW + MINUTE);
    assert_int_equal(items.item[0]->claims, 1);
    assert_buf(items.item[0]->body, "{\"request\":1}");
    cf_items_done(&items);
    assert_int_equal(count_claimed(f, "w"), 1);
}

static void
claims_only_the_states_and_kinds_asked_for(void **state)
{
    struct fixture *f = *state;

    receive_new(f, "p");
    (void)receive_one(f, CF_KIND_REVOCATION, "r", CF_STATE_RECEIVED, NOW);
    (void)receive_one(f, CF_KIND_PKCS, "k", CF_STATE_KEYED, NOW);
    struct cf_items items =
        claim(f, "w", CF_STATE_BIT(CF_STATE_RECEIVED), 1u << CF_KIND_REVOCATION, 10);
    assert_int_equal(items.n, 1);
    assert_string_equal(items.item[0]->context, "r");
    cf_items_done(&items);
    items = claim(f, "w", CF_STATE_BIT(CF_STATE_KEYED), PKCS_ONLY, 10);
    assert_int_equal(items.n, 1);
    assert_string_equal(items.item[0]->context, "k");
    cf_items_done(&items);
    items = claim(f, "w", CF_STATE_BIT(CF_STATE_WRAPPED), ALL_KINDS, 10);
    assert_int_equal(items.n, 0);
    cf_items_done(&items);
    items = claim(f, "w", ALL_STATES, ALL_KINDS, 0);
    assert_int_equal(items.n, 0);
    cf_items_done(&items);
}

static void
gives_no_item_to_two_workers(void **state)
{
    struct fixture *f = *state;
    struct cf_item *other = NULL;

    receive_new(f, "r1");
    assert_int_equal(count_claimed(f, "w1"), 1);
    assert_int_equal(count_claimed(f, "w2"), 0);
    assert_int_equal(count_claimed(f, "w1"), 0);
    assert_int_equal(f->store->ops->claim_one(f->store, "w2", CF_KIND_PKCS, "r1", NOW, NOW + MINUTE,
                                              &other, &f->err),
                     CF_E_LEASE);
    assert_null(other);
    cf_clock_fake_advance(f->clock, MINUTE - 1);
    assert_int_equal(count_claimed(f, "w2"), 0);
    cf_clock_fake_advance(f->clock, 1);
    assert_int_equal(count_claimed(f, "w2"), 1);
}

static void
claims_one_whatever_its_due_time(void **state)
{
    struct fixture *f = *state;
    struct cf_item *none = NULL;

    (void)receive_one(f, CF_KIND_PKCS, "later", CF_STATE_SUBMITTED, NOW + 100 * MINUTE);
    cf_own(cf_item) item = claim_it(f, "w", "later");
    assert_string_equal(item->context, "later");
    assert_int_equal(item->claimed_until_ms, NOW + MINUTE);
    assert_int_equal(f->store->ops->claim_one(f->store, "w", CF_KIND_REVOCATION, "later", NOW,
                                              NOW + MINUTE, &none, &f->err),
                     CF_E_NOT_FOUND);
    assert_null(none);
}

static void
gives_all_claims_of_an_owner_back_at_once(void **state)
{
    struct fixture *f = *state;

    receive_new(f, "a");
    receive_new(f, "b");
    receive_new(f, "c");
    cf_own(cf_item) other = claim_it(f, "other", "c");
    assert_string_equal(other->context, "c");
    assert_int_equal(count_claimed(f, "node"), 2);
    reopen(f);
    assert_ok(f, f->store->ops->release(f->store, "node", NULL, 0, &f->err));
    assert_int_equal(count_claimed(f, "node"), 2);
}

static void
gives_single_claims_back_but_only_ones_own(void **state)
{
    struct fixture *f = *state;

    receive_new(f, "a");
    receive_new(f, "b");
    receive_new(f, "c");
    cf_own(cf_item) a = claim_it(f, "w", "a");
    cf_own(cf_item) b = claim_it(f, "w", "b");
    cf_own(cf_item) c = claim_it(f, "other", "c");
    assert_true(b->id > a->id);
    int64_t ids[] = {a->id, c->id, 4711};
    assert_ok(f, f->store->ops->release(f->store, "w", ids, 3, &f->err));
    struct cf_items items = claim(f, "third", ALL_STATES, ALL_KINDS, 10);
    assert_int_equal(items.n, 1);
    assert_string_equal(items.item[0]->context, "a");
    cf_items_done(&items);
}

static void
renews_claims_that_nobody_has_taken(void **state)
{
    struct fixture *f = *state;
    struct cf_change change = {0};

    receive_new(f, "a");
    receive_new(f, "b");
    cf_own(cf_item) a = claim_it(f, "w", "a");
    cf_own(cf_item) b = claim_it(f, "other", "b");
    int64_t ids[] = {a->id, b->id, 4711};
    assert_ok(f, f->store->ops->renew(f->store, "w", ids, 3, NOW + 100 * MINUTE, &f->err));

    /* Long after both would have run out. */
    cf_clock_fake_advance(f->clock, 50 * MINUTE);
    struct cf_items items = {0};
    assert_ok(f, f->store->ops->claim(f->store, "third", ALL_STATES, ALL_KINDS, NULL, 0,
                                      NOW + 50 * MINUTE, NOW + 60 * MINUTE, 10, &items, &f->err));
    assert_int_equal(items.n, 1);
    assert_string_equal(items.item[0]->context, "b");
    cf_items_done(&items);
    /* It is the same claim as before. */
    change = (struct cf_change){.item = a, .from = a->state};
    assert_ok(f, f->store->ops->commit(f->store, "w", &change, 1, &f->err));
    assert_ok(f, f->store->ops->renew(f->store, "w", ids, 1, NOW + 200 * MINUTE, &f->err));
    cf_own(cf_item) again = get_it(f, CF_KIND_PKCS, "a");
    assert_int_equal(again->claimed_until_ms, 0);
}

static int64_t
next_due(struct fixture *f, unsigned states, unsigned kinds)
{
    int64_t ms = 0;

    assert_ok(f, f->store->ops->next_due(f->store, states, kinds, NULL, 0, &ms, &f->err));
    return ms;
}

static void
knows_when_something_can_be_claimed_next(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(next_due(f, ALL_STATES, ALL_KINDS), INT64_MAX);
    (void)receive_one(f, CF_KIND_PKCS, "later", CF_STATE_SUBMITTED, NOW + 5 * MINUTE);
    assert_int_equal(next_due(f, ALL_STATES, ALL_KINDS), NOW + 5 * MINUTE);
    receive_new(f, "now");
    assert_int_equal(next_due(f, ALL_STATES, ALL_KINDS), NOW);
    assert_int_equal(next_due(f, CF_STATE_BIT(CF_STATE_SUBMITTED), ALL_KINDS), NOW + 5 * MINUTE);
    assert_int_equal(next_due(f, ALL_STATES, 1u << CF_KIND_REVOCATION), INT64_MAX);
    /* Claimed until later than due. */
    cf_own(cf_item) item = claim_it(f, "w", "now");
    assert_int_equal(item->claimed_until_ms, NOW + MINUTE);
    assert_int_equal(next_due(f, ALL_STATES, ALL_KINDS), NOW + MINUTE);
}

int
run_claims(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(claims_the_oldest_due_first_and_by_id_among_equals),
        CONTRACT_TEST(claims_only_the_states_and_kinds_asked_for),
        CONTRACT_TEST(gives_no_item_to_two_workers),
        CONTRACT_TEST(claims_one_whatever_its_due_time),
        CONTRACT_TEST(gives_all_claims_of_an_owner_back_at_once),
        CONTRACT_TEST(gives_single_claims_back_but_only_ones_own),
        CONTRACT_TEST(renews_claims_that_nobody_has_taken),
        CONTRACT_TEST(knows_when_something_can_be_claimed_next),
    };
    return cmocka_run_group_tests_name("claims", tests, NULL, NULL);
}
