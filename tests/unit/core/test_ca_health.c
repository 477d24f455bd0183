/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a CA: whether it is healthy, what failed last, and when the journal tells. */
#include "unit/core/core_kit.h"

#include "unit/core/core_ca.h"

static void
end_call(struct core_kit *kit, bool is_revocation, enum cf_rc rc)
{
    struct cf_ca_call call = {.is_revocation = is_revocation};
    struct cf_err err = {0};

    cf_clock_fake_advance(kit->clock, 60000);
    assert_ok(cf_ca_call_begin(&kit->site->cas[0], &call, &err), err);
    if (rc != CF_OK)
        cf_fail(&err, rc, "as the test wants it");
    cf_ca_call_end(&call, rc, &err);
}

static void
a_ca_that_serves_others_is_healthy_whatever_one_request_met(void **state)
{
    struct core_kit *kit = *state;
    struct cf_ca_slot *slot = &kit->site->cas[0];

    core_ca_limit(kit, 0, 5000, 60000);
    end_call(kit, false, CF_E_CA_CONFIG);
    end_call(kit, false, CF_E_REJECTED);
    assert_false(atomic_load(&slot->unhealthy));
    assert_int_equal(kit->log.n[CF_EV_CA_UNAVAILABLE], 0);
    assert_int_equal(atomic_load(&slot->count[CF_CA_COUNT_FAILED]), 1);
    end_call(kit, false, CF_E_PROTOCOL); /* its own failure, though nobody is kept back */
    assert_true(atomic_load(&slot->unhealthy));
    end_call(kit, false, CF_OK);
    end_call(kit, false, CF_E_AUTH);
    assert_true(atomic_load(&slot->unhealthy));
    assert_int_equal(kit->log.n[CF_EV_CA_UNAVAILABLE], 2);
}

static enum cf_rc
last_error(struct core_kit *kit)
{
    struct cf_err err = {0};

    cf_ca_slot_last_error(&kit->site->cas[0], &err);
    if (err.rc != CF_OK)
        assert_contains(err.text, "as the test wants it");
    return err.rc;
}

static void
the_last_error_stands_until_a_request_is_answered(void **state)
{
    struct core_kit *kit = *state;
    struct cf_ca_slot *slot = &kit->site->cas[0];
    struct cf_err err = {0};

    core_ca_limit(kit, 0, 5000, 60000);
    assert_rc(last_error(kit), CF_OK);
    end_call(kit, false, CF_E_CA_CONFIG);
    assert_rc(last_error(kit), CF_E_CA_CONFIG);
    end_call(kit, false, CF_E_REJECTED);
    end_call(kit, true, CF_E_AUTH);
    end_call(kit, true, CF_OK);
    assert_rc(last_error(kit), CF_E_CA_CONFIG);
    end_call(kit, false, CF_OK);
    assert_rc(last_error(kit), CF_OK);

    cf_fail(&err, CF_E_UNSUPPORTED, "as the test wants it"); /* the request's */
    cf_ca_slot_note_error(slot, &err);
    assert_rc(last_error(kit), CF_OK);
    cf_fail(&err, CF_E_DIRECTORY_DOWN, "as the test wants it");
    cf_ca_slot_note_error(slot, &err);
    assert_rc(last_error(kit), CF_E_DIRECTORY_DOWN);
    assert_false(atomic_load(&slot->unhealthy));
}

static void
trouble_is_logged_when_it_begins_and_when_its_reason_changes(void **state)
{
    static const struct {
        enum cf_rc rc;
        unsigned n_logged;
    } STEPS[] = {{CF_E_CA_DOWN, 1}, {CF_E_CA_DOWN, 1}, {CF_E_AUTH, 2},    {CF_E_CA_CONFIG, 2},
                 {CF_E_AUTH, 2},    {CF_OK, 2},        {CF_E_CA_DOWN, 3}, {CF_E_CA_DOWN, 3}};

    for (int is_revocation = 0; is_revocation < 2; is_revocation++) {
        struct core_kit *kit = *state;
        unsigned before = kit->log.n[CF_EV_CA_UNAVAILABLE];
        core_ca_limit(kit, 0, 5000, 60000);
        for (size_t i = 0; i < CF_COUNT(STEPS); i++) {
            end_call(kit, is_revocation, STEPS[i].rc);
            assert_int_equal(kit->log.n[CF_EV_CA_UNAVAILABLE] - before, STEPS[i].n_logged);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        core_test(a_ca_that_serves_others_is_healthy_whatever_one_request_met),
        core_test(the_last_error_stands_until_a_request_is_answered),
        core_test(trouble_is_logged_when_it_begins_and_when_its_reason_changes),
    };

    return cmocka_run_group_tests(tests, core_group_setup, core_group_teardown);
}
