/* SPDX-License-Identifier: Apache-2.0 */
/* views - counting, listing and checking, for people. */
#include "contract.h"

#include <stdio.h>
#include <string.h>

static struct cf_items
list(struct fixture *f, struct cf_item_filter filter)
{
    struct cf_items items = {0};

    assert_ok(f, f->store->ops->list(f->store, &filter, &items, &f->err));
    return items;
}

static size_t
count_listed(struct fixture *f, struct cf_item_filter filter)
{
    struct cf_items items = list(f, filter);
    size_t n = items.n;

    cf_items_done(&items);
    return n;
}

static void
counts_by_kind_and_state(void **state)
{
    struct fixture *f = *state;
    uint64_t counts[CF_STATE_MAX_];

    receive_new(f, "a");
    receive_new(f, "b");
    (void)receive_one(f, CF_KIND_PKCS, "c", CF_STATE_KEYED, NOW);
    (void)receive_one(f, CF_KIND_REVOCATION, "a", CF_STATE_REVOKED, NOW);
    assert_ok(f, f->store->ops->count(f->store, CF_KIND_PKCS, counts, &f->err));
    assert_int_equal(counts[CF_STATE_RECEIVED], 2);
    assert_int_equal(counts[CF_STATE_KEYED], 1);
    assert_int_equal(counts[CF_STATE_REVOKED], 0);
    assert_ok(f, f->store->ops->count(f->store, CF_KIND_REVOCATION, counts, &f->err));
    assert_int_equal(counts[CF_STATE_REVOKED], 1);
    assert_int_equal(counts[CF_STATE_RECEIVED], 0);
}

static void
lists_by_state_kind_and_device(void **state)
{
    struct fixture *f = *state;
    cf_own(cf_item) other = cf_item_new(CF_KIND_PKCS, "other");
    enum cf_reception reception;

    receive_new(f, "a");
    (void)receive_one(f, CF_KIND_REVOCATION, "b", CF_STATE_KEYED, NOW);
    other->device_id = strdup("device-2");
    assert_ok(f, f->store->ops->receive(f->store, &other, 1, &reception, &f->err));

    assert_int_equal(count_listed(f, (struct cf_item_filter){.limit = 10}), 3);
    assert_int_equal(
        count_listed(f, (struct cf_item_filter){.states = CF_STATE_BIT(CF_STATE_KEYED) |
                                                          CF_STATE_BIT(CF_STATE_FAILED),
                                                .limit = 10}),
        1);
    assert_int_equal(count_listed(f, (struct cf_item_filter){.kinds = PKCS_ONLY, .limit = 10}), 2);
    assert_int_equal(count_listed(f, (struct cf_item_filter){.device_id = "device-2", .limit = 10}),
                     1);
    assert_int_equal(
        count_listed(
            f, (struct cf_item_filter){.device_id = "device-1", .kinds = PKCS_ONLY, .limit = 10}),
        1);
    assert_int_equal(
        count_listed(f, (struct cf_item_filter){.device_id = "' OR ''='", .limit = 10}), 0);
}

static void
lists_without_payloads(void **state)
{
    struct fixture *f = *state;

    receive_new(f, "a");
    finish(f, CF_KIND_PKCS, "a", CF_STATE_DELIVERED);
    struct cf_items items = list(f, (struct cf_item_filter){.limit = 10});
    assert_int_equal(items.n, 1);
    assert_string_equal(items.item[0]->context, "a");
    assert_string_equal(items.item[0]->device_id, "device-1");
    assert_null(items.item[0]->body);
    assert_null(items.item[0]->result);
    cf_items_done(&items);
}

static void
lists_page_by_page_and_every_item_once(void **state)
{
    struct fixture *f = *state;
    int64_t after = 0;
    size_t seen = 0;

    for (int i = 0; i < 25; i++) {
        char context[16];
        (void)snprintf(context, sizeof context, "r%d", i);
        receive_new(f, context);
    }
    for (;;) {
        struct cf_items items = list(f, (struct cf_item_filter){.after_id = after, .limit = 10});
        if (items.n == 0) {
            cf_items_done(&items);
            break;
        }
        assert_true(items.item[0]->id > after);
        after = items.item[items.n - 1]->id;
        seen += items.n;
        cf_items_done(&items);
    }
    assert_int_equal(seen, 25);
}

/* The contexts found, in order, joined by blanks. */
static void
assert_listed(struct fixture *f, struct cf_item_filter filter, const char *expected)
{
    char found[256] = "";

    if (filter.limit == 0)
        filter.limit = 10;
    struct cf_items items = list(f, filter);
    for (size_t i = 0; i < items.n; i++) {
        strcat(found, i ? " " : "");
        strcat(found, items.item[i]->context);
    }
    cf_items_done(&items);
    assert_string_equal(found, expected);
}

