/* SPDX-License-Identifier: Apache-2.0 */
/* policy_internal - the inside of the policy, for the policy*.c files. */
#pragma once

#include "certferry/log.h"
#include "certferry/policy.h"

/* What a rule compared, for people; CF_OK of the rule is "met", or "does not apply" when it says
 * so. */
struct cf_rule_note {
    bool is_idle; /* nothing is configured, or it does not concern this request */
    char text[CF_ERR_TEXT_MAX + 1];
};
void cf_rule_says(struct cf_rule_note *note, const char *format, ...) CF_PRINTF(2, 3);
void cf_rule_is_idle(struct cf_rule_note *note, const char *format, ...) CF_PRINTF(2, 3);

/* One rule's code. CF_OK: met or idle. Any error of fault "request": not met. Other errors: it
 * could not be judged. */
typedef enum cf_rc cf_rule_fn(void *judging, struct cf_rule_note *note, struct cf_err *err);
struct cf_rule {
    const char *name; /* the option */
    cf_rule_fn *judge;
    bool is_footing; /* without it the rules below it cannot be judged */
};

/* Judges rule after rule and returns the first that is not met, or else the first that could not
 * be judged. Without explain the first of either ends the judging. */
CF_MUST_USE enum cf_rc cf_rules_judge(const struct cf_rule *rules, size_t n_rules, void *judging,
                                      cf_policy_rule_fn *explain, void *arg, struct cf_err *err);

/* The two sides of "TYPE=PATTERN" and "KIND:PATTERN"; ret_pattern is borrowed from rule. */
CF_MUST_USE enum cf_rc cf_subject_rule_read(const char *rule, char ret_oid[CF_DN_OID_MAX],
                                            const char **ret_pattern, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_san_rule_read(const char *rule, enum cf_san_type *ret_type,
                                        const char **ret_pattern, struct cf_err *err);

/* As cf_policy_match, for what must not slip through: also matches when they differ only in blanks
 * at the ends, in how many and which blanks stand between words, in joiners and variation
 * selectors, or in full-width letters. */
bool cf_policy_match_folded(const char *pattern, const char *text);

/* A SID as numbers, so that "S-1-5-21-1-2-3-0500" is what it is. */
enum { CF_SID_SUBS_MAX = 15 };
struct cf_sid {
    uint64_t authority;
    uint32_t sub[CF_SID_SUBS_MAX];
    size_t n_sub;
};
bool cf_sid_read(const char *text, struct cf_sid *ret_sid);
bool cf_sid_equal(const struct cf_sid *a, const struct cf_sid *b);
/* One of the built-in groups and accounts that rule a domain or a computer; NULL: none. */
const char *cf_sid_privilege(const struct cf_sid *sid);

struct cf_names_judging {
    const struct cf_grant *grant;
    const struct cf_policy_names *names;
};

bool cf_is_for_device(const struct cf_names_judging *judging);
/* The SID that an alternative name holds; NULL: it is no such name. */
const char *cf_sid_of_name(const struct cf_san *san, size_t i);

/* The account that the certificate is for, of the directory, which must be there. NULL: a device
 * that is in no domain, or a user whom the directory does not have and whose groups do not matter.
 */
CF_MUST_USE enum cf_rc cf_own_account(const struct cf_names_judging *judging, bool wants_groups,
                                      const struct cf_account **ret_account, struct cf_err *err);
/* Calls fn for that account and for each that an alternative name leads to. */
typedef enum cf_rc cf_account_fn(const struct cf_names_judging *judging, const char *source,
                                 const struct cf_account *account, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_visit_accounts(const struct cf_names_judging *judging, bool wants_groups,
                                         cf_account_fn *fn, struct cf_err *err);

cf_rule_fn cf_rule_refused_accounts;
cf_rule_fn cf_rule_refused_groups;
