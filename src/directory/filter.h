/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter - search filters (RFC 4515) in which a name from outside stays one value.
 */
#pragma once

#include "certferry/err.h"

enum { CF_LDAP_NAME_MAX = 1024 };

/* Every byte that means something in a filter, and every byte above ASCII, as \xx. The name has to
 * be 1..CF_LDAP_NAME_MAX bytes of printable UTF-8: CF_E_RANGE, CF_E_ENCODING. */
CF_MUST_USE enum cf_rc cf_ldap_escape(const char *name, char **ret_text, struct cf_err *err);

/* The pattern with the escaped name in place of each "{}". */
CF_MUST_USE enum cf_rc cf_ldap_filter(const char *pattern, const char *name, char **ret_filter,
                                      struct cf_err *err);
