/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy - what this connector is willing to have certified. Default deny.
 *
 * A request is served when its CA has a [ca] section that lists its template and one [policy]
 * section names CA, template and certificate type, and every rule of the first such section is met.
 * It is judged twice: before names are filled in, and with them.
 */
#pragma once

#include "certferry/dn.h"
#include "certferry/facts.h"
#include "certferry/finding.h"
#include "certferry/json.h"
#include "certferry/request.h"
#include "certferry/settings.h"

struct cf_grant {
    const struct cf_ca_settings *ca;
    const struct cf_template_settings *template_settings; /* completed, where that was possible */
    const struct cf_policy_settings *policy;
    enum cf_key_kind key;
    const char *const *eku; /* that the CSR asks for; borrowed from request or template */
    size_t n_eku;
    uint64_t validity_ms; /* asked for; 0: the template's. Never over the policy's */
    struct cf_template_settings *completed; /* owned; NULL: as configured */
};
void cf_grant_done(struct cf_grant *grant); /* takes a zeroed one too */

/* Fills in what the CA knows of a template; errors as cf_ca_ops.complete_template. */
struct cf_policy_completer {
    enum cf_rc (*complete)(void *arg, const struct cf_ca_settings *ca,
                           struct cf_template_settings *template_settings, struct cf_err *err);
    void *arg;
};

/* One rule's verdict, for people; texts are borrowed for the call. */
struct cf_policy_rule {
    const char *rule; /* "templates", "san_allow", ... : the option */
    bool applies;     /* false: nothing is configured, or it does not concern this request */
    bool is_judged;   /* false: it could not be, for the reason in text: the directory is down */
    bool is_met;
    const char *text; /* what was compared with what */
};
typedef void cf_policy_rule_fn(void *arg, const struct cf_policy_rule *rule);

/* CA, template, policy, EKU, key and validity. CF_E_POLICY names the member of the request and the
 * option that would allow it. `completer` is asked once a policy allows the template; NULL: judged
 * as configured, without asking anybody. `explain` (may be NULL) hears of every rule, the failing
 * one included; without it the first failure ends the judging. The grant is the caller's to end. */
CF_MUST_USE enum cf_rc cf_policy_judge(const struct cf_settings *settings,
                                       const struct cf_request *request,
                                       const struct cf_policy_completer *completer,
                                       cf_policy_rule_fn *explain, void *arg,
                                       struct cf_grant *ret_grant, struct cf_err *err);

struct cf_policy_names {
    const struct cf_dn *subject;
    const struct cf_san *san;
    struct cf_facts *facts; /* accounts and groups are looked up when a rule needs them */
    bool are_issued;        /* of a certificate: patterns pass over the SID URI added to it */
};
/* Patterns, UPN suffixes, accounts and groups. Also CF_E_DIRECTORY_DOWN and its like when a rule
 * needs the directory. */
CF_MUST_USE enum cf_rc cf_policy_judge_names(const struct cf_grant *grant,
                                             const struct cf_policy_names *names,
                                             cf_policy_rule_fn *explain, void *arg,
                                             struct cf_err *err);

/*
 * What the policy makes of one request (JSON, as the cloud offers it), written as the members of
 * the result that docs/protocol/control-socket.md describes for policy-test. Delivery, recipient
 * and the number of requests are not looked at. A request that cannot be read is refused, like one
 * whose names cannot be filled in. directory and completer may be NULL.
 */
CF_MUST_USE enum cf_rc cf_policy_test(const struct cf_settings *settings,
                                      struct cf_directory *directory,
                                      const struct cf_policy_completer *completer,
                                      struct cf_bytes request, struct cf_json_writer *out,
                                      struct cf_err *err);

/* Whether the directory has the groups that policies name: an error for each that it has not. A
 * directory that does not answer is not told of here. */
void cf_policy_check_groups(const struct cf_settings *settings, struct cf_directory *directory,
                            cf_finding_fn *report, void *arg);

/* A pattern: '*' stands for any characters, none included; letters compare without case (ASCII).
 * `pattern` and `text` are UTF-8. */
bool cf_policy_match(const char *pattern, const char *text);
/* Whether a configured rule can be read, for the configuration's checks. CF_E_SYNTAX. */
CF_MUST_USE enum cf_rc cf_policy_check_subject_rule(const char *rule, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_policy_check_san_rule(const char *rule, struct cf_err *err);
