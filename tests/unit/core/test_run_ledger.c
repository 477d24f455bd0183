/* SPDX-License-Identifier: Apache-2.0 */
/* What the CA issued is on record, once, and nothing else leaves. */
#include "unit/core/core_kit.h"

#include <string.h>

static void
a_certificate_that_was_not_asked_for_fails_and_is_on_record(void **state)
{
    struct core_kit *kit = *state;

    kit->ca->swaps = true;
    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_FAILED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_rc(item->rc, CF_E_MISMATCH);
    assert_contains(cf_buf_str(item->result), "CryptographyError");
    assert_null(strstr(cf_buf_str(item->result), "sealedPfx"));
    assert_null(item->sealed_key);
    assert_int_equal(core_ledger(kit, "r1"), 1);
    assert_int_equal(kit->log.n[CF_EV_CERTIFICATE_MISMATCH], 1);
    assert_int_equal(kit->log.n[CF_EV_CERTIFICATE_ISSUED], 0);
}

static void
a_certificate_of_another_request_is_refused_and_not_recorded_again(void **state)
{
    struct core_kit *kit = *state;

    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    kit->ca->replays = true;
    core_receive_good(kit, "r2");
    assert_int_equal(core_run_ok(kit, "r2"), CF_STATE_FAILED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r2");
    assert_rc(item->rc, CF_E_MISMATCH);
    assert_contains(item->error, "issued before");
    assert_int_equal(core_ledger(kit, "r1"), 1);
    assert_int_equal(core_ledger(kit, "r2"), 0);
    assert_state(kit, "r1", CF_STATE_WRAPPED);
}

/* Whoever mixed up key files can put the right one back, and the device gets its certificate. */
static void
a_wrong_store_key_parks_the_request_until_the_right_one_is_back(void **state)
{
    struct core_kit *kit = *state;
    cf_own(cf_secret) other = NULL;
    struct cf_secret *right = kit->site->store_key;
    struct cf_err err = {0};

    /* Pending, so that the key has to be unsealed. */
    kit->site->settings->templates[0]->approval = true;
    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_SUBMITTED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_ok(kit->ca->ops.decide(&kit->ca->base, item->cookie, true, &err), err);
    assert_ok(cf_secret_random(32, &other, &err), err);
    kit->site->store_key = other;
    core_wait(kit, "r1");
    enum cf_state rests_in = core_run_ok(kit, "r1");
    kit->site->store_key = right;
    assert_int_equal(rests_in, CF_STATE_ISSUED);
    cf_own(cf_item) parked = core_item(kit, CF_KIND_PKCS, "r1");
    assert_int_equal(parked->fault, CF_FAULT_CONFIG);
    assert_contains(parked->error, "key_file");
    assert_int_equal(core_ledger(kit, "r1"), 1);

    core_wait(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    assert_int_equal(core_ledger(kit, "r1"), 1);
}

static void
what_was_issued_is_on_record_even_when_policy_has_changed_meanwhile(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    kit->site->settings->templates[0]->approval = true;
    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_SUBMITTED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_ok(kit->ca->ops.decide(&kit->ca->base, item->cookie, true, &err), err);
    kit->site->settings->cas[0]->n_templates = 0;
    core_wait(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_FAILED);
    cf_own(cf_item) after = core_item(kit, CF_KIND_PKCS, "r1");
    assert_rc(after->rc, CF_E_POLICY);
    assert_non_null(after->serial);
    assert_int_equal(core_ledger(kit, "r1"), 1);
}

/* A step that cannot end now and can later, after the certificate went on record: the work is done
 * by hand here, since no step of wrap fails that way on demand. */
static void
a_certificate_on_record_for_this_request_is_not_somebody_elses(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};
    struct cf_item *item = NULL;
    int64_t now = cf_clock_now_ms(kit->clock);

    kit->site->settings->templates[0]->approval = true;
    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_SUBMITTED);
    cf_own(cf_item) waiting = core_item(kit, CF_KIND_PKCS, "r1");
    assert_ok(kit->ca->ops.decide(&kit->ca->base, waiting->cookie, true, &err), err);

    /* As a retry of wrap leaves it: ISSUED, and the ledger has the entry. */
    assert_ok(kit->store->ops->claim_one(kit->store, kit->site->owner, CF_KIND_PKCS, "r1", now,
                                         now + CF_CLAIM_MS, &item, &err),
              err);
    struct cf_work *work = cf_work_new(kit->site, item);
    struct cf_outcome outcome = {0};
    assert_ok(cf_step_poll(work, &outcome, &err), err);
    item->state = CF_STATE_ISSUED;
    assert_ok(cf_step_wrap(work, &outcome, &err), err);
    cf_own(cf_item) stored = core_item(kit, CF_KIND_PKCS, "r1");
    stored->state = CF_STATE_ISSUED;
    stored->cert = cf_buf_copy(cf_buf_bytes(item->cert));
    stored->chain = cf_buf_copy(cf_buf_bytes(item->chain));
    const struct cf_change change = {
        .item = stored, .from = CF_STATE_SUBMITTED, .issued = work->issued};
    assert_ok(kit->store->ops->commit(kit->store, kit->site->owner, &change, 1, &err), err);
    cf_work_free(work);

    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    assert_int_equal(core_ledger(kit, "r1"), 1);
    assert_int_equal(kit->log.n[CF_EV_CERTIFICATE_MISMATCH], 0);
}

static void
a_context_whose_result_was_pruned_gets_no_second_certificate(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};
    uint64_t n = 0;
    struct cf_items items = {0};
    int64_t now = cf_clock_now_ms(kit->clock);

    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    assert_ok(kit->store->ops->claim(kit->store, kit->site->owner, CF_STATE_BIT(CF_STATE_WRAPPED),
                                     1u << CF_KIND_PKCS, NULL, 0, now, now + 1000, 1, &items, &err),
              err);
    items.item[0]->state = CF_STATE_DELIVERED;
    const struct cf_change change = {.item = items.item[0], .from = CF_STATE_WRAPPED};
    assert_ok(kit->store->ops->commit(kit->store, kit->site->owner, &change, 1, &err), err);
    cf_items_done(&items);
    cf_clock_fake_advance(kit->clock, 30 * KIT_DAY_MS);
    assert_ok(kit->store->ops->prune(kit->store, cf_clock_now_ms(kit->clock), &n, &err), err);
    assert_int_equal(n, 1);
    assert_int_equal(core_ledger(kit, "r1"), 1);

    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_FAILED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_rc(item->rc, CF_E_CONFLICT);
    assert_contains(cf_buf_str(item->result), "ConflictError");
    assert_int_equal(kit->ca->n_submits, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        core_test(a_certificate_that_was_not_asked_for_fails_and_is_on_record),
        core_test(a_certificate_of_another_request_is_refused_and_not_recorded_again),
        core_test(a_wrong_store_key_parks_the_request_until_the_right_one_is_back),
        core_test(what_was_issued_is_on_record_even_when_policy_has_changed_meanwhile),
        core_test(a_certificate_on_record_for_this_request_is_not_somebody_elses),
        core_test(a_context_whose_result_was_pruned_gets_no_second_certificate),
    };

    return cmocka_run_group_tests(tests, core_group_setup, core_group_teardown);
}
