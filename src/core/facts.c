/* SPDX-License-Identifier: Apache-2.0 */
/* The {{variables}} of a profile and where a request keeps their values. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "certferry/facts.h"
#include "certferry/platform.h"
#include "certferry/text.h"

#define DEVICE(member) offsetof(struct cf_request, device.member), false
#define USER(member) offsetof(struct cf_request, user.member), true

static const struct variable {
    const char *name;
    size_t offset;
    bool is_user;
} variables[] = {
    {"UserName", USER(name)},
    {"UserPrincipalName", USER(upn)},
    {"EmailAddress", USER(email)},
    {"GivenName", USER(given_name)},
    {"SurName", USER(surname)},
    {"Department", USER(department)},
    {"OnPremisesSamAccountName", USER(sam_account_name)},
    {"OnPremisesSecurityIdentifier", USER(security_identifier)},
    {"AAD_Device_ID", DEVICE(azure_ad_device_id)},
    {"AzureADDeviceId", DEVICE(azure_ad_device_id)},
    {"DeviceId", DEVICE(id)},
    {"Device_Serial", DEVICE(serial_number)},
    {"SerialNumber", DEVICE(serial_number)},
    {"Device_IMEI", DEVICE(imei)},
    {"IMEINumber", DEVICE(imei)},
    {"IMEI", DEVICE(imei)},
    {"MEID", DEVICE(meid)},
    {"WiFiMacAddress", DEVICE(wifi_mac)},
    {"DeviceName", DEVICE(name)},
    {"FullyQualifiedDomainName", DEVICE(fqdn)},
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

/* Its value is a name of several attributes, which cannot stand inside one. */
static bool
is_distinguished_name(const char *name, size_t len)
{
    static const char *const names[] = {"OnPrem_Distinguished_Name", "OnPremisesDistinguishedName"};

    for (size_t i = 0; i < CF_COUNT(names); i++) {
        if (strlen(names[i]) == len && strncasecmp(names[i], name, len) == 0)
            return true;
    }
    return false;
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

enum cf_rc
cf_facts_find(const void *facts, const char *name, size_t len, const char **ret, struct cf_err *err)
{
    const struct cf_request *request = ((const struct cf_facts *)facts)->request;
    const struct variable *variable = find_variable(name, len);

    if (is_distinguished_name(name, len))
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "{{OnPrem_Distinguished_Name}} is not served by this version of certferry; "
                       "write the name's attributes out with other variables");
    if (!variable)
        return unknown_variable(name, len, err);
    if (variable->is_user && request->profile.is_device)
        return cf_fail(err, CF_E_FACT,
                       "{{%s}} describes a user, but profile.certificateType is device; use a "
                       "device variable",
                       variable->name);
    if (variable->is_user && !request->user.is_present)
        return cf_fail(err, CF_E_FACT, "{{%s}}: this device has no user", variable->name);
    if (variable->offset == offsetof(struct cf_request, device.fqdn) &&
        !cf_text_equal_nocase(request->device.platform, "windows"))
        return cf_fail(err, CF_E_FACT, "{{%s}} exists on Windows devices only", variable->name);

    const char *value;
    memcpy(&value, (const char *)request + variable->offset, sizeof value);
    if (!value || value[0] == '\0')
        return cf_fail(err, CF_E_FACT,
                       "{{%s}}: the cloud sent no value for this %s; fill it in there or take the "
                       "variable out of the profile",
                       variable->name, variable->is_user ? "user" : "device");
    *ret = value;
    return CF_OK;
}

void
cf_facts_done(struct cf_facts *facts)
{
    cf_account_free(facts->user);
    cf_account_free(facts->computer);
    *facts = (struct cf_facts){0};
}
