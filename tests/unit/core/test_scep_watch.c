/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits for an item hears of it once, and not after having gone. */
#include "unit/core/scep_kit.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "unit/core/core_ca.h"

enum { PATIENCE_MS = 20000 };

static void
count(void *arg)
{
    atomic_fetch_add((atomic_uint *)arg, 1);
}

static void
wait_for(atomic_uint *n, unsigned wanted)
{
    for (unsigned i = 0; i < PATIENCE_MS && atomic_load(n) < wanted; i++)
        usleep(1000);
    assert_int_equal(atomic_load(n), wanted);
}

static void
an_item_that_rests_is_told_of_at_once(void **state)
{
    struct core_kit *kit = *state;
    atomic_uint n = 0;
    struct cf_err err = {0};

    assert_ok(cf_scep_watch(kit->scheduler, 12345, count, &n, &err), err);
    assert_int_equal(atomic_load(&n), 1);
    cf_scep_unwatch(kit->scheduler, count, &n);
    assert_int_equal(atomic_load(&n), 1);
}

static void
all_watchers_hear_once_when_the_work_ends(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};
    atomic_uint n[3] = {0};
    struct cf_err err = {0};

    core_ca_hold(kit->ca, true);
    assert_int_equal(scep_enroll(kit, &device, csr, &answer), CF_SCEP_ANSWER_WORKING);
    int64_t id = answer.item_id;
    for (size_t i = 0; i < CF_COUNT(n); i++)
        assert_ok(cf_scep_watch(kit->scheduler, id, count, &n[i], &err), err);
    assert_ok(cf_scep_look(kit->scheduler, answer.context, &answer, &err), err);
    assert_int_equal(answer.state, CF_SCEP_ANSWER_WORKING);
    assert_int_equal(answer.item_id, id);
    assert_int_equal(scep_enroll(kit, &device, csr, &answer), CF_SCEP_ANSWER_WORKING);
    for (size_t i = 0; i < CF_COUNT(n); i++)
        assert_int_equal(atomic_load(&n[i]), 0);

    cf_scep_unwatch(kit->scheduler, count, &n[1]);
    core_ca_hold(kit->ca, false);
    wait_for(&n[0], 1);
    wait_for(&n[2], 1);
    scep_wait_idle(kit);
    assert_int_equal(atomic_load(&n[0]), 1);
    assert_int_equal(atomic_load(&n[1]), 0);
    assert_int_equal(kit->ca->n_submits, 1);
}

static void
there_is_an_end_to_watchers(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};
    atomic_uint n = 0;
    struct cf_err err = {0};

    core_ca_hold(kit->ca, true);
    (void)scep_enroll(kit, &device, csr, &answer);
    for (unsigned i = 0; i < CF_WATCHERS_MAX; i++)
        assert_ok(cf_scep_watch(kit->scheduler, answer.item_id, count, &n, &err), err);
    assert_rc(cf_scep_watch(kit->scheduler, answer.item_id, count, &n, &err), CF_E_LIMIT);
    core_ca_hold(kit->ca, false);
    wait_for(&n, CF_WATCHERS_MAX);
    scep_wait_idle(kit);
}

/* Each thread's device enrolls, watches and leaves, over and over. */
struct client {
    struct core_kit *kit;
    pthread_t thread;
    unsigned number;
    atomic_uint n_called;
    atomic_bool is_gone;
    atomic_uint n_late;
};

static void
note(void *arg)
{
    struct client *client = arg;

    atomic_fetch_add(&client->n_called, 1);
    if (atomic_load(&client->is_gone))
        atomic_fetch_add(&client->n_late, 1);
}

enum { CLIENTS = 4, ROUNDS = 12 };

static void *
run_client(void *arg)
{
    struct client *client = arg;

    for (unsigned i = 0; i < ROUNDS; i++) {
        own_device device = scep_device();
        cf_own(cf_buf) csr = scep_good_csr(device.key);
        own_answer answer = {0};

        atomic_store(&client->is_gone, false);
        if (scep_enroll(client->kit, &device, csr, &answer) != CF_SCEP_ANSWER_WORKING)
            continue;
        if (cf_scep_watch(client->kit->scheduler, answer.item_id, note, client, NULL) != CF_OK)
            continue;
        if (i % 3 != 0)
            usleep(i * 300);
        cf_scep_unwatch(client->kit->scheduler, note, client);
        atomic_store(&client->is_gone, true);
    }
    return NULL;
}

static void
nobody_is_called_after_having_gone(void **state)
{
    struct core_kit *kit = *state;
    struct client clients[CLIENTS];

    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.kit = kit, .number = i};
        assert_int_equal(pthread_create(&clients[i].thread, NULL, run_client, &clients[i]), 0);
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        assert_int_equal(pthread_join(clients[i].thread, NULL), 0);
        assert_int_equal(atomic_load(&clients[i].n_late), 0);
        assert_true(atomic_load(&clients[i].n_called) <= ROUNDS);
    }
    scep_wait_idle(kit);
    cf_clock_fake_advance(kit->clock, 3000);
    scep_dispatch(kit);
    assert_int_equal(kit->ca->n_submits, CLIENTS * ROUNDS);
}

/* The same message from many sides at the same time is one request. */
struct repeat {
    struct core_kit *kit;
    pthread_t thread;
    const struct scep_device *device;
    const struct cf_buf *csr;
};

static void *
run_repeat(void *arg)
{
    struct repeat *repeat = arg;

    for (unsigned i = 0; i < ROUNDS; i++) {
        own_answer answer = {0};

        (void)scep_enroll(repeat->kit, repeat->device, repeat->csr, &answer);
    }
    return NULL;
}

static void
a_message_from_many_sides_is_one_request(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    struct repeat repeats[CLIENTS];
    own_answer answer = {0};

    for (unsigned i = 0; i < CLIENTS; i++) {
        repeats[i] = (struct repeat){.kit = kit, .device = &device, .csr = csr};
        assert_int_equal(pthread_create(&repeats[i].thread, NULL, run_repeat, &repeats[i]), 0);
    }
    for (unsigned i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_join(repeats[i].thread, NULL), 0);
    scep_wait_idle(kit);
    cf_clock_fake_advance(kit->clock, 3000);
    scep_dispatch(kit);
    assert_int_equal(scep_enroll(kit, &device, csr, &answer), CF_SCEP_ANSWER_ISSUED);
    assert_int_equal(kit->ca->n_submits, 1);
    assert_int_equal(core_ledger(kit, answer.context), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        scep_test(an_item_that_rests_is_told_of_at_once),
        scep_test(all_watchers_hear_once_when_the_work_ends),
        scep_test(there_is_an_end_to_watchers),
        scep_test(nobody_is_called_after_having_gone),
        scep_test(a_message_from_many_sides_is_one_request),
    };

    return cmocka_run_group_tests(tests, scep_group_setup, scep_group_teardown);
}
