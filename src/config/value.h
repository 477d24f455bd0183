/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value - one option's value: from text into its place in the settings, and back.
 */
#pragma once

#include "schema.h"

/* Where a unit finds its credentials, below its name. */
#define CF_CREDENTIALS "/run/credentials/"
#define CF_UNIT_OF_SERVICE "certferryd"
#define CF_UNIT_OF_FRONT "certferry-scepd"

/* Words of a list or command; NULL-terminated. */
struct cf_words {
    char **word;
    size_t n;
};
void cf_words_done(struct cf_words *words);
#define cf_own_words __attribute__((cleanup(cf_words_done))) struct cf_words

/* Blanks part words, in lists commas too; '...' and "..." (with \" and \\) keep them together. */
CF_MUST_USE enum cf_rc cf_words_split(const char *text, bool is_list, struct cf_words *ret_words,
                                      struct cf_err *err);
CF_MUST_USE enum cf_rc cf_words_print(char *const *word, size_t n, struct cf_buf *out,
                                      struct cf_err *err);

/*
 * base is the object that option->offset counts from; its member must be empty. The error says
 * what is wrong with the value; it does not show a value that may be a secret. Not for
 * OPT_TEMPLATES, which only the whole can resolve.
 */
CF_MUST_USE enum cf_rc cf_value_parse(const struct cf_option *option, const char *text, void *base,
                                      struct cf_err *err);
/* The default with its variables replaced; *ret_text NULL when there is none. */
CF_MUST_USE enum cf_rc cf_value_preset(const struct cf_option *option, const char *state_dir,
                                       const char *name, char **ret_text, struct cf_err *err);
/* As cf_value_parse reads it; *ret_is_set false when there is no value. */
CF_MUST_USE enum cf_rc cf_value_print(const struct cf_option *option, const void *base,
                                      struct cf_buf *out, bool *ret_is_set, struct cf_err *err);

/* Where the member is; const is the caller's business. */
#define cf_member(type, option, base) ((type *)(void *)((char *)(base) + (option)->offset))
#define cf_member_of(type, option, base)                                                           \
    ((type const *)(const void *)((const char *)(base) + (option)->offset))
