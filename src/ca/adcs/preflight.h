/* SPDX-License-Identifier: Apache-2.0 */
/*
 * preflight - will this CA issue by this template to this account what profiles need? Pure
 * functions over what the directory and the CA said; each row is one finding with what was read,
 * what is needed, and who can change it and where.
 */
#pragma once

#include "certferry/ca.h"
#include "certferry/enrollment.h"

enum {
    ADCS_ACCESS_READ = 1 << 0,
    ADCS_ACCESS_ENROLL = 1 << 1,
    ADCS_ACCESS_WRITE = 1 << 2 /* may change the template, its owner or its rights */
};

/* The rights a security descriptor (self-relative, MS-DTYP 2.4.6) gives to the owner of these SIDs,
 * by the order of MS-ADTS 5.1.3.3: in the order of its entries, inherit-only ones left out; what
 * one denies no later one allows. Of entries with a condition only what they deny counts. Whoever
 * owns the object may change its rights, unless entries for OWNER RIGHTS say otherwise. No DACL at
 * all allows everything. "*-513" among the SIDs is that group of any domain. CF_E_ENCODING. */
CF_MUST_USE enum cf_rc adcs_access(struct cf_bytes security_descriptor, const char *const *sids,
                                   size_t n_sids, unsigned *ret_access, struct cf_err *err);

/* The same for an account with its groups and what every account has at a CA over the network; the
 * template has a security descriptor. */
CF_MUST_USE enum cf_rc adcs_account_access(const struct cf_ad_template *ad_template,
                                           const struct cf_account *account, unsigned *ret_access,
                                           struct cf_err *err);

struct adcs_preflight {
    const char *ca;                                /* section, for the findings' subject */
    const struct cf_enrollment_service *service;   /* NULL: not in the directory */
    const struct cf_ad_template *ad_template;      /* NULL: there is none */
    const struct cf_template_settings *configured; /* sid_mode and sid_form resolved */
    const struct cf_account *account;              /* with its groups; NULL: not known */
    const char *account_name; /* NULL: a certificate's, whose name is not known */
    const bool *may_enroll;   /* the policy service's word; NULL: it was not asked */
};
/* Everything about one template. */
void adcs_preflight_template(const struct adcs_preflight *preflight, cf_finding_fn *report,
                             void *arg);
/* What GetMyRoles said about the account's rights on the CA. */
void adcs_preflight_roles(const struct adcs_preflight *preflight, uint32_t roles,
                          bool needs_revocation, cf_finding_fn *report, void *arg);
