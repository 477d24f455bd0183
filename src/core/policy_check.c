/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what policies name is there, before a request needs it. */
#include <stdio.h>

#include "certferry/text.h"
#include "policy_internal.h"

enum { TEXT_SIZE = 512 };

static void
check_group(const struct cf_policy_settings *policy, const char *group,
            struct cf_directory *directory, cf_finding_fn *report, void *arg)
{
    struct cf_sid sid;
    char sid_text[CF_SID_TEXT_SIZE], text[TEXT_SIZE], subject[TEXT_SIZE];
    struct cf_finding finding = {.severity = CF_FINDING_OK, .subject = subject, .text = text};

    if (cf_text_equal_nocase(group, "privileged") || cf_sid_read(group, &sid))
        return;
    enum cf_rc rc = directory->ops->find_group(directory, group, sid_text, NULL);
    if (rc == CF_OK) {
        (void)snprintf(text, sizeof text, "refused_groups: '%.200s' is %s", group, sid_text);
    } else if (rc == CF_E_NOT_FOUND || rc == CF_E_CONFLICT) {
        finding.severity = CF_FINDING_ERROR;
        finding.remedy = "correct its name, or give its SID; until then no request of this policy "
                         "can be judged";
        (void)snprintf(text, sizeof text, "refused_groups: the directory has %s '%.200s'",
                       rc == CF_E_NOT_FOUND ? "no group" : "more than one group", group);
    } else {
        return;
    }
    (void)snprintf(subject, sizeof subject, "policy %.200s", policy->name);
    report(arg, &finding);
}

void
cf_policy_check_groups(const struct cf_settings *settings, struct cf_directory *directory,
                       cf_finding_fn *report, void *arg)
{
    for (size_t i = 0; i < settings->n_policies; i++) {
        const struct cf_policy_settings *policy = settings->policies[i];

        for (char **group = policy->refused_groups; group && *group; group++)
            check_group(policy, *group, directory, report, arg);
    }
}
