/* SPDX-License-Identifier: Apache-2.0 */
#include "fake/fake_ca.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/cert.h"
#include "certferry/stop.h"

static struct fake_ca_request *
find(struct fake_ca *ca, const char *cookie, const char *serial)
{
    for (size_t i = 0; i < ca->n_requests; i++) {
        struct fake_ca_request *request = &ca->request[i];
        if (cookie && strcmp(request->cookie, cookie) == 0)
            return request;
        if (serial && request->serial && strcmp(request->serial, serial) == 0)
            return request;
    }
    return NULL;
}

static struct fake_ca_request *
find_or_add(struct fake_ca *ca, const struct cf_ca_submission *submission)
{
    for (size_t i = 0; i < ca->n_requests; i++) {
        if (strcmp(ca->request[i].context, submission->request_context) == 0 &&
            cf_bytes_equal(cf_buf_bytes(ca->request[i].csr), submission->csr))
            return &ca->request[i];
    }
    if (ca->n_requests == FAKE_CA_REQUESTS_MAX)
        abort();
    struct fake_ca_request *request = &ca->request[ca->n_requests++];
    request->context = strdup(submission->request_context);
    request->template_name = strdup(submission->template_settings->name);
    request->csr = cf_buf_copy(submission->csr);
    if (asprintf(&request->cookie, "cookie-%zu", ca->n_requests) < 0)
        abort();
    return request;
}

/* CF_OK when no failure is due. */
static enum cf_rc
scripted(struct fake_ca *ca, enum cf_rc *failure, struct cf_err *err)
{
    if (cf_stop_is_set(ca->env.stop_flag))
        return cf_fail(err, CF_E_STOPPED, "stopping");
    enum cf_rc rc = *failure;
    if (rc == CF_OK)
        return CF_OK;
    if (ca->fail_times > 0 && --ca->fail_times == 0)
        *failure = CF_OK;
    return cf_fail(err, rc, "as the test wants it");
}

static enum cf_rc
issue(struct fake_ca *ca, struct fake_ca_request *request, struct cf_err *err)
{
    cf_own(cf_cert) cert = NULL;

    if (request->cert)
        return CF_OK;
    CF_TRY(
        ca->issue(ca->issue_arg, cf_buf_bytes(request->csr), &request->cert, &request->chain, err));
    CF_TRY(cf_cert_parse(cf_buf_bytes(request->cert), &cert, err));
    request->serial = strdup(cf_cert_serial(cert));
    ca->n_issued++;
    return CF_OK;
}

static enum cf_rc
answer(struct fake_ca *ca, struct fake_ca_request *request, struct cf_ca_answer *ret_answer,
       struct cf_err *err)
{
    struct cf_ca_answer result = {0};

    if (request->is_denied || ca->reject_reason) {
        result.disposition = CF_CA_ANSWER_REJECTED;
        (void)snprintf(result.reason, sizeof result.reason, "%s",
                       ca->reject_reason ? ca->reject_reason : "denied");
    } else if (ca->needs_approval && !request->is_approved) {
        result.disposition = CF_CA_ANSWER_PENDING;
        result.cookie = strdup(request->cookie);
        result.retry_after_ms = ca->retry_after_ms;
    } else {
        CF_TRY(issue(ca, request, err));
        if (ca->loses_answers)
            return cf_fail(err, CF_E_TIMEOUT, "the answer was lost");
        result.disposition = CF_CA_ANSWER_ISSUED;
        result.cert = cf_buf_copy(cf_buf_bytes(request->cert));
        result.chain = cf_buf_copy(cf_buf_bytes(request->chain));
    }
    *ret_answer = result;
    return CF_OK;
}

static enum cf_rc
fake_submit(struct cf_ca *base, const struct cf_ca_submission *submission,
            struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    struct fake_ca *ca = (struct fake_ca *)base;

    pthread_mutex_lock(&ca->lock);
    ca->n_submits++;
    enum cf_rc rc = scripted(ca, &ca->fail_submit, err);
    if (rc == CF_OK) {
        struct fake_ca_request *request = find_or_add(ca, submission);
        request->submits++;
        rc = answer(ca, request, ret_answer, err);
    }
    pthread_mutex_unlock(&ca->lock);
    return rc;
}

static enum cf_rc
fake_poll(struct cf_ca *base, const char *cookie, struct cf_ca_answer *ret_answer,
          struct cf_err *err)
{
    struct fake_ca *ca = (struct fake_ca *)base;

    pthread_mutex_lock(&ca->lock);
    ca->n_polls++;
    enum cf_rc rc = scripted(ca, &ca->fail_poll, err);
    struct fake_ca_request *request = find(ca, cookie, NULL);
    if (rc == CF_OK && !request)
        rc = cf_fail(err, CF_E_NOT_FOUND, "no request with the cookie %s", cookie);
    if (rc == CF_OK)
        rc = answer(ca, request, ret_answer, err);
    pthread_mutex_unlock(&ca->lock);
    return rc;
}

