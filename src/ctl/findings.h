/* SPDX-License-Identifier: Apache-2.0 */
/* findings - what `check` and `lint-profile` have in common. */
#pragma once

#include "ask.h"
#include "certferry/finding.h"

/* A cf_finding_fn over a struct cf_json_writer that stands in an array. */
void cf_finding_write(void *arg, const struct cf_finding *finding);
/* Shows a result's "findings"; the exit code hangs on the worst, whichever way they are shown. */
int cf_findings_conclude(struct cf_tool *tool, const struct cf_json *result);
