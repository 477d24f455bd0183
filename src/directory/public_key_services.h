/* SPDX-License-Identifier: Apache-2.0 */
/*
 * public_key_services - the forest's container of CAs, templates and CA certificates, below its
 * configurationNamingContext.
 */
#pragma once

#include "parts.h"

/* "CN=NAME" and on up to the container's own name. CF_E_UNSUPPORTED, of fault config: a directory
 * without configurationNamingContext is no Active Directory. */
CF_MUST_USE enum cf_rc cf_ldap_pki_place(struct cf_ldap_conn *conn, const char *name, char **ret_dn,
                                         struct cf_err *err);

typedef enum cf_rc cf_ldap_take_fn(void *object, const char *attribute,
                                   const struct cf_bytes *values, size_t n, struct cf_err *err);
/* Hands the entry's DN ("distinguishedName") and all values of the attributes over, in their order.
 * Errors name the entry. */
CF_MUST_USE enum cf_rc cf_ldap_take_attributes(LDAP *ld, LDAPMessage *entry,
                                               const char *const *attributes, cf_ldap_take_fn *take,
                                               void *object, struct cf_err *err);

/* *ret is a struct cf_enrollment_services, a struct cf_ad_template, a struct cf_der_list: all on
 * the heap. */
CF_MUST_USE enum cf_rc cf_ldap_read_services(struct cf_ldap_conn *conn, void **ret,
                                             struct cf_err *err);
CF_MUST_USE enum cf_rc cf_ldap_read_template(struct cf_ldap_conn *conn, const char *name,
                                             void **ret, struct cf_err *err);
const char *cf_ldap_certs_place(enum cf_ad_certs which);
CF_MUST_USE enum cf_rc cf_ldap_read_certs(struct cf_ldap_conn *conn, const char *place, void **ret,
                                          struct cf_err *err);
