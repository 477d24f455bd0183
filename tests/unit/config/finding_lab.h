/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finding_lab - what the checks of files find. "@" in the text of a configuration is the directory
 * of file_lab.
 */
#pragma once

#include <stddef.h>

#include "certferry/config.h"

struct findings {
    char text[16 * 1024]; /* "SEVERITY SUBJECT: TEXT" lines; OK ones are left out */
    size_t n_ok;
};
extern struct findings findings; /* of the last check */

typedef enum cf_rc finding_check_fn(const struct cf_settings *settings, cf_finding_fn *report,
                                    void *arg, struct cf_err *err);
/* No finding shows a secret of the labs. */
void lab_check(finding_check_fn *fn, const char *template_text);
void check_files(const char *text);
void expect_files_clean(const char *text);
/* The only finding begins so. */
void lab_expect_finding(finding_check_fn *fn, const char *text, const char *finding);
void expect_file_finding(const char *text, const char *finding);
