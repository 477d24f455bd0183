/* SPDX-License-Identifier: Apache-2.0 */
/* shares - a claim takes no more of a CA's items than that can serve. */
#include <stdio.h>
#include <string.h>

#include "contract.h"

enum { BACKLOG = 300 };

static void
add(struct fixture *f, const char *context, enum cf_state state, int64_t due_ms, const char *ca)
{
    cf_own(cf_item) item = cf_item_new(CF_KIND_PKCS, context);
    enum cf_reception reception = CF_RECEPTION_DUPLICATE;

    item->state = state;
    item->due_ms = due_ms;
    item->lease_until_ms = NOW + 10 * MINUTE;
    item->body = bytes_of("{}");
    item->ca = ca ? strdup(ca) : NULL;
    assert_ok(f, f->store->ops->receive(f->store, &item, 1, &reception, &f->err));
    assert_int_equal(reception, CF_RECEPTION_NEW);
}

/* `expected`: the contexts, in order, each followed by a blank. */
static void
expect_claim(struct fixture *f, const struct cf_ca_share *shares, size_t n_shares, size_t max,
             const char *expected)
{
    struct cf_items items = {0};
    char found[256] = "";
    size_t len = 0;

    assert_ok(f, f->store->ops->claim(f->store, "w", ALL_STATES, ALL_KINDS, shares, n_shares, NOW,
                                      NOW + MINUTE, max, &items, &f->err));
    for (size_t i = 0; i < items.n && len < sizeof found; i++)
        len += (size_t)snprintf(found + len, sizeof found - len, "%s ", items.item[i]->context);
    cf_items_done(&items);
    assert_string_equal(found, expected);
}

static int64_t
next_due(struct fixture *f, const struct cf_ca_share *shares, size_t n_shares)
{
    int64_t ms = 0;

    assert_ok(f, f->store->ops->next_due(f->store, ALL_STATES, ALL_KINDS, shares, n_shares, &ms,
                                         &f->err));
    return ms;
}

static void
leaves_out_what_its_ca_cannot_serve(void **state)
{
    static const struct cf_ca_share SHARES[] = {{"dead", 0}, {"gone", 0}};
    struct fixture *f = *state;

    add(f, "k", CF_STATE_KEYED, NOW - 9, "dead");
    add(f, "s", CF_STATE_SUBMITTED, NOW - 8, "dead");
    add(f, "g", CF_STATE_KEYED, NOW - 7, "gone");
    add(f, "well", CF_STATE_KEYED, NOW - 6, "well");
    add(f, "none", CF_STATE_KEYED, NOW - 5, NULL);
    add(f, "empty", CF_STATE_SUBMITTED, NOW - 4, "");
    add(f, "Dead", CF_STATE_KEYED, NOW - 3, "Dead");
    expect_claim(f, SHARES, 2, 100, "well none empty Dead ");
    expect_claim(f, SHARES, 2, 100, "");
    expect_claim(f, NULL, 0, 100, "k s g ");
}

static void
leaves_nothing_out_in_states_that_call_no_ca(void **state)
{
    static const struct cf_ca_share SHARES[] = {{"dead", 0}};
    struct fixture *f = *state;

    add(f, "r", CF_STATE_RECEIVED, NOW - 3, "dead");
    add(f, "i", CF_STATE_ISSUED, NOW - 2, "dead");
    add(f, "w", CF_STATE_WRAPPED, NOW - 1, "dead");
    assert_int_equal(next_due(f, SHARES, 1), NOW - 3);
    expect_claim(f, SHARES, 1, 100, "r i w ");
}

static void
takes_the_oldest_of_a_share_whatever_their_state(void **state)
{
    static const struct cf_ca_share SHARES[] = {{"a", 3}, {"b", 1}};
    struct fixture *f = *state;

    add(f, "a4", CF_STATE_KEYED, NOW - 4, "a");
    add(f, "a1", CF_STATE_KEYED, NOW - 9, "a");
    add(f, "a3", CF_STATE_KEYED, NOW - 5, "a");
    add(f, "a2", CF_STATE_SUBMITTED, NOW - 8, "a");
    add(f, "b2", CF_STATE_SUBMITTED, NOW - 6, "b");
    add(f, "b1", CF_STATE_KEYED, NOW - 7, "b");
    add(f, "c", CF_STATE_KEYED, NOW - 1, "c");
    expect_claim(f, SHARES, 2, 2, "a1 a2 ");
    expect_claim(f, SHARES, 2, 100, "b1 a3 a4 c ");
    expect_claim(f, SHARES, 2, 100, "b2 ");
}

static void
passes_by_a_backlog(void **state)
{
    static const struct cf_ca_share NONE[] = {{"dead", 0}};
    static const struct cf_ca_share ONE[] = {{"dead", 1}};
    struct fixture *f = *state;

    for (int i = 0; i < BACKLOG; i++) {
        char context[16];

        (void)snprintf(context, sizeof context, "r%d", i);
        add(f, context, i % 2 ? CF_STATE_KEYED : CF_STATE_SUBMITTED, NOW - BACKLOG + i, "dead");
    }
    add(f, "x", CF_STATE_KEYED, NOW, "well");
    add(f, "y", CF_STATE_KEYED, NOW, "well");
    expect_claim(f, NONE, 1, 1, "x ");
    expect_claim(f, ONE, 1, 2, "r0 y ");
    expect_claim(f, ONE, 1, 1, "r1 ");
}

static void
knows_when_something_not_left_out_can_be_claimed_next(void **state)
{
    static const struct cf_ca_share NONE[] = {{"dead", 0}};
    static const struct cf_ca_share ONE[] = {{"dead", 1}};
    struct fixture *f = *state;

    add(f, "k", CF_STATE_KEYED, NOW - 9, "dead");
    add(f, "s", CF_STATE_SUBMITTED, NOW - 8, "dead");
    assert_int_equal(next_due(f, NONE, 1), INT64_MAX);
    assert_int_equal(next_due(f, ONE, 1), NOW - 9);
    add(f, "well", CF_STATE_SUBMITTED, NOW + MINUTE, "well");
    assert_int_equal(next_due(f, NONE, 1), NOW + MINUTE);
    add(f, "none", CF_STATE_KEYED, NOW + 1, NULL);
    assert_int_equal(next_due(f, NONE, 1), NOW + 1);
    assert_int_equal(next_due(f, NULL, 0), NOW - 9);
}

int
run_shares(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(leaves_out_what_its_ca_cannot_serve),
        CONTRACT_TEST(leaves_nothing_out_in_states_that_call_no_ca),
        CONTRACT_TEST(takes_the_oldest_of_a_share_whatever_their_state),
        CONTRACT_TEST(passes_by_a_backlog),
        CONTRACT_TEST(knows_when_something_not_left_out_can_be_claimed_next),
    };
    return cmocka_run_group_tests_name("shares", tests, NULL, NULL);
}
