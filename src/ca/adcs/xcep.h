/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xcep - certificate enrollment policy by web service (MS-XCEP): its messages, and what they tell
 * of templates and CAs. Pure functions.
 */
#pragma once

#include "soap.h"

#define XCEP_ACTION SOAP_NS_POLICY "/IPolicy/GetPolicies"

enum { XCEP_REFERENCES_MAX = 200 };

struct xcep_template {
    struct cf_ad_template *facts; /* dn and security_descriptor are not told */
    bool may_enroll;
    uint64_t *cas; /* references of the CAs that issue by it */
    size_t n_cas;
};

struct xcep_ca {
    uint64_t reference;
    bool may_enroll;
    struct cf_buf *cert; /* DER; NULL: not told */
    struct cf_ces_url *urls;
    size_t n_urls;
};

struct xcep_policies {
    struct xcep_template *templates;
    size_t n_templates;
    struct xcep_ca *cas;
    size_t n_cas;
};
void xcep_policies_done(struct xcep_policies *policies);

/* Asks for everything. */
CF_MUST_USE enum cf_rc xcep_write(const struct soap_head *head, struct soap_message *ret_message,
                                  struct cf_err *err);
/* CF_E_PROTOCOL, and what soap_fault_fail makes of a fault. */
CF_MUST_USE enum cf_rc xcep_read(struct cf_bytes answer, const char *message_id,
                                 struct xcep_policies *ret_policies, struct cf_err *err);

/* The template of this name, when the CA behind `ces_url` (any of them, when none has that URL)
 * issues by it. Borrowed; NULL: not offered. *ret_may_enroll: so say template and CA. */
const struct xcep_template *xcep_find(const struct xcep_policies *policies, const char *name,
                                      const char *ces_url, bool *ret_may_enroll);