static enum cf_rc
mark_revoked(struct fake_ca *ca, const struct cf_ca_revocation *revocation, struct cf_err *err)
{
    char serial[CF_SERIAL_TEXT_SIZE];

    CF_TRY(cf_serial_normalize(revocation->serial, serial, err));
    struct fake_ca_request *request = find(ca, NULL, serial);
    if (!request)
        return cf_fail(err, CF_E_NOT_FOUND, "no certificate %s", serial);
    if (request->is_revoked)
        return cf_fail(err, CF_E_CONFLICT, "certificate %s was revoked before", serial);
    request->is_revoked = true;
    request->revocation_reason = revocation->reason;
    return CF_OK;
}

static enum cf_rc
fake_revoke(struct cf_ca *base, const struct cf_ca_revocation *revocation, struct cf_err *err)
{
    struct fake_ca *ca = (struct fake_ca *)base;

    pthread_mutex_lock(&ca->lock);
    ca->n_revokes++;
    enum cf_rc rc = scripted(ca, &ca->fail_revoke, err);
    if (rc == CF_OK)
        rc = mark_revoked(ca, revocation, err);
    pthread_mutex_unlock(&ca->lock);
    return rc;
}

static enum cf_rc
fake_decide(struct cf_ca *base, const char *cookie, bool approve, struct cf_err *err)
{
    struct fake_ca *ca = (struct fake_ca *)base;
    enum cf_rc rc = CF_OK;

    pthread_mutex_lock(&ca->lock);
    struct fake_ca_request *request = find(ca, cookie, NULL);
    if (!request)
        rc = cf_fail(err, CF_E_NOT_FOUND, "no request with the cookie %s", cookie);
    else if (request->is_approved || request->is_denied)
        rc = cf_fail(err, CF_E_CONFLICT, "decided before");
    else if (approve)
        request->is_approved = true;
    else
        request->is_denied = true;
    pthread_mutex_unlock(&ca->lock);
    return rc;
}

static enum cf_rc
fake_check(struct cf_ca *base, cf_finding_fn *report, void *arg, struct cf_err *err)
{
    struct cf_finding finding = {.severity = CF_FINDING_OK, .subject = "ca fake", .text = "works"};

    (void)base;
    (void)err;
    report(arg, &finding);
    return CF_OK;
}

static enum cf_rc
fake_chain(struct cf_ca *base, struct cf_buf **ret_chain, struct cf_err *err)
{
    struct fake_ca *ca = (struct fake_ca *)base;

    for (size_t i = 0; i < ca->n_requests; i++) {
        if (ca->request[i].chain) {
            *ret_chain = cf_buf_copy(cf_buf_bytes(ca->request[i].chain));
            return CF_OK;
        }
    }
    return cf_fail(err, CF_E_CA_CONFIG, "nothing was issued yet");
}

static void
fake_close(struct cf_ca *base)
{
    (void)fake_ca_free((struct fake_ca *)base);
}

static enum cf_rc
fake_complete_template(struct cf_ca *base, struct cf_template_settings *template_settings,
                       struct cf_err *err)
{
    struct fake_ca *ca = (struct fake_ca *)base;

    pthread_mutex_lock(&ca->lock);
    ca->n_completions++;
    enum cf_rc rc = scripted(ca, &ca->fail_completion, err);
    if (rc == CF_OK) {
        free(template_settings->oid);
        template_settings->oid = ca->template_oid ? strdup(ca->template_oid) : NULL;
        template_settings->eku_is_fixed = ca->eku_is_fixed;
    }
    pthread_mutex_unlock(&ca->lock);
    return rc;
}

static const struct cf_ca_ops OPS = {
    .name = "fake",
    .abi = CF_CA_ABI,
    .close = fake_close,
    .check = fake_check,
    .submit = fake_submit,
    .poll = fake_poll,
    .revoke = fake_revoke,
    .chain = fake_chain,
    .decide = fake_decide,
    .complete_template = fake_complete_template,
    .is_idempotent = true,
};

struct fake_ca *
fake_ca_new(const struct cf_ca_env *env, fake_ca_issue_fn *issue_fn, void *arg)
{
    struct fake_ca *ca = calloc(1, sizeof *ca);

    if (!ca)
        abort();
    ca->base.ops = &OPS;
    ca->env = *env;
    ca->issue = issue_fn;
    ca->issue_arg = arg;
    pthread_mutex_init(&ca->lock, NULL);
    return ca;
}

struct fake_ca *
fake_ca_free(struct fake_ca *ca)
{
    if (!ca)
        return NULL;
    for (size_t i = 0; i < ca->n_requests; i++) {
        struct fake_ca_request *request = &ca->request[i];
        free(request->context);
        free(request->template_name);
        free(request->cookie);
        free(request->serial);
        cf_buf_free(request->csr);
        cf_buf_free(request->cert);
        cf_buf_free(request->chain);
    }
    pthread_mutex_destroy(&ca->lock);
    free(ca);
    return NULL;
}
