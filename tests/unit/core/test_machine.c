/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/core/core_kit.h"

#include <stdio.h>
#include <string.h>

#define EACH_ROW(kind, state, row)                                                                 \
    for (unsigned kind = 0; kind < CF_KIND_MAX_; kind++)                                           \
        for (unsigned state = 0; state < CF_STATE_MAX_; state++)                                   \
            for (const struct cf_machine_row *row =                                                \
                     cf_machine_row((enum cf_kind)kind, (enum cf_state)state);                     \
                 row; row = NULL)

static void
every_outcome_leads_to_a_state_of_the_same_kind(void **state)
{
    (void)state;
    EACH_ROW(kind, from, row)
    {
        for (unsigned outcome = 0; outcome < CF_OUTCOME_MAX_; outcome++)
            assert_non_null(cf_machine_row((enum cf_kind)kind, row->next[outcome]));
    }
}

static void
every_state_can_be_reached_from_the_first(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < CF_KIND_MAX_; kind++) {
        unsigned reached = CF_STATE_BIT(CF_STATE_RECEIVED), all = 0;

        for (unsigned round = 0; round < CF_STATE_MAX_; round++) {
            for (unsigned from = 0; from < CF_STATE_MAX_; from++) {
                const struct cf_machine_row *row =
                    cf_machine_row((enum cf_kind)kind, (enum cf_state)from);

                if (!row)
                    continue;
                all |= CF_STATE_BIT(from);
                for (unsigned o = 0; (reached & CF_STATE_BIT(from)) && o < CF_OUTCOME_MAX_; o++)
                    reached |= CF_STATE_BIT(row->next[o]);
            }
        }
        assert_int_equal(reached, all);
    }
}

static void
done_and_failed_both_lead_to_an_end(void **state)
{
    static const enum cf_outcome_class outcomes[] = {CF_OUTCOME_DONE, CF_OUTCOME_FAILED};

    (void)state;
    EACH_ROW(kind, from, row)
    {
        for (size_t i = 0; i < CF_COUNT(outcomes); i++) {
            enum cf_state at = row->state;
            unsigned steps = 0;

            while (!cf_machine_is_final((enum cf_kind)kind, at)) {
                at = cf_machine_row((enum cf_kind)kind, at)->next[outcomes[i]];
                assert_true(++steps < CF_STATE_MAX_);
            }
        }
    }
}

static void
a_retry_stays_where_it_is_and_an_end_is_an_end(void **state)
{
    (void)state;
    EACH_ROW(kind, from, row)
    {
        /* A device's request is judged while the device waits, or not at all. */
        bool is_judging = row->step == CF_STEP_SCEP_ADMIT || row->step == CF_STEP_SCEP_VALIDATE;

        assert_int_equal(row->next[CF_OUTCOME_RETRY], is_judging ? CF_STATE_REPORTED : row->state);
        for (unsigned outcome = 0;
             cf_machine_is_final((enum cf_kind)kind, row->state) && outcome < CF_OUTCOME_MAX_;
             outcome++)
            assert_int_equal(row->next[outcome], row->state);
    }
}

static void
only_submit_and_poll_can_be_pending(void **state)
{
    (void)state;
    EACH_ROW(kind, from, row)
    {
        bool asks_ca = row->step == CF_STEP_SUBMIT || row->step == CF_STEP_POLL;

        assert_int_equal(row->next[CF_OUTCOME_PENDING], asks_ca ? CF_STATE_SUBMITTED : row->state);
    }
}

static void
what_has_effects_outside_begins_on_disk(void **state)
{
    (void)state;
    EACH_ROW(kind, from, row)
    {
        if (row->step == CF_STEP_SUBMIT || row->step == CF_STEP_POLL ||
            row->step == CF_STEP_REVOKE || row->step == CF_STEP_DELIVER ||
            row->step == CF_STEP_SCEP_NOTIFY || row->step == CF_STEP_SCEP_WITHDRAW ||
            row->step == CF_STEP_SCEP_FAIL)
            assert_true(row->durable);
    }
}

static void
work_deliver_and_final_states_share_out_all_states(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < CF_KIND_MAX_; kind++) {
        unsigned work = cf_machine_work_states((enum cf_kind)kind);
        unsigned deliver = cf_machine_deliver_states((enum cf_kind)kind);

        assert_int_equal(work & deliver, 0);
        for (unsigned s = 0; s < CF_STATE_MAX_; s++) {
            bool is_in = ((work | deliver) & CF_STATE_BIT(s)) != 0;
            bool exists = cf_machine_row((enum cf_kind)kind, (enum cf_state)s) != NULL;
            bool is_final = cf_machine_is_final((enum cf_kind)kind, (enum cf_state)s);

            assert_int_equal(exists, is_in || is_final);
            assert_false(is_in && is_final);
        }
    }
}

static void
the_graph_names_every_state_once(void **state)
{
    cf_own(cf_buf) out = cf_buf_new(1 << 16);
    struct cf_err err = {0};

    (void)state;
    assert_ok(cf_machine_dot(out, &err), err);
    EACH_ROW(kind, from, row)
    {
        char node[80];
        snprintf(node, sizeof node, "  \"%s %s\" [label", cf_kind_name((enum cf_kind)kind),
                 cf_state_name(row->state));
        const char *first = strstr(cf_buf_str(out), node);
        assert_non_null(first);
        assert_null(strstr(first + 1, node));
    }
    cf_own(cf_buf) small = cf_buf_new(100);
    assert_rc(cf_machine_dot(small, &err), CF_E_LIMIT);
}

static void
the_store_knows_the_states_in_which_a_ca_is_called_next(void **state)
{
    (void)state;
    for (int kind = 0; kind < CF_KIND_MAX_; kind++) {
        for (int s = 0; s < CF_STATE_MAX_; s++) {
            const struct cf_machine_row *row = cf_machine_row((enum cf_kind)kind, (enum cf_state)s);
            bool is_call = row && (row->step == CF_STEP_SUBMIT || row->step == CF_STEP_POLL);

            if (row)
                assert_int_equal(is_call, (CF_STORE_CA_STATES & CF_STATE_BIT(s)) != 0);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_outcome_leads_to_a_state_of_the_same_kind),
        cmocka_unit_test(every_state_can_be_reached_from_the_first),
        cmocka_unit_test(done_and_failed_both_lead_to_an_end),
        cmocka_unit_test(a_retry_stays_where_it_is_and_an_end_is_an_end),
        cmocka_unit_test(only_submit_and_poll_can_be_pending),
        cmocka_unit_test(what_has_effects_outside_begins_on_disk),
        cmocka_unit_test(work_deliver_and_final_states_share_out_all_states),
        cmocka_unit_test(the_store_knows_the_states_in_which_a_ca_is_called_next),
        cmocka_unit_test(the_graph_names_every_state_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
