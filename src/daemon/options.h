/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options - the command line of certferryd, and the modes that only look at the configuration.
 */
#pragma once

enum cf_action { CF_ACTION_RUN, CF_ACTION_CHECK, CF_ACTION_PRINT_CONFIG };

struct cf_options {
    enum cf_action action;
    const char *config_path;
};

/* sysexits(3): what the unit's RestartPreventExitStatus= knows. */
enum { CF_EXIT_OK = 0, CF_EXIT_FAILURE = 1, CF_EXIT_USAGE = 64, CF_EXIT_CONFIG = 78 };

/* -1: go on; otherwise the exit status. */
int cf_options_parse(int argc, char **argv, struct cf_options *ret_options);
int cf_print_config(const struct cf_options *options);
int cf_check_config(const struct cf_options *options);