static void
lists_by_the_beginning_of_the_context(void **state)
{
    struct fixture *f = *state;

    for (const char *const *context = (const char *const[]){"p/ab/1", "p/a/1", "P/a/1", "p/a/2",
                                                            "p%a/1", "p/a", "p/a/\xC3\xA4", NULL};
         *context; context++)
        (void)receive_one(f, CF_KIND_SCEP, *context, CF_STATE_RECEIVED, NOW);
    receive_new(f, "p/a/1");

    assert_listed(f, (struct cf_item_filter){.context_prefix = "p/a/", .kinds = 1u << CF_KIND_SCEP},
                  "p/a/1 p/a/2 p/a/\xC3\xA4");
    assert_listed(f, (struct cf_item_filter){.context_prefix = "p/a/"},
                  "p/a/1 p/a/2 p/a/\xC3\xA4 p/a/1");
    assert_listed(f, (struct cf_item_filter){.context_prefix = "p/a/", .kinds = PKCS_ONLY},
                  "p/a/1");
    assert_listed(f, (struct cf_item_filter){.context_prefix = "p%"}, "p%a/1");
    assert_listed(f, (struct cf_item_filter){.context_prefix = "_"}, "");
    assert_listed(f, (struct cf_item_filter){.context_prefix = "p/a/", .device_id = "device-2"},
                  "");
    assert_listed(
        f, (struct cf_item_filter){.context_prefix = "", .device_id = "device-1", .limit = 2},
        "p/ab/1 p/a/1");
}

static void
lists_the_newest_first(void **state)
{
    struct fixture *f = *state;

    (void)receive_one(f, CF_KIND_SCEP, "p/a/1", CF_STATE_RECEIVED, NOW);
    (void)receive_one(f, CF_KIND_SCEP, "p/b/1", CF_STATE_RECEIVED, NOW);
    (void)receive_one(f, CF_KIND_SCEP, "p/a/2", CF_STATE_FAILED, NOW);
    cf_own(cf_item) last = get_it(f, CF_KIND_SCEP, "p/a/2");

    assert_listed(f, (struct cf_item_filter){.newest_first = true}, "p/a/2 p/b/1 p/a/1");
    assert_listed(f, (struct cf_item_filter){.newest_first = true, .after_id = last->id},
                  "p/b/1 p/a/1");
    assert_listed(
        f, (struct cf_item_filter){.newest_first = true, .context_prefix = "p/a/", .limit = 1},
        "p/a/2");
    assert_listed(f,
                  (struct cf_item_filter){
                      .newest_first = true, .context_prefix = "p/a/", .after_id = last->id},
                  "p/a/1");
    assert_listed(f, (struct cf_item_filter){.newest_first = true, .device_id = "device-1"},
                  "p/a/2 p/b/1 p/a/1");
    assert_listed(f,
                  (struct cf_item_filter){
                      .newest_first = true, .states = CF_STATE_BIT(CF_STATE_RECEIVED), .limit = 1},
                  "p/b/1");
}

static void
refuses_a_limit_out_of_range(void **state)
{
    struct fixture *f = *state;
    struct cf_items items = {0};
    struct cf_ledger ledger = {0};
    struct cf_item_filter filter = {.limit = 0};
    struct cf_ledger_filter ledger_filter = {.limit = 1001};

    assert_int_equal(f->store->ops->list(f->store, &filter, &items, &f->err), CF_E_RANGE);
    filter.limit = 1001;
    assert_int_equal(f->store->ops->list(f->store, &filter, &items, &f->err), CF_E_RANGE);
    assert_int_equal(f->store->ops->ledger(f->store, &ledger_filter, &ledger, &f->err), CF_E_RANGE);
    ledger_filter.limit = 0;
    assert_int_equal(f->store->ops->ledger(f->store, &ledger_filter, &ledger, &f->err), CF_E_RANGE);
    assert_null(items.item);
    assert_null(ledger.entry);
}

static void
has_no_history_of_what_is_not_there(void **state)
{
    struct fixture *f = *state;
    struct cf_history history = {0};

    assert_ok(f, f->store->ops->history(f->store, 4711, &history, &f->err));
    assert_int_equal(history.n, 0);
    cf_history_done(&history);
}

static void
count_errors(void *arg, const struct cf_finding *finding)
{
    size_t *n = arg;

    assert_non_null(finding->subject);
    assert_non_null(finding->text);
    if (finding->severity == CF_FINDING_ERROR)
        ++*n;
    else if (finding->severity == CF_FINDING_OK)
        assert_null(finding->remedy);
}

static void
finds_nothing_wrong_with_a_sound_store(void **state)
{
    struct fixture *f = *state;
    size_t n = 0;

    receive_new(f, "a");
    assert_ok(f, f->store->ops->check(f->store, count_errors, &n, &f->err));
    assert_int_equal(n, 0);
}

int
run_views(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(counts_by_kind_and_state),
        CONTRACT_TEST(lists_by_state_kind_and_device),
        CONTRACT_TEST(lists_without_payloads),
        CONTRACT_TEST(lists_page_by_page_and_every_item_once),
        CONTRACT_TEST(lists_by_the_beginning_of_the_context),
        CONTRACT_TEST(lists_the_newest_first),
        CONTRACT_TEST(refuses_a_limit_out_of_range),
        CONTRACT_TEST(has_no_history_of_what_is_not_there),
        CONTRACT_TEST(finds_nothing_wrong_with_a_sound_store),
    };
    return cmocka_run_group_tests_name("views", tests, NULL, NULL);
}
