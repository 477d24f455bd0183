/* SPDX-License-Identifier: Apache-2.0 */
/* ces - certificates by HTTPS: who asks, what is asked, and the policies that are kept. */
#include <string.h>

#include "certferry/file.h"

#include "ces_parts.h"
#include "wstep.h"

enum { PASSWORD_MAX = 1024, POLICIES_AGE_MAX_MS = 5 * 60 * 1000 };

static enum cf_rc
read_password(const struct cf_ca_settings *settings, struct cf_secret **ret_password,
              struct cf_err *err)
{
    if (!settings->username || !settings->password_file)
        return cf_fail(err, CF_E_CONFIG, "auth = password needs username and password_file");
    CF_TRY(cf_file_read_secret(settings->password_file, PASSWORD_MAX, ret_password, err));
    cf_file_trim_newline(*ret_password);
    return CF_OK;
}

static enum cf_rc
check_settings(const struct adcs_ca *ca, struct cf_err *err)
{
    const struct cf_ca_settings *settings = ca->settings;

    if (!settings->ces_url)
        return cf_fail(err, CF_E_CONFIG, "ces_url is not set: transport = ces needs it");
    if (settings->auth == CF_ADCS_KERBEROS && !ca->kerberos)
        return cf_fail(err, CF_E_CONFIG, "auth = kerberos needs keytab_file");
    if (settings->auth == CF_ADCS_CERTIFICATE &&
        (!settings->tls_cert_file || !settings->tls_key_file))
        return cf_fail(err, CF_E_CONFIG, "auth = certificate needs tls_cert_file and tls_key_file");
    return CF_OK;
}

enum cf_rc
adcs_ces_new(struct adcs_ca *ca, struct adcs_ces **ret_ces, struct cf_err *err)
{
    const struct cf_ca_settings *settings = ca->settings;

    CF_TRY(check_settings(ca, err));
    struct adcs_ces *fresh = calloc(1, sizeof *fresh);
    if (!fresh || pthread_mutex_init(&fresh->lock, NULL) != 0) {
        free(fresh);
        return cf_fail_oom(err);
    }
    cf_own(adcs_ces) ces = fresh;
    ces->ca = ca;
    if (settings->auth == CF_ADCS_PASSWORD)
        CF_TRY(read_password(settings, &ces->password, err));
    CF_TRY(ces_endpoint_init(&ces->enroll, ca, "ces_url", settings->ces_url, CES_ANSWER_MAX, err));
    ces->has_policy = settings->cep_url != NULL;
    if (ces->has_policy)
        CF_TRY(
            ces_endpoint_init(&ces->policy, ca, "cep_url", settings->cep_url, CEP_ANSWER_MAX, err));
    *ret_ces = cf_give(ces);
    return CF_OK;
}

struct adcs_ces *
adcs_ces_free(struct adcs_ces *ces)
{
    if (!ces)
        return NULL;
    ces_endpoint_done(&ces->enroll);
    ces_endpoint_done(&ces->policy);
    cf_secret_free(ces->password);
    xcep_policies_done(&ces->policies);
    (void)pthread_mutex_destroy(&ces->lock);
    free(ces);
    return NULL;
}

struct soap_head
ces_head(const struct adcs_ces *ces, const struct ces_endpoint *endpoint, const char *action)
{
    return (struct soap_head){
        .action = action,
        .url = endpoint->url,
        .username = ces->password ? ces->ca->settings->username : NULL,
        .password = ces->password,
        .now_ms = cf_clock_now_ms(ces->ca->env.clock),
    };
}

/* What a service says may repeat what was sent to it. */
static void
hide_password(const struct adcs_ces *ces, char *text)
{
    if (ces->password)
        cf_secret_mask(ces->password, text);
}

static enum cf_rc
enroll(struct adcs_ces *ces, struct soap_message *message, uint32_t request_id,
       struct adcs_reply *ret_reply, struct cf_err *err)
{
    cf_own(cf_buf) answer = NULL;

    enum cf_rc rc = ces_exchange(&ces->enroll, message, &answer, err);
    ret_reply->nothing_issued = !message->was_heard;
    CF_TRY(rc);
    rc = wstep_read(cf_buf_bytes(answer), message->id, request_id, ret_reply, err);
    if (rc == CF_OK) {
        hide_password(ces, ret_reply->message);
        return CF_OK;
    }
    /* Faults of the service itself, which did not come to ask the CA. */
    ret_reply->nothing_issued = rc == CF_E_AUTH || rc == CF_E_CA_CONFIG;
    hide_password(ces, err->text);
    (void)cf_err_prefix(err, "ces_url");
    return rc;
}

