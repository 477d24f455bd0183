/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_nodes - several daemons, as processes, on one queue: nothing is lost, nothing twice. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract.h"
#include "place.h"
#include "postgres.h"
#include "postgres_child.h"

enum { NODES = 4, ITEMS = 240, PAGE = 5, PATIENCE = 3000 };

struct nodes {
    struct cf_store_options options;
    struct cf_clock *clock;
    char connection[256];
    pid_t pid[NODES];
};

/* Says what is wrong and ends: a child must not run on in the tests of its parent. */
static void
give_up(const char *what, const struct cf_err *err)
{
    fprintf(stderr, "%s: %s\n", what, err->text);
    _exit(1);
}

static struct cf_store *
open_as(const struct nodes *nodes, const char *owner)
{
    struct cf_store_options options = nodes->options;
    struct cf_store *store = NULL;
    struct cf_err err = {0};

    options.owner = owner;
    enum cf_rc rc = CF_E_STORE_BUSY;
    for (int i = 0; i < PATIENCE && rc == CF_E_STORE_BUSY; i++) {
        rc = cf_store_postgres.open(&options, &store, &err);
        if (rc == CF_E_STORE_BUSY)
            (void)usleep(20000);
    }
    if (rc != CF_OK)
        give_up("open", &err);
    return store;
}

static void
node_name(char name[16], int number)
{
    (void)snprintf(name, 16, "node-%d", number);
}

/* Whatever only passes is tried again: of every change it is known whether it was made. */
static void
must(enum cf_rc rc, const char *what, const struct cf_err *err, int *n_failed)
{
    if (rc == CF_OK)
        return;
    if (rc != CF_E_STORE_BUSY || ++*n_failed > PATIENCE)
        give_up(what, err);
    (void)usleep(20000);
}

static void
deliver(struct cf_store *store, const char *owner, struct cf_items *items)
{
    static char issuer[] = "CN=CA";
    struct cf_change changes[PAGE] = {0};
    struct cf_ledger_entry entries[PAGE] = {0};
    enum cf_rc rc = CF_E_STORE_BUSY;
    int n_failed = 0;

    for (size_t i = 0; i < items->n; i++) {
        struct cf_item *item = items->item[i];
        item->state = CF_STATE_DELIVERED;
        /* The ledger refuses a second entry: nothing can be done twice unnoticed. */
        entries[i] = (struct cf_ledger_entry){.issuer = issuer, .serial = item->context};
        changes[i] = (struct cf_change){
            .item = item, .from = CF_STATE_RECEIVED, .history = owner, .issued = &entries[i]};
    }
    while (rc != CF_OK) {
        struct cf_err err = {0};
        rc = store->ops->commit(store, owner, changes, items->n, &err);
        must(rc, "commit", &err, &n_failed);
    }
}

static bool
is_all_taken(struct cf_store *store, int *n_failed)
{
    struct cf_err err = {0};
    int64_t next_ms = 0;
    enum cf_rc rc = store->ops->next_due(store, CF_STATE_BIT(CF_STATE_RECEIVED), ALL_KINDS, NULL, 0,
                                         &next_ms, &err);

    must(rc, "next_due", &err, n_failed);
    return rc == CF_OK && next_ms > NOW;
}

static void
work(const struct nodes *nodes, const char *owner)
{
    struct cf_store *store = open_as(nodes, owner);
    int n_failed = 0;

    for (;;) {
        struct cf_items items = {0};
        struct cf_err err = {0};
        enum cf_rc rc = store->ops->claim(store, owner, CF_STATE_BIT(CF_STATE_RECEIVED), ALL_KINDS,
                                          NULL, 0, NOW, NOW + MINUTE, PAGE, &items, &err);
        must(rc, "claim", &err, &n_failed);
        if (items.n > 0)
            deliver(store, owner, &items);
        bool is_over = rc == CF_OK && items.n == 0 && is_all_taken(store, &n_failed);
        cf_items_done(&items);
        if (is_over)
            break;
    }
    store->ops->close(store);
}

static void
start_node(struct nodes *nodes, int number)
{
    char name[16];

    node_name(name, number);
    nodes->pid[number] = fork();
    assert_true(nodes->pid[number] >= 0);
    if (nodes->pid[number] > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    work(nodes, name);
    _exit(0);
}

static int
wait_node(struct nodes *nodes, int number)
{
    int status = 0;

    assert_int_equal(waitpid(nodes->pid[number], &status, 0), nodes->pid[number]);
    return status;
}

static uint64_t
count(struct cf_store *store, enum cf_state of)
{
    uint64_t counts[CF_STATE_MAX_] = {0};
    struct cf_err err = {0};

    if (store->ops->count(store, CF_KIND_PKCS, counts, &err) != CF_OK)
        fail_msg("%s", err.text);
    return counts[of];
}

static void
fill(const struct nodes *nodes)
{
    struct cf_store *store = open_as(nodes, NULL);

    for (int i = 0; i < ITEMS; i++) {
        char context[16];
        (void)snprintf(context, sizeof context, "item-%d", i);
        cf_own(cf_item) item = cf_item_new(CF_KIND_PKCS, context);
        enum cf_reception reception;
        struct cf_err err = {0};
        item->body = bytes_of("{}");
        item->due_ms = NOW;
        if (store->ops->receive(store, &item, 1, &reception, &err) != CF_OK)
            fail_msg("%s", err.text);
    }
    store->ops->close(store);
}

static void
wait_until_some_are_done(const struct nodes *nodes)
{
    struct cf_store *store = open_as(nodes, NULL);

    while (count(store, CF_STATE_DELIVERED) < ITEMS / 6)
        (void)usleep(1000);
    store->ops->close(store);
}

static void
assert_all_done_once(const struct nodes *nodes)
{
    struct cf_store *store = open_as(nodes, NULL);
    char value[64];
    char sql[128];

    assert_int_equal(count(store, CF_STATE_DELIVERED), ITEMS);
    store->ops->close(store);
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM %s.ledger",
                   strstr(nodes->connection, "search_path=") + strlen("search_path="));
    postgres_ask(sql, value, sizeof value);
    assert_int_equal(atoi(value), ITEMS);
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM %s.history",
                   strstr(nodes->connection, "search_path=") + strlen("search_path="));
    postgres_ask(sql, value, sizeof value);
    assert_int_equal(atoi(value), ITEMS);
}

