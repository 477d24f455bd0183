/* SPDX-License-Identifier: Apache-2.0 */
/* A store that fails at each of its calls, a CA whose answers are lost: the request ends exactly
 * once all the same. */
#include "unit/core/core_kit.h"

#include <stdio.h>

enum { COMMITS_MAX = 8 };

/* The fake store with the n-th commit from now failing. */
static struct {
    struct cf_store_ops ops;
    const struct cf_store_ops *real;
    unsigned until;
    unsigned n;
    enum cf_rc rc;
    bool is_lost; /* carried out, and its caller told otherwise */
} fault;

static enum cf_rc
failing_commit(struct cf_store *store, const char *owner, const struct cf_change *changes, size_t n,
               struct cf_err *err)
{
    fault.n++;
    if (fault.until == 0 || --fault.until > 0)
        return fault.real->commit(store, owner, changes, n, err);
    if (fault.is_lost)
        CF_TRY(fault.real->commit(store, owner, changes, n, err));
    return cf_fail(err, fault.rc, "as the test wants it");
}

static void
fail_commit(struct core_kit *kit, unsigned until, enum cf_rc rc)
{
    fault.real = &cf_store_fake;
    fault.ops = cf_store_fake;
    fault.ops.commit = failing_commit;
    fault.until = until;
    fault.n = 0;
    fault.rc = rc;
    kit->store->ops = &fault.ops;
}

static enum cf_state
run_to_the_end(struct core_kit *kit, const char *context)
{
    enum cf_state rests_in = CF_STATE_RECEIVED;

    for (int i = 0; i < 20; i++) {
        struct cf_err err = {0};
        enum cf_rc rc = core_run(kit, CF_KIND_PKCS, context, &err);
        cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, context);

        if (rc != CF_OK)
            assert_rc(rc, fault.rc);
        rests_in = item->state;
        if (rests_in == CF_STATE_SUBMITTED)
            (void)kit->ca->ops.decide(&kit->ca->base, item->cookie, true, NULL);
        if (CF_STATE_BIT(rests_in) & cf_machine_deliver_states(CF_KIND_PKCS))
            break;
        core_wait(kit, context);
    }
    return rests_in;
}

/* Returns how many commits a run takes. */
static unsigned
fails_at_each_commit(struct core_kit *kit, const char *prefix, enum cf_state end)
{
    unsigned n = COMMITS_MAX;

    for (unsigned until = 0; until <= n; until++) {
        char context[40];

        snprintf(context, sizeof context, "%s-%u", prefix, until);
        core_receive_good(kit, context);
        fail_commit(kit, until, CF_E_DISK_FULL);
        assert_int_equal(run_to_the_end(kit, context), end);
        if (until == 0)
            n = fault.n;
        assert_int_equal(core_ledger(kit, context), end == CF_STATE_WRAPPED ? 1 : 0);
        assert_int_equal(kit->ca->n_changed, 0);
        cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, context);
        assert_non_null(item->result);
        assert_null(item->sealed_key);
    }
    return n;
}

static void
a_commit_that_fails_delays_a_request_and_does_not_double_it(void **state)
{
    assert_int_equal(fails_at_each_commit(*state, "direct", CF_STATE_WRAPPED), 2);
}

static void
a_commit_that_fails_does_not_double_a_pending_request(void **state)
{
    struct core_kit *kit = *state;

    kit->site->settings->templates[0]->approval = true;
    assert_int_equal(fails_at_each_commit(kit, "pending", CF_STATE_WRAPPED), 3);
}

static void
a_commit_that_fails_does_not_lose_a_failure(void **state)
{
    struct core_kit *kit = *state;

    kit->ca->reject_reason = "no";
    assert_int_equal(fails_at_each_commit(kit, "refused", CF_STATE_FAILED), 2);
}

/* A store whose disk took the change and whose answer said otherwise. */
static void
a_commit_whose_answer_was_lost_does_not_double_a_request(void **state)
{
    struct core_kit *kit = *state;

    fault.is_lost = true;
    for (unsigned until = 1; until <= 2; until++) {
        char context[40];

        snprintf(context, sizeof context, "lost-%u", until);
        core_receive_good(kit, context);
        fail_commit(kit, until, CF_E_IO);
        assert_int_equal(run_to_the_end(kit, context), CF_STATE_WRAPPED);
        assert_int_equal(core_ledger(kit, context), 1);
    }
    fault.is_lost = false;
    assert_int_equal(kit->ca->n_changed, 0);
}

