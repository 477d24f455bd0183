/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_faults - errors, broken connections and lost answers. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract.h"
#include "place.h"
#include "postgres.h"
#include "postgres_child.h"

struct faults {
    struct fixture f; /* first: what the contract's helpers know */
    int stop_flag;
    const char *schema;
};

static int
prepare(void **state)
{
    struct faults *faults = calloc(1, sizeof *faults);
    struct fixture *f = &faults->f;

    f->clock = cf_clock_fake_new(NOW);
    f->options.clock = f->clock;
    f->options.stop_flag = &faults->stop_flag;
    place_make(&f->options);
    faults->schema = strstr(f->options.connection, "place_");
    assert_ok(f, cf_store_postgres.open(&f->options, &f->store, &f->err));
    *state = faults;
    return 0;
}

static int
clean(void **state)
{
    struct faults *faults = *state;

    faults->f.store->ops->close(faults->f.store);
    (void)cf_clock_fake_free(faults->f.clock);
    free(faults);
    return 0;
}

/* In the store's schema. */
static void
run_sql(const struct faults *faults, const char *sql)
{
    char text[512];

    (void)snprintf(text, sizeof text, "SET search_path = %s; %s", faults->schema, sql);
    postgres_run(text);
}

/* Every update of an item fails so. */
static void
fail_with(const struct faults *faults, const char *state)
{
    char sql[400];

    (void)snprintf(sql, sizeof sql,
                   "CREATE OR REPLACE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS "
                   "'BEGIN RAISE EXCEPTION ''as if'' USING ERRCODE = ''%s''; END'; "
                   "CREATE OR REPLACE TRIGGER fault BEFORE UPDATE ON item "
                   "FOR EACH ROW EXECUTE FUNCTION fault()",
                   state);
    run_sql(faults, sql);
}

static void
tells_errors_apart(void **state)
{
    static const struct {
        const char *state;
        enum cf_rc rc;
        enum cf_fault fault;
    } CASES[] = {
        {"40001", CF_E_STORE_BUSY, CF_FAULT_TRANSIENT},
        {"40P01", CF_E_STORE_BUSY, CF_FAULT_TRANSIENT},
        {"55P03", CF_E_STORE_BUSY, CF_FAULT_TRANSIENT},
        {"57014", CF_E_STORE_BUSY, CF_FAULT_TRANSIENT},
        {"57P01", CF_E_STORE_BUSY, CF_FAULT_TRANSIENT},
        {"25006", CF_E_STORE_BUSY, CF_FAULT_TRANSIENT},
        {"53100", CF_E_DISK_FULL, CF_FAULT_TRANSIENT},
        {"XX001", CF_E_STORE_CORRUPT, CF_FAULT_CONFIG},
        {"XX002", CF_E_STORE_CORRUPT, CF_FAULT_CONFIG},
        {"42501", CF_E_CONFIG, CF_FAULT_CONFIG},
        {"22012", CF_E_STORE, CF_FAULT_TRANSIENT},
    };
    struct faults *faults = *state;
    struct fixture *f = &faults->f;

    receive_new(f, "r1");
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_item *none = NULL;

        fail_with(faults, CASES[i].state);
        enum cf_rc rc = f->store->ops->claim_one(f->store, "contract", CF_KIND_PKCS, "r1", NOW,
                                                 NOW + MINUTE, &none, &f->err);
        assert_string_equal(cf_rc_name(rc), cf_rc_name(CASES[i].rc));
        assert_int_equal(f->err.fault, CASES[i].fault);
        assert_non_null(strstr(f->err.text, CASES[i].state));
        assert_non_null(strstr(f->err.text, "as if"));
        assert_null(none);
    }
    run_sql(faults, "DROP TRIGGER fault ON item");
    cf_own(cf_item) item = claim_it(f, "contract", "r1");
    assert_int_equal(item->claims, 1);
}

