/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/machine.h"

#define STATE(name) CF_STATE_##name

/* kind, state, step, lane, durable, { done, pending, retry, failed } */
static const struct cf_machine_row rows[] = {
    {CF_KIND_PKCS,
     STATE(RECEIVED),
     CF_STEP_ADMIT,
     CF_LANE_CPU,
     true,
     {STATE(ADMITTED), STATE(RECEIVED), STATE(RECEIVED), STATE(FAILED)}},
    {CF_KIND_PKCS,
     STATE(ADMITTED),
     CF_STEP_KEY,
     CF_LANE_CPU,
     false,
     {STATE(KEYED), STATE(ADMITTED), STATE(ADMITTED), STATE(FAILED)}},
    {CF_KIND_PKCS,
     STATE(KEYED),
     CF_STEP_SUBMIT,
     CF_LANE_IO,
     true,
     {STATE(ISSUED), STATE(SUBMITTED), STATE(KEYED), STATE(FAILED)}},
    {CF_KIND_PKCS,
     STATE(SUBMITTED),
     CF_STEP_POLL,
     CF_LANE_IO,
     true,
     {STATE(ISSUED), STATE(SUBMITTED), STATE(SUBMITTED), STATE(FAILED)}},
    {CF_KIND_PKCS,
     STATE(ISSUED),
     CF_STEP_WRAP,
     CF_LANE_CPU,
     false,
     {STATE(WRAPPED), STATE(ISSUED), STATE(ISSUED), STATE(FAILED)}},
    {CF_KIND_PKCS,
     STATE(WRAPPED),
     CF_STEP_DELIVER,
     CF_LANE_IO,
     true,
     {STATE(DELIVERED), STATE(WRAPPED), STATE(WRAPPED), STATE(REPORTED)}},
    {CF_KIND_PKCS,
     STATE(FAILED),
     CF_STEP_DELIVER,
     CF_LANE_IO,
     true,
     {STATE(REPORTED), STATE(FAILED), STATE(FAILED), STATE(REPORTED)}},
    {CF_KIND_PKCS,
     STATE(DELIVERED),
     CF_STEP_NONE,
     CF_LANE_IO,
     true,
     {STATE(DELIVERED), STATE(DELIVERED), STATE(DELIVERED), STATE(DELIVERED)}},
    {CF_KIND_PKCS,
     STATE(REPORTED),
     CF_STEP_NONE,
     CF_LANE_IO,
     true,
     {STATE(REPORTED), STATE(REPORTED), STATE(REPORTED), STATE(REPORTED)}},

    {CF_KIND_REVOCATION,
     STATE(RECEIVED),
     CF_STEP_REVOKE,
     CF_LANE_IO,
     true,
     {STATE(REVOKED), STATE(RECEIVED), STATE(RECEIVED), STATE(FAILED)}},
    {CF_KIND_REVOCATION,
     STATE(REVOKED),
     CF_STEP_DELIVER,
     CF_LANE_IO,
     true,
     {STATE(DELIVERED), STATE(REVOKED), STATE(REVOKED), STATE(REPORTED)}},
    {CF_KIND_REVOCATION,
     STATE(FAILED),
     CF_STEP_DELIVER,
     CF_LANE_IO,
     true,
     {STATE(REPORTED), STATE(FAILED), STATE(FAILED), STATE(REPORTED)}},
    {CF_KIND_REVOCATION,
     STATE(DELIVERED),
     CF_STEP_NONE,
     CF_LANE_IO,
     true,
     {STATE(DELIVERED), STATE(DELIVERED), STATE(DELIVERED), STATE(DELIVERED)}},
    {CF_KIND_REVOCATION,
     STATE(REPORTED),
     CF_STEP_NONE,
     CF_LANE_IO,
     true,
     {STATE(REPORTED), STATE(REPORTED), STATE(REPORTED), STATE(REPORTED)}},

    {CF_KIND_REENCRYPT,
     STATE(RECEIVED),
     CF_STEP_REENCRYPT,
     CF_LANE_CPU,
     true,
     {STATE(WRAPPED), STATE(RECEIVED), STATE(RECEIVED), STATE(FAILED)}},
    {CF_KIND_REENCRYPT,
     STATE(WRAPPED),
     CF_STEP_DELIVER,
     CF_LANE_IO,
     true,
     {STATE(DELIVERED), STATE(WRAPPED), STATE(WRAPPED), STATE(REPORTED)}},
    {CF_KIND_REENCRYPT,
     STATE(FAILED),
     CF_STEP_DELIVER,
     CF_LANE_IO,
     true,
     {STATE(REPORTED), STATE(FAILED), STATE(FAILED), STATE(REPORTED)}},
    {CF_KIND_REENCRYPT,
     STATE(DELIVERED),
     CF_STEP_NONE,
     CF_LANE_IO,
     true,
     {STATE(DELIVERED), STATE(DELIVERED), STATE(DELIVERED), STATE(DELIVERED)}},
    {CF_KIND_REENCRYPT,
     STATE(REPORTED),
     CF_STEP_NONE,
     CF_LANE_IO,
     true,
     {STATE(REPORTED), STATE(REPORTED), STATE(REPORTED), STATE(REPORTED)}},

    {CF_KIND_IMPORT,
     STATE(RECEIVED),
     CF_STEP_IMPORT,
     CF_LANE_CPU,
     true,
     {STATE(WRAPPED), STATE(RECEIVED), STATE(RECEIVED), STATE(FAILED)}},
    {CF_KIND_IMPORT,
     STATE(WRAPPED),
     CF_STEP_DELIVER,
     CF_LANE_IO,
     true,
     {STATE(DELIVERED), STATE(WRAPPED), STATE(WRAPPED), STATE(REPORTED)}},
    {CF_KIND_IMPORT,
     STATE(FAILED),
     CF_STEP_DELIVER,
     CF_LANE_IO,
     true,
     {STATE(REPORTED), STATE(FAILED), STATE(FAILED), STATE(REPORTED)}},
    {CF_KIND_IMPORT,
     STATE(DELIVERED),
     CF_STEP_NONE,
     CF_LANE_IO,
     true,
     {STATE(DELIVERED), STATE(DELIVERED), STATE(DELIVERED), STATE(DELIVERED)}},
    {CF_KIND_IMPORT,
     STATE(REPORTED),
     CF_STEP_NONE,
     CF_LANE_IO,
     true,
     {STATE(REPORTED), STATE(REPORTED), STATE(REPORTED), STATE(REPORTED)}},

    /* Nothing is admitted or validated without a device that waits: what cannot be now ends, and
     * begins anew with the device's next message. */
    {CF_KIND_SCEP,
     STATE(RECEIVED),
     CF_STEP_SCEP_ADMIT,
     CF_LANE_CPU,
     true,
     {STATE(ADMITTED), STATE(RECEIVED), STATE(REPORTED), STATE(REPORTED)}},
    {CF_KIND_SCEP,
     STATE(ADMITTED),
     CF_STEP_SCEP_VALIDATE,
     CF_LANE_IO,
     false,
     {STATE(KEYED), STATE(ADMITTED), STATE(REPORTED), STATE(REPORTED)}},
    {CF_KIND_SCEP,
     STATE(KEYED),
     CF_STEP_SUBMIT,
     CF_LANE_IO,
     true,
     {STATE(ISSUED), STATE(SUBMITTED), STATE(KEYED), STATE(FAILED)}},
    {CF_KIND_SCEP,
     STATE(SUBMITTED),
     CF_STEP_POLL,
     CF_LANE_IO,
     true,
     {STATE(ISSUED), STATE(SUBMITTED), STATE(SUBMITTED), STATE(FAILED)}},
    {CF_KIND_SCEP,
     STATE(ISSUED),
     CF_STEP_SCEP_RECORD,
     CF_LANE_CPU,
     false,
     {STATE(RECORDED), STATE(ISSUED), STATE(ISSUED), STATE(FAILED)}},
    {CF_KIND_SCEP,
     STATE(RECORDED),
     CF_STEP_SCEP_NOTIFY,
     CF_LANE_IO,
     true,
     {STATE(DELIVERED), STATE(RECORDED), STATE(RECORDED), STATE(REFUSED)}},
    {CF_KIND_SCEP,
     STATE(REFUSED),
     CF_STEP_SCEP_WITHDRAW,
     CF_LANE_IO,
     true,
     {STATE(REPORTED), STATE(REFUSED), STATE(REFUSED), STATE(REPORTED)}},
    {CF_KIND_SCEP,
     STATE(FAILED),
     CF_STEP_SCEP_FAIL,
     CF_LANE_IO,
     true,
     {STATE(REPORTED), STATE(FAILED), STATE(FAILED), STATE(REPORTED)}},
    {CF_KIND_SCEP,
     STATE(DELIVERED),
     CF_STEP_NONE,
     CF_LANE_IO,
     true,
     {STATE(DELIVERED), STATE(DELIVERED), STATE(DELIVERED), STATE(DELIVERED)}},
    {CF_KIND_SCEP,
     STATE(REPORTED),
     CF_STEP_NONE,
     CF_LANE_IO,
     true,
     {STATE(REPORTED), STATE(REPORTED), STATE(REPORTED), STATE(REPORTED)}},
};

