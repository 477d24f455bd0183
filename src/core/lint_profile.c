/* SPDX-License-Identifier: Apache-2.0 */
/* lint_profile - the groups of rules, one after another, and how they report. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lint.h"

enum { TEXT_SIZE = 512 };

void
cf_lint_say(struct cf_lint *lint, enum cf_severity severity, const char *member, const char *remedy,
            const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);

    const struct cf_finding finding = {
        .severity = severity, .subject = member, .text = text, .remedy = remedy};
    lint->report(lint->arg, &finding);
    if (severity != CF_FINDING_OK)
        lint->n_problems++;
}

void
cf_lint_ok(struct cf_lint *lint, size_t n_problems_before, const char *member, const char *text)
{
    if (lint->n_problems == n_problems_before)
        cf_lint_say(lint, CF_FINDING_OK, member, NULL, "%s", text);
}

enum cf_rc
cf_profile_lint(const struct cf_settings *settings, struct cf_bytes json, cf_finding_fn *report,
                void *arg, struct cf_err *err)
{
    cf_own(cf_json) document = NULL;
    struct cf_lint_profile profile = {0};
    struct cf_lint lint = {.settings = settings, .profile = &profile, .report = report, .arg = arg};

    CF_TRY(cf_json_parse(json, CF_PROFILE_JSON_MAX, &document, err));
    enum cf_rc rc = cf_lint_read(&lint, document, &profile, err);
    if (rc == CF_OK) {
        cf_lint_names(&lint);
        cf_lint_grant(&lint);
        cf_lint_lifetime(&lint);
        cf_lint_key(&lint);
        cf_lint_platform(&lint);
    }
    cf_lint_profile_done(&profile);
    return rc;
}
