/* SPDX-License-Identifier: Apache-2.0 */
/* Many workers on one store: every item is worked on by one of them, and ends once. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "store_test.h"

enum { WORKERS = 6, READERS = 2, ITEMS = 120 };

struct shared {
    struct cf_store *store;
    atomic_int n_done;
    atomic_int n_wrong;
    atomic_bool is_over;
};

static void
finish(struct shared *shared, const char *owner, struct cf_items *items)
{
    struct cf_change changes[5] = {0};
    char issuer[] = "CN=CA";
    struct cf_ledger_entry entries[5] = {0};

    for (size_t i = 0; i < items->n; i++) {
        items->item[i]->state = CF_STATE_DELIVERED;
        /* The ledger refuses a second entry: nothing can be done twice unnoticed. */
        entries[i].issuer = issuer;
        entries[i].serial = items->item[i]->context;
        changes[i] = (struct cf_change){.item = items->item[i],
                                        .from = CF_STATE_RECEIVED,
                                        .history = "done",
                                        .issued = &entries[i]};
    }
    if (shared->store->ops->commit(shared->store, owner, changes, items->n, NULL) == CF_OK)
        atomic_fetch_add(&shared->n_done, (int)items->n);
    else
        atomic_fetch_add(&shared->n_wrong, 1);
}

static void *
work(void *arg)
{
    struct shared *shared = arg;

    for (;;) {
        struct cf_items items = {0};
        if (shared->store->ops->claim(shared->store, "node", CF_STATE_BIT(CF_STATE_RECEIVED),
                                      ALL_KINDS, NULL, 0, NOW, NOW + 1000, 5, &items,
                                      NULL) != CF_OK)
            atomic_fetch_add(&shared->n_wrong, 1);
        if (items.n == 0) {
            cf_items_done(&items);
            return NULL;
        }
        finish(shared, "node", &items);
        cf_items_done(&items);
    }
}

static void *
look(void *arg)
{
    struct shared *shared = arg;

    while (!atomic_load(&shared->is_over)) {
        uint64_t counts[CF_STATE_MAX_];
        int64_t next_ms;
        if (shared->store->ops->count(shared->store, CF_KIND_PKCS, counts, NULL) != CF_OK ||
            counts[CF_STATE_RECEIVED] + counts[CF_STATE_DELIVERED] != ITEMS ||
            shared->store->ops->next_due(shared->store, ALL_STATES, ALL_KINDS, NULL, 0, &next_ms,
                                         NULL) != CF_OK)
            atomic_fetch_add(&shared->n_wrong, 1);
    }
    return NULL;
}

static void
shares_work_among_threads_without_loss_or_repetition(void **state)
{
    struct place *place = *state;
    struct shared shared = {.store = open_it(place)};
    pthread_t workers[WORKERS];
    pthread_t readers[READERS];

    for (int i = 0; i < ITEMS; i++) {
        char context[16];
        (void)snprintf(context, sizeof context, "%d", i);
        assert_int_equal(receive_one(shared.store, context, 100, &place->err), CF_OK);
    }
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, look, &shared), 0);
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_create(&workers[i], NULL, work, &shared), 0);
    for (int i = 0; i < WORKERS; i++)
        (void)pthread_join(workers[i], NULL);
    atomic_store(&shared.is_over, true);
    for (int i = 0; i < READERS; i++)
        (void)pthread_join(readers[i], NULL);
    assert_int_equal(atomic_load(&shared.n_wrong), 0);
    assert_int_equal(atomic_load(&shared.n_done), ITEMS);
    close_it(shared.store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(shares_work_among_threads_without_loss_or_repetition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
