/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finding - one line of a check: what was looked at, what was found, what to do about it.
 */
#pragma once

enum cf_severity { CF_FINDING_OK, CF_FINDING_WARNING, CF_FINDING_ERROR };

struct cf_finding {
    enum cf_severity severity;
    const char *subject; /* "ca corp", "cloud", "store" */
    const char *text;    /* what was found */
    const char *remedy;  /* what to do, NULL when all is well */
};

/* Texts are borrowed for the call. */
typedef void cf_finding_fn(void *arg, const struct cf_finding *finding);
