/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/core/core_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/own.h"

enum { PAIRS_MAX = 64, TEXT_SIZE = 256 * 1024 };

static const char *const good[] = {
    "requestContext",
    "\"ctx-1\"",
    "requestType",
    "\"issue\"",
    "leaseExpiresUtc",
    "\"2030-01-01T00:00:00Z\"",
    "certificationAuthority",
    "\"ca.example.com\"",
    "certificationAuthorityName",
    "\"Example CA\"",
    "certificateTemplateName",
    "\"device\"",
    "profile.id",
    "\"profile-1\"",
    "profile.name",
    "\"Wi-Fi\"",
    "profile.platform",
    "\"agent\"",
    "profile.certificateType",
    "\"user\"",
    "profile.subjectNameFormat",
    "\"CN={{DeviceName}},O=Example\"",
    "profile.subjectAlternativeNames",
    "[{\"type\":\"userPrincipalName\",\"value\":\"{{UserPrincipalName}}\"}]",
    "profile.extendedKeyUsages",
    "[\"1.3.6.1.5.5.7.3.2\"]",
    "profile.keySize",
    "256",
    "profile.validityPeriod",
    "{\"value\":90,\"scale\":\"days\"}",
    "profile.renewalThresholdPercentage",
    "20",
    "device.id",
    "\"device-1\"",
    "device.platform",
    "\"agent\"",
    "device.osVersion",
    "\"12.0\"",
    "device.azureADDeviceId",
    "\"aad-1\"",
    "device.deviceName",
    "\"LAPTOP-1\"",
    "device.serialNumber",
    "\"SN-1\"",
    "device.imei",
    "\"490154203237518\"",
    "device.meid",
    "\"A0000000002329\"",
    "device.wiFiMacAddress",
    "\"00:11:22:33:44:55\"",
    "device.fullyQualifiedDomainName",
    "\"laptop-1.example.com\"",
    "user.userName",
    "\"ada\"",
    "user.userPrincipalName",
    "\"ada@example.com\"",
    "user.emailAddress",
    "\"ada.l@example.com\"",
    "user.givenName",
    "\"Ada\"",
    "user.surname",
    "\"Lovelace\"",
    "user.department",
    "\"Engines\"",
    "user.onPremisesDistinguishedName",
    "\"CN=Ada,DC=example\"",
    "user.onPremisesSamAccountName",
    "\"adal\"",
    "user.onPremisesSecurityIdentifier",
    "\"S-1-5-21-1-2-3-1001\"",
    "recipientCertificate",
    "\"AAEC\"",
    NULL,
};

static const char *
find(const char *const *pairs, const char *path)
{
    for (; pairs && pairs[0]; pairs += 2) {
        if (strcmp(pairs[0], path) == 0)
            return pairs[1];
    }
    return NULL;
}

static void
put(FILE *out, bool *first, const char *name, const char *text)
{
    fprintf(out, "%s\"%s\":%s", *first ? "" : ",", name, text);
    *first = false;
}

/* The members below `section` ("" for the top) of the good request, as changed, and added ones. */
static void
put_members(FILE *out, bool *first, const char *section, const char *const *pairs)
{
    size_t len = strlen(section);

    for (const char *const *at = good; at[0]; at += 2) {
        const char *changed = find(pairs, at[0]);
        bool is_here = len ? strncmp(at[0], section, len) == 0 : !strchr(at[0], '.');

        if (is_here && changed != CORE_DROP)
            put(out, first, at[0] + len, changed ? changed : at[1]);
    }
    for (const char *const *at = pairs; at && at[0]; at += 2) {
        bool is_here = len ? strncmp(at[0], section, len) == 0 : !strchr(at[0], '.');
        bool is_section = strcmp(at[0], "profile") == 0 || strcmp(at[0], "device") == 0 ||
                          strcmp(at[0], "user") == 0;

        if (is_here && !is_section && !find(good, at[0]) && at[1] != CORE_DROP)
            put(out, first, at[0] + len, at[1]);
    }
}

char *
core_json_of(const char *const *pairs)
{
    static const char *const sections[] = {"profile", "device", "user"};
    char *text = NULL;
    size_t size = 0;
    bool first = true;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        abort();
    fputc('{', out);
    put_members(out, &first, "", pairs);
    for (size_t i = 0; i < CF_COUNT(sections); i++) {
        const char *whole = find(pairs, sections[i]);
        char prefix[16];
        bool inner = true;

        if (whole == CORE_DROP)
            continue;
        if (whole) {
            put(out, &first, sections[i], whole);
            continue;
        }
        snprintf(prefix, sizeof prefix, "%s.", sections[i]);
        fprintf(out, ",\"%s\":{", sections[i]);
        put_members(out, &inner, prefix, pairs);
        fputc('}', out);
    }
    fputc('}', out);
    fclose(out);
    return text;
}

char *
core_json(const char *first, ...)
{
    const char *pairs[2 * PAIRS_MAX + 1] = {0};
    size_t n = 0;
    va_list args;

    va_start(args, first);
    for (const char *at = first; at && n < 2 * PAIRS_MAX; at = va_arg(args, const char *))
        pairs[n++] = at;
    va_end(args);
    return core_json_of(pairs);
}
