/* SPDX-License-Identifier: Apache-2.0 */
/*
 * machine - the state table: which step belongs to a state, and where its outcome leads.
 *
 * The table is the whole of it: nothing else decides what comes after what.
 */
#pragma once

#include "certferry/pool.h"
#include "certferry/store.h"

enum cf_step {
    CF_STEP_NONE, /* a final state */
    CF_STEP_ADMIT,
    CF_STEP_KEY,
    CF_STEP_SUBMIT,
    CF_STEP_POLL,
    CF_STEP_WRAP,
    CF_STEP_REVOKE,
    CF_STEP_REENCRYPT,     /* admit and wrap in one: a kept copy, for another recipient */
    CF_STEP_IMPORT,        /* likewise: the request's own PFX */
    CF_STEP_SCEP_ADMIT,    /* may this CSR be certified? */
    CF_STEP_SCEP_VALIDATE, /* what the challenge is worth, where the cloud judges it */
    CF_STEP_SCEP_RECORD,   /* the certificate is compared with what was asked, and on record */
    CF_STEP_SCEP_NOTIFY,   /* the cloud hears of it before the device gets it */
    CF_STEP_SCEP_WITHDRAW, /* the cloud would not have it: revoked */
    CF_STEP_SCEP_FAIL,     /* the cloud hears that there will be none */
    CF_STEP_DELIVER        /* done for many items at once by a duty */
};

enum cf_outcome_class {
    CF_OUTCOME_DONE,
    CF_OUTCOME_PENDING, /* the CA wants time */
    CF_OUTCOME_RETRY,   /* transient or configuration: the same state again, later */
    CF_OUTCOME_FAILED,
    CF_OUTCOME_MAX_
};

struct cf_machine_row {
    enum cf_kind kind;
    enum cf_state state;
    enum cf_step step;
    enum cf_lane lane;
    bool durable; /* the state has to be on disk before its step begins */
    enum cf_state next[CF_OUTCOME_MAX_];
};

/* NULL for a state that this kind does not have. */
const struct cf_machine_row *cf_machine_row(enum cf_kind kind, enum cf_state state);
const char *cf_step_name(enum cf_step step);
/* CF_STATE_BIT mask of the states whose step is (is not) CF_STEP_DELIVER; final ones in neither. */
unsigned cf_machine_work_states(enum cf_kind kind);
unsigned cf_machine_deliver_states(enum cf_kind kind);
/* Of all kinds of a mask (1 << kind). */
unsigned cf_machine_work_states_of(unsigned kinds);
unsigned cf_machine_deliver_states_of(unsigned kinds);
bool cf_machine_is_final(enum cf_kind kind, enum cf_state state);

/* The table as a Graphviz digraph, for docs/states.dot. */
CF_MUST_USE enum cf_rc cf_machine_dot(struct cf_buf *out, struct cf_err *err);