static void
runs_again_what_was_undone_for_anothers_sake(void **state)
{
    struct faults *faults = *state;
    struct fixture *f = &faults->f;

    /* A sequence counts on through what is undone: the third attempt succeeds. */
    run_sql(faults, "CREATE SEQUENCE attempt; "
                    "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS "
                    "'BEGIN IF nextval(''attempt'') < 3 THEN RAISE EXCEPTION ''as if'' "
                    "USING ERRCODE = ''40P01''; END IF; RETURN NEW; END'; "
                    "CREATE TRIGGER fault BEFORE UPDATE ON item "
                    "FOR EACH ROW EXECUTE FUNCTION fault()");
    receive_new(f, "r1");
    struct cf_items items = {0};
    assert_ok(f, f->store->ops->claim(f->store, "contract", ALL_STATES, ALL_KINDS, NULL, 0, NOW,
                                      NOW + MINUTE, 10, &items, &f->err));
    assert_int_equal(items.n, 1);
    assert_int_equal(items.item[0]->claims, 1);
    cf_items_done(&items);
}

static void
calls_a_row_damaged_that_it_would_not_write(void **state)
{
    struct faults *faults = *state;
    struct fixture *f = &faults->f;
    struct cf_item *none = NULL;

    receive_new(f, "r1");
    run_sql(faults, "ALTER TABLE item DROP CONSTRAINT item_state_fkey; UPDATE item SET state = 77");
    assert_int_equal(f->store->ops->get(f->store, CF_KIND_PKCS, "r1", &none, &f->err),
                     CF_E_STORE_CORRUPT);
    run_sql(faults, "UPDATE item SET state = 0, attempts = -1");
    assert_int_equal(f->store->ops->get(f->store, CF_KIND_PKCS, "r1", &none, &f->err),
                     CF_E_STORE_CORRUPT);
    run_sql(faults, "UPDATE item SET attempts = 0; "
                    "ALTER TABLE item ALTER device_id TYPE bytea USING device_id::bytea");
    /* Plans are made anew for a new connection. */
    reopen(f);
    assert_int_equal(f->store->ops->get(f->store, CF_KIND_PKCS, "r1", &none, &f->err),
                     CF_E_STORE_CORRUPT);
    run_sql(faults, "ALTER TABLE item ALTER device_id TYPE text COLLATE \\\"C\\\" USING 'x'; "
                    "ALTER TABLE item ALTER body TYPE text USING 'x'");
    reopen(f);
    assert_int_equal(f->store->ops->get(f->store, CF_KIND_PKCS, "r1", &none, &f->err),
                     CF_E_STORE_CORRUPT);
    assert_null(none);
}

static void
writes_what_a_peer_said_in_no_known_encoding(void **state)
{
    struct fixture *f = &((struct faults *)*state)->f;

    receive_new(f, "r1");
    cf_own(cf_item) item = claim_it(f, "contract", "r1");
    item->rc = CF_E_REJECTED;
    item->error = strdup("the CA said: \xff\xfe no");
    struct cf_change change = {.item = item, .from = CF_STATE_RECEIVED, .history = "\xc3"};
    assert_ok(f, f->store->ops->commit(f->store, "contract", &change, 1, &f->err));
    cf_own(cf_item) now = get_it(f, CF_KIND_PKCS, "r1");
    assert_string_equal(now->error, "the CA said: ?? no");
}

static void
goes_on_when_the_server_is_back(void **state)
{
    struct fixture *f = &((struct faults *)*state)->f;
    enum cf_rc rc = CF_E_STORE_BUSY;
    struct cf_item *item = NULL;

    receive_new(f, "r1");
    postgres_kill();
    assert_int_equal(f->store->ops->get(f->store, CF_KIND_PKCS, "r1", &item, &f->err),
                     CF_E_STORE_BUSY);
    assert_int_equal(f->err.fault, CF_FAULT_TRANSIENT);
    assert_int_equal(f->store->ops->release(f->store, "contract", NULL, 0, &f->err),
                     CF_E_STORE_BUSY);
    postgres_start();
    for (int i = 0; i < 500 && rc == CF_E_STORE_BUSY; i++) {
        rc = f->store->ops->get(f->store, CF_KIND_PKCS, "r1", &item, &f->err);
        if (rc != CF_OK)
            (void)usleep(20000);
    }
    assert_int_equal(rc, CF_OK);
    (void)cf_item_free(item);
    receive_new(f, "r2");
}

