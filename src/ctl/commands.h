/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands - the one table of what `certferry` can do: it is parser, usage, help and completion.
 */
#pragma once

#include "tool.h"

enum { CF_TOOL_OPTIONS_MAX = 8 };

struct cf_tool_option {
    const char *name;    /* NULL ends a list */
    char letter;         /* 0: none */
    const char *value;   /* name of its value; NULL: a switch */
    const char *choices; /* values to complete, separated by blanks; NULL: none */
    const char *help;
};

struct cf_tool_args {
    const struct cf_tool_option *options;
    const char *value[CF_TOOL_OPTIONS_MAX]; /* as in options; "" for a switch that is on */
    const char *argument;                   /* NULL: none given */
};

typedef int cf_tool_run_fn(struct cf_tool *tool, const struct cf_tool_args *args);

struct cf_tool_command {
    const char *name; /* one word, or two with a blank between: group and command */
    cf_tool_run_fn *run;
    const char *argument; /* "ID"; "[COMMAND]" when it may be left out; NULL: takes none */
    const char *choices;  /* of the argument, for completion */
    const struct cf_tool_option *options;
    const char *help;    /* one line */
    const char *details; /* for `certferry help COMMAND` */
};

extern const struct cf_tool_command cf_tool_commands[];
extern const size_t cf_tool_n_commands;
extern const struct cf_tool_option cf_tool_global_options[];

const struct cf_tool_command *cf_tool_find_command(const char *name); /* NULL: no such */
/* Whether its name is "GROUP WORD". */
bool cf_tool_is_of_group(const struct cf_tool_command *command, const char *group);

/* NULL when it was not given. Asking for an option that the command lacks is a bug. */
const char *cf_tool_option(const struct cf_tool_args *args, const char *name);

/* Parses the command line and runs the command; the exit code of the process. */
int cf_tool_main(struct cf_tool *tool, int argc, char *const *argv);

void cf_tool_usage(FILE *out);
void cf_tool_describe(struct cf_tool *tool, const struct cf_tool_command *command);
void cf_tool_bash_completion(FILE *out);
/* A complaint and where help is; CF_TOOL_USAGE. */
int cf_tool_misuse(struct cf_tool *tool, const char *format, ...) CF_PRINTF(2, 3);

cf_tool_run_fn cf_tool_status;
cf_tool_run_fn cf_tool_requests;
cf_tool_run_fn cf_tool_explain;
cf_tool_run_fn cf_tool_retry;
cf_tool_run_fn cf_tool_cancel;
cf_tool_run_fn cf_tool_approve;
cf_tool_run_fn cf_tool_deny;
cf_tool_run_fn cf_tool_ca_cert;
cf_tool_run_fn cf_tool_recipient_info;
cf_tool_run_fn cf_tool_revoke;
cf_tool_run_fn cf_tool_expiring;
cf_tool_run_fn cf_tool_check;
cf_tool_run_fn cf_tool_lint_profile;
cf_tool_run_fn cf_tool_policy_test;
cf_tool_run_fn cf_tool_adcs_discover;
cf_tool_run_fn cf_tool_scep_challenge;
cf_tool_run_fn cf_tool_scep_status;
cf_tool_run_fn cf_tool_enroll;
cf_tool_run_fn cf_tool_import_key;
cf_tool_run_fn cf_tool_help;
cf_tool_run_fn cf_tool_completion;