static struct nodes *
make_nodes(void)
{
    struct nodes *nodes = calloc(1, sizeof *nodes);

    assert_non_null(nodes);
    nodes->clock = cf_clock_fake_new(NOW);
    nodes->options.clock = nodes->clock;
    nodes->options.connections = 2;
    place_make(&nodes->options);
    (void)snprintf(nodes->connection, sizeof nodes->connection, "%s", nodes->options.connection);
    nodes->options.connection = nodes->connection;
    return nodes;
}

static int
prepare_empty(void **state)
{
    *state = make_nodes();
    return 0;
}

static int
prepare(void **state)
{
    *state = make_nodes();
    fill(*state);
    return 0;
}

static int
clean(void **state)
{
    struct nodes *nodes = *state;

    (void)cf_clock_fake_free(nodes->clock);
    free(nodes);
    return 0;
}

static void
make_the_tables_once_when_they_start_together(void **state)
{
    struct nodes *nodes = *state;

    for (int i = 0; i < NODES; i++)
        start_node(nodes, i);
    for (int i = 0; i < NODES; i++)
        assert_int_equal(wait_node(nodes, i), 0);
}

static void
share_work_without_loss_or_repetition(void **state)
{
    struct nodes *nodes = *state;

    for (int i = 0; i < NODES; i++)
        start_node(nodes, i);
    for (int i = 0; i < NODES; i++)
        assert_int_equal(wait_node(nodes, i), 0);
    assert_all_done_once(nodes);
}

static void
lose_nothing_when_one_is_killed(void **state)
{
    struct nodes *nodes = *state;

    for (int i = 0; i < NODES; i++)
        start_node(nodes, i);
    wait_until_some_are_done(nodes);
    for (int i = 0; i < 2; i++)
        (void)kill(nodes->pid[i], SIGKILL);
    for (int i = 0; i < NODES; i++)
        assert_int_equal(wait_node(nodes, i) == 0, i >= 2);

    /* As at the start of a daemon: the claims of its name are given back. */
    for (int i = 0; i < 2; i++) {
        char name[16];
        node_name(name, i);
        struct cf_store *store = open_as(nodes, name);
        assert_int_equal(store->ops->release(store, name, NULL, 0, NULL), CF_OK);
        store->ops->close(store);
        start_node(nodes, i);
        assert_int_equal(wait_node(nodes, i), 0);
    }
    assert_all_done_once(nodes);
}

static void
lose_nothing_when_the_server_is_killed_and_starts_again(void **state)
{
    struct nodes *nodes = *state;

    for (int i = 0; i < NODES; i++)
        start_node(nodes, i);
    wait_until_some_are_done(nodes);
    postgres_kill();
    postgres_start();
    for (int i = 0; i < NODES; i++)
        assert_int_equal(wait_node(nodes, i), 0);
    /* Of a claim whose commit was undone nobody has heard; one that was made in spite of a lost
     * answer is known. */
    assert_all_done_once(nodes);
}

static void
lose_nothing_when_the_server_ends_their_connections(void **state)
{
    struct nodes *nodes = *state;

    for (int i = 0; i < NODES; i++)
        start_node(nodes, i);
    for (int i = 0; i < 20; i++) {
        postgres_run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                     "WHERE application_name = 'certferry'");
        (void)usleep(5000);
    }
    for (int i = 0; i < NODES; i++)
        assert_int_equal(wait_node(nodes, i), 0);
    assert_all_done_once(nodes);
}

#define NODES_TEST(name) cmocka_unit_test_setup_teardown(name, prepare, clean)

int
run_nodes(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(make_the_tables_once_when_they_start_together,
                                        prepare_empty, clean),
        NODES_TEST(share_work_without_loss_or_repetition),
        NODES_TEST(lose_nothing_when_one_is_killed),
        NODES_TEST(lose_nothing_when_the_server_is_killed_and_starts_again),
        NODES_TEST(lose_nothing_when_the_server_ends_their_connections),
    };
    return cmocka_run_group_tests_name("nodes", tests, NULL, NULL);
}
