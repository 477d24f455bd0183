/* SPDX-License-Identifier: Apache-2.0 */
/* Groups whose members get no certificate. */
#include <string.h>

#include "certferry/text.h"
#include "policy_internal.h"

static bool
is_filled(const char *text)
{
    return text && text[0] != '\0';
}

static bool
is_privileged_entry(const char *entry)
{
    return cf_text_equal_nocase(entry, "privileged");
}

static enum cf_rc
fail_sid(const struct cf_names_judging *judging, const char *source, const char *whose,
         const char *what, struct cf_err *err)
{
    return cf_fail(err, CF_E_POLICY,
                   "%.40s: %.64s is or belongs to %.48s, which [policy %.40s] "
                   "refused_groups refuses; use another account",
                   source, whose, what, judging->grant->policy->name);
}

/* One SID of an account (its own, or that of a group it is in) against one entry. */
static bool
is_of_entry(const char *entry, const struct cf_sid *entry_sid, const struct cf_sid *sid,
            const char **ret_what)
{
    if (is_privileged_entry(entry)) {
        *ret_what = cf_sid_privilege(sid);
        return *ret_what != NULL;
    }
    *ret_what = entry;
    return cf_sid_equal(entry_sid, sid);
}

static enum cf_rc
entry_sid(const struct cf_names_judging *judging, const char *entry, struct cf_sid *ret_sid,
          struct cf_err *err)
{
    struct cf_directory *directory = judging->names->facts->directory;
    const char *policy = judging->grant->policy->name;
    char text[CF_SID_TEXT_SIZE];
    struct cf_err fault = {0};

    if (is_privileged_entry(entry) || cf_sid_read(entry, ret_sid))
        return CF_OK;
    enum cf_rc rc = directory->ops->find_group(directory, entry, text, &fault);
    if (rc == CF_E_NOT_FOUND)
        return cf_fail(err, CF_E_CONFIG,
                       "[policy %.40s] refused_groups: the directory has no group '%.80s'; correct "
                       "its name, or give its SID",
                       policy, entry);
    if (rc == CF_OK && !cf_sid_read(text, ret_sid))
        return cf_fail(err, CF_E_PROTOCOL, "directory: the SID of group '%.80s' is none", entry);
    if (rc != CF_OK && err)
        *err = fault;
    return rc;
}

static enum cf_rc
check_member(const struct cf_names_judging *judging, const char *source,
             const struct cf_account *account, const char *entry, struct cf_err *err)
{
    const char *whose = is_filled(account->upn)                ? account->upn
                        : is_filled(account->sam_account_name) ? account->sam_account_name
                                                               : account->sid;
    struct cf_sid wanted = {0}, sid;
    const char *what = NULL;

    CF_TRY(entry_sid(judging, entry, &wanted, err));
    if (is_filled(account->sid) && cf_sid_read(account->sid, &sid) &&
        is_of_entry(entry, &wanted, &sid, &what))
        return fail_sid(judging, source, whose, what, err);
    for (size_t i = 0; i < account->n_groups; i++) {
        if (!cf_sid_read(account->group_sids[i], &sid))
            return cf_fail(err, CF_E_PROTOCOL, "directory: %.80s is in a group whose SID is none",
                           whose);
        if (is_of_entry(entry, &wanted, &sid, &what))
            return fail_sid(judging, source, whose, what, err);
    }
    return CF_OK;
}

/* A name that holds a SID leads to that account and no other; it has to be the certificate's own,
 * for the groups of any other are not known. */
static enum cf_rc
check_sid_names(const struct cf_names_judging *judging, const struct cf_account *account,
                struct cf_err *err)
{
    const struct cf_san *san = judging->names->san;
    struct cf_sid own = {0}, sid;

