/* SPDX-License-Identifier: Apache-2.0 */
/*
 * platform - what a device's platform and OS version can read.
 */
#pragma once

#include "certferry/cms.h"
#include "certferry/pfx.h"

enum cf_envelope { CF_ENVELOPE_AGENT, CF_ENVELOPE_WINDOWS_CSP, CF_ENVELOPE_APPLE_PAYLOAD };

struct cf_delivery {
    const char *platform; /* the family's name, static */
    enum cf_envelope envelope;
    enum cf_transport transport;
    enum cf_pfx_preset preset;
    bool is_macos;
};

const char *cf_envelope_name(enum cf_envelope envelope); /* "agent", "windowsCsp", "applePayload" */

/* Whether a profile for one platform is meant for devices of the other: the same family, and where
 * both are finer names within it, the same one. Letter case does not matter. */
bool cf_platform_fits(const char *profile, const char *device);

/*
 * CF_E_UNSUPPORTED for an unknown platform (with the nearest known name); CF_E_FIELD when the
 * choice depends on the OS version and it is missing, CF_E_SYNTAX when it is not "N[.N...]".
 */
CF_MUST_USE enum cf_rc cf_platform_delivery(const char *platform, const char *os_version,
                                            struct cf_delivery *ret_delivery, struct cf_err *err);
