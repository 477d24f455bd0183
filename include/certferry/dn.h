/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dn - a distinguished name as a structure (RFC 5280 section 4.1.2.4), never as a string.
 *
 * RDNs are kept in encoding order (root first). Attribute values are UTF-8; the string type on
 * the wire follows the attribute (countryName and serialNumber PrintableString, emailAddress and
 * domainComponent IA5String, others UTF8String). Not shared between threads while changing.
 */
#pragma once

#include <stddef.h>

#include "certferry/buf.h"
#include "certferry/err.h"

struct cf_dn;

enum { CF_DN_RDN_MAX = 32, CF_DN_VALUE_MAX = 1024, CF_DN_OID_MAX = 64 };

struct cf_dn *cf_dn_new(void); /* the empty name; NULL when out of memory */
struct cf_dn *cf_dn_free(struct cf_dn *dn);
CF_DEFINE_OWN(cf_dn);

/* `type` is a keyword (CN, OU, O, L, ST or S, C, DC, E or Email, G or GivenName, SN or Surname,
 * T or Title, I or Initials, STREET, SERIALNUMBER, UID; any case) or a dotted OID. An empty value,
 * a value over CF_DN_VALUE_MAX bytes, bad UTF-8, control characters or one that the attribute's
 * string type cannot hold is CF_E_RANGE; an unknown keyword is CF_E_SYNTAX with the nearest one
 * named; CF_E_LIMIT past CF_DN_RDN_MAX. */
CF_MUST_USE enum cf_rc cf_dn_append(struct cf_dn *dn, const char *type, const char *value,
                                    struct cf_err *err);
/* Adds to the last RDN (a multi-valued RDN) in place of beginning a new one. */
CF_MUST_USE enum cf_rc cf_dn_append_joined(struct cf_dn *dn, const char *type, const char *value,
                                           struct cf_err *err);
void cf_dn_reverse(struct cf_dn *dn);

/* CF_E_RANGE when a value is longer than X.520 and RFC 5280 appendix A allow its attribute. */
CF_MUST_USE enum cf_rc cf_dn_check_limits(const struct cf_dn *dn, struct cf_err *err);
/* Calls fn for each attribute, in encoding order; oid is dotted. Ends at the first that is not
 * CF_OK. */
typedef enum cf_rc cf_dn_attr_fn(void *arg, const char *oid, const char *value, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_dn_each(const struct cf_dn *dn, cf_dn_attr_fn *fn, void *arg,
                                  struct cf_err *err);
/* The dotted OID of a keyword or OID as cf_dn_append takes it. CF_E_SYNTAX. */
CF_MUST_USE enum cf_rc cf_dn_type_oid(const char *type, char ret_oid[CF_DN_OID_MAX],
                                      struct cf_err *err);

size_t cf_dn_count(const struct cf_dn *dn); /* RDNs */
/* First value of the attribute with this dotted OID, or NULL; borrowed. */
const char *cf_dn_find(const struct cf_dn *dn, const char *oid);

CF_MUST_USE enum cf_rc cf_dn_parse_der(struct cf_bytes der, struct cf_dn **ret_dn,
                                       struct cf_err *err);
CF_MUST_USE enum cf_rc cf_dn_der(const struct cf_dn *dn, struct cf_buf **ret_der,
                                 struct cf_err *err);
/* RFC 4514 string: last RDN first, escaped; malloc'd. */
CF_MUST_USE enum cf_rc cf_dn_text(const struct cf_dn *dn, char **ret_text, struct cf_err *err);
/* Reads what cf_dn_text writes (RFC 4514 section 3, '#hex' values included). */
CF_MUST_USE enum cf_rc cf_dn_parse_text(const char *text, struct cf_dn **ret_dn,
                                        struct cf_err *err);
/* The same RDNs in the same order, each the same set of attributes; values compared as UTF-8,
 * whatever string type carried them, with case (RFC 5280 section 7.1 allows to be stricter). */
bool cf_dn_equal(const struct cf_dn *a, const struct cf_dn *b);