struct call {
    struct fixture *f;
    const char *context;
    enum cf_reception reception;
    enum cf_rc rc;
    struct cf_err err;
    bool is_done;
};

static void *
receive_in_thread(void *arg)
{
    struct call *call = arg;
    cf_own(cf_item) item = cf_item_new(CF_KIND_PKCS, call->context);

    item->body = bytes_of("{}");
    item->due_ms = NOW;
    call->rc = call->f->store->ops->receive(call->f->store, &item, 1, &call->reception, &call->err);
    __atomic_store_n(&call->is_done, true, __ATOMIC_RELEASE);
    return NULL;
}

/* True when the call's commit waits for a standby; false when it has returned. */
static bool
waits_for_a_standby(const struct call *call)
{
    char n[32] = "0";

    while (!__atomic_load_n(&call->is_done, __ATOMIC_ACQUIRE)) {
        postgres_ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'", n,
                     sizeof n);
        if (strcmp(n, "0") != 0)
            return true;
        (void)usleep(10000);
    }
    return false;
}

/* The server acknowledges a commit when a standby has it, and there is none: it is made, and the
 * answer waits. */
static void
learns_of_a_commit_whose_answer_was_lost(void **state)
{
    struct fixture *f = &((struct faults *)*state)->f;
    char context[16] = "r";
    bool is_waiting = false;
    struct call call;
    pthread_t thread;

    postgres_run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    postgres_run("SELECT pg_reload_conf()");
    /* The server takes it up in a moment. */
    for (int i = 0; i < 200 && !is_waiting; i++) {
        (void)snprintf(context, sizeof context, "r%d", i);
        call = (struct call){.f = f, .context = context, .rc = CF_E_BUG};
        assert_int_equal(pthread_create(&thread, NULL, receive_in_thread, &call), 0);
        is_waiting = waits_for_a_standby(&call);
        if (!is_waiting)
            (void)pthread_join(thread, NULL);
    }
    assert_true(is_waiting);
    postgres_run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                 "WHERE wait_event = 'SyncRep'");
    (void)pthread_join(thread, NULL);
    postgres_run("ALTER SYSTEM RESET synchronous_standby_names");
    postgres_run("SELECT pg_reload_conf()");
    if (call.rc != CF_OK)
        fail_msg("%s", call.err.text);
    assert_int_equal(call.reception, CF_RECEPTION_NEW);
    cf_own(cf_item) item = get_it(f, CF_KIND_PKCS, context);
    assert_string_equal(item->context, context);
}

