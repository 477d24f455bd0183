/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/finding.h"

#include <stdarg.h>
#include <stdio.h>

struct cf_report
cf_report_to(cf_finding_fn *fn, void *arg, const char *format, ...)
{
    struct cf_report report = {.fn = fn, .arg = arg};
    va_list args;

    va_start(args, format);
    (void)vsnprintf(report.subject, sizeof report.subject, format, args);
    va_end(args);
    return report;
}

void
cf_report_say(const struct cf_report *report, enum cf_severity severity, const char *remedy,
              const char *format, ...)
{
    char text[CF_FINDING_TEXT_SIZE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const struct cf_finding finding = {
        .severity = severity, .subject = report->subject, .text = text, .remedy = remedy};
    report->fn(report->arg, &finding);
}
