/* SPDX-License-Identifier: Apache-2.0 */
/*
 * describe - options in words, for the sample file and the manual.
 */
#pragma once

#include "certferry/buf.h"
#include "schema.h"

/* Appends text in lines of at most 100 columns, each begun with prefix. */
CF_MUST_USE enum cf_rc cf_wrap(struct cf_buf *out, const char *prefix, const char *text,
                               struct cf_err *err);
/* The help and, as sentences, default, limits, choices and when it takes effect. */
CF_MUST_USE enum cf_rc cf_describe(const struct cf_option *option, bool with_default,
                                   struct cf_buf *out, struct cf_err *err);