enum cf_rc
adcs_ces_submit(struct adcs_ca *ca, const struct cf_ca_submission *submission,
                struct adcs_reply *ret_reply, struct cf_err *err)
{
    __attribute__((cleanup(soap_message_done))) struct soap_message message = {0};
    struct soap_head head = ces_head(ca->ces, &ca->ces->enroll, WSTEP_ACTION);
    struct adcs_attributes attributes;
    struct cf_err local = {0};

    err = err ? err : &local;
    ret_reply->nothing_issued = true;
    adcs_attributes_of(submission, &attributes);
    CF_TRY(wstep_write_issue(&head, submission->csr, &attributes, &message, err));
    return enroll(ca->ces, &message, 0, ret_reply, err);
}

enum cf_rc
ces_query(struct adcs_ces *ces, uint32_t request_id, struct adcs_reply *ret_reply,
          struct cf_err *err)
{
    __attribute__((cleanup(soap_message_done))) struct soap_message message = {0};
    struct soap_head head = ces_head(ces, &ces->enroll, WSTEP_ACTION);

    CF_TRY(wstep_write_query(&head, request_id, &message, err));
    return enroll(ces, &message, request_id, ret_reply, err);
}

enum cf_rc
adcs_ces_poll(struct adcs_ca *ca, uint32_t request_id, struct adcs_reply *ret_reply,
              struct cf_err *err)
{
    struct cf_err local = {0};

    return ces_query(ca->ces, request_id, ret_reply, err ? err : &local);
}

enum cf_rc
ces_get_policies(struct adcs_ces *ces, struct xcep_policies *ret_policies, struct cf_err *err)
{
    __attribute__((cleanup(soap_message_done))) struct soap_message message = {0};
    struct soap_head head = ces_head(ces, &ces->policy, XCEP_ACTION);
    cf_own(cf_buf) answer = NULL;

    CF_TRY(xcep_write(&head, &message, err));
    CF_TRY(ces_exchange(&ces->policy, &message, &answer, err));
    enum cf_rc rc = xcep_read(cf_buf_bytes(answer), message.id, ret_policies, err);
    if (rc != CF_OK) {
        hide_password(ces, err->text);
        (void)cf_err_prefix(err, "cep_url");
    }
    return rc;
}

/* Several threads may ask at once; the last one's answer is kept. */
static enum cf_rc
refresh(struct adcs_ces *ces, struct cf_err *err)
{
    struct xcep_policies policies = {0};
    int64_t now = cf_clock_monotonic_ms(ces->ca->env.clock);

    (void)pthread_mutex_lock(&ces->lock);
    bool is_fresh = ces->has_policies && now - ces->policies_at_ms < POLICIES_AGE_MAX_MS;
    (void)pthread_mutex_unlock(&ces->lock);
    if (is_fresh)
        return CF_OK;
    CF_TRY(ces_get_policies(ces, &policies, err));
    (void)pthread_mutex_lock(&ces->lock);
    xcep_policies_done(&ces->policies);
    ces->policies = policies;
    ces->has_policies = true;
    ces->policies_at_ms = now;
    (void)pthread_mutex_unlock(&ces->lock);
    return CF_OK;
}

enum cf_rc
adcs_xcep_template(struct adcs_ca *ca, const char *name, struct cf_ad_template **ret_template,
                   bool *ret_may_enroll, struct cf_err *err)
{
    struct adcs_ces *ces = ca->ces;
    struct cf_ad_template *copy = NULL;
    struct cf_err local = {0};
    bool may_enroll = false;

    err = err ? err : &local;
    if (!ces || !ces->has_policy)
        return cf_fail(err, CF_E_UNSUPPORTED, "cep_url is not set: no policy service to ask");
    CF_TRY(refresh(ces, err));
    (void)pthread_mutex_lock(&ces->lock);
    const struct xcep_template *entry =
        xcep_find(&ces->policies, name, ca->settings->ces_url, &may_enroll);
    if (entry)
        copy = cf_ad_template_clone(entry->facts);
    bool is_found = entry != NULL;
    (void)pthread_mutex_unlock(&ces->lock);
    if (!is_found)
        return cf_fail(err, CF_E_NOT_FOUND, "the policy service offers no template %s at this CA",
                       name);
    if (!copy)
        return cf_fail_oom(err);
    *ret_template = copy;
    *ret_may_enroll = may_enroll;
    return CF_OK;
}
