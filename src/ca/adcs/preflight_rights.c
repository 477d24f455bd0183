/* SPDX-License-Identifier: Apache-2.0 */
/* preflight_rights - who may enroll by a template: the connector's account, and who else. */
#include <stdlib.h>

#include "preflight_say.h"

/* What every account of the forest is at a CA that it signs in to over the network. Users are those
 * of the CA's host, whom Authenticated Users belong to. */
static const struct well_known {
    const char *sid;
    const char *name;
} WELL_KNOWN[] = {
    {"S-1-1-0", "Everyone"},           {"S-1-5-11", "Authenticated Users"}, {"S-1-5-2", "Network"},
    {"S-1-5-15", "This Organization"}, {"S-1-5-32-545", "Users"},
};

enum cf_rc
adcs_account_access(const struct cf_ad_template *ad_template, const struct cf_account *account,
                    unsigned *ret_access, struct cf_err *err)
{
    const char **sids = calloc(1 + CF_COUNT(WELL_KNOWN) + account->n_groups, sizeof *sids);
    size_t n = 0;

    if (!sids)
        return cf_fail_oom(err);
    sids[n++] = account->sid;
    for (size_t i = 0; i < CF_COUNT(WELL_KNOWN); i++)
        sids[n++] = WELL_KNOWN[i].sid;
    for (size_t i = 0; i < account->n_groups; i++)
        sids[n++] = account->group_sids[i];
    enum cf_rc rc =
        adcs_access(cf_buf_bytes(ad_template->security_descriptor), sids, n, ret_access, err);
    free(sids);
    return rc;
}

static void
check_access(const struct preflight_report *report, unsigned access)
{
    const char *name = report->preflight->account_name;

    if (!(access & ADCS_ACCESS_READ))
        cf_report_say(&report->to, CF_FINDING_ERROR,
                      TEMPLATES_CONSOLE "tab Security, give the account Read",
                      "%s has no Read on the template", name);
    if (!(access & ADCS_ACCESS_ENROLL))
        cf_report_say(&report->to, CF_FINDING_ERROR,
                      TEMPLATES_CONSOLE "tab Security, give the account Read and Enroll, and look "
                                        "for a Deny of one of its groups",
                      "%s has no Enroll on the template: the CA refuses its requests", name);
    if (access & ADCS_ACCESS_WRITE)
        cf_report_say(&report->to, CF_FINDING_WARNING,
                      TEMPLATES_CONSOLE "tab Security, leave the account no more than Read and "
                                        "Enroll",
                      "%s may change the template itself", name);
    else if ((access & ADCS_ACCESS_READ) && (access & ADCS_ACCESS_ENROLL))
        cf_report_say(&report->to, CF_FINDING_OK, NULL, "%s has Read and Enroll, and no more",
                      name);
}

static void
check_word(const struct preflight_report *report, bool may)
{
    const char *name = preflight_account(report);

    if (may)
        cf_report_say(&report->to, CF_FINDING_OK, NULL, "%s may enroll, says the policy service",
                      name);
    else
        cf_report_say(&report->to, CF_FINDING_ERROR,
                      TEMPLATES_CONSOLE "tab Security, give the account Read and Enroll",
                      "%s may not enroll, says the policy service", name);
}

static void
check_group(const struct preflight_report *report, const struct well_known *group)
{
    const struct cf_ad_template *ad_template = report->preflight->ad_template;
    unsigned access = 0;

    if (adcs_access(cf_buf_bytes(ad_template->security_descriptor), &group->sid, 1, &access,
                    NULL) != CF_OK)
        return;
    if ((access & ADCS_ACCESS_ENROLL) &&
        (ad_template->name_flags & CF_CT_ENROLLEE_SUPPLIES_SUBJECT))
        cf_report_say(&report->to, CF_FINDING_WARNING,
                      TEMPLATES_CONSOLE "tab Security, take Enroll from all but the connector's "
                                        "account",
                      "%s may enroll by a template whose subject comes from the request: any of "
                      "them can get a certificate in the name of an administrator (ESC1)",
                      group->name);
    if (access & ADCS_ACCESS_WRITE)
        cf_report_say(&report->to, CF_FINDING_WARNING,
                      TEMPLATES_CONSOLE "tab Security, take Write and Full Control from all but "
                                        "administrators",
                      "%s may change the template, and so give themselves the right to enroll "
                      "by it (ESC4)",
                      group->name);
}

/* Whoever may enroll by a template that takes the subject from the request may be anyone. */
static void
check_others(const struct preflight_report *report)
{
    static const struct well_known OF_DOMAINS[] = {{"*-513", "Domain Users"},
                                                   {"*-515", "Domain Computers"}};

    for (size_t i = 0; i < CF_COUNT(OF_DOMAINS); i++)
        check_group(report, &OF_DOMAINS[i]);
    for (size_t i = 0; i < CF_COUNT(WELL_KNOWN); i++)
        check_group(report, &WELL_KNOWN[i]);
}

void
preflight_rights(const struct preflight_report *report)
{
    const struct adcs_preflight *preflight = report->preflight;
    unsigned access = 0;
    struct cf_err why = {0};

    if (preflight->may_enroll) {
        check_word(report, *preflight->may_enroll);
        return;
    }
    if (!preflight->ad_template->security_descriptor) {
        cf_report_say(&report->to, CF_FINDING_WARNING,
                      "give the account that reads the directory Read on the template",
                      "the template's rights are not shown: whether %s may enroll is not known",
                      preflight_account(report));
        return;
    }
    if (!preflight->account && !preflight->account_name)
        cf_report_say(&report->to, CF_FINDING_OK, NULL,
                      "which account signs in by certificate is not known here: its rights "
                      "on the template are not looked at");
    else if (!preflight->account)
        cf_report_say(&report->to, CF_FINDING_WARNING,
                      "see the findings about the directory and the CA's account",
                      "whether %s may enroll is not known: it is not found in the directory with "
                      "its groups",
                      preflight->account_name);
    else if (adcs_account_access(preflight->ad_template, preflight->account, &access, &why) !=
             CF_OK)
        cf_report_say(&report->to, CF_FINDING_WARNING,
                      "let an administrator look at the template's rights in the Certificate "
                      "Templates console, tab Security",
                      "the template's rights cannot be read: %s", why.text);
    else
        check_access(report, access);
    check_others(report);
}
