/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy - what this connector is willing to have certified. Default deny.
 *
 * Only CAs with a [ca] section and the templates that section lists are served, whatever the
 * cloud asks for.
 */
#pragma once

#include "certferry/request.h"
#include "certferry/settings.h"

struct cf_grant {
    const struct cf_ca_settings *ca;
    const struct cf_template_settings *template_settings;
    enum cf_key_kind key;
    uint64_t validity_ms; /* asked for; 0: the template's */
};

/* CF_E_POLICY names the member of the request and the option that would allow it. */
CF_MUST_USE enum cf_rc cf_policy_judge(const struct cf_settings *settings,
                                       const struct cf_request *request, struct cf_grant *ret_grant,
                                       struct cf_err *err);
