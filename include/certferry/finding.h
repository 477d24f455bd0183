/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finding - one line of a check: what was looked at, what was found, what to do about it.
 */
#pragma once

#include "certferry/own.h"

enum cf_severity { CF_FINDING_OK, CF_FINDING_WARNING, CF_FINDING_ERROR };

struct cf_finding {
    enum cf_severity severity;
    const char *subject; /* "ca corp", "cloud", "store" */
    const char *text;    /* what was found */
    const char *remedy;  /* what to do, NULL when all is well */
};

/* Texts are borrowed for the call. */
typedef void cf_finding_fn(void *arg, const struct cf_finding *finding);

/* Where the findings about one subject go. */
enum { CF_FINDING_SUBJECT_SIZE = 400, CF_FINDING_TEXT_SIZE = 512 };
struct cf_report {
    cf_finding_fn *fn;
    void *arg;
    char subject[CF_FINDING_SUBJECT_SIZE];
};
/* Makes a report about "ca NAME" and the like; a subject that is too long is cut. */
struct cf_report cf_report_to(cf_finding_fn *fn, void *arg, const char *format, ...)
    CF_PRINTF(3, 4);
/* One finding; its text is cut at CF_FINDING_TEXT_SIZE. remedy NULL: all is well. */
void cf_report_say(const struct cf_report *report, enum cf_severity severity, const char *remedy,
                   const char *format, ...) CF_PRINTF(4, 5);
