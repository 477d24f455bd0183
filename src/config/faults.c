/* SPDX-License-Identifier: Apache-2.0 */
#include "faults.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "certferry/text.h"

void
cf_faults_add(struct cf_faults *faults, struct cf_place place, const char *format, ...)
{
    char raw[512], text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    /* What was quoted may have been cut within a character. */
    cf_text_sanitize(raw, strlen(raw), text, sizeof text);
    if (faults->n == CF_FAULTS_TOLD_MAX)
        (void)snprintf(text, sizeof text, "more faults than can be told: correct these first");
    if (faults->n == 0)
        (void)cf_fail(&faults->first, CF_E_CONFIG, "%s:%u: %s", place.file, place.line, text);
    if (faults->report && faults->n <= CF_FAULTS_TOLD_MAX)
        faults->report(faults->arg, place.file, place.line, text);
    faults->n++;
}
