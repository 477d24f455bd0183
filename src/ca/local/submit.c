/* SPDX-License-Identifier: Apache-2.0 */
/*
 * submit - from a request to a record in the issued list, and from the record to the answer.
 *
 * The record is in the store before the answer leaves, and a record that is there is answered as
 * it stands: the same request context and CSR never give two certificates, across crashes too.
 */
#include <openssl/rand.h>
#include <string.h>

#include "certferry/digest.h"
#include "certferry/text.h"
#include "local.h"

/* A collision of random 128-bit numbers does not happen; a broken random source must end. */
enum { SERIAL_TRIES = 8 };

static enum cf_rc
request_key(const struct cf_ca_submission *submission, char ret[LOCAL_REQUEST_KEY_SIZE],
            struct cf_err *err)
{
    size_t context_size = strlen(submission->request_context) + 1;
    cf_own(cf_buf) text = cf_buf_new(context_size + submission->csr.len);

    if (!text)
        return cf_fail_oom(err);
    CF_TRY(cf_buf_append(text, submission->request_context, context_size, err));
    CF_TRY(cf_buf_append(text, submission->csr.data, submission->csr.len, err));
    return cf_sha256_text(cf_buf_bytes(text), ret, err);
}

static enum cf_rc
random_serial(char ret[2 * LOCAL_SERIAL_LEN + 1], struct cf_err *err)
{
    uint8_t bytes[LOCAL_SERIAL_LEN];

    /* Drawn again when it begins with zeros, so that every serial has the same length. */
    do {
        if (RAND_bytes(bytes, sizeof bytes) != 1)
            return cf_fail_openssl(err, CF_E_CRYPTO, "random serial number");
    } while (bytes[0] == 0);
    cf_text_hex(cf_bytes_of(bytes, sizeof bytes), true, ret, 2 * LOCAL_SERIAL_LEN + 1);
    return CF_OK;
}

static enum cf_rc
reject(struct cf_ca_answer *ret_answer, const char *reason)
{
    *ret_answer = (struct cf_ca_answer){.disposition = CF_CA_ANSWER_REJECTED};
    cf_text_sanitize(reason, strlen(reason), ret_answer->reason, sizeof ret_answer->reason);
    return CF_OK;
}

static enum cf_rc
answer_issued(const struct local_ca *ca, const struct cf_ca_record *record,
              struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    if (!record->cert)
        return cf_fail(err, CF_E_STORE_CORRUPT, "ca %s: record %s is issued and has no certificate",
                       ca->settings->name, record->serial);
    cf_own(cf_buf) cert = cf_buf_copy(cf_buf_bytes(record->cert));
    cf_own(cf_buf) chain = cf_buf_copy(cf_buf_bytes(ca->chain));
    if (!cert || !chain)
        return cf_fail_oom(err);
    *ret_answer = (struct cf_ca_answer){
        .disposition = CF_CA_ANSWER_ISSUED, .cert = cf_give(cert), .chain = cf_give(chain)};
    return CF_OK;
}

static enum cf_rc
answer(const struct local_ca *ca, const struct cf_ca_record *record,
       struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    char *cookie;

    switch (record->status) {
    case CF_CA_ISSUED:
        return answer_issued(ca, record, ret_answer, err);
    case CF_CA_PENDING:
        cookie = strdup(record->request_key);
        if (!cookie)
            return cf_fail_oom(err);
        *ret_answer = (struct cf_ca_answer){.disposition = CF_CA_ANSWER_PENDING, .cookie = cookie};
        return CF_OK;
    case CF_CA_DENIED:
        return reject(ret_answer, "the request was denied by the operator of the CA");
    case CF_CA_REVOKED:
        return reject(ret_answer, "the certificate of this request was issued and then revoked");
    }
    return cf_fail(err, CF_E_STORE_CORRUPT, "ca %s: record %s has an unknown status",
                   ca->settings->name, record->serial);
}

static enum cf_rc
new_record(const struct local_ca *ca, const struct cf_ca_submission *submission,
           const struct local_request *request, const char *key, struct cf_ca_record **ret_record,
           struct cf_err *err)
{
    cf_own(cf_ca_record) record = calloc(1, sizeof *record);

    if (!record)
        return cf_fail_oom(err);
    record->ca = strdup(ca->settings->name);
    record->request_key = strdup(key);
    record->template_name = strdup(submission->template_settings->name);
    record->csr = cf_buf_copy(submission->csr);
    record->serial = calloc(1, 2 * LOCAL_SERIAL_LEN + 1);
    if (!record->ca || !record->request_key || !record->template_name || !record->csr ||
        !record->serial)
        return cf_fail_oom(err);
    CF_TRY(cf_dn_text(cf_csr_subject(request->csr), &record->subject, err));
    record->requested_ms = cf_clock_now_ms(ca->env.clock);
    record->validity_ms = submission->validity_ms;
    *ret_record = cf_give(record);
    return CF_OK;
}

static enum cf_rc
issue_into(const struct local_ca *ca, const struct local_request *request,
           const struct cf_template_settings *tmpl, struct cf_ca_record *record, struct cf_err *err)
{
    struct local_issue issue = {
        .request = request,
        .tmpl = tmpl,
        .validity_ms = record->validity_ms,
        .serial = record->serial,
    };
    cf_own(cf_buf) cert = NULL;

    CF_TRY(cf_local_issue(ca, &issue, &cert, &record->not_after_ms, err));
    cf_buf_free(record->cert);
    record->cert = cf_give(cert);
    record->status = CF_CA_ISSUED;
    return CF_OK;
}