static void
a_claim_that_was_taken_away_leaves_no_trace(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    core_receive_good(kit, "r1");
    fail_commit(kit, 2, CF_E_LEASE);
    assert_rc(core_run(kit, CF_KIND_PKCS, "r1", &err), CF_E_LEASE);
    assert_int_equal(core_ledger(kit, "r1"), 0);
    assert_state(kit, "r1", CF_STATE_KEYED);
}

static void
a_store_that_cannot_be_read_is_waited_for(void **state)
{
    struct core_kit *kit = *state;

    core_receive_good(kit, "r1");
    cf_fake_store_fail_next_of(kit->store, "ledger", CF_E_STORE_BUSY);
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_RECEIVED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_rc(item->rc, CF_E_STORE_BUSY);
    assert_int_equal(item->attempts, 1);
    core_wait(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
}

static void
a_revocation_is_carried_out_once_whichever_commit_fails(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    cf_own_str json = core_revocation(kit, "v1", "r1");
    core_receive(kit, CF_KIND_REVOCATION, "v1", json);
    fail_commit(kit, 1, CF_E_DISK_FULL);
    assert_rc(core_run(kit, CF_KIND_REVOCATION, "v1", &err), CF_E_DISK_FULL);
    assert_ok(core_run(kit, CF_KIND_REVOCATION, "v1", &err), err);
    cf_own(cf_item) item = core_item(kit, CF_KIND_REVOCATION, "v1");
    assert_int_equal(item->state, CF_STATE_REVOKED);
    assert_int_equal(kit->ca->n_revokes, 2); /* the second was told that it is done */
    assert_int_equal(cf_metric_get(CF_M_REVOCATIONS_DONE), 1);
}

static void
what_surely_issued_nothing_is_no_submission(void **state)
{
    static const enum cf_rc FAILURES[] = {CF_E_AUTH, CF_E_TLS, CF_E_CA_CONFIG, CF_E_PROTOCOL,
                                          CF_E_STOPPED};
    struct core_kit *kit = *state;

    kit->ca->fails_before = true;
    core_receive_good(kit, "r1");
    for (size_t i = 0; i < CF_COUNT(FAILURES); i++) {
        kit->ca->fail = FAILURES[i];
        kit->ca->fail_times = 1;
        assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_KEYED);
        cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
        assert_rc(item->rc, FAILURES[i]);
        assert_int_equal(item->submits, 0);
        core_wait(kit, "r1");
    }
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    assert_int_equal(kit->ca->n_repeats, 0);
    assert_int_equal(kit->log.n[CF_EV_SUBMIT_REPEATED], 0);
    assert_int_equal(atomic_load(&kit->site->cas[0].count[CF_CA_COUNT_SUBMITTED]), 1);
}

enum { LOST_MAX = 10 };

static void
a_ca_whose_answers_are_always_lost_is_not_asked_for_ever(void **state)
{
    struct core_kit *kit = *state;

    core_receive_good(kit, "r1");
    kit->ca->lose = CF_E_PROTOCOL;
    kit->ca->lose_times = 1000;
    for (int i = 0; i < LOST_MAX; i++) {
        assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_KEYED);
        core_wait(kit, "r1");
    }
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_FAILED);
    assert_int_equal(kit->ca->n_submits, LOST_MAX);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_rc(item->rc, CF_E_CONFLICT);
    assert_contains(item->error, "10 times");
    assert_contains(item->error, "ask anew");
    assert_non_null(item->result);
    assert_null(item->sealed_key);
}

static void
an_idempotent_ca_may_lose_as_many_answers_as_it_likes(void **state)
{
    struct core_kit *kit = *state;

    kit->ca->ops.is_idempotent = true;
    core_receive_good(kit, "r1");
    kit->ca->lose = CF_E_TIMEOUT;
    kit->ca->lose_times = LOST_MAX + 2;
    for (int i = 0; i < LOST_MAX + 2; i++) {
        assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_KEYED);
        core_wait(kit, "r1");
    }
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        core_test(a_commit_that_fails_delays_a_request_and_does_not_double_it),
        core_test(a_commit_that_fails_does_not_double_a_pending_request),
        core_test(a_commit_that_fails_does_not_lose_a_failure),
        core_test(a_commit_whose_answer_was_lost_does_not_double_a_request),
        core_test(a_claim_that_was_taken_away_leaves_no_trace),
        core_test(a_store_that_cannot_be_read_is_waited_for),
        core_test(a_revocation_is_carried_out_once_whichever_commit_fails),
        core_test(what_surely_issued_nothing_is_no_submission),
        core_test(a_ca_whose_answers_are_always_lost_is_not_asked_for_ever),
        core_test(an_idempotent_ca_may_lose_as_many_answers_as_it_likes),
    };

    return cmocka_run_group_tests(tests, core_group_setup, core_group_teardown);
}
