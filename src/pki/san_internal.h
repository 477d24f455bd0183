/* SPDX-License-Identifier: Apache-2.0 */
/* san_internal - the inside of a list of alternative names, for the san*.c files. */
#pragma once

#include "certferry/san.h"

#define CF_OID_UPN "1.3.6.1.4.1.311.20.2.3"
#define CF_OID_SMTP_UTF8_MAILBOX "1.3.6.1.5.5.7.8.9" /* RFC 9598 */

struct cf_san_name {
    enum cf_san_type type;
    char *value;
};

struct cf_san {
    struct cf_san_name *name;
    size_t n_name;
};

/* Checks the form and brings domains to A-labels; malloc'd. CF_E_RANGE says what is wrong. */
CF_MUST_USE enum cf_rc cf_san_normalize(enum cf_san_type type, const char *value, char **ret_value,
                                        struct cf_err *err);
/* As cf_san_append for names that are only read: no check of their form. */
CF_MUST_USE enum cf_rc cf_san_append_read(struct cf_san *san, enum cf_san_type type,
                                          const char *value, struct cf_err *err);
