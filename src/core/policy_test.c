/* SPDX-License-Identifier: Apache-2.0 */
/* What the policy makes of a request, rule by rule, for people. */
#include "certferry/policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "work.h"

static const char *
verdict_name(const struct cf_policy_rule *rule)
{
    if (!rule->applies)
        return "not concerned";
    if (!rule->is_judged)
        return "not judged";
    return rule->is_met ? "met" : "refused";
}

static void
write_rule(void *arg, const struct cf_policy_rule *rule)
{
    struct cf_json_writer *out = arg;

    cf_json_put_object(out, NULL);
    cf_json_put_string(out, "rule", rule->rule);
    cf_json_put_string(out, "verdict", verdict_name(rule));
    cf_json_put_string(out, "text", rule->text);
    cf_json_put_object_end(out);
}

static bool
is_refusal(const struct cf_err *fault)
{
    return fault->rc != CF_OK && fault->fault == CF_FAULT_REQUEST;
}

/* What comes before and between the rules, told as one of them. */
static void
write_stage(struct cf_json_writer *out, const char *name, const struct cf_err *fault,
            const char *text)
{
    const struct cf_policy_rule rule = {
        .rule = name,
        .applies = true,
        .is_judged = fault->rc == CF_OK || is_refusal(fault),
        .is_met = fault->rc == CF_OK,
        .text = fault->rc == CF_OK ? text : fault->text,
    };

    write_rule(out, &rule);
}

static enum cf_rc
read_request(struct cf_ask *ask, struct cf_bytes json, struct cf_err *err)
{
    CF_TRY(cf_request_parse(json, &ask->request, err));
    if (ask->request->type == CF_REQUEST_IMPORT || ask->request->type == CF_REQUEST_REENCRYPT)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "requestType: no CA is asked for it; policies are about certificates that "
                       "will be issued");
    return CF_OK;
}

static enum cf_rc
judge_names(struct cf_ask *ask, struct cf_json_writer *out, struct cf_err *err)
{
    const struct cf_policy_names names = {
        .subject = ask->subject, .san = ask->san, .facts = &ask->facts};

    return cf_policy_judge_names(&ask->grant, &names, write_rule, out, err);
}

/* The rules of CA and template for SIDs; `err` is what the policy came to, and stays what decides
 * unless only this is a refusal. */
static enum cf_rc
judge_sid(struct cf_ask *ask, struct cf_json_writer *out, struct cf_err *err)
{
    struct cf_err fault = {0};
    size_t n_before = cf_san_count(ask->san);
    bool is_settled = cf_ask_settle_sid(ask, &fault) == CF_OK;
    bool is_added = ask->sid || cf_san_count(ask->san) > n_before;
    const struct cf_policy_rule rule = {
        .rule = "security_identifier",
        .applies = !is_settled || is_added,
        .is_judged = is_settled || is_refusal(&fault),
        .is_met = is_settled,
        .text = !is_settled ? fault.text
                : is_added  ? "the SID of the account goes into the certificate"
                            : "no SID is put into the certificate",
    };

    write_rule(out, &rule);
    if (!is_settled && (err->rc == CF_OK || (is_refusal(&fault) && !is_refusal(err))))
        *err = fault;
    return err->rc;
}

static enum cf_rc
judge(struct cf_ask *ask, const struct cf_settings *settings,
      const struct cf_policy_completer *completer, struct cf_bytes json, struct cf_json_writer *out,
      struct cf_err *err)
{
    enum cf_rc rc = read_request(ask, json, err);

    write_stage(out, "request", err, "it can be read");
    CF_TRY(rc);
    ask->facts.request = ask->request;
    CF_TRY(cf_policy_judge(settings, ask->request, completer, write_rule, out, &ask->grant, err));
    rc = cf_ask_render_names(ask, err);
    write_stage(out, "names", err, "all variables have values");
    CF_TRY(rc);
    (void)!judge_names(ask, out, err);
    return judge_sid(ask, out, err);
}

static enum cf_rc
write_names(const struct cf_ask *ask, struct cf_json_writer *out, struct cf_err *err)
{
    cf_own_str subject = NULL;

    if (!ask->subject || !ask->san)
        return CF_OK;
    CF_TRY(cf_dn_text(ask->subject, &subject, err));
    cf_json_put_string(out, "subject", subject);
    cf_json_put_array(out, "alternativeNames");
    for (size_t i = 0; i < cf_san_count(ask->san); i++) {
        cf_json_put_object(out, NULL);
        cf_json_put_string(out, "type", cf_san_type_name(cf_san_type_at(ask->san, i)));
        cf_json_put_string(out, "value", cf_san_value_at(ask->san, i));
        cf_json_put_object_end(out);
    }
    cf_json_put_array_end(out);
    return CF_OK;
}

static void
write_verdict(const struct cf_ask *ask, const struct cf_err *fault, struct cf_json_writer *out)
{
    const char *open = is_refusal(fault) ? "refused" : "undecided";

    cf_json_put_string(out, "verdict", fault->rc == CF_OK ? "allowed" : open);
    cf_json_put_string(out, "error", fault->rc == CF_OK ? NULL : cf_rc_name(fault->rc));
    cf_json_put_string(out, "text", fault->rc == CF_OK ? NULL : fault->text);
    cf_json_put_string(out, "requestContext", ask->request ? ask->request->context : NULL);
    cf_json_put_string(out, "ca", ask->grant.ca ? ask->grant.ca->name : NULL);
    cf_json_put_string(out, "template",
                       ask->grant.template_settings ? ask->grant.template_settings->name : NULL);
    cf_json_put_string(out, "policy", ask->grant.policy ? ask->grant.policy->name : NULL);
}

enum cf_rc
cf_policy_test(const struct cf_settings *settings, struct cf_directory *directory,
               const struct cf_policy_completer *completer, struct cf_bytes request,
               struct cf_json_writer *out, struct cf_err *err)
{
    struct cf_ask ask = {.facts = {.directory = directory}};
    struct cf_err fault = {0};

    cf_json_put_array(out, "rules");
    (void)!judge(&ask, settings, completer, request, out, &fault);
    cf_json_put_array_end(out);
    write_verdict(&ask, &fault, out);
    enum cf_rc rc = write_names(&ask, out, err);

    cf_request_free(ask.request);
    cf_dn_free(ask.subject);
    cf_san_free(ask.san);
    cf_facts_done(&ask.facts);
    cf_grant_done(&ask.grant);
    return rc;
}
