/* SPDX-License-Identifier: Apache-2.0 */
/* kill -9 while several threads write: what was acknowledged is there, and all of it. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_test.h"

enum { ROUNDS = 6, THREADS = 4, NAME_LEN = 40 };

struct child {
    struct cf_store *store;
    int out;
    int round;
    int thread;
};

/* Says a context to the parent only after the store took it in and committed a change to it. */
static void *
write_on(void *arg)
{
    struct child *child = arg;

    for (int i = 0;; i++) {
        char name[NAME_LEN] = "";
        struct cf_item *item = NULL;
        (void)snprintf(name, sizeof name, "%02d-%02d-%06d", child->round, child->thread, i);
        if (receive_one(child->store, name, 2000, NULL) != CF_OK ||
            child->store->ops->claim_one(child->store, "w", CF_KIND_PKCS, name, NOW, NOW + 1, &item,
                                         NULL) != CF_OK)
            _exit(1);
        struct cf_change change = {.item = item, .from = item->state, .history = "changed"};
        item->state = CF_STATE_ADMITTED;
        if (child->store->ops->commit(child->store, "w", &change, 1, NULL) != CF_OK)
            _exit(1);
        (void)cf_item_free(item);
        if (write(child->out, name, sizeof name) != (ssize_t)sizeof name)
            _exit(1);
    }
    return NULL;
}

static void
run_child(struct place *place, int round, int out)
{
    struct cf_store *store = NULL;
    struct child children[THREADS];

    if (try_open(place, &store) != CF_OK)
        _exit(1);
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        children[i] = (struct child){store, out, round, i};
        if (pthread_create(&thread, NULL, write_on, &children[i]) != 0)
            _exit(1);
    }
    for (;;)
        (void)pause();
}

struct acknowledged {
    char (*name)[NAME_LEN];
    size_t n;
};

static void
check_all(struct cf_store *store, const struct acknowledged *all)
{
    for (size_t i = 0; i < all->n; i++) {
        cf_own(cf_item) item = NULL;
        struct cf_history history = {0};

        assert_int_equal(store->ops->get(store, CF_KIND_PKCS, all->name[i], &item, NULL), CF_OK);
        assert_int_equal(item->state, CF_STATE_ADMITTED);
        assert_int_equal(cf_buf_len(item->body), 2000);
        assert_int_equal(store->ops->history(store, item->id, &history, NULL), CF_OK);
        assert_int_equal(history.n, 1);
        cf_history_done(&history);
    }
}

static void
loses_nothing_that_was_acknowledged(void **state)
{
    struct place *place = *state;
    struct acknowledged all = {0};

    for (int round = 0; round < ROUNDS; round++) {
        int out[2];
        assert_int_equal(pipe(out), 0);
        pid_t pid = fork();
        if (pid == 0)
            run_child(place, round, out[1]);
        (void)close(out[1]);

        char name[NAME_LEN];
        size_t before = all.n;
        while (read(out[0], name, sizeof name) == (ssize_t)sizeof name) {
            all.name = reallocarray(all.name, all.n + 1, sizeof *all.name);
            memcpy(all.name[all.n++], name, sizeof name);
            /* At another moment each round; the pipe is read to its end after that. */
            if (all.n - before == (size_t)(5 + 7 * round)) {
                (void)usleep((useconds_t)(round * 700));
                assert_int_equal(kill(pid, SIGKILL), 0);
            }
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        (void)close(out[0]);

        struct cf_store *store = open_it(place);
        size_t counts[3] = {0};
        check_all(store, &all);
        assert_int_equal(store->ops->check(store, count_findings, counts, &place->err), CF_OK);
        assert_int_equal(counts[CF_FINDING_ERROR], 0);
        close_it(store);
    }
    assert_true(all.n >= ROUNDS);
    free(all.name);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(loses_nothing_that_was_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
