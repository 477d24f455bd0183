/* SPDX-License-Identifier: Apache-2.0 */
/*
 * find - the port's searches (directory.h says what each does): cache, then breaker, then a
 * connection of the pool.
 */
#pragma once

#include "certferry/directory.h"

enum cf_rc cf_ldap_find_user(struct cf_directory *base, const char *upn, bool wants_groups,
                             struct cf_account **ret_account, struct cf_err *err);
enum cf_rc cf_ldap_find_computer(struct cf_directory *base, const char *dns_host_name,
                                 bool wants_groups, struct cf_account **ret_account,
                                 struct cf_err *err);
enum cf_rc cf_ldap_find_group(struct cf_directory *base, const char *name,
                              char ret_sid[CF_SID_TEXT_SIZE], struct cf_err *err);
enum cf_rc cf_ldap_find_principal(struct cf_directory *base, const char *principal,
                                  bool wants_groups, struct cf_account **ret_account,
                                  struct cf_err *err);
enum cf_rc cf_ldap_find_enrollment_services(struct cf_directory *base,
                                            struct cf_enrollment_services *ret_services,
                                            struct cf_err *err);
enum cf_rc cf_ldap_find_template(struct cf_directory *base, const char *name,
                                 struct cf_ad_template **ret_template, struct cf_err *err);
enum cf_rc cf_ldap_find_ca_certs(struct cf_directory *base, enum cf_ad_certs which,
                                 struct cf_der_list *ret_certs, struct cf_err *err);
