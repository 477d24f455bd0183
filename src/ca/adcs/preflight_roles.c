/* SPDX-License-Identifier: Apache-2.0 */
/* preflight_roles - what the account may do at the CA, by the CA's own word. */
#include "adcs.h"
#include "preflight_say.h"

#define CA_SECURITY                                                                                \
    "in the Certification Authority console (certsrv.msc, CA administrators), Properties of the "  \
    "CA, tab Security, "

void
adcs_preflight_roles(const struct adcs_preflight *preflight, uint32_t roles, bool needs_revocation,
                     cf_finding_fn *report_fn, void *arg)
{
    const struct adcs_preflight of_ca = {.ca = preflight->ca,
                                         .account_name = preflight->account_name};
    struct preflight_report report;

    preflight_begin(&report, &of_ca, report_fn, arg);
    const char *name = preflight_account(&report);
    if (roles & ADCS_ROLE_ENROLL)
        cf_report_say(&report.to, CF_FINDING_OK, NULL, "%s may request certificates from the CA",
                      name);
    else
        cf_report_say(
            &report.to, CF_FINDING_ERROR, CA_SECURITY "give the account Request Certificates",
            "%s may not request certificates from the CA (GetMyRoles says 0x%x)", name, roles);
    if (roles & ADCS_ROLE_OFFICER)
        cf_report_say(&report.to, CF_FINDING_OK, NULL, "%s may issue and manage certificates",
                      name);
    else if (needs_revocation)
        cf_report_say(&report.to, CF_FINDING_ERROR,
                      CA_SECURITY "give the account Issue and Manage Certificates, or set "
                                  "revoke_transport = none",
                      "%s may not revoke: it has no Issue and Manage Certificates (GetMyRoles says "
                      "0x%x)",
                      name, roles);
    if (roles & ADCS_ROLE_ADMIN)
        cf_report_say(&report.to, CF_FINDING_WARNING,
                      CA_SECURITY "take Manage CA from the account: it is not needed",
                      "%s may manage the CA itself", name);
}
