/* SPDX-License-Identifier: Apache-2.0 */
/* The {{variables}} of a profile and where a request, or the directory, keeps their values. */
#include "certferry/facts.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "certferry/platform.h"
#include "certferry/sid.h"
#include "certferry/text.h"

#define DEVICE(member) offsetof(struct cf_request, device.member), false
#define USER(member) offsetof(struct cf_request, user.member), true

/* What a directory is asked for. */
enum from_directory {
    FROM_CLOUD_ONLY,
    DIRECTORY_DN,
    DIRECTORY_SAM,
    DIRECTORY_SID,
    DIRECTORY_MAIL /* where the cloud has none; the others are the directory's where there is one */
};

static const struct variable {
    const char *name;
    size_t offset;
    bool is_user;
    enum from_directory directory;
} variables[] = {
    {"UserName", USER(name), FROM_CLOUD_ONLY},
    {"UserPrincipalName", USER(upn), FROM_CLOUD_ONLY},
    {"EmailAddress", USER(email), DIRECTORY_MAIL},
    {"GivenName", USER(given_name), FROM_CLOUD_ONLY},
    {"SurName", USER(surname), FROM_CLOUD_ONLY},
    {"Department", USER(department), FROM_CLOUD_ONLY},
    {"OnPrem_Distinguished_Name", USER(distinguished_name), DIRECTORY_DN},
    {"OnPremisesDistinguishedName", USER(distinguished_name), DIRECTORY_DN},
    {"OnPremisesSamAccountName", USER(sam_account_name), DIRECTORY_SAM},
    {"OnPremisesSecurityIdentifier", USER(security_identifier), DIRECTORY_SID},
    {"AAD_Device_ID", DEVICE(azure_ad_device_id), FROM_CLOUD_ONLY},
    {"AzureADDeviceId", DEVICE(azure_ad_device_id), FROM_CLOUD_ONLY},
    {"DeviceId", DEVICE(id), FROM_CLOUD_ONLY},
    {"Device_Serial", DEVICE(serial_number), FROM_CLOUD_ONLY},
    {"SerialNumber", DEVICE(serial_number), FROM_CLOUD_ONLY},
    {"Device_IMEI", DEVICE(imei), FROM_CLOUD_ONLY},
    {"IMEINumber", DEVICE(imei), FROM_CLOUD_ONLY},
    {"IMEI", DEVICE(imei), FROM_CLOUD_ONLY},
    {"MEID", DEVICE(meid), FROM_CLOUD_ONLY},
    {"WiFiMacAddress", DEVICE(wifi_mac), FROM_CLOUD_ONLY},
    {"DeviceName", DEVICE(name), FROM_CLOUD_ONLY},
    {"FullyQualifiedDomainName", DEVICE(fqdn), FROM_CLOUD_ONLY},
};

static const struct variable *
find_variable(const char *name, size_t len)
{
    for (size_t i = 0; i < CF_COUNT(variables); i++) {
        if (strlen(variables[i].name) == len && strncasecmp(variables[i].name, name, len) == 0)
            return &variables[i];
    }
    return NULL;
}

static enum cf_rc
unknown_variable(const char *name, size_t len, struct cf_err *err)
{
    const char *names[CF_COUNT(variables)];
    char text[64];

    for (size_t i = 0; i < CF_COUNT(variables); i++)
        names[i] = variables[i].name;
    cf_text_sanitize(name, len, text, sizeof text);

    const char *nearest = cf_text_nearest(text, names, CF_COUNT(names));
    if (nearest)
        return cf_fail(err, CF_E_FACT, "{{%s}} is not a variable; did you mean {{%s}}?", text,
                       nearest);
    return cf_fail(err, CF_E_FACT, "{{%s}} is not a variable", text);
}

static bool
is_set(const char *text)
{
    return text && text[0] != '\0';
}

/* A cf_fact_fn gets its object as something it does not change; what is looked up on the way is
 * kept all the same, in an object that is never const itself. */
static struct cf_facts *
keeper_of(const void *facts)
{
    struct cf_facts *keeper;

    memcpy(&keeper, &facts, sizeof keeper);
    return keeper;
}

