/* SPDX-License-Identifier: Apache-2.0 */
/* Judging a request by a list of rules, for a verdict or for people. */
#include <stdarg.h>
#include <stdio.h>

#include "policy_internal.h"

static void say(struct cf_rule_note *note, const char *format, va_list args) CF_PRINTF(2, 0);

static void
say(struct cf_rule_note *note, const char *format, va_list args)
{
    if (vsnprintf(note->text, sizeof note->text, format, args) < 0)
        note->text[0] = '\0';
}

void
cf_rule_says(struct cf_rule_note *note, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(note, format, args);
    va_end(args);
}

void
cf_rule_is_idle(struct cf_rule_note *note, const char *format, ...)
{
    va_list args;

    note->is_idle = true;
    va_start(args, format);
    say(note, format, args);
    va_end(args);
}

static void
tell(const struct cf_rule *rule, const struct cf_rule_note *note, const struct cf_err *fault,
     cf_policy_rule_fn *explain, void *arg)
{
    const struct cf_policy_rule verdict = {
        .rule = rule->name,
        .applies = !note->is_idle,
        .is_judged = fault->rc == CF_OK || fault->fault == CF_FAULT_REQUEST,
        .is_met = fault->rc == CF_OK,
        .text = fault->rc == CF_OK ? note->text : fault->text,
    };

    explain(arg, &verdict);
}

enum cf_rc
cf_rules_judge(const struct cf_rule *rules, size_t n_rules, void *judging,
               cf_policy_rule_fn *explain, void *arg, struct cf_err *err)
{
    struct cf_err first = {0};

    for (size_t i = 0; i < n_rules; i++) {
        struct cf_rule_note note = {0};
        struct cf_err fault = {0};
        enum cf_rc rc = rules[i].judge(judging, &note, &fault);

        if (explain)
            tell(&rules[i], &note, &fault, explain, arg);
        /* What is refused stays refused, whatever the others would have come to. */
        bool is_refusal = rc != CF_OK && fault.fault == CF_FAULT_REQUEST;
        if (rc != CF_OK && (first.rc == CF_OK || (is_refusal && first.fault != CF_FAULT_REQUEST)))
            first = fault;
        if (rc != CF_OK && (!explain || rules[i].is_footing))
            break;
    }
    if (err && first.rc != CF_OK)
        *err = first;
    return first.rc;
}
