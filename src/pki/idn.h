/* SPDX-License-Identifier: Apache-2.0 */
/* idn - internationalised domain names (IDNA 2008, RFC 5891). */
#pragma once

#include "certferry/err.h"

/* `domain` with A-labels where it is not ASCII; malloc'd. Case, width and composed characters are
 * brought to their common form first (RFC 5895); A-labels that are there already have to be
 * ones. Labels of ASCII are left for the caller to check. CF_E_RANGE. */
CF_MUST_USE enum cf_rc cf_idn_to_ascii(const char *domain, char **ret_ascii, struct cf_err *err);
