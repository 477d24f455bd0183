/* SPDX-License-Identifier: Apache-2.0 */
/* Subject, alternative names and SID of a request, filled in and judged. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/sid.h"
#include "certferry/subject.h"
#include "certferry/text.h"
#include "policy_internal.h"
#include "work.h"

static enum cf_rc
render_subject(struct cf_ask *ask, struct cf_err *err)
{
    cf_own(cf_subject) subject = NULL;
    const struct cf_request_profile *profile = &ask->request->profile;

    ask->subject = cf_dn_free(ask->subject);
    if (cf_subject_compile(profile->subject_format, &subject, err) != CF_OK ||
        cf_subject_render(subject, ask->grant.ca->rdn_order == CF_RDN_AS_WRITTEN, cf_facts_find,
                          &ask->facts, &ask->subject, err) != CF_OK ||
        (ask->grant.ca->enforce_dn_limits && cf_dn_check_limits(ask->subject, err) != CF_OK))
        return cf_err_prefix(err, "profile.subjectNameFormat");
    return CF_OK;
}

static enum cf_rc
render_san(struct cf_ask *ask, struct cf_err *err)
{
    const struct cf_request_profile *profile = &ask->request->profile;

    ask->san = cf_san_free(ask->san);
    ask->san = cf_san_new();
    if (!ask->san)
        return cf_fail_oom(err);
    for (size_t i = 0; i < profile->n_san; i++) {
        cf_own_str value = NULL;

        if (cf_expand(profile->san[i].value, cf_facts_find, &ask->facts, CF_SAN_VALUE_MAX, &value,
                      err) != CF_OK ||
            cf_san_append(ask->san, profile->san[i].type, value, err) != CF_OK)
            return cf_err_prefix(err, "profile.subjectAlternativeNames[%zu]", i);
    }
    return CF_OK;
}

enum cf_rc
cf_ask_render_names(struct cf_ask *ask, struct cf_err *err)
{
    CF_TRY(render_subject(ask, err));
    return render_san(ask, err);
}

enum cf_sid_mode
cf_grant_sid_mode(const struct cf_grant *grant)
{
    enum cf_sid_mode mode = grant->template_settings->sid_mode;

    if (mode == CF_SID_AS_CA)
        mode = grant->ca->sid_mode;
    return mode == CF_SID_AS_CA ? CF_SID_ON_REQUEST : mode;
}

static enum cf_sid_form
sid_form(const struct cf_grant *grant)
{
    enum cf_sid_form form = grant->template_settings->sid_form;

    if (form == CF_SID_FORM_AS_CA)
        form = grant->ca->sid_form;
    return form == CF_SID_FORM_AS_CA ? CF_SID_FORM_EXTENSION : form;
}

static enum cf_rc
sid_is_off(const struct cf_grant *grant, const char *member, struct cf_err *err)
{
    bool is_template = grant->template_settings->sid_mode == CF_SID_OFF;

    return cf_fail(err, CF_E_POLICY,
                   "%s: asks for a SID in the certificate, which [%s %s] security_identifier = off "
                   "forbids; change the option or the profile",
                   member, is_template ? "template" : "ca",
                   is_template ? grant->template_settings->name : grant->ca->name);
}

/* A profile may write the SID as a URI itself: then it is the account's or nobody's. */
static enum cf_rc
judge_sid_uris(struct cf_ask *ask, bool *ret_has_uri, struct cf_err *err)
{
    for (size_t i = 0; i < cf_san_count(ask->san); i++) {
        const char *written = cf_sid_of_name(ask->san, i);
        const char *sid = NULL;

        if (!written)
            continue;
        if (cf_grant_sid_mode(&ask->grant) == CF_SID_OFF)
            return sid_is_off(&ask->grant, "profile.subjectAlternativeNames", err);
        if (cf_facts_need_sid(&ask->facts, &sid, err) != CF_OK)
            return cf_err_prefix(err, "profile.subjectAlternativeNames[%zu]", i);
        if (strcmp(written, sid) != 0)
            return cf_fail(err, CF_E_POLICY,
                           "profile.subjectAlternativeNames[%zu]: '%.90s' is not the SID of the "
                           "certificate's account, %.60s",
                           i, cf_san_value_at(ask->san, i), sid);
        *ret_has_uri = true;
    }
    return CF_OK;
}

/* Where a SID goes in by itself: not for devices that have none. */
static bool
wants_sid(const struct cf_ask *ask)
{
    const struct cf_request *request = ask->request;

    if (request->profile.wants_sid)
        return true;
    return cf_grant_sid_mode(&ask->grant) == CF_SID_ALWAYS &&
           (!request->profile.is_device || cf_platform_fits("windows", request->device.platform));
}

static enum cf_rc
add_sid(struct cf_ask *ask, bool has_uri, struct cf_err *err)
{
    enum cf_sid_form form = sid_form(&ask->grant);
    const char *sid = NULL;
    char uri[sizeof CF_SID_URI + CF_SID_TEXT_SIZE];

    ask->sid = NULL;
    if (ask->request->profile.wants_sid && cf_grant_sid_mode(&ask->grant) == CF_SID_OFF)
        return sid_is_off(&ask->grant, "profile.includeSecurityIdentifier", err);
    if (!wants_sid(ask))
        return CF_OK;
    if (cf_facts_need_sid(&ask->facts, &sid, err) != CF_OK)
        return cf_err_prefix(err, "security identifier");
    if (form != CF_SID_FORM_URI)
        ask->sid = sid;
    if (form == CF_SID_FORM_EXTENSION || has_uri)
        return CF_OK;
    snprintf(uri, sizeof uri, "%s%s", CF_SID_URI, sid);
    return cf_san_append(ask->san, CF_SAN_URI, uri, err);
}

enum cf_rc
cf_ask_settle_sid(struct cf_ask *ask, struct cf_err *err)
{
    bool has_uri = false;

    CF_TRY(judge_sid_uris(ask, &has_uri, err));
    return add_sid(ask, has_uri, err);
}

enum cf_rc
cf_work_need_names(struct cf_work *work, struct cf_err *err)
{
    struct cf_ask *ask = &work->ask;

    if (work->has_names)
        return CF_OK;
    CF_TRY(cf_work_need_ask(work, err));
    ask->facts.request = ask->request;
    ask->facts.directory = work->site->directory;
    CF_TRY(cf_ask_render_names(ask, err));

    const struct cf_policy_names names = {
        .subject = ask->subject, .san = ask->san, .facts = &ask->facts};
    CF_TRY(cf_policy_judge_names(&ask->grant, &names, NULL, NULL, err));
    CF_TRY(cf_ask_settle_sid(ask, err));
    work->has_names = true;
    return CF_OK;
}

enum cf_rc
cf_work_count(struct cf_work *work, struct cf_err *err)
{
    const struct cf_policy_settings *policy = work->ask.grant.policy;
    struct cf_store *store = work->site->store;

    if (!policy || (policy->per_user_hour | policy->per_device_hour | policy->per_hour) == 0)
        return CF_OK;
    const struct cf_rate_request request = {
        .policy = policy->name,
        .context = work->item->context,
        .device_id = work->item->device_id,
        /* A device's certificate is nobody's, whoever uses the device. */
        .user_name = work->ask.request->profile.is_device ? NULL : work->item->user_name,
        .now_ms = cf_clock_now_ms(work->site->clock),
        .per_user = policy->per_user_hour,
        .per_device = policy->per_device_hour,
        .per_all = policy->per_hour,
    };
    return store->ops->grant(store, &request, err);
}
