/* SPDX-License-Identifier: Apache-2.0 */
/* open - making the object behind a section, and letting it go. */
#pragma once

#include "adcs.h"

/* As struct cf_ca_ops has it for open; base.ops is left to the caller. */
CF_MUST_USE enum cf_rc adcs_ca_open(const struct cf_ca_settings *settings,
                                    const struct cf_ca_env *env, struct adcs_ca **ret_ca,
                                    struct cf_err *err);
struct adcs_ca *adcs_ca_free(struct adcs_ca *ca);
CF_DEFINE_OWN(adcs_ca);
