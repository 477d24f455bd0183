/* SPDX-License-Identifier: Apache-2.0 */
/* What certferryd makes of a request, while its device waits. */
#include "pki.h"

/* The last bit of the time is for the answer's own way back. */
enum { MS_PER_S = 1000, RESERVE_MS = 1000, WORKING_RETRY_MS = 10 * 1000 };

static unsigned
seconds_left(const struct cf_scep_job *job)
{
    int64_t left_ms = job->until_ms - cf_clock_monotonic_ms(job->front->clock) - RESERVE_MS;

    if (left_ms <= 0)
        return 0;
    return left_ms / MS_PER_S > CF_SCEP_WAIT_MAX_S ? CF_SCEP_WAIT_MAX_S
                                                   : (unsigned)(left_ms / MS_PER_S);
}

static struct cf_bytes
content_of(const struct cf_scep_job *job)
{
    return cf_bytes_of(cf_secret_data(job->pki.content), cf_secret_len(job->pki.content));
}

static enum cf_rc
enroll(struct cf_scep_job *job, enum cf_scep_message_type type, struct cf_err *err)
{
    const struct cf_scep_message *message = job->pki.message;
    const struct cf_scep_request request = {
        .profile = job->profile->name,
        .type = type,
        .transaction_id = cf_scep_message_transaction(message),
        .csr = content_of(job),
        .signer = cf_scep_message_signer(message),
        .remote = job->exchange->remote,
    };

    return cf_scep_backend_enroll(job->front->backend, &request, seconds_left(job),
                                  &job->pki.answer, err);
}

static enum cf_rc
ask(struct cf_scep_job *job, struct cf_err *err)
{
    const struct cf_scep_message *message = job->pki.message;
    struct cf_scep_backend *backend = job->front->backend;
    const char *profile = job->profile->name;
    struct cf_bytes issuer = {0};
    char serial[CF_SERIAL_TEXT_SIZE] = "";

    switch (cf_scep_message_type(message)) {
    case CF_SCEP_CERT_POLL:
        return cf_scep_backend_poll(backend, profile, cf_scep_message_transaction(message),
                                    cf_scep_message_signer(message), seconds_left(job),
                                    &job->pki.answer, err);
    case CF_SCEP_GET_CERT:
        CF_TRY(cf_scep_parse_issuer_and_serial(content_of(job), &issuer, serial, err));
        return cf_scep_backend_get_cert(backend, profile, issuer, serial, &job->pki.answer, err);
    case CF_SCEP_GET_CRL:
        CF_TRY(cf_scep_parse_issuer_and_serial(content_of(job), &issuer, serial, err));
        return cf_scep_backend_get_crl(backend, profile, issuer, &job->pki.answer, &job->pki.crl,
                                       err);
    case CF_SCEP_PKCS_REQ:
        return enroll(job, CF_SCEP_PKCS_REQ, err);
    default:
        return enroll(job, CF_SCEP_RENEWAL_REQ, err);
    }
}

/* As long as it is being worked on and the device still waits. */
static enum cf_rc
look(struct cf_scep_job *job, struct cf_err *err)
{
    struct cf_scep_answer *answer = &job->pki.answer;

    for (unsigned wait_s = seconds_left(job); answer->state == CF_SCEP_ANSWER_WORKING && wait_s > 0;
         wait_s = seconds_left(job)) {
        struct cf_scep_answer next = {0};
        CF_TRY(cf_scep_backend_look(job->front->backend, answer->context, wait_s, &next, err));
        cf_scep_answer_done(answer);
        *answer = next;
    }
    return CF_OK;
}

static struct cf_scep_stage
take_answer(struct cf_scep_job *job)
{
    const struct cf_scep_answer *answer = &job->pki.answer;
    struct cf_err err = {0};

    switch (answer->state) {
    case CF_SCEP_ANSWER_ISSUED:
        job->pki.reply.status = CF_SCEP_SUCCESS;
        if (job->pki.crl)
            job->pki.reply.crl = cf_buf_bytes(job->pki.crl);
        else
            job->pki.reply.certs = cf_buf_bytes(answer->cert);
        return (struct cf_scep_stage){CF_LANE_CPU, cf_scep_pki_reply};
    case CF_SCEP_ANSWER_PENDING:
        job->pki.reply.status = CF_SCEP_PENDING;
        return (struct cf_scep_stage){CF_LANE_CPU, cf_scep_pki_reply};
    case CF_SCEP_ANSWER_FAILED:
        (void)cf_fail(&err, CF_E_REJECTED, "%s", answer->text);
        return cf_scep_pki_fail(job, answer->fail_info, &err);
    case CF_SCEP_ANSWER_LATER:
        (void)cf_fail(&err, CF_E_TIMEOUT, "%s", answer->text);
        return cf_scep_job_later(job, answer->retry_after_ms, &err);
    case CF_SCEP_ANSWER_WORKING:
        break;
    }
    (void)cf_fail(&err, CF_E_TIMEOUT,
                  "certferryd was not done with it within [scep] answer_timeout");
    return cf_scep_job_later(job, WORKING_RETRY_MS, &err);
}

struct cf_scep_stage
cf_scep_pki_ask(struct cf_scep_job *job)
{
    struct cf_err err = {0};
    enum cf_rc rc = ask(job, &err);

    if (rc == CF_OK)
        rc = look(job, &err);
    if (rc == CF_OK)
        return take_answer(job);
    /* A profile that is gone comes back, or the device is told so after the next refresh. */
    if (err.fault == CF_FAULT_REQUEST && rc != CF_E_NOT_FOUND)
        return cf_scep_pki_fail(job, CF_SCEP_BAD_REQUEST, &err);
    return cf_scep_job_later(job, 0, &err);
}
