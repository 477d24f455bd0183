/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec - what the files of the backend that runs a program share. docs/protocol/ca-exec.md is the
 * contract. There is no state but what was read at open: threads run programs side by side.
 */
#pragma once

#include <stdint.h>

#include "certferry/ca.h"
#include "certferry/cert.h"
#include "certferry/proc.h"

enum {
    EXEC_COOKIE_MAX = 4096,
    EXEC_VARIABLES_MAX = 20,
    EXEC_ERRORS_MAX = 16 * 1024,
    EXEC_REASON_SIZE = 200,
    EXEC_WAIT_S_MAX = 365 * 24 * 60 * 60
};

enum exec_status {
    EXEC_ISSUED = 0, /* revoke: revoked; check: in order */
    EXEC_WAIT = 1,
    EXEC_REJECTED = 2,
    EXEC_UNREACHABLE = 3,
    EXEC_MISCONFIGURED = 4,
    EXEC_WAIT_SECONDS = 5,
    EXEC_UNSUPPORTED = 6,
    EXEC_ALREADY_REVOKED = 7, /* revoke */
    EXEC_UNKNOWN = 8          /* revoke */
};

struct exec_ca {
    struct cf_ca base;
    const struct cf_ca_settings *settings; /* borrowed */
    struct cf_ca_env env;
    struct cf_chain *chain; /* of chain_file; NULL when not set */
};

/* answer.c: what the program's end means. Pure functions. */
struct exec_output {
    const char *program; /* for texts */
    int exit_status;
    struct cf_bytes output;
    struct cf_bytes errors;
};
/* `chain` is chain_file's (may be NULL); `cookie` the one that was passed (NULL at submit). */
CF_MUST_USE enum cf_rc cf_exec_read_answer(const struct exec_output *end,
                                           const struct cf_chain *chain, const char *cookie,
                                           struct cf_ca_answer *ret_answer, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_exec_read_revocation(const struct exec_output *end, struct cf_err *err);
/* The error for every ending that has none of its own; never CF_OK. */
enum cf_rc cf_exec_fail(const struct exec_output *end, struct cf_err *err);

/* call.c: one run. An entry without a value is left out. */
struct exec_variable {
    const char *name; /* after CERTFERRY_CA_ */
    const char *value;
};
CF_MUST_USE enum cf_rc cf_exec_call(const struct exec_ca *ca, const char *operation,
                                    const struct exec_variable *variables, size_t n_variables,
                                    struct cf_bytes input, struct cf_proc_result *ret_result,
                                    struct cf_err *err);
struct exec_output cf_exec_output_of(const struct exec_ca *ca, const struct cf_proc_result *result);

/* pem.c */
CF_MUST_USE enum cf_rc cf_exec_pem(const char *label, struct cf_bytes der, struct cf_buf **ret_pem,
                                   struct cf_err *err);

/* check.c */
enum cf_rc cf_exec_check(struct cf_ca *base, cf_finding_fn *fn, void *arg, struct cf_err *err);
