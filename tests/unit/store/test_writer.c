/* SPDX-License-Identifier: Apache-2.0 */
/* Group commit: results are each caller's own, syncs are shared. */
#include "store/writer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store_test.h"

enum { THREADS = 8, ROUNDS = 20 };

struct insertion {
    const char *context;
    int64_t kind; /* one that does not exist breaks a constraint */
    int delay_ms;
};

static enum cf_rc
insert(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    struct insertion *insertion = arg;
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_ITEM_INSERT, err));
    for (int i = 0; i < 6; i++)
        cf_query_put_i64(&q, 0);
    for (int i = 0; i < 16; i++)
        cf_query_put_text(&q, NULL);
    cf_query_put_i64(&q, NOW);
    cf_query_put_i64(&q, insertion->kind);
    cf_query_put_text(&q, insertion->context);
    cf_query_put_i64(&q, NOW);
    CF_TRY(cf_query_run(&q, err));
    if (insertion->delay_ms > 0)
        (void)usleep((useconds_t)insertion->delay_ms * 1000);
    return CF_OK;
}

struct job {
    struct cf_writer *writer;
    int number;
    int n_failed_as_expected;
    int n_wrong;
};

static void *
work(void *arg)
{
    struct job *job = arg;

    for (int i = 0; i < ROUNDS; i++) {
        char context[32];
        struct cf_err err = {0};
        bool is_bad = i % 5 == 4;
        (void)snprintf(context, sizeof context, "%d-%d", job->number, i);
        struct insertion insertion = {context, is_bad ? 99 : 0, 1};
        enum cf_rc rc = cf_writer_run(job->writer, insert, &insertion, &err);
        if (is_bad && rc == CF_E_STORE && err.native == SQLITE_CONSTRAINT_FOREIGNKEY)
            job->n_failed_as_expected++;
        else if (is_bad || rc != CF_OK)
            job->n_wrong++;
    }
    return NULL;
}

static void
shares_commits_among_threads_and_fails_only_who_failed(void **state)
{
    struct place *place = *state;
    struct cf_store *store = open_it(place);
    struct cf_writer *writer = &cf_sqlite_of(store)->writer;
    pthread_t threads[THREADS];
    struct job jobs[THREADS];

    for (int i = 0; i < THREADS; i++) {
        jobs[i] = (struct job){.writer = writer, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &jobs[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_int_equal(jobs[i].n_wrong, 0);
        assert_int_equal(jobs[i].n_failed_as_expected, ROUNDS / 5);
    }
    assert_int_equal(writer->n_operations, THREADS * ROUNDS);
    assert_true(writer->n_commits < writer->n_operations);
    for (int i = 0; i < THREADS; i++) {
        for (int j = 0; j < ROUNDS; j++) {
            char context[32];
            (void)snprintf(context, sizeof context, "%d-%d", i, j);
            assert_int_equal(has_item(store, context), j % 5 != 4);
        }
    }
    close_it(store);
}

static enum cf_rc
lose_the_transaction(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    (void)arg;
    (void)usleep(50000); /* others queue meanwhile */
    (void)sqlite3_exec(((struct cf_sqlite_conn *)conn)->db, "ROLLBACK", NULL, NULL, NULL);
    return cf_fail(err, CF_E_DISK_FULL, "as SQLite does it when the disk is full");
}

static int
refuse_commit(void *arg)
{
    return *(bool *)arg;
}

struct caller {
    struct cf_writer *writer;
    cf_write_fn *fn;
    struct insertion insertion;
    struct cf_err err;
    enum cf_rc rc;
};

static void *
call(void *arg)
{
    struct caller *caller = arg;

    caller->rc = cf_writer_run(caller->writer, caller->fn, &caller->insertion, &caller->err);
    return NULL;
}

/* Lets three operations meet in one group: the first leads alone and slowly, the others queue. */
static void
run_group(struct caller callers[3])
{
    pthread_t threads[3];

    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, call, &callers[i]), 0);
        (void)usleep(20000);
    }
    for (int i = 0; i < 3; i++)
        (void)pthread_join(threads[i], NULL);
}

static void
fails_all_of_a_group_whose_commit_fails(void **state)
{
    struct place *place = *state;
    struct cf_store *store = open_it(place);
    struct cf_writer *writer = &cf_sqlite_of(store)->writer;
    bool is_refused = true;
    struct caller callers[3] = {{writer, insert, {"slow", 0, 100}, {0}, CF_OK},
                                {writer, insert, {"a", 0, 0}, {0}, CF_OK},
                                {writer, insert, {"b", 0, 0}, {0}, CF_OK}};

    (void)sqlite3_commit_hook(writer->conn.db, refuse_commit, &is_refused);
    run_group(callers);
    for (int i = 0; i < 3; i++) {
        assert_int_not_equal(callers[i].rc, CF_OK);
        assert_int_equal(callers[i].err.rc, callers[i].rc);
        assert_false(has_item(store, callers[i].insertion.context));
    }
    is_refused = false;
    run_group(callers);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(callers[i].rc, CF_OK);
        assert_true(has_item(store, callers[i].insertion.context));
    }
    close_it(store);
}

static void
fails_all_when_the_transaction_is_lost_on_the_way(void **state)
{
    struct place *place = *state;
    struct cf_store *store = open_it(place);
    struct cf_writer *writer = &cf_sqlite_of(store)->writer;
    struct caller callers[3] = {{writer, insert, {"slow", 0, 100}, {0}, CF_OK},
                                {writer, insert, {"a", 0, 0}, {0}, CF_OK},
                                {writer, lose_the_transaction, {0}, {0}, CF_OK}};

    run_group(callers);
    assert_int_equal(callers[0].rc, CF_OK);
    assert_int_equal(callers[1].rc, CF_E_DISK_FULL);
    assert_int_equal(callers[2].rc, CF_E_DISK_FULL);
    assert_true(has_item(store, "slow"));
    assert_false(has_item(store, "a"));
    close_it(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(shares_commits_among_threads_and_fails_only_who_failed),
        STORE_TEST(fails_all_of_a_group_whose_commit_fails),
        STORE_TEST(fails_all_when_the_transaction_is_lost_on_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
