/* SPDX-License-Identifier: Apache-2.0 */
/* preflight_say - findings about one template, and who can change what. */
#pragma once

#include "preflight.h"

struct preflight_report {
    const struct adcs_preflight *preflight;
    struct cf_report to;
};

void preflight_begin(struct preflight_report *report, const struct adcs_preflight *preflight,
                     cf_finding_fn *fn, void *arg);
/* Its name, or "the account". */
const char *preflight_account(const struct preflight_report *report);
/* preflight_rights.c: Read and Enroll of the account, and who else may. */
void preflight_rights(const struct preflight_report *report);

/* Where templates are changed, and who may by default. */
#define TEMPLATES_CONSOLE "in the Certificate Templates console (certtmpl.msc, Enterprise Admins), "
