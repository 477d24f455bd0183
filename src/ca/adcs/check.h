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

    /* What went wrong, so that nothing is said that only follows from it. */
    bool has_no_ticket;
    bool is_directory_away;
    bool is_unknown; /* the directory answers, and has no such CA */
    bool is_away;    /* the CA, by RPC */
    char skipped[128];
};

/* An error, as the failure tells it. */
void adcs_check_failed(const struct adcs_checking *checking, const struct cf_err *failure,
                       const char *remedy);
/* The same about a search; without an answer of any kind no further search is made. */
void adcs_check_directory_failed(struct adcs_checking *checking, const struct cf_err *failure,
                                 const char *remedy);
/* Of the CA: `step` stands in the one line about what was not looked at. */
void adcs_check_skip(struct adcs_checking *checking, const char *step);

/* check_entry.c: the enrollment service and the certificates in it. */
void adcs_check_entry(struct adcs_checking *checking);

/* check_templates.c: the preflight of every template of the section. */
void adcs_check_templates(const struct adcs_checking *checking, cf_finding_fn *report, void *arg);
