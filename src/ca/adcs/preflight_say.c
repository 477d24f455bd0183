/* SPDX-License-Identifier: Apache-2.0 */
#include "preflight_say.h"

void
preflight_begin(struct preflight_report *report, const struct adcs_preflight *preflight,
                cf_finding_fn *fn, void *arg)
{
    report->preflight = preflight;
    report->to = preflight->configured ? cf_report_to(fn, arg, "ca %s template %s", preflight->ca,
                                                      preflight->configured->name)
                                       : cf_report_to(fn, arg, "ca %s", preflight->ca);
}

const char *
preflight_account(const struct preflight_report *report)
{
    const char *name = report->preflight->account_name;

    return name ? name : "the account";
}
