/* SPDX-License-Identifier: Apache-2.0 */
/* check - what the parts of one check share. */
#pragma once

#include "adcs.h"
#include "preflight_say.h"

struct adcs_checking {
    struct adcs_ca *ca;
    struct preflight_report report;              /* of findings about the CA itself */
    struct cf_enrollment_services services;      /* owned */
    const struct cf_enrollment_service *service; /* among them; NULL: not found */
    struct cf_account *account;                  /* owned; NULL: not found, or nobody to ask */
    const char *account_name; /* NULL: a certificate's, whose name is not known */
};

/* check_templates.c: the preflight of every template of the section. */
void adcs_check_templates(const struct adcs_checking *checking, cf_finding_fn *report, void *arg);