/* Groups are read once more when they are asked for later; texts that were lent stay. */
static void
take_account(struct cf_account **kept, struct cf_account *found)
{
    if (!*kept) {
        *kept = found;
        return;
    }
    struct cf_account *account = *kept;
    char(*groups)[CF_SID_TEXT_SIZE] = account->group_sids;
    size_t n_groups = account->n_groups;

    account->group_sids = found->group_sids;
    account->n_groups = found->n_groups;
    account->has_groups = found->has_groups;
    found->group_sids = groups;
    found->n_groups = n_groups;
    cf_account_free(found);
}

static enum cf_rc
load_user(struct cf_facts *facts, bool wants_groups, struct cf_err *err)
{
    const struct cf_request_user *user = &facts->request->user;
    struct cf_account *found = NULL;

    if (facts->user && (facts->user->has_groups || !wants_groups))
        return CF_OK;
    if (!is_set(user->upn))
        return cf_fail(err, CF_E_FACT,
                       "user.userPrincipalName: missing; the directory is asked with it");
    enum cf_rc rc =
        facts->directory->ops->find_user(facts->directory, user->upn, wants_groups, &found, err);
    if (rc == CF_E_NOT_FOUND)
        return cf_fail(err, CF_E_FACT,
                       "user.userPrincipalName: the directory has no account %.120s; certificates "
                       "that need its name or SID are for accounts of the directory only",
                       user->upn);
    CF_TRY(rc);
    if (is_set(user->security_identifier) && found->sid[0] &&
        strcmp(user->security_identifier, found->sid) != 0) {
        rc = cf_fail(err, CF_E_POLICY,
                     "user.onPremisesSecurityIdentifier: the cloud says %.60s and the directory "
                     "%.60s; find out which is right before anybody gets a certificate",
                     user->security_identifier, found->sid);
        cf_account_free(found);
        return rc;
    }
    take_account(&facts->user, found);
    return CF_OK;
}

static enum cf_rc
load_computer(struct cf_facts *facts, bool wants_groups, struct cf_err *err)
{
    const char *fqdn = facts->request->device.fqdn;
    struct cf_account *found = NULL;

    if (facts->computer && (facts->computer->has_groups || !wants_groups))
        return CF_OK;
    if (!is_set(fqdn))
        return cf_fail(err, CF_E_FACT,
                       "device.fullyQualifiedDomainName: missing; the directory is asked with it");
    enum cf_rc rc =
        facts->directory->ops->find_computer(facts->directory, fqdn, wants_groups, &found, err);
    if (rc == CF_E_NOT_FOUND)
        return cf_fail(err, CF_E_FACT,
                       "device.fullyQualifiedDomainName: the directory has no computer %.120s",
                       fqdn);
    CF_TRY(rc);
    take_account(&facts->computer, found);
    return CF_OK;
}

static enum cf_rc
find_in_cloud(const struct cf_request *request, const struct variable *variable, const char **ret)
{
    memcpy(ret, (const char *)request + variable->offset, sizeof *ret);
    return CF_OK;
}

/* *ret stays as it is where the directory has nothing better. */
static enum cf_rc
find_in_directory(struct cf_facts *facts, const struct variable *variable, const char **ret,
                  struct cf_err *err)
{
    if (variable->directory == DIRECTORY_MAIL && is_set(*ret))
        return CF_OK;
    CF_TRY(load_user(facts, false, err));
    switch (variable->directory) {
    case DIRECTORY_DN:
        *ret = facts->user->dn;
        break;
    case DIRECTORY_SAM:
        *ret = facts->user->sam_account_name;
        break;
    case DIRECTORY_SID:
        *ret = facts->user->sid;
        break;
    case DIRECTORY_MAIL:
        *ret = facts->user->mail;
        break;
    case FROM_CLOUD_ONLY:
        break;
    }
    return CF_OK;
}

