/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain - what a failure of libldap, SASL, Kerberos or TLS means, and what to do about it.
 */
#pragma once

#include "certferry/err.h"

enum cf_ldap_stage { CF_LDAP_STAGE_TLS, CF_LDAP_STAGE_BIND, CF_LDAP_STAGE_SEARCH };

/* code is LDAP's result or libldap's own; diagnostic is the server's or library's text, or NULL.
 * Texts of the peer are made printable. */
enum cf_rc cf_ldap_explain(enum cf_ldap_stage stage, const char *uri, int code,
                           const char *diagnostic, struct cf_err *err);
