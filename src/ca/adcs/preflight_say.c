/* SPDX-License-Identifier: Apache-2.0 */
#include "preflight_say.h"

#include <stdarg.h>
#include <stdio.h>

enum { TEXT_SIZE = 512 };

void
preflight_begin(struct preflight_report *report, const struct adcs_preflight *preflight,
                cf_finding_fn *fn, void *arg)
{
    *report = (struct preflight_report){.preflight = preflight, .fn = fn, .arg = arg};
    if (preflight->configured)
        (void)snprintf(report->subject, sizeof report->subject, "ca %s template %s", preflight->ca,
                       preflight->configured->name);
    else
        (void)snprintf(report->subject, sizeof report->subject, "ca %s", preflight->ca);
}

static void CF_PRINTF(4, 0) vsay(const struct preflight_report *report, enum cf_severity severity,
                                 const char *remedy, const char *format, va_list args)
{
    char text[TEXT_SIZE];

    (void)vsnprintf(text, sizeof text, format, args);
    struct cf_finding finding = {
        .severity = severity, .subject = report->subject, .text = text, .remedy = remedy};
    report->fn(report->arg, &finding);
}

const char *
preflight_account(const struct preflight_report *report)
{
    const char *name = report->preflight->account_name;

    return name ? name : "the account";
}

void
preflight_ok(const struct preflight_report *report, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsay(report, CF_FINDING_OK, NULL, format, args);
    va_end(args);
}

void
preflight_say(const struct preflight_report *report, enum cf_severity severity, const char *remedy,
              const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsay(report, severity, remedy, format, args);
    va_end(args);
}