static enum cf_rc
check_use(const struct cf_request *request, const struct variable *variable, struct cf_err *err)
{
    if (variable->is_user && request->profile.is_device)
        return cf_fail(err, CF_E_FACT,
                       "{{%s}} describes a user, but profile.certificateType is device; use a "
                       "device variable",
                       variable->name);
    if (variable->is_user && !request->user.is_present)
        return cf_fail(err, CF_E_FACT, "{{%s}}: this device has no user", variable->name);
    if (variable->offset == offsetof(struct cf_request, device.fqdn) &&
        !cf_platform_fits("windows", request->device.platform))
        return cf_fail(err, CF_E_FACT, "{{%s}} exists on Windows devices only", variable->name);
    return CF_OK;
}

enum cf_rc
cf_facts_find(const void *arg, const char *name, size_t len, const char **ret, struct cf_err *err)
{
    struct cf_facts *facts = keeper_of(arg);
    const struct variable *variable = find_variable(name, len);
    const char *value = NULL;

    if (!variable)
        return unknown_variable(name, len, err);
    CF_TRY(check_use(facts->request, variable, err));
    CF_TRY(find_in_cloud(facts->request, variable, &value));

    bool asks = facts->directory && variable->directory != FROM_CLOUD_ONLY;
    if (asks && find_in_directory(facts, variable, &value, err) != CF_OK)
        return cf_err_prefix(err, "{{%s}}", variable->name);
    if (!is_set(value))
        return cf_fail(err, CF_E_FACT,
                       "{{%s}}: the %s no value for this %s; fill it in there or take the variable "
                       "out of the profile",
                       variable->name, asks ? "directory has" : "cloud sent",
                       variable->is_user ? "user" : "device");
    if (variable->directory == DIRECTORY_SID && cf_sid_check(value, err) != CF_OK)
        return cf_err_prefix(err, "{{%s}}", variable->name);
    *ret = value;
    return CF_OK;
}

enum cf_rc
cf_facts_need_account(struct cf_facts *facts, bool wants_groups,
                      const struct cf_account **ret_account, struct cf_err *err)
{
    bool is_device = facts->request->profile.is_device;

    if (!facts->directory)
        return cf_fail(err, CF_E_CONFIG,
                       "the account's facts are needed, but there is no "
                       "[directory] uri; configure a directory");
    if (!is_device && !facts->request->user.is_present)
        return cf_fail(err, CF_E_FACT, "user: this device has no user");
    CF_TRY(is_device ? load_computer(facts, wants_groups, err)
                     : load_user(facts, wants_groups, err));
    *ret_account = is_device ? facts->computer : facts->user;
    return CF_OK;
}

/* What the cloud says is all there is. */
static enum cf_rc
need_sid_of_cloud(const struct cf_request *request, const char **ret_sid, struct cf_err *err)
{
    const char *sid = request->user.security_identifier;

    if (request->profile.is_device)
        return cf_fail(err, CF_E_FACT,
                       "the SID of a computer is known to a directory only; configure [directory]");
    if (!request->user.is_present || !is_set(sid))
        return cf_fail(
            err, CF_E_FACT,
            "user.onPremisesSecurityIdentifier: missing; synchronise it to the cloud, or "
            "configure [directory]");
    if (cf_sid_check(sid, err) != CF_OK)
        return cf_err_prefix(err, "user.onPremisesSecurityIdentifier");
    *ret_sid = sid;
    return CF_OK;
}

enum cf_rc
cf_facts_need_sid(struct cf_facts *facts, const char **ret_sid, struct cf_err *err)
{
    const struct cf_request *request = facts->request;
    const struct cf_account *account = NULL;

    if (request->profile.is_device && !cf_platform_fits("windows", request->device.platform))
        return cf_fail(err, CF_E_FACT,
                       "device.platform: a device certificate with a SID is for Windows only; "
                       "turn security_identifier off for this template");
    if (!facts->directory)
        return need_sid_of_cloud(request, ret_sid, err);
    CF_TRY(cf_facts_need_account(facts, false, &account, err));
    if (!is_set(account->sid))
        return cf_fail(err, CF_E_FACT, "the directory has no SID for this %s",
                       request->profile.is_device ? "computer" : "user");
    CF_TRY(cf_sid_check(account->sid, err));
    *ret_sid = account->sid;
    return CF_OK;
}

void
cf_facts_done(struct cf_facts *facts)
{
    cf_account_free(facts->user);
    cf_account_free(facts->computer);
    *facts = (struct cf_facts){0};
}
