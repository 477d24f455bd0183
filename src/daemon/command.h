/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command - what can be asked over the control socket: one function per command, run on a worker.
 */
#pragma once

#include "certferry/json.h"
#include "daemon.h"

struct cf_command_call {
    struct cf_daemon *daemon;
    struct cf_site *site;          /* borrowed for the call */
    const struct cf_json *request; /* the whole request object */
    const char *who;               /* name of the user at the other end */
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

/* Runs the command that the request names and makes the whole answer line, also for an error. */
CF_MUST_USE enum cf_rc cf_command_answer(struct cf_daemon *daemon, struct cf_bytes line,
                                         const char *who, struct cf_buf **ret_answer,
                                         struct cf_err *err);

void cf_command_put_time(struct cf_json_writer *out, const char *name, int64_t ms);
