/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/platform.h"

#include <stdlib.h>

#include "certferry/text.h"

/*
 * Readers that know PBES2 with SHA-256 begin with these versions; a zero version means that the
 * reader is our own agent and the OS does not matter. docs/protocol/envelopes.md lists the same.
 */
struct version {
    unsigned part[3];
};

static const struct platform {
    const char *name;
    enum cf_envelope envelope;
    enum cf_transport transport;
    struct version modern_since;
} platforms[] = {
    {"windows", CF_ENVELOPE_WINDOWS_CSP, CF_TRANSPORT_NATIVE, {{10, 0, 16299}}},
    {"macOS", CF_ENVELOPE_APPLE_PAYLOAD, CF_TRANSPORT_NATIVE, {{15}}},
    {"iOS", CF_ENVELOPE_APPLE_PAYLOAD, CF_TRANSPORT_NATIVE, {{18}}},
    {"androidDeviceAdministrator", CF_ENVELOPE_AGENT, CF_TRANSPORT_MODERN, {{14}}},
    {"androidEnterprise", CF_ENVELOPE_AGENT, CF_TRANSPORT_MODERN, {{0}}},
    {"agent", CF_ENVELOPE_AGENT, CF_TRANSPORT_MODERN, {{0}}},
};

/* Other names that devices and profiles go by. `is_finer`: one of several within the family, which
 * do not stand for each other. */
static const struct alias {
    const char *name;
    const char *platform;
    bool is_finer;
} aliases[] = {
    {"windows10AndLater", "windows", false},
    {"iPadOS", "iOS", false},
    {"androidWorkProfile", "androidEnterprise", true},
    {"androidFullyManaged", "androidEnterprise", true},
    {"androidDedicated", "androidEnterprise", true},
    {"androidCorporateOwned", "androidEnterprise", true},
};

const char *
cf_envelope_name(enum cf_envelope envelope)
{
    switch (envelope) {
    case CF_ENVELOPE_AGENT:
        return "agent";
    case CF_ENVELOPE_WINDOWS_CSP:
        return "windowsCsp";
    case CF_ENVELOPE_APPLE_PAYLOAD:
        return "applePayload";
    }
    return "unknown";
}

static enum cf_rc
parse_version(const char *text, struct version *ret, struct cf_err *err)
{
    struct version version = {{0}};
    const char *at = text;

    for (size_t part = 0;; part++) {
        unsigned value = 0;
        size_t n_digits = 0;

        for (; *at >= '0' && *at <= '9'; at++, n_digits++)
            value = value * 10 + (unsigned)(*at - '0');
        if (n_digits == 0 || n_digits > 7)
            return cf_fail(err, CF_E_SYNTAX,
                           "device.osVersion: '%s' is not a version such as 10.0.19045", text);
        if (part < CF_COUNT(version.part))
            version.part[part] = value;
        if (*at != '.')
            break;
        at++;
    }
    /* Apple and Windows append a build in words ("17.5.1 (21F90)"), which decides nothing. */
    if (*at != '\0' && *at != ' ')
        return cf_fail(err, CF_E_SYNTAX,
                       "device.osVersion: '%s' is not a version such as 10.0.19045", text);

    *ret = version;
    return CF_OK;
}

static bool
is_at_least(const struct version *version, const struct version *floor)
{
    for (size_t i = 0; i < CF_COUNT(version->part); i++) {
        if (version->part[i] != floor->part[i])
            return version->part[i] > floor->part[i];
    }
    return true;
}

static const struct alias *
find_alias(const char *name)
{
    for (size_t i = 0; i < CF_COUNT(aliases); i++) {
        if (cf_text_equal_nocase(aliases[i].name, name))
            return &aliases[i];
    }
    return NULL;
}

static const struct platform *
find_platform(const char *name)
{
    const struct alias *alias = find_alias(name);

    for (size_t i = 0; i < CF_COUNT(platforms); i++) {
        if (cf_text_equal_nocase(platforms[i].name, alias ? alias->platform : name))
            return &platforms[i];
    }
    return NULL;
}

bool
cf_platform_fits(const char *profile, const char *device)
{
    const struct alias *a = find_alias(profile);
    const struct alias *b = find_alias(device);
    const struct platform *platform = find_platform(profile);

    if (cf_text_equal_nocase(profile, device))
        return true;
    if (a && b && a->is_finer && b->is_finer)
        return false;
    return platform && platform == find_platform(device);
}

static enum cf_rc
unknown_platform(const char *name, struct cf_err *err)
{
    const char *names[CF_COUNT(platforms) + CF_COUNT(aliases)];
    size_t n = 0;

    for (size_t i = 0; i < CF_COUNT(platforms); i++)
        names[n++] = platforms[i].name;
    for (size_t i = 0; i < CF_COUNT(aliases); i++)
        names[n++] = aliases[i].name;

    const char *nearest = cf_text_nearest(name, names, n);
    if (nearest)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "device.platform: '%.64s' is unknown, nearest is '%s'", name, nearest);
    return cf_fail(err, CF_E_UNSUPPORTED,
                   "device.platform: '%.64s' is unknown; known are windows, macOS, iOS, "
                   "androidDeviceAdministrator, androidEnterprise, agent",
                   name);
}

enum cf_rc
cf_platform_delivery(const char *platform_name, const char *os_version,
                     struct cf_delivery *ret_delivery, struct cf_err *err)
{
    const struct platform *platform = find_platform(platform_name);

    if (!platform)
        return unknown_platform(platform_name, err);

    enum cf_pfx_preset preset = CF_PFX_MODERN;
    if (platform->modern_since.part[0] > 0) {
        struct version version;

        if (!os_version)
            return cf_fail(err, CF_E_FIELD,
                           "device.osVersion: missing; the PFX format for %s depends on it",
                           platform->name);
        CF_TRY(parse_version(os_version, &version, err));
        if (!is_at_least(&version, &platform->modern_since))
            preset = CF_PFX_LEGACY;
    }

    *ret_delivery = (struct cf_delivery){
        .platform = platform->name,
        .envelope = platform->envelope,
        .transport = platform->transport,
        .preset = preset,
        .is_macos = cf_text_equal_nocase(platform->name, "macOS"),
    };
    return CF_OK;
}