/* A trigger ends the connection within COMMIT, before anything is made of it. */
static void
learns_of_a_commit_that_was_undone(void **state)
{
    struct faults *faults = *state;
    struct fixture *f = &faults->f;
    struct call call = {.f = f, .context = "r1", .rc = CF_E_BUG};
    struct cf_item *none = NULL;

    run_sql(faults, "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS "
                    "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'; "
                    "CREATE CONSTRAINT TRIGGER fault AFTER INSERT ON item "
                    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fault()");
    (void)receive_in_thread(&call);
    assert_int_equal(call.rc, CF_E_STORE_BUSY);
    assert_int_equal(f->store->ops->get(f->store, CF_KIND_PKCS, "r1", &none, NULL), CF_E_NOT_FOUND);
    run_sql(faults, "DROP TRIGGER fault ON item");
    receive_new(f, "r1");
}

/* The server is killed while it commits, before any of it is on the disk. It then gives the
 * transaction's number to another one, which is committed. */
static void
takes_no_others_commit_for_its_own(void **state)
{
    struct faults *faults = *state;
    struct fixture *f = &faults->f;
    struct call call = {.f = f, .context = "r1", .rc = CF_E_BUG};
    char n[32] = "0";
    pthread_t thread;

    run_sql(faults, "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS "
                    "'BEGIN IF current_setting(''wal_writer_delay'') = ''10s'' THEN "
                    "PERFORM pg_sleep(60); END IF; RETURN NULL; END'; "
                    "CREATE CONSTRAINT TRIGGER fault AFTER INSERT ON item "
                    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fault()");
    postgres_run("ALTER SYSTEM SET wal_writer_delay = '10s'");
    postgres_run("SELECT pg_reload_conf()");
    do {
        postgres_ask("SELECT current_setting('wal_writer_delay')", n, sizeof n);
    } while (strcmp(n, "10s") != 0);
    assert_int_equal(pthread_create(&thread, NULL, receive_in_thread, &call), 0);
    do {
        postgres_ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'", n,
                     sizeof n);
    } while (strcmp(n, "0") == 0);
    postgres_run("ALTER SYSTEM RESET wal_writer_delay");
    postgres_kill();
    postgres_start();
    for (int i = 0; i < 10; i++)
        postgres_run("SELECT pg_current_xact_id()");
    (void)pthread_join(thread, NULL);
    if (call.rc != CF_OK)
        fail_msg("%s", call.err.text);
    cf_own(cf_item) item = get_it(f, CF_KIND_PKCS, "r1");
    assert_string_equal(item->context, "r1");
    run_sql(faults, "DROP TRIGGER fault ON item; DROP FUNCTION fault()");
}

static void *
stop_soon(void *arg)
{
    (void)usleep(300000);
    __atomic_store_n((int *)arg, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void
does_not_wait_for_a_dead_server_once_it_stops(void **state)
{
    struct faults *faults = *state;
    struct fixture *f = &faults->f;
    struct cf_item *none = NULL;
    pthread_t thread;

    receive_new(f, "r1");
    postgres_freeze();
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, &faults->stop_flag), 0);
    int64_t from_ms = cf_clock_monotonic_ms(cf_clock_real());
    enum cf_rc rc = f->store->ops->get(f->store, CF_KIND_PKCS, "r1", &none, &f->err);
    int64_t to_ms = cf_clock_monotonic_ms(cf_clock_real());
    (void)pthread_join(thread, NULL);
    postgres_thaw();
    assert_int_equal(rc, CF_E_STORE_BUSY);
    assert_non_null(strstr(f->err.text, "does not answer"));
    assert_in_range(to_ms - from_ms, 0, 15000); /* not the 25 s of a statement */
    /* A server that answers serves even then: claims are given back. */
    assert_ok(f, f->store->ops->release(f->store, "contract", NULL, 0, &f->err));
}

struct mover {
    struct fixture *f;
    int64_t ids[20];
    int n_failed;
};

static void *
move_leases(void *arg)
{
    struct mover *mover = arg;

    for (int i = 0; i < 20; i++) {
        if (mover->f->store->ops->extend_leases(mover->f->store, mover->ids, 20, NOW + i, NULL) !=
            CF_OK)
            mover->n_failed++;
    }
    return NULL;
}

static void
gets_out_of_deadlocks(void **state)
{
    struct fixture *f = &((struct faults *)*state)->f;
    struct mover movers[2] = {{.f = f}, {.f = f}};
    pthread_t threads[2];

    for (int i = 0; i < 20; i++) {
        char context[16];
        (void)snprintf(context, sizeof context, "r%d", i);
        receive_new(f, context);
        cf_own(cf_item) item = get_it(f, CF_KIND_PKCS, context);
        movers[0].ids[i] = movers[1].ids[19 - i] = item->id;
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, move_leases, &movers[i]), 0);
    for (int i = 0; i < 2; i++)
        (void)pthread_join(threads[i], NULL);
    assert_int_equal(movers[0].n_failed + movers[1].n_failed, 0);
}

int
run_faults(void)
{
#define FAULTS_TEST(name) cmocka_unit_test_setup_teardown(name, prepare, clean)
    const struct CMUnitTest tests[] = {
        FAULTS_TEST(tells_errors_apart),
        FAULTS_TEST(runs_again_what_was_undone_for_anothers_sake),
        FAULTS_TEST(calls_a_row_damaged_that_it_would_not_write),
        FAULTS_TEST(writes_what_a_peer_said_in_no_known_encoding),
        FAULTS_TEST(goes_on_when_the_server_is_back),
        FAULTS_TEST(learns_of_a_commit_whose_answer_was_lost),
        FAULTS_TEST(learns_of_a_commit_that_was_undone),
        FAULTS_TEST(takes_no_others_commit_for_its_own),
        FAULTS_TEST(does_not_wait_for_a_dead_server_once_it_stops),
        FAULTS_TEST(gets_out_of_deadlocks),
    };
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
