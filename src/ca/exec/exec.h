/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec - what the files of the backend that runs a program share. docs/protocol/ca-exec.md is the
 * contract. There is no state but what was read at open: threads run programs side by side.
 */
#pragma once

#include <stdint.h>

#include "certferry/ca_program.h"
#include "certferry/cert.h"

enum { EXEC_COOKIE_MAX = 4096, EXEC_WAIT_S_MAX = 365 * 24 * 60 * 60 };

struct exec_ca {
    struct cf_ca base;
    const struct cf_ca_settings *settings; /* borrowed */
    struct cf_ca_env env;
    struct cf_chain *chain; /* of chain_file; NULL when not set */
};

/* How calls are made for it. */
struct cf_ca_program cf_exec_program(const struct exec_ca *ca);

/* answer.c: what the program's end means; a pure function. `chain` is chain_file's (may be NULL);
 * `cookie` the one that was passed (NULL at submit). */
CF_MUST_USE enum cf_rc cf_exec_read_answer(const struct cf_ca_program_end *end,
                                           const struct cf_chain *chain, const char *cookie,
                                           struct cf_ca_answer *ret_answer, struct cf_err *err);

/* check.c */
enum cf_rc cf_exec_check(struct cf_ca *base, cf_finding_fn *fn, void *arg, struct cf_err *err);
