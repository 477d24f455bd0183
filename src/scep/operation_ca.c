/* SPDX-License-Identifier: Apache-2.0 */
/* GetCACaps, GetCACert, GetNextCACert: RFC 8894 3.5.2, 4.2, 4.7. */
#include "operation.h"

enum { CAPS_MAX = 1024 };

static enum cf_rc
list_caps(const struct cf_scep_profile *profile, struct cf_buf *out, struct cf_err *err)
{
    CF_TRY(cf_buf_append_str(out, "POSTPKIOperation\nRenewal\nSHA-256\nSHA-512\n", err));
    if (profile->allow_sha1)
        CF_TRY(cf_buf_append_str(out, "SHA-1\n", err));
    CF_TRY(cf_buf_append_str(out, "AES\n", err));
    if (profile->allow_3des)
        CF_TRY(cf_buf_append_str(out, "DES3\n", err));
    if (profile->next_ca)
        CF_TRY(cf_buf_append_str(out, "GetNextCACert\n", err));
    return cf_buf_append_str(out, "SCEPStandard\n", err);
}

struct cf_scep_stage
cf_scep_get_ca_caps(struct cf_scep_job *job)
{
    cf_own(cf_buf) caps = cf_buf_new(CAPS_MAX);
    struct cf_err err = {0};

    if (!caps || list_caps(job->profile, caps, &err) != CF_OK)
        return cf_scep_job_later(job, 0, &err);
    cf_scep_respond(job->exchange, "text/plain", cf_give(caps));
    return CF_SCEP_END;
}

struct cf_scep_stage
cf_scep_get_ca_cert(struct cf_scep_job *job)
{
    struct cf_scep_front *front = job->front;
    struct cf_bytes certs[CF_SCEP_BUNDLE_MAX];
    struct cf_err err = {0};
    cf_own(cf_buf) body = NULL;

    if (!job->profile->ca->chain) {
        (void)cf_fail(&err, CF_E_NOT_FOUND, "[ca %s]: %s", job->profile->ca->name,
                      job->profile->ca->text ? job->profile->ca->text : "its chain is not known");
        return cf_scep_job_later(job, 0, &err);
    }
    if (cf_scep_keyring_keys(front->keyring, job->profile->ca->name, &job->keys, &err) != CF_OK)
        return cf_scep_job_later(job, 0, &err);
    size_t n = cf_scep_keys_bundle(job->keys, job->profile->ca, job->profile->root_in_bundle,
                                   cf_clock_now_ms(front->clock), certs);
    if (n == 1) {
        body = cf_buf_copy(certs[0]);
        if (!body)
            return cf_scep_job_later(job, 0, NULL);
        cf_scep_respond(job->exchange, "application/x-x509-ca-cert", cf_give(body));
        return CF_SCEP_END;
    }
    if (cf_scep_bundle(certs, n, &body, &err) != CF_OK)
        return cf_scep_job_later(job, 0, &err);
    cf_scep_respond(job->exchange, "application/x-x509-ca-ra-cert", cf_give(body));
    return CF_SCEP_END;
}

struct cf_scep_stage
cf_scep_get_next_ca_cert(struct cf_scep_job *job)
{
    struct cf_scep_front *front = job->front;
    const struct cf_chain *next = job->profile->next_ca;
    int64_t now_ms = cf_clock_now_ms(front->clock);
    struct cf_bytes certs[CF_SCEP_BUNDLE_MAX];
    struct cf_err err = {0};
    cf_own(cf_buf) body = NULL;
    size_t n = 0;

    if (!next) {
        cf_scep_respond_text(job->exchange, 404, "No next CA certificate is known.\n");
        return CF_SCEP_END;
    }
    if (cf_scep_keyring_keys(front->keyring, job->profile->ca->name, &job->keys, &err) != CF_OK)
        return cf_scep_job_later(job, 0, &err);
    const struct cf_scep_ra_pair *shown = cf_scep_keys_shown(job->keys, now_ms);
    if (!shown)
        return cf_scep_job_later(job, 0, NULL);
    for (; n < cf_chain_count(next) && n < CF_COUNT(certs); n++)
        certs[n] = cf_cert_der(cf_chain_at(next, n));
    if (cf_scep_next_ca(certs, n, &shown->sign, now_ms, &body, &err) != CF_OK)
        return cf_scep_job_later(job, 0, &err);
    cf_scep_respond(job->exchange, "application/x-x509-next-ca-cert", cf_give(body));
    return CF_SCEP_END;
}