static const char *const step_names[] = {
    [CF_STEP_NONE] = "none",
    [CF_STEP_ADMIT] = "admit",
    [CF_STEP_KEY] = "key",
    [CF_STEP_SUBMIT] = "submit",
    [CF_STEP_POLL] = "poll",
    [CF_STEP_WRAP] = "wrap",
    [CF_STEP_REVOKE] = "revoke",
    [CF_STEP_REENCRYPT] = "reencrypt",
    [CF_STEP_IMPORT] = "import",
    [CF_STEP_SCEP_ADMIT] = "admit",
    [CF_STEP_SCEP_VALIDATE] = "validate",
    [CF_STEP_SCEP_RECORD] = "record",
    [CF_STEP_SCEP_NOTIFY] = "notify",
    [CF_STEP_SCEP_WITHDRAW] = "withdraw",
    [CF_STEP_SCEP_FAIL] = "tell",
    [CF_STEP_DELIVER] = "deliver",
};

const struct cf_machine_row *
cf_machine_row(enum cf_kind kind, enum cf_state state)
{
    for (size_t i = 0; i < CF_COUNT(rows); i++) {
        if (rows[i].kind == kind && rows[i].state == state)
            return &rows[i];
    }
    return NULL;
}

const char *
cf_step_name(enum cf_step step)
{
    return step_names[step];
}

