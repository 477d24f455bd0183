/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts and groups that get no certificate.
 *
 * A certificate speaks for the account the request names, and for each account that its alternative
 * names lead to: whoever reads it maps a user principal name, a host name or a SID to an account,
 * whatever the request said of its user. All of them are looked up.
 */
#include <string.h>
#include <strings.h>

#include "certferry/sid.h"
#include "certferry/text.h"
#include "policy_internal.h"

/* A certificate of many names must not hold a worker for as long as a slow directory likes. */
enum { LOOKUPS_MAX_MS = 60 * 1000 };

#define OID_EMAIL "1.2.840.113549.1.9.1"

static bool
is_filled(const char *text)
{
    return text && text[0] != '\0';
}

bool
cf_is_for_device(const struct cf_names_judging *judging)
{
    return judging->names->facts->request->profile.is_device;
}

const char *
cf_sid_of_name(const struct cf_san *san, size_t i)
{
    const char *value = cf_san_value_at(san, i);

    if (cf_san_type_at(san, i) != CF_SAN_URI ||
        strncasecmp(value, CF_SID_URI, sizeof CF_SID_URI - 1) != 0)
        return NULL;
    return value + sizeof CF_SID_URI - 1;
}

/* "name" of "name@realm" and of "DOMAIN\name". */
static bool
is_sam_of_upn(const char *pattern, const char *upn)
{
    char local[256];
    size_t len = strcspn(upn, "@");

    if (len == 0 || len >= sizeof local)
        return false;
    memcpy(local, upn, len);
    local[len] = '\0';
    return cf_policy_match_folded(pattern, local);
}

/* What is known of one account, from whomever. */
struct identity {
    const char *source; /* "user.userPrincipalName", ... */
    const char *upn;
    const char *sam;
    const char *sid;
    const char
        *address; /* a mailbox; where accounts are mailboxes it is the same text as the UPN */
};

static bool
is_refused(const char *entry, const struct identity *identity)
{
    struct cf_sid wanted, sid;

    if (cf_sid_read(entry, &wanted))
        return is_filled(identity->sid) && cf_sid_read(identity->sid, &sid) &&
               cf_sid_equal(&wanted, &sid);
    if (strchr(entry, '@'))
        return (is_filled(identity->upn) && cf_policy_match_folded(entry, identity->upn)) ||
               (is_filled(identity->address) && cf_policy_match_folded(entry, identity->address));

    const char *backslash = strrchr(entry, '\\');
    const char *sam = backslash ? backslash + 1 : entry;
    return (is_filled(identity->sam) && cf_policy_match_folded(sam, identity->sam)) ||
           (is_filled(identity->upn) && is_sam_of_upn(sam, identity->upn));
}

static const char *
shown_name(const struct identity *identity)
{
    const char *const names[] = {identity->upn, identity->address, identity->sam, identity->sid};

    for (size_t i = 0; i < CF_COUNT(names); i++) {
        if (is_filled(names[i]))
            return names[i];
    }
    return "";
}

static enum cf_rc
check_identity(const struct cf_policy_settings *policy, const struct identity *identity,
               struct cf_err *err)
{
    for (char *const *entry = policy->refused_accounts; *entry; entry++) {
        if (is_refused(*entry, identity))
            return cf_fail(err, CF_E_POLICY,
                           "%.48s: %.64s is the account %.48s of [policy %.40s] refused_accounts; "
                           "name another, or take it off that list",
                           identity->source, shown_name(identity), *entry, policy->name);
    }
    return CF_OK;
}

enum cf_rc
cf_own_account(const struct cf_names_judging *judging, bool wants_groups,
               const struct cf_account **ret_account, struct cf_err *err)
{
    struct cf_err fault = {0};
    enum cf_rc rc = cf_facts_need_account(judging->names->facts, wants_groups, ret_account, &fault);

    if (rc == CF_OK)
        return CF_OK;
    if (rc != CF_E_FACT && rc != CF_E_NOT_FOUND) {
        if (err)
            *err = fault;
        return rc;
    }
    /* A host that is in no domain has no groups. A user who is not found may be one whom the
     * search does not reach: nothing is known of the groups then. */
    if (!cf_is_for_device(judging) && wants_groups)
        return cf_fail(err, CF_E_POLICY,
                       "user.userPrincipalName: no account, so that [policy %.40s] refused_groups "
                       "cannot be judged: %.120s",
                       judging->grant->policy->name, fault.text);
    *ret_account = NULL;
    return CF_OK;
}

