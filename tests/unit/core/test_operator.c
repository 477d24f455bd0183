/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/operator.h"

#include "unit/core/core_kit.h"

#include <string.h>

static void
make_waiting(struct core_kit *kit)
{
    core_receive_good(kit, "r1");
    kit->ca->fail = CF_E_CA_DOWN;
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_KEYED);
    kit->ca->fail = CF_OK;
}

static void
make_pending(struct core_kit *kit)
{
    kit->site->settings->templates[0]->approval = true;
    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_SUBMITTED);
}

static void
expect_free(struct core_kit *kit, const char *context)
{
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, context);

    assert_int_equal(item->claimed_until_ms, 0);
}

static void
retry_makes_a_waiting_request_due_now(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    make_waiting(kit);
    assert_ok(cf_operator_retry(kit->site, "r1", &err), err);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_true(item->due_ms <= cf_clock_now_ms(kit->clock));
    assert_int_equal(item->attempts, 0);
    expect_free(kit, "r1");
}

static void
what_is_not_there_or_being_worked_on_is_said_so(void **state)
{
    struct core_kit *kit = *state;
    struct cf_item *item = NULL;
    struct cf_err err = {0};
    int64_t now = cf_clock_now_ms(kit->clock);
    bool was = false;

    assert_rc(cf_operator_retry(kit->site, "none", &err), CF_E_NOT_FOUND);
    assert_rc(cf_operator_cancel(kit->site, "none", "ada", &err), CF_E_NOT_FOUND);
    assert_rc(cf_operator_decide(kit->site, "none", true, "ada", &err), CF_E_NOT_FOUND);
    assert_rc(cf_operator_revoke(kit->site, "77", NULL, 1, &was, &err), CF_E_NOT_FOUND);
    assert_rc(cf_operator_revoke(kit->site, "x y", NULL, 1, &was, &err), CF_E_SYNTAX);

    core_receive_good(kit, "r1");
    assert_ok(kit->store->ops->claim_one(kit->store, "worker", CF_KIND_PKCS, "r1", now, now + 1000,
                                         &item, &err),
              err);
    cf_item_free(item);
    assert_rc(cf_operator_retry(kit->site, "r1", &err), CF_E_LEASE);
    assert_rc(cf_operator_cancel(kit->site, "r1", "ada", &err), CF_E_LEASE);
}

static void
cancel_ends_a_request_that_has_no_certificate(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    make_waiting(kit);
    assert_ok(cf_operator_cancel(kit->site, "r1", "ada", &err), err);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_int_equal(item->state, CF_STATE_FAILED);
    assert_rc(item->rc, CF_E_CANCELLED);
    assert_contains(cf_buf_str(item->result), "cancelled by ada");
    assert_null(item->sealed_key);
    expect_free(kit, "r1");
    assert_rc(cf_operator_cancel(kit->site, "r1", "ada", &err), CF_E_CONFLICT);
    expect_free(kit, "r1");
}

static void
cancel_does_not_touch_a_request_that_has_one(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    assert_rc(cf_operator_cancel(kit->site, "r1", "ada", &err), CF_E_CONFLICT);
    assert_contains(err.text, "revoke its certificate instead");
    assert_state(kit, "r1", CF_STATE_WRAPPED);
    expect_free(kit, "r1");
}

static void
retry_of_a_finished_request_is_refused(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};
    struct cf_item *item = NULL;
    int64_t now = cf_clock_now_ms(kit->clock);

    core_receive_good(kit, "r1");
    assert_ok(
        kit->store->ops->claim_one(kit->store, "w", CF_KIND_PKCS, "r1", now, now + 9, &item, &err),
        err);
    item->state = CF_STATE_REPORTED;
    const struct cf_change change = {.item = item, .from = CF_STATE_RECEIVED};
    assert_ok(kit->store->ops->commit(kit->store, "w", &change, 1, &err), err);
    cf_item_free(item);
    assert_rc(cf_operator_retry(kit->site, "r1", &err), CF_E_CONFLICT);
    expect_free(kit, "r1");
}

static void
an_approval_lets_the_request_go_on(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    make_pending(kit);
    assert_ok(cf_operator_decide(kit->site, "r1", true, "ada", &err), err);
    expect_free(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    assert_rc(cf_operator_decide(kit->site, "r1", true, "ada", &err), CF_E_CONFLICT);
    expect_free(kit, "r1");
}

static void
a_denial_fails_it_and_cannot_be_taken_back(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    make_pending(kit);
    assert_ok(cf_operator_decide(kit->site, "r1", false, "ada", &err), err);
    assert_rc(cf_operator_decide(kit->site, "r1", true, "ada", &err), CF_E_CONFLICT);
    expect_free(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_FAILED);
}

static void
a_ca_that_decides_by_itself_is_not_asked(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    make_pending(kit);
    kit->ca->ops.decide = NULL;
    assert_rc(cf_operator_decide(kit->site, "r1", true, "ada", &err), CF_E_UNSUPPORTED);
    expect_free(kit, "r1");
}

static void
a_deed_that_the_store_does_not_take_leaves_the_request_free(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    make_waiting(kit);
    cf_fake_store_fail_next_of(kit->store, "commit", CF_E_DISK_FULL);
    assert_rc(cf_operator_retry(kit->site, "r1", &err), CF_E_DISK_FULL);
    expect_free(kit, "r1");
    cf_fake_store_fail_next_of(kit->store, "commit", CF_E_DISK_FULL);
    assert_rc(cf_operator_cancel(kit->site, "r1", "ada", &err), CF_E_DISK_FULL);
    expect_free(kit, "r1");
    assert_state(kit, "r1", CF_STATE_KEYED);
}

static void
revoke_marks_the_ledger_and_is_done_once(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};
    bool was = true;

    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_rc(cf_operator_revoke(kit->site, item->serial, "CN=Other", 1, &was, &err),
              CF_E_NOT_FOUND);

    kit->ca->fail = CF_E_CA_DOWN;
    kit->ca->fail_times = 1;
    assert_rc(cf_operator_revoke(kit->site, item->serial, NULL, 1, &was, &err), CF_E_CA_DOWN);
    cf_fake_store_fail_next_of(kit->store, "ledger_revoke", CF_E_STORE_BUSY);
    assert_rc(cf_operator_revoke(kit->site, item->serial, NULL, 1, &was, &err), CF_E_STORE_BUSY);
    assert_ok(cf_operator_revoke(kit->site, item->serial, "CN=Test CA", 1, &was, &err), err);
    assert_false(was);
    assert_ok(cf_operator_revoke(kit->site, item->serial, NULL, 1, &was, &err), err);
    assert_true(was);
    assert_int_equal(kit->ca->n_revokes, 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        core_test(retry_makes_a_waiting_request_due_now),
        core_test(what_is_not_there_or_being_worked_on_is_said_so),
        core_test(cancel_ends_a_request_that_has_no_certificate),
        core_test(cancel_does_not_touch_a_request_that_has_one),
        core_test(retry_of_a_finished_request_is_refused),
        core_test(an_approval_lets_the_request_go_on),
        core_test(a_denial_fails_it_and_cannot_be_taken_back),
        core_test(a_ca_that_decides_by_itself_is_not_asked),
        core_test(a_deed_that_the_store_does_not_take_leaves_the_request_free),
        core_test(revoke_marks_the_ledger_and_is_done_once),
    };

    return cmocka_run_group_tests(tests, core_group_setup, core_group_teardown);
}
