/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_scan - is this text strict JSON, and how big will its tree be?
 *
 * json-c, even when told to be strict, takes NaN, raw control characters and repeated member
 * names. So the text is read here first, by the grammar of RFC 8259 and nothing else; json-c then
 * builds a tree from text that is known to be good.
 */
#pragma once

#include <stddef.h>

#include "certferry/buf.h"
#include "certferry/err.h"

struct cf_json_counts {
    size_t n_values;
    size_t n_containers;
    size_t n_members; /* with repeated names: the tree has fewer then */
};

/* CF_E_ENCODING tells line and column; CF_E_LIMIT for too many values or too deep nesting. */
CF_MUST_USE enum cf_rc cf_json_scan(struct cf_bytes text, struct cf_json_counts *ret,
                                    struct cf_err *err);