    for (size_t i = 0; i < cf_san_count(san); i++) {
        const char *text = cf_sid_of_name(san, i);

        if (text && (!account || !cf_sid_read(account->sid, &own) || !cf_sid_read(text, &sid) ||
                     !cf_sid_equal(&own, &sid)))
            return cf_fail(err, CF_E_POLICY,
                           "profile.subjectAlternativeNames: %.60s is not the SID of the account "
                           "that the certificate is for, so that [policy %.40s] refused_groups "
                           "cannot be judged",
                           text, judging->grant->policy->name);
    }
    return CF_OK;
}

static enum cf_rc
check_groups(const struct cf_names_judging *judging, const char *source,
             const struct cf_account *account, struct cf_err *err)
{
    if (!account->has_groups)
        return cf_fail(err, CF_E_PROTOCOL, "directory: the groups of %.80s are not known",
                       is_filled(account->upn) ? account->upn : account->sid);
    for (char *const *entry = judging->grant->policy->refused_groups; *entry; entry++)
        CF_TRY(check_member(judging, source, account, *entry, err));
    return CF_OK;
}

/* Well-known accounts are known by their SID alone, also by one that only the cloud gave. */
static enum cf_rc
check_said_sid(const struct cf_names_judging *judging, const char *source, const char *text,
               struct cf_err *err)
{
    struct cf_sid sid;

    if (!is_filled(text))
        return CF_OK;
    if (!cf_sid_read(text, &sid))
        return cf_fail(err, CF_E_POLICY,
                       "%s: '%.80s' is no SID, so that [policy %.40s] "
                       "refused_groups cannot be judged",
                       source, text, judging->grant->policy->name);
    for (char *const *entry = judging->grant->policy->refused_groups; *entry; entry++) {
        struct cf_sid wanted = {0};
        const char *what = NULL;

        /* Names of groups are looked up later, and are no account's SID. */
        if (!is_privileged_entry(*entry) && !cf_sid_read(*entry, &wanted))
            continue;
        if (is_of_entry(*entry, &wanted, &sid, &what))
            return fail_sid(judging, source, text, what, err);
    }
    return CF_OK;
}

static enum cf_rc
check_said_sids(const struct cf_names_judging *judging, struct cf_err *err)
{
    const struct cf_san *san = judging->names->san;

    if (!cf_is_for_device(judging))
        CF_TRY(check_said_sid(judging, "user.onPremisesSecurityIdentifier",
                              judging->names->facts->request->user.security_identifier, err));
    for (size_t i = 0; i < cf_san_count(san); i++)
        CF_TRY(check_said_sid(judging, "profile.subjectAlternativeNames", cf_sid_of_name(san, i),
                              err));
    return CF_OK;
}

static bool
needs_directory(const struct cf_policy_settings *policy)
{
    for (char *const *entry = policy->refused_groups; *entry; entry++) {
        if (!is_privileged_entry(*entry))
            return true;
    }
    return false;
}

enum cf_rc
cf_rule_refused_groups(void *arg, struct cf_rule_note *note, struct cf_err *err)
{
    const struct cf_names_judging *judging = arg;
    const struct cf_policy_settings *policy = judging->grant->policy;
    const struct cf_account *own = NULL;

    if (!policy->refused_groups || !policy->refused_groups[0]) {
        cf_rule_is_idle(note, "not configured");
        return CF_OK;
    }
    CF_TRY(check_said_sids(judging, err));
    if (!judging->names->facts->directory) {
        if (needs_directory(policy))
            return cf_fail(err, CF_E_CONFIG,
                           "[policy %.40s] refused_groups: needs a [directory] to know who is in "
                           "them",
                           policy->name);
        cf_rule_says(note, "no SID of a built-in account; there is no directory to ask for "
                           "members");
        return CF_OK;
    }
    CF_TRY(cf_visit_accounts(judging, true, check_groups, err));
    CF_TRY(cf_own_account(judging, true, &own, err));
    CF_TRY(check_sid_names(judging, own, err));
    if (own)
        cf_rule_says(note, "none of the %zu groups of %.80s is refused", own->n_groups,
                     is_filled(own->upn) ? own->upn : own->sid);
    else
        cf_rule_says(note, "the device is in no domain, and no name leads to a refused account");
    return CF_OK;
}