static enum cf_rc
visit_other(const struct cf_names_judging *judging, bool wants_groups, enum cf_san_type type,
            const char *value, cf_account_fn *fn, struct cf_err *err)
{
    struct cf_directory *directory = judging->names->facts->directory;
    cf_own(cf_account) account = NULL;
    struct cf_err fault = {0};
    enum cf_rc rc =
        type == CF_SAN_UPN
            ? directory->ops->find_user(directory, value, wants_groups, &account, &fault)
            : directory->ops->find_computer(directory, value, wants_groups, &account, &fault);

    if (rc == CF_OK)
        return fn(judging, "profile.subjectAlternativeNames", account, err);
    if (rc == CF_E_NOT_FOUND && (type == CF_SAN_DNS || !wants_groups))
        return CF_OK;
    if (rc == CF_E_NOT_FOUND)
        return cf_fail(err, CF_E_POLICY,
                       "profile.subjectAlternativeNames: the directory has no account for UPN "
                       "%.80s, so that [policy %.40s] refused_groups cannot be judged",
                       value, judging->grant->policy->name);
    if (err)
        *err = fault;
    return rc;
}

static bool
is_own_name(const struct cf_account *own, enum cf_san_type type, const char *value)
{
    return own && cf_text_equal_nocase(type == CF_SAN_UPN ? own->upn : own->dns_host_name, value);
}

/* Repeats what is in front of it. */
static bool
is_repeated(const struct cf_san *san, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (cf_san_type_at(san, i) == cf_san_type_at(san, index) &&
            cf_text_equal_nocase(cf_san_value_at(san, i), cf_san_value_at(san, index)))
            return true;
    }
    return false;
}

enum cf_rc
cf_visit_accounts(const struct cf_names_judging *judging, bool wants_groups, cf_account_fn *fn,
                  struct cf_err *err)
{
    const struct cf_san *san = judging->names->san;
    const struct cf_account *own = NULL;
    int64_t end_ms = cf_clock_monotonic_ms(cf_clock_real()) + LOOKUPS_MAX_MS;

    CF_TRY(cf_own_account(judging, wants_groups, &own, err));
    if (own)
        CF_TRY(fn(judging, cf_is_for_device(judging) ? "device" : "user", own, err));
    for (size_t i = 0; i < cf_san_count(san); i++) {
        enum cf_san_type type = cf_san_type_at(san, i);
        const char *value = cf_san_value_at(san, i);

        if ((type != CF_SAN_UPN && type != CF_SAN_DNS) || is_own_name(own, type, value) ||
            is_repeated(san, i))
            continue;
        if (cf_clock_monotonic_ms(cf_clock_real()) > end_ms)
            return cf_fail(err, CF_E_DIRECTORY_DOWN,
                           "profile.subjectAlternativeNames: the directory is too slow for so many "
                           "names; ask for fewer in one certificate");
        CF_TRY(visit_other(judging, wants_groups, type, value, fn, err));
    }
    return CF_OK;
}

static enum cf_rc
check_account(const struct cf_names_judging *judging, const char *source,
              const struct cf_account *account, struct cf_err *err)
{
    const struct identity identity = {.source = source,
                                      .upn = account->upn,
                                      .sam = account->sam_account_name,
                                      .sid = account->sid};

    return check_identity(judging->grant->policy, &identity, err);
}

static enum cf_rc
check_attr(void *arg, const char *oid, const char *value, struct cf_err *err)
{
    const struct identity named = {.source = "profile.subjectNameFormat", .address = value};

    const struct cf_policy_settings **policy = arg;

    return strcmp(oid, OID_EMAIL) == 0 ? check_identity(*policy, &named, err) : CF_OK;
}

/* What the cloud says, and what will stand in the certificate. */
static enum cf_rc
check_request(const struct cf_names_judging *judging, struct cf_err *err)
{
    const struct cf_policy_settings *policy = judging->grant->policy;
    const struct cf_request_user *user = &judging->names->facts->request->user;
    const struct cf_san *san = judging->names->san;
    const struct identity said = {.source = "user",
                                  .upn = user->upn,
                                  .sam = user->sam_account_name,
                                  .sid = user->security_identifier};

    if (!cf_is_for_device(judging))
        CF_TRY(check_identity(policy, &said, err));
    for (size_t i = 0; i < cf_san_count(san); i++) {
        struct identity named = {.source = "profile.subjectAlternativeNames",
                                 .sid = cf_sid_of_name(san, i)};

        if (cf_san_type_at(san, i) == CF_SAN_UPN)
            named.upn = cf_san_value_at(san, i);
        if (cf_san_type_at(san, i) == CF_SAN_EMAIL)
            named.address = cf_san_value_at(san, i);
        CF_TRY(check_identity(policy, &named, err));
    }
    return cf_dn_each(judging->names->subject, check_attr, &policy, err);
}

enum cf_rc
cf_rule_refused_accounts(void *arg, struct cf_rule_note *note, struct cf_err *err)
{
    const struct cf_names_judging *judging = arg;
    const struct cf_policy_settings *policy = judging->grant->policy;

    if (!policy->refused_accounts || !policy->refused_accounts[0]) {
        cf_rule_is_idle(note, "not configured");
        return CF_OK;
    }
    CF_TRY(check_request(judging, err));
    if (!judging->names->facts->directory) {
        cf_rule_says(note, "the request names none of the accounts; there is no directory to ask");
        return CF_OK;
    }
    CF_TRY(cf_visit_accounts(judging, false, check_account, err));
    cf_rule_says(note, "neither the request nor the directory names one of the accounts");
    return CF_OK;
}
