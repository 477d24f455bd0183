/* SPDX-License-Identifier: Apache-2.0 */
/* dn_internal - the inside of a name, for the dn_*.c files. */
#pragma once

#include "certferry/dn.h"

enum { CF_DN_ATTR_MAX = 64 }; /* attributes of all RDNs together */

struct cf_dn_attr {
    char oid[CF_DN_OID_MAX]; /* dotted, without leading zeros */
    char *value;             /* UTF-8 without NUL */
    bool is_joined;          /* belongs to the RDN of the attribute before */
};

struct cf_dn {
    struct cf_dn_attr *attr;
    size_t n_attr;
};

/* What a string type can carry; the encoder falls back to UTF8String for values from outside. */
enum cf_dn_string { CF_DN_UTF8, CF_DN_PRINTABLE, CF_DN_IA5 };

struct cf_attr_type {
    const char *keyword; /* as written by cf_dn_text */
    const char *alias;   /* NULL: none */
    const char *oid;
    enum cf_dn_string string;
    unsigned n_letters; /* 0: any */
};

/* The row of a dotted OID, or NULL. */
const struct cf_attr_type *cf_attr_type_of_oid(const char *oid);
bool cf_attr_string_holds(enum cf_dn_string string, const char *value);
/* The checks of cf_dn_append. */
CF_MUST_USE enum cf_rc cf_attr_check_value(const char *oid, const char *value, struct cf_err *err);

/* As cf_dn_append for names that are only read: the value has to be UTF-8 and of bounded length,
 * not what we would put into a name ourselves. `oid` is dotted. */
CF_MUST_USE enum cf_rc cf_dn_append_read(struct cf_dn *dn, const char *oid, const char *value,
                                         bool is_joined, struct cf_err *err);
