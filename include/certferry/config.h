/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config - INI files to settings, by one option table (src/config/schema.c).
 *
 * PATH is read first, then every *.conf in the directory PATH + ".d" in the order of its names (for
 * /etc/certferry/certferry.conf: /etc/certferry/certferry.conf.d). A key in a later file replaces
 * the earlier one; the same key twice in one file is an error. Section names are
 * [connector] ... [recipient], and [ca NAME] and [template NAME] any number of times.
 *
 * certferryd and certferry-scepd read the same files. credential:NAME becomes the path where the
 * unit whose credential it is finds it, in both: a process has those of its own unit only.
 */
#pragma once

#include <stddef.h>

#include "certferry/buf.h"
#include "certferry/finding.h"
#include "certferry/settings.h"

#define CF_CONFIG_PATH "/etc/certferry/certferry.conf"

/* One fault, with its place: "FILE:LINE: text". Called for every fault found, not only the first.
 */
typedef void cf_config_fault_fn(void *arg, const char *file, unsigned line, const char *text);

/* CF_E_CONFIG when there was any fault (all were reported; err holds the first), CF_E_IO or
 * CF_E_PERMISSION when a file cannot be read. Applies defaults, presets and cross-checks between
 * options; opens no file but the INI files. `report` may be NULL. */
CF_MUST_USE enum cf_rc cf_config_load(const char *path, cf_config_fault_fn *report, void *arg,
                                      struct cf_settings **ret_settings, struct cf_err *err);
/* The same from one text, for tests and fuzzing; `name` stands for the file name. */
CF_MUST_USE enum cf_rc cf_config_parse(const char *name, struct cf_bytes text,
                                       cf_config_fault_fn *report, void *arg,
                                       struct cf_settings **ret_settings, struct cf_err *err);

/* Looks at every file the settings name: present, readable, right permissions and content kind,
 * matching (CA certificate and key, identity), not expired; directories writable. Never prints
 * secret content. Credentials that are missing only because this is not the service's own
 * environment are warnings. */
CF_MUST_USE enum cf_rc cf_config_check_files(const struct cf_settings *settings,
                                             cf_finding_fn *report, void *arg, struct cf_err *err);

/* The same for the files that certferry-scepd reads: those of [scep] that certferryd never does. */
CF_MUST_USE enum cf_rc cf_config_check_front(const struct cf_settings *settings,
                                             cf_finding_fn *report, void *arg, struct cf_err *err);

/* Options that changed but take effect only after a restart, as "section.key" texts separated by
 * blanks; empty when none. */
CF_MUST_USE enum cf_rc cf_config_restart_needed(const struct cf_settings *old,
                                                const struct cf_settings *fresh, struct cf_buf *out,
                                                struct cf_err *err);

/* The effective configuration as an INI text with all defaults filled in; paths of secrets are
 * shown, what they hold is not
 * ("--print-config"). */
CF_MUST_USE enum cf_rc cf_config_print(const struct cf_settings *settings, struct cf_buf *out,
                                       struct cf_err *err);
/* Generated from the table: conf/certferry.conf and the option section of certferry.conf(5). */
CF_MUST_USE enum cf_rc cf_config_sample(struct cf_buf *out, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_config_manual(struct cf_buf *out, struct cf_err *err);
