/* SPDX-License-Identifier: Apache-2.0 */
/*
 * san - a list of subject alternative names (RFC 5280 section 4.2.1.6).
 */
#pragma once

#include <stddef.h>

#include "certferry/buf.h"
#include "certferry/err.h"

enum cf_san_type { CF_SAN_EMAIL, CF_SAN_UPN, CF_SAN_DNS, CF_SAN_URI };

struct cf_san;

enum { CF_SAN_MAX = 500, CF_SAN_VALUE_MAX = 1024 };

struct cf_san *cf_san_new(void); /* without names; NULL when out of memory */
struct cf_san *cf_san_free(struct cf_san *san);
CF_DEFINE_OWN(cf_san);

/* UPN becomes otherName 1.3.6.1.4.1.311.20.2.3 (UTF8String); e-mail, DNS and URI are IA5String and
 * are checked for their form. Names of internationalised domains become A-labels (IDNA 2008); an
 * e-mail address whose local part is not ASCII is a SmtpUTF8Mailbox (RFC 9598). CF_E_RANGE says
 * what is wrong with the value; CF_E_LIMIT past CF_SAN_MAX. */
CF_MUST_USE enum cf_rc cf_san_append(struct cf_san *san, enum cf_san_type type, const char *value,
                                     struct cf_err *err);
size_t cf_san_count(const struct cf_san *san);
enum cf_san_type cf_san_type_at(const struct cf_san *san, size_t index);
const char *cf_san_value_at(const struct cf_san *san, size_t index); /* borrowed */
const char *cf_san_type_name(enum cf_san_type type); /* "e-mail", "UPN", "DNS", "URI" */

/* GeneralNames DER. */
CF_MUST_USE enum cf_rc cf_san_der(const struct cf_san *san, struct cf_buf **ret_der,
                                  struct cf_err *err);
/* Names of other types are counted in *ret_n_other (may be NULL) and left out. */
CF_MUST_USE enum cf_rc cf_san_parse_der(struct cf_bytes der, struct cf_san **ret_san,
                                        size_t *ret_n_other, struct cf_err *err);
/* The same names whatever their order. */
bool cf_san_equal(const struct cf_san *a, const struct cf_san *b);
