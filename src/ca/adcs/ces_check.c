/* SPDX-License-Identifier: Apache-2.0 */
/* ces_check - is the service there, does it let us in, does it know the templates? */
#include <inttypes.h>
#include <stdio.h>

#include "certferry/cert.h"

#include "ces_parts.h"

enum { TEXT_SIZE = 400, WARNING_MS = 30 * 24 * 3600 * INT64_C(1000) };
/* A number that no CA gives out for a long time; asking about it changes nothing. */
static const uint32_t NO_REQUEST = INT32_MAX;

struct look {
    struct adcs_ca *ca;
    struct cf_report to;
};

static void
say_failure(const struct look *look, const char *option, const struct cf_err *failure)
{
    char remedy[TEXT_SIZE];

    (void)snprintf(remedy, sizeof remedy, "see to %s and its service, then check again", option);
    cf_report_say(&look->to, CF_FINDING_ERROR, remedy, "%s", failure->text);
}

static void
report_cert(const struct look *look, const struct ces_endpoint *endpoint, const struct cf_buf *der)
{
    cf_own(cf_cert) cert = NULL;
    char until[CF_TEXT_TIME_SIZE];

    if (cf_cert_parse(cf_buf_bytes(der), &cert, NULL) != CF_OK) {
        cf_report_say(&look->to, CF_FINDING_OK, NULL, "%s answers over TLS", endpoint->option);
        return;
    }
    int64_t left_ms = cf_cert_not_after_ms(cert) - cf_clock_now_ms(look->ca->env.clock);
    cf_text_from_time(cf_cert_not_after_ms(cert), until);
    bool is_soon = left_ms < WARNING_MS;
    cf_report_say(&look->to, is_soon ? CF_FINDING_WARNING : CF_FINDING_OK,
                  is_soon ? "let the administrator of that server renew it in time" : NULL,
                  "%s answers over TLS; its server's certificate ends %s", endpoint->option, until);
}

/* False: nothing more can be found out there. */
static enum cf_rc
check_reach(const struct look *look, struct ces_endpoint *endpoint, bool *ret_is_there,
            struct cf_err *err)
{
    cf_own(cf_http) http = NULL;
    cf_own(cf_buf) cert = NULL;
    cf_own(cf_buf) binding = NULL;

    *ret_is_there = false;
    enum cf_rc rc = cf_http_pool_take(endpoint->pool, &http, err);
    if (rc == CF_OK)
        rc = ces_learn_cert(endpoint, http, &cert, &binding, err);
    if (rc == CF_E_STOPPED)
        return rc;
    *ret_is_there = rc == CF_OK;
    if (rc == CF_OK)
        report_cert(look, endpoint, cert);
    else
        say_failure(look, endpoint->option, err);
    return CF_OK;
}

static void
check_template(const struct look *look, const struct xcep_policies *policies, const char *name)
{
    bool may_enroll = false;

    bool is_offered = xcep_find(policies, name, look->ca->settings->ces_url, &may_enroll);
    cf_report_say(&look->to, is_offered && may_enroll ? CF_FINDING_OK : CF_FINDING_ERROR,
                  !is_offered   ? "publish the template on the CA, with Read for this account"
                  : !may_enroll ? "give this account Enroll on the template and on the CA"
                                : NULL,
                  "template %s: the policy service %s", name,
                  !is_offered   ? "does not offer it at this CA"
                  : !may_enroll ? "shows it, but this account may not enroll by it"
                                : "offers it to this account");
}

static enum cf_rc
check_policy(const struct look *look, struct adcs_ces *ces, struct cf_err *err)
{
    const struct cf_ca_settings *settings = look->ca->settings;
    __attribute__((cleanup(xcep_policies_done))) struct xcep_policies policies = {0};
    bool is_there = false;

    CF_TRY(check_reach(look, &ces->policy, &is_there, err));
    if (!is_there)
        return CF_OK;
    enum cf_rc rc = ces_get_policies(ces, &policies, err);
    if (rc == CF_E_STOPPED)
        return rc;
    if (rc != CF_OK) {
        say_failure(look, "cep_url", err);
        return CF_OK;
    }
    cf_report_say(&look->to, CF_FINDING_OK, NULL,
                  "cep_url lets us in and tells of %zu templates and %zu CAs", policies.n_templates,
                  policies.n_cas);
    for (size_t i = 0; i < settings->n_templates; i++)
        check_template(look, &policies, settings->templates[i]->name);
    return CF_OK;
}

/* The service asks the CA for that request, so that this shows more than a way in. */
static enum cf_rc
check_query(const struct look *look, struct adcs_ces *ces, struct cf_err *err)
{
    struct adcs_reply reply = {0};

    enum cf_rc rc = ces_query(ces, NO_REQUEST, &reply, err);
    if (rc == CF_E_STOPPED)
        return rc;
    if (rc != CF_OK) {
        say_failure(look, "ces_url", err);
        return CF_OK;
    }
    const struct cf_status_info *info = cf_status_find(reply.disposition);
    bool is_bad = info && info->class == CF_STATUS_CONFIG;
    cf_report_say(
        &look->to, is_bad ? CF_FINDING_WARNING : CF_FINDING_OK, is_bad ? info->remedy : NULL,
        "ces_url lets us in; about a request that there is not its CA says 0x%08" PRIx32 "%s%s",
        reply.disposition, info ? " " : "", info ? info->name : "");
    adcs_reply_done(&reply);
    return CF_OK;
}

enum cf_rc
adcs_ces_check(struct adcs_ca *ca, cf_finding_fn *fn, void *arg, struct cf_err *err)
{
    const struct look look = {.ca = ca, .to = cf_report_to(fn, arg, "ca %s", ca->settings->name)};
    struct cf_err local = {0};
    bool is_there = false;

    err = err ? err : &local;
    if (ca->ces->has_policy)
        CF_TRY(check_policy(&look, ca->ces, err));
    CF_TRY(check_reach(&look, &ca->ces->enroll, &is_there, err));
    return is_there ? check_query(&look, ca->ces, err) : CF_OK;
}