unsigned
cf_machine_work_states(enum cf_kind kind)
{
    unsigned states = 0;

    for (size_t i = 0; i < CF_COUNT(rows); i++) {
        if (rows[i].kind == kind && rows[i].step != CF_STEP_NONE && rows[i].step != CF_STEP_DELIVER)
            states |= CF_STATE_BIT(rows[i].state);
    }
    return states;
}

unsigned
cf_machine_deliver_states(enum cf_kind kind)
{
    unsigned states = 0;

    for (size_t i = 0; i < CF_COUNT(rows); i++) {
        if (rows[i].kind == kind && rows[i].step == CF_STEP_DELIVER)
            states |= CF_STATE_BIT(rows[i].state);
    }
    return states;
}

unsigned
cf_machine_work_states_of(unsigned kinds)
{
    unsigned states = 0;

    for (unsigned kind = 0; kind < CF_KIND_MAX_; kind++) {
        if (kinds & (1u << kind))
            states |= cf_machine_work_states((enum cf_kind)kind);
    }
    return states;
}

unsigned
cf_machine_deliver_states_of(unsigned kinds)
{
    unsigned states = 0;

    for (unsigned kind = 0; kind < CF_KIND_MAX_; kind++) {
        if (kinds & (1u << kind))
            states |= cf_machine_deliver_states((enum cf_kind)kind);
    }
    return states;
}

bool
cf_machine_is_final(enum cf_kind kind, enum cf_state state)
{
    const struct cf_machine_row *row = cf_machine_row(kind, state);

    return row && row->step == CF_STEP_NONE;
}

enum cf_rc
cf_machine_dot(struct cf_buf *out, struct cf_err *err)
{
    static const char *const labels[CF_OUTCOME_MAX_] = {
        [CF_OUTCOME_DONE] = "",
        [CF_OUTCOME_PENDING] = "pending",
        [CF_OUTCOME_RETRY] = "later",
        [CF_OUTCOME_FAILED] = "failed",
    };

    CF_TRY(cf_buf_append_str(out, "digraph states {\n  rankdir=LR;\n  node [shape=box];\n", err));
    for (size_t i = 0; i < CF_COUNT(rows); i++) {
        const char *kind = cf_kind_name(rows[i].kind);
        const char *from = cf_state_name(rows[i].state);

        CF_TRY(cf_buf_appendf(out, err, "  \"%s %s\" [label=\"%s\"%s];\n", kind, from, from,
                              rows[i].step == CF_STEP_NONE ? ", peripheries=2"
                              : rows[i].durable            ? ", style=bold"
                                                           : ""));
        for (unsigned outcome = 0; outcome < CF_OUTCOME_MAX_; outcome++) {
            enum cf_state to = rows[i].next[outcome];

            if (to == rows[i].state)
                continue;
            const char *label =
                outcome == CF_OUTCOME_DONE ? cf_step_name(rows[i].step) : labels[outcome];
            CF_TRY(cf_buf_appendf(out, err, "  \"%s %s\" -> \"%s %s\" [label=\"%s\"];\n", kind,
                                  from, kind, cf_state_name(to), label));
        }
    }
    return cf_buf_append_str(out, "}\n", err);
}
