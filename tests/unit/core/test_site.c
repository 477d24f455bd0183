/* SPDX-License-Identifier: Apache-2.0 */
/* Sites are counted: a reload does not take away what work still uses. */
#include "unit/core/core_kit.h"

static unsigned
refs(struct cf_site *site)
{
    return atomic_load(&site->refs);
}

static void
work_keeps_its_site_through_a_reload(void **state)
{
    struct core_kit *kit = *state;
    struct cf_site *old = kit->site;
    struct cf_err err = {0};

    core_start_scheduler(kit, 1);
    assert_int_equal(refs(old), 2);
    core_receive_good(kit, "r1");
    struct cf_item *item = NULL;
    int64_t now = cf_clock_now_ms(kit->clock);
    assert_ok(kit->store->ops->claim_one(kit->store, old->owner, CF_KIND_PKCS, "r1", now,
                                         now + 1000, &item, &err),
              err);
    struct cf_work *work = cf_work_new(old, item);
    assert_int_equal(refs(old), 3);

    struct cf_site *fresh = core_site(kit, NULL);
    strcpy(fresh->owner, "renamed");
    cf_scheduler_use_site(kit->scheduler, fresh);
    assert_int_equal(refs(fresh), 2);
    assert_string_equal(fresh->owner, old->owner); /* the work's claim can be renewed */
    cf_site_free(fresh);
    assert_int_equal(refs(old), 2); /* ours and the work's */

    bool handoff = true;
    enum cf_lane lane = CF_LANE_CPU;
    while (handoff)
        assert_ok(cf_work_run(work, lane, &handoff, &lane, &err), err);
    cf_work_free(work);
    assert_int_equal(refs(old), 1);
    assert_state(kit, "r1", CF_STATE_WRAPPED);

    struct cf_site *used = cf_scheduler_site(kit->scheduler);
    assert_ptr_equal(used, fresh);
    assert_int_equal(refs(used), 2);
    cf_site_free(used);
}

static void
a_ca_that_left_the_configuration_is_named(void **state)
{
    struct core_kit *kit = *state;
    struct cf_ca_slot *slot = NULL;
    struct cf_err err = {0};

    assert_ok(cf_site_need_ca(kit->site, "corp", &slot, &err), err);
    assert_ptr_equal(slot, cf_site_ca(kit->site, "corp"));
    slot = NULL;
    assert_rc(cf_site_need_ca(kit->site, "gone", &slot, &err), CF_E_CA_CONFIG);
    assert_contains(err.text, "[ca gone]");
    assert_null(slot);
}

static void
a_reload_takes_back_offs_away(void **state)
{
    struct core_kit *kit = *state;
    struct cf_duty_status status;

    core_start_scheduler(kit, 1);
    kit->scheduler->duty[CF_DUTY_HEARTBEAT].failures = 7;
    kit->scheduler->duty[CF_DUTY_HEARTBEAT].next_ms += KIT_DAY_MS;
    cf_scheduler_kick(kit->scheduler, CF_DUTY_HEARTBEAT);
    cf_scheduler_duty_status(kit->scheduler, CF_DUTY_HEARTBEAT, &status);
    assert_true(status.due_in_ms > 0); /* a kick does not shorten a back-off */
    cf_scheduler_use_site(kit->scheduler, kit->site);
    cf_scheduler_duty_status(kit->scheduler, CF_DUTY_HEARTBEAT, &status);
    assert_int_equal(status.due_in_ms, 0);
    assert_int_equal(status.failures, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        core_test(work_keeps_its_site_through_a_reload),
        core_test(a_ca_that_left_the_configuration_is_named),
        core_test(a_reload_takes_back_offs_away),
    };

    return cmocka_run_group_tests(tests, core_group_setup, core_group_teardown);
}