/* Adds the record under a serial that is free. */
static enum cf_rc
record_and_answer(const struct local_ca *ca, const struct local_request *request,
                  const struct cf_template_settings *tmpl, struct cf_ca_record *record,
                  struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    enum cf_rc rc = CF_E_CONFLICT;

    for (int i = 0; i < SERIAL_TRIES && rc == CF_E_CONFLICT; i++) {
        cf_own(cf_ca_record) existing = NULL;

        CF_TRY(random_serial(record->serial, err));
        if (tmpl->approval)
            record->status = CF_CA_PENDING;
        else
            CF_TRY(issue_into(ca, request, tmpl, record, err));
        /* A device's challenge in it may be good for more; who approves needs it until then. */
        if (record->status == CF_CA_ISSUED && cf_csr_challenge(request->csr))
            record->csr = cf_buf_free(record->csr);
        rc = ca->env.store->ops->ca_add(ca->env.store, record, &existing, err);
        if (rc == CF_OK)
            return answer(ca, existing ? existing : record, ret_answer, err);
    }
    if (rc == CF_E_CONFLICT)
        return cf_fail(err, CF_E_BUG, "ca %s: %d random serial numbers in a row were taken",
                       ca->settings->name, SERIAL_TRIES);
    return rc;
}

static enum cf_rc
find(const struct local_ca *ca, const char *key, struct cf_ca_record **ret_record,
     struct cf_err *err)
{
    struct cf_store *store = ca->env.store;

    if (cf_local_is_stopped(ca))
        return cf_fail(err, CF_E_STOPPED, "%s", cf_rc_text(CF_E_STOPPED));
    return store->ops->ca_get(store, ca->settings->name, NULL, key, ret_record, err);
}

enum cf_rc
cf_local_submit(struct cf_ca *base, const struct cf_ca_submission *submission,
                struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    struct local_ca *ca = (struct local_ca *)base;
    __attribute__((cleanup(cf_local_request_done))) struct local_request request = {0};
    cf_own(cf_ca_record) record = NULL;
    struct cf_err local = {0};
    char key[LOCAL_REQUEST_KEY_SIZE];

    CF_TRY(request_key(submission, key, err));
    enum cf_rc rc = find(ca, key, &record, err);
    if (rc == CF_OK)
        return answer(ca, record, ret_answer, err);
    if (rc != CF_E_NOT_FOUND)
        return rc;

    CF_TRY(cf_local_template_check(submission->template_settings, err));
    rc = cf_local_request_parse(submission->csr, &request, &local);
    if (rc == CF_OK)
        rc = cf_local_request_check(&request, submission->template_settings, &local);
    if (rc != CF_OK && cf_rc_fault(rc) == CF_FAULT_REQUEST)
        return reject(ret_answer, local.text);
    if (rc != CF_OK)
        return cf_fail(err, rc, "%s", local.text);

    CF_TRY(new_record(ca, submission, &request, key, &record, err));
    return record_and_answer(ca, &request, submission->template_settings, record, ret_answer, err);
}

static enum cf_rc
find_cookie(const struct local_ca *ca, const char *cookie, struct cf_ca_record **ret_record,
            struct cf_err *err)
{
    enum cf_rc rc = find(ca, cookie, ret_record, err);

    if (rc == CF_E_NOT_FOUND)
        return cf_fail(err, rc, "ca %s: no request with the cookie %s", ca->settings->name, cookie);
    return rc;
}

enum cf_rc
cf_local_poll(struct cf_ca *base, const char *cookie, struct cf_ca_answer *ret_answer,
              struct cf_err *err)
{
    struct local_ca *ca = (struct local_ca *)base;
    cf_own(cf_ca_record) record = NULL;

    CF_TRY(find_cookie(ca, cookie, &record, err));
    return answer(ca, record, ret_answer, err);
}

/* The template may have changed since the request came: it has to allow it now. */
static enum cf_rc
approve_into(const struct local_ca *ca, struct cf_ca_record *record, struct cf_err *err)
{
    const struct cf_template_settings *tmpl =
        cf_ca_settings_template(ca->settings, record->template_name);
    __attribute__((cleanup(cf_local_request_done))) struct local_request request = {0};

    if (!tmpl)
        return cf_fail(err, CF_E_CA_CONFIG,
                       "ca %s: template %s of the request is no longer among its templates",
                       ca->settings->name, record->template_name);
    if (!record->csr)
        return cf_fail(err, CF_E_STORE_CORRUPT, "ca %s: record %s has no request",
                       ca->settings->name, record->serial);
    CF_TRY(cf_local_template_check(tmpl, err));
    CF_TRY(cf_local_request_parse(cf_buf_bytes(record->csr), &request, err));
    CF_TRY(cf_local_request_check(&request, tmpl, err));
    return issue_into(ca, &request, tmpl, record, err);
}

enum cf_rc
cf_local_decide(struct cf_ca *base, const char *cookie, bool approve, struct cf_err *err)
{
    struct local_ca *ca = (struct local_ca *)base;
    struct cf_store *store = ca->env.store;
    cf_own(cf_ca_record) record = NULL;

    CF_TRY(find_cookie(ca, cookie, &record, err));
    if (record->status != CF_CA_PENDING)
        return cf_fail(err, CF_E_CONFLICT, "ca %s: the request was decided before",
                       ca->settings->name);
    if (approve)
        CF_TRY(approve_into(ca, record, err));
    else
        record->status = CF_CA_DENIED;
    return store->ops->ca_update(store, record, CF_CA_PENDING, err);
}
