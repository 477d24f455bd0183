/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command - what can be asked over a socket: one function per command, run on a worker.
 */
#pragma once

#include "certferry/json.h"
#include "daemon.h"

/* What a command may leave to be waited for. */
struct cf_command_hold {
    uint64_t wait_ms;                 /* 0: the answer is not held */
    int64_t item_id;                  /* which has to rest before it is worth looking again */
    char context[CF_CONTEXT_MAX + 1]; /* empty: there is nothing to be waited for */
};

struct cf_command_call {
    struct cf_daemon *daemon;
    struct cf_site *site;          /* borrowed for the call */
    const struct cf_json *request; /* the whole request object */
    const char *who;               /* name of the user at the other end */
    struct cf_command_hold *hold;  /* NULL: answers are not held */
};

/* Writes the members of the result object. */
typedef enum cf_rc cf_command_fn(const struct cf_command_call *call, struct cf_json_writer *out,
                                 struct cf_err *err);

cf_command_fn cf_command_status;
cf_command_fn cf_command_requests;
cf_command_fn cf_command_explain;
cf_command_fn cf_command_retry;
cf_command_fn cf_command_cancel;
cf_command_fn cf_command_approve;
cf_command_fn cf_command_deny;
cf_command_fn cf_command_ca_cert;
cf_command_fn cf_command_recipient_info;
cf_command_fn cf_command_revoke;
cf_command_fn cf_command_expiring;
cf_command_fn cf_command_check;
cf_command_fn cf_command_policy_test;
cf_command_fn cf_command_adcs_discover;
cf_command_fn cf_command_scep_challenge;
cf_command_fn cf_command_scep_status;

cf_command_fn cf_scep_command_profiles;
cf_command_fn cf_scep_command_enroll;
cf_command_fn cf_scep_command_poll;
cf_command_fn cf_scep_command_look;
cf_command_fn cf_scep_command_get_cert;
cf_command_fn cf_scep_command_get_crl;
cf_command_fn cf_scep_command_ra_get;
cf_command_fn cf_scep_command_ra_put;
cf_command_fn cf_scep_command_ra_request;

struct cf_command {
    const char *name;
    cf_command_fn *fn;
};

/* What one socket offers. */
struct cf_command_set {
    const struct cf_command *commands;
    size_t n;
    size_t request_max;
    size_t answer_max;
};
extern const struct cf_command_set cf_control_commands;
extern const struct cf_command_set cf_scep_commands;

/* Runs the command that the line names and makes the whole answer line, also for an error. hold may
 * be NULL. */
CF_MUST_USE enum cf_rc cf_command_answer(struct cf_daemon *daemon, const struct cf_command_set *set,
                                         struct cf_bytes line, const char *who,
                                         struct cf_command_hold *hold, struct cf_buf **ret_answer,
                                         struct cf_err *err);

/* An object of this name: how many items of these kinds there are, by state. */
CF_MUST_USE enum cf_rc cf_command_put_counts(struct cf_site *site, struct cf_json_writer *out,
                                             unsigned kinds, const char *name, struct cf_err *err);
void cf_command_put_time(struct cf_json_writer *out, const char *name, int64_t ms);
