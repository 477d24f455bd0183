/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expand - a text with variables, cut into parts once.
 *
 * A part is a literal or a variable's name. What a variable stands for is put behind what is
 * there already and never looked at again.
 */
#pragma once

#include "certferry/subject.h"

struct cf_pattern;

enum { CF_VARIABLE_NAME_MAX = 64 };

struct cf_pattern *cf_pattern_new(void);
struct cf_pattern *cf_pattern_free(struct cf_pattern *pattern);
CF_DEFINE_OWN(cf_pattern);

/* A literal goes on where the one before ended. */
CF_MUST_USE enum cf_rc cf_pattern_add_text(struct cf_pattern *pattern, const char *data, size_t len,
                                           struct cf_err *err);
/* `*at` points to the first of two opening braces in `text` and is moved behind the closing ones.
 * CF_E_SYNTAX tells the column. */
CF_MUST_USE enum cf_rc cf_pattern_add_variable(struct cf_pattern *pattern, const char *text,
                                               const char **at, struct cf_err *err);
bool cf_pattern_is_empty(const struct cf_pattern *pattern);
/* Whether one of the variables has this name (any case). */
bool cf_pattern_uses(const struct cf_pattern *pattern, const char *variable);
/* Whether one variable is all there is. */
bool cf_pattern_is_variable(const struct cf_pattern *pattern);
/* CF_E_RANGE past max_len bytes. `fact` may be NULL when there are no variables. */
CF_MUST_USE enum cf_rc cf_pattern_expand(const struct cf_pattern *pattern, cf_fact_fn *fact,
                                         const void *facts, size_t max_len, char **ret_text,
                                         struct cf_err *err);
