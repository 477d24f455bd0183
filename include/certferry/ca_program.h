/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ca_program - an operation of a CA as one run of a program.
 *
 * docs/protocol/ca-exec.md is the contract: the operation in the environment, its object on
 * standard input, the answer in the exit status. There is no state: threads run programs side by
 * side.
 */
#pragma once

#include <stdint.h>

#include "certferry/ca.h"
#include "certferry/proc.h"

enum {
    CF_CA_PROGRAM_VARIABLES_MAX = 20,
    CF_CA_PROGRAM_ERRORS_MAX = 16 * 1024,
    CF_CA_PROGRAM_REASON_SIZE = 200
};

enum cf_ca_program_status {
    CF_CA_PROGRAM_DONE = 0, /* issued, revoked, in order */
    CF_CA_PROGRAM_WAIT = 1,
    CF_CA_PROGRAM_REJECTED = 2,
    CF_CA_PROGRAM_UNREACHABLE = 3,
    CF_CA_PROGRAM_MISCONFIGURED = 4,
    CF_CA_PROGRAM_WAIT_SECONDS = 5,
    CF_CA_PROGRAM_UNSUPPORTED = 6,
    CF_CA_PROGRAM_ALREADY_REVOKED = 7, /* revoke */
    CF_CA_PROGRAM_UNKNOWN = 8          /* revoke */
};

/* All borrowed. */
struct cf_ca_program {
    const struct cf_ca_settings *settings; /* whose name, host and timeout it gets */
    char *const *command;                  /* argv, NULL-terminated */
    size_t output_max;
    const volatile int *stop_flag; /* may be NULL */
};

/* CF_E_CONFIG, naming `option`, unless there is an absolute path of something that can be run. */
CF_MUST_USE enum cf_rc cf_ca_program_check(char *const *command, const char *option,
                                           struct cf_err *err);

/* An entry without a value is left out. */
struct cf_ca_program_variable {
    const char *name; /* after CERTFERRY_CA_ */
    const char *value;
};
/* CF_OK when it ended by itself, whatever it said. CF_E_CA_CONFIG when it cannot be started,
 * CF_E_TIMEOUT, CF_E_STOPPED, CF_E_PROTOCOL (too much output) and other transient errors, all with
 * section, operation and program named. */
CF_MUST_USE enum cf_rc cf_ca_program_call(const struct cf_ca_program *program,
                                          const char *operation,
                                          const struct cf_ca_program_variable *variables,
                                          size_t n_variables, struct cf_bytes input,
                                          struct cf_proc_result *ret_result, struct cf_err *err);

/* How it ended; borrowed from the result. */
struct cf_ca_program_end {
    const char *program; /* for texts */
    int exit_status;
    struct cf_bytes output;
    struct cf_bytes errors;
};
struct cf_ca_program_end cf_ca_program_end_of(const struct cf_ca_program *program,
                                              const struct cf_proc_result *result);
/* The first line of stderr, safe to show; empty when there is none. */
void cf_ca_program_reason(const struct cf_ca_program_end *end, char ret[CF_CA_PROGRAM_REASON_SIZE]);
/* The error for every ending that has none of its own; never CF_OK. */
enum cf_rc cf_ca_program_fail(const struct cf_ca_program_end *end, struct cf_err *err);

/* DER as a PEM block (RFC 7468). */
CF_MUST_USE enum cf_rc cf_ca_program_pem(const char *label, struct cf_bytes der,
                                         struct cf_buf **ret_pem, struct cf_err *err);

/* The operation `revoke`, whole; results as struct cf_ca_ops has them for revoke. */
CF_MUST_USE enum cf_rc cf_ca_program_revoke(const struct cf_ca_program *program,
                                            const struct cf_ca_revocation *revocation,
                                            struct cf_err *err);
CF_MUST_USE enum cf_rc cf_ca_program_read_revocation(const struct cf_ca_program_end *end,
                                                     struct cf_err *err);
