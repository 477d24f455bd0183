/* SPDX-License-Identifier: Apache-2.0 */
/*
 * values - single values of the directory, each checked before it is believed.
 */
#pragma once

#include "certferry/buf.h"

/* Printable UTF-8 of at most max_len bytes, into *field in place of what was there; an empty value
 * leaves it alone. CF_E_PROTOCOL names the attribute. */
CF_MUST_USE enum cf_rc cf_value_text(const char *attribute, struct cf_bytes value, size_t max_len,
                                     char **field, struct cf_err *err);
/* LDAP's integers of 32 bits are signed decimal text; *ret has the same bits. CF_E_PROTOCOL. */
CF_MUST_USE enum cf_rc cf_value_bits(const char *attribute, struct cf_bytes value, uint32_t *ret,
                                     struct cf_err *err);
/* As above, but 0..max. */
CF_MUST_USE enum cf_rc cf_value_count(const char *attribute, struct cf_bytes value, unsigned max,
                                      unsigned *ret, struct cf_err *err);
