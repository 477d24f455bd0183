/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options - the command line of certferry-scepd, and the mode that only looks at the configuration.
 */
#pragma once

#include "certferry/settings.h"

struct cf_scepd_options {
    const char *config_path;
    bool is_check;
};

/* sysexits(3): what the unit's RestartPreventExitStatus= knows. */
enum {
    CF_SCEPD_EXIT_OK = 0,
    CF_SCEPD_EXIT_FAILURE = 1,
    CF_SCEPD_EXIT_USAGE = 64,
    CF_SCEPD_EXIT_CONFIG = 78
};

/* -1: go on; otherwise the exit status. */
int cf_scepd_options_parse(int argc, char **argv, struct cf_scepd_options *ret_options);
int cf_scepd_check(const struct cf_scepd_options *options);
/* Of a configuration that cf_config_load took: whether there is a front door in it. CF_E_CONFIG. */
CF_MUST_USE enum cf_rc cf_scepd_is_configured(const struct cf_settings *settings,
                                              struct cf_err *err);
