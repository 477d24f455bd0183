/* SPDX-License-Identifier: Apache-2.0 */
#include "faults.h"

#include <stdarg.h>
#include <stdio.h>

void
cf_faults_add(struct cf_faults *faults, struct cf_place place, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (faults->n == CF_FAULTS_TOLD_MAX)
        (void)snprintf(text, sizeof text, "more faults than can be told: correct these first");
    if (faults->n == 0)
        (void)cf_fail(&faults->first, CF_E_CONFIG, "%s:%u: %s", place.file, place.line, text);
    if (faults->report && faults->n <= CF_FAULTS_TOLD_MAX)
        faults->report(faults->arg, place.file, place.line, text);
    faults->n++;
}
