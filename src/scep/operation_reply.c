/* SPDX-License-Identifier: Apache-2.0 */
/* The CertRep. */
#include "certferry/log.h"
#include "pki.h"

#define PKI_MESSAGE "application/x-pki-message"

static enum cf_rc
build(struct cf_scep_job *job, struct cf_buf **ret_der, struct cf_err *err)
{
    const struct cf_scep_ra_pair *shown = cf_scep_keys_shown(job->keys, job->pki.reply.now_ms);

    if (!shown)
        return cf_fail(err, CF_E_NOT_FOUND, "no RA certificate is in force yet");
    return cf_scep_reply_build(job->pki.message, &shown->sign, &job->pki.reply, ret_der, err);
}

struct cf_scep_stage
cf_scep_pki_reply(struct cf_scep_job *job)
{
    struct cf_scep_front *front = job->front;
    struct cf_err err = {0};
    cf_own(cf_buf) der = NULL;

    job->pki.reply.now_ms = cf_clock_now_ms(front->clock);
    enum cf_rc rc = build(job, &der, &err);
    if (rc == CF_E_UNSUPPORTED && job->pki.reply.status != CF_SCEP_FAILURE) {
        (void)cf_scep_pki_fail(job, CF_SCEP_BAD_REQUEST, &err);
        rc = build(job, &der, &err);
    }
    if (rc != CF_OK)
        return cf_scep_job_later(job, 0, &err);
    cf_scep_respond(job->exchange, PKI_MESSAGE, cf_give(der));
    __atomic_fetch_add(&front->n_answered, 1, __ATOMIC_RELAXED);
    if (job->pki.reply.status == CF_SCEP_SUCCESS) {
        const struct cf_log_fields fields = cf_scep_pki_fields(job, NULL);
        cf_log(CF_EV_SCEP_ISSUED, &fields, "answered with a %s",
               job->pki.reply.crl.len > 0 ? "CRL" : "certificate");
    }
    return CF_SCEP_END;
}
