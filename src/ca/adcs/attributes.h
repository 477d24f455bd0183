/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attributes - what goes to the CA beside the CSR: request attributes (MS-WCCE 2.2.2.7) by RPC,
 * context items by HTTPS. Pure functions.
 */
#pragma once

#include "certferry/ca.h"

enum { ADCS_N_ATTRIBUTES = 3, ADCS_UNITS_SIZE = 21 };

struct adcs_attribute {
    const char *name;
    const char *value;
};

struct adcs_attributes {
    struct adcs_attribute attribute[ADCS_N_ATTRIBUTES];
    size_t n;
    char units[ADCS_UNITS_SIZE]; /* a value may point here: the object must not be moved */
};

/* The template's name, and the validity where a shorter one than the template's is wanted: in the
 * largest unit that says it to the second. A CA looks at it only with EDITF_ATTRIBUTEENDDATE. The
 * values are borrowed from the submission. */
void adcs_attributes_of(const struct cf_ca_submission *submission, struct adcs_attributes *ret);
/* "Name:value\n" each. CF_E_CA_CONFIG: the template's name does not fit into size. */
CF_MUST_USE enum cf_rc adcs_attributes_text(const struct adcs_attributes *attributes, char *text,
                                            size_t size, struct cf_err *err);
