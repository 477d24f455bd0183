/* SPDX-License-Identifier: Apache-2.0 */
/* preflight_rights - who may enroll by a template: the connector's account, and who else. */
#include <stdio.h>
#include <string.h>

#include "preflight_say.h"

static const char AUTHENTICATED_USERS[] = "S-1-5-11";
static const char EVERYONE[] = "S-1-1-0";

enum { WELL_KNOWN = 3 }; /* its own, and the two above */

enum cf_rc
adcs_account_access(const struct cf_ad_template *ad_template, const struct cf_account *account,
                    unsigned *ret_access, struct cf_err *err)
{
    const char **sids = calloc(account->n_groups + WELL_KNOWN, sizeof *sids);
    size_t n = 0;

    if (!sids)
        return cf_fail_oom(err);
    sids[n++] = account->sid;
    sids[n++] = AUTHENTICATED_USERS;
    sids[n++] = EVERYONE;
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
        preflight_say(report, CF_FINDING_ERROR,
                      TEMPLATES_CONSOLE "tab Security, give the account Read",
                      "%s has no Read on the template", name);
    if (!(access & ADCS_ACCESS_ENROLL))
        preflight_say(report, CF_FINDING_ERROR,
                      TEMPLATES_CONSOLE "tab Security, give the account Read and Enroll, and look "
                                        "for a Deny of one of its groups",
                      "%s has no Enroll on the template: the CA refuses its requests", name);
    if (access & ADCS_ACCESS_WRITE)
        preflight_say(report, CF_FINDING_WARNING,
                      TEMPLATES_CONSOLE "tab Security, leave the account no more than Read and "
                                        "Enroll",
                      "%s may change the template itself", name);
    else if ((access & ADCS_ACCESS_READ) && (access & ADCS_ACCESS_ENROLL))
        preflight_ok(report, "%s has Read and Enroll, and no more", name);
}

static void
check_word(const struct preflight_report *report, bool may)
{
    const char *name = report->preflight->account_name;

    if (may)
        preflight_ok(report, "%s may enroll, says the policy service", name);
    else
        preflight_say(report, CF_FINDING_ERROR,
                      TEMPLATES_CONSOLE "tab Security, give the account Read and Enroll",
                      "%s may not enroll, says the policy service", name);
}

static bool
may_enroll(const struct cf_ad_template *ad_template, const char *sid)
{
    unsigned access = 0;

    return adcs_access(cf_buf_bytes(ad_template->security_descriptor), &sid, 1, &access, NULL) ==
               CF_OK &&
           access & ADCS_ACCESS_ENROLL;
}

/* The SID of a group of the account's own domain. */
static bool
domain_sid(const struct cf_account *account, const char *rid, char ret_sid[CF_SID_TEXT_SIZE])
{
    const char *end = account ? strrchr(account->sid, '-') : NULL;

    if (!end || strncmp(account->sid, "S-1-5-21-", 9) != 0)
        return false;
    int len = snprintf(ret_sid, CF_SID_TEXT_SIZE, "%.*s-%s", (int)(end - account->sid),
                       account->sid, rid);
    return len > 0 && len < CF_SID_TEXT_SIZE;
}

/* Whoever may enroll by a template that takes the subject from the request may be anyone. */
static void
check_others(const struct preflight_report *report)
{
    static const struct {
        const char *rid; /* NULL: `sid` is the whole */
        const char *sid;
        const char *name;
    } groups[] = {
        {"513", NULL, "Domain Users"},
        {"515", NULL, "Domain Computers"},
        {NULL, AUTHENTICATED_USERS, "Authenticated Users"},
        {NULL, EVERYONE, "Everyone"},
    };
    const struct cf_ad_template *ad_template = report->preflight->ad_template;

    if (!(ad_template->name_flags & CF_CT_ENROLLEE_SUPPLIES_SUBJECT))
        return;
    for (size_t i = 0; i < CF_COUNT(groups); i++) {
        char sid[CF_SID_TEXT_SIZE] = "";
        if (groups[i].rid && !domain_sid(report->preflight->account, groups[i].rid, sid))
            continue;
        if (!may_enroll(ad_template, groups[i].rid ? sid : groups[i].sid))
            continue;
        preflight_say(report, CF_FINDING_WARNING,
                      TEMPLATES_CONSOLE "tab Security, take Enroll from all but the connector's "
                                        "account",
                      "%s may enroll by a template whose subject comes from the request: any of "
                      "them can get a certificate in the name of an administrator (ESC1)",
                      groups[i].name);
    }
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
        preflight_say(report, CF_FINDING_WARNING,
                      "give the account that reads the directory Read on the template",
                      "the template's rights are not shown: whether %s may enroll is not known",
                      preflight->account_name ? preflight->account_name : "the account");
        return;
    }
    if (!preflight->account)
        preflight_say(report, CF_FINDING_WARNING,
                      "see the findings about the directory and the CA's account",
                      "whether %s may enroll is not known: it is not found in the directory with "
                      "its groups",
                      preflight->account_name ? preflight->account_name : "the account");
    else if (adcs_account_access(preflight->ad_template, preflight->account, &access, &why) !=
             CF_OK)
        preflight_say(report, CF_FINDING_WARNING,
                      "let an administrator look at the template's rights in the Certificate "
                      "Templates console, tab Security",
                      "the template's rights cannot be read: %s", why.text);
    else
        check_access(report, access);
    check_others(report);
}
