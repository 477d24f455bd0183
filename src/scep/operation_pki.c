/* SPDX-License-Identifier: Apache-2.0 */
/* PKIOperation, RFC 8894 3 and 4.3: from bytes to what the device asks for. */
#include <stdio.h>

#include "certferry/csr.h"
#include "certferry/log.h"
#include "pki.h"

static struct cf_scep_stage open_envelope(struct cf_scep_job *job);

struct cf_log_fields
cf_scep_pki_fields(const struct cf_scep_job *job, const struct cf_err *err)
{
    const struct cf_scep_message *message = job->pki.message;
    const char *context = job->pki.answer.context;

    return (struct cf_log_fields){
        .request = context[0] ? context : NULL,
        .profile = job->profile->name,
        .transaction = message ? cf_scep_message_transaction(message) : NULL,
        .remote = job->exchange->remote,
        .err = err,
    };
}

static const char *
type_name(const struct cf_scep_message *message)
{
    const char *name =
        cf_scep_message_type_name((enum cf_scep_message_type)cf_scep_message_type(message));

    return name ? name : "a message of unknown type";
}

struct cf_scep_stage
cf_scep_pki_fail(struct cf_scep_job *job, enum cf_scep_fail_info fail_info,
                 const struct cf_err *err)
{
    /* No more than the name says already: what went wrong is nobody's business but ours. */
    static const char *const texts[] = {
        [CF_SCEP_BAD_ALG] = "algorithm not accepted",
        [CF_SCEP_BAD_MESSAGE_CHECK] = "message check failed",
        [CF_SCEP_BAD_REQUEST] = "request refused",
        [CF_SCEP_BAD_TIME] = "signing time too far from now",
        [CF_SCEP_BAD_CERT_ID] = "no such certificate or request",
    };
    const struct cf_log_fields fields = cf_scep_pki_fields(job, err);

    cf_log(CF_EV_SCEP_REFUSED, &fields, "%s is refused with %s", type_name(job->pki.message),
           cf_scep_fail_info_name(fail_info));
    job->pki.reply.status = CF_SCEP_FAILURE;
    job->pki.reply.fail_info = fail_info;
    job->pki.reply.fail_text = texts[fail_info];
    return (struct cf_scep_stage){CF_LANE_CPU, cf_scep_pki_reply};
}

static struct cf_scep_stage
refuse_recipient(struct cf_scep_job *job, const struct cf_err *err)
{
    const struct cf_log_fields fields = cf_scep_pki_fields(job, NULL);

    cf_log(CF_EV_SCEP_UNKNOWN_RECIPIENT, &fields, "%s is encrypted to %s",
           type_name(job->pki.message), cf_scep_message_recipients(job->pki.message));
    return cf_scep_pki_fail(job, CF_SCEP_BAD_MESSAGE_CHECK, err);
}

/* Another node may have made new keys since this one looked. */
static struct cf_scep_stage
reload_keys(struct cf_scep_job *job)
{
    struct cf_scep_front *front = job->front;
    const char *ca = job->profile->ca->name;
    struct cf_scep_keys *keys = NULL;
    bool has_changed = false;

    /* Without an answer the old keys decide: the device gets one in any case. */
    (void)!cf_scep_keyring_reload(front->keyring, ca, &has_changed, NULL);
    if (cf_scep_keyring_keys(front->keyring, ca, &keys, NULL) == CF_OK) {
        cf_scep_keys_free(job->keys);
        job->keys = keys;
    }
    return (struct cf_scep_stage){CF_LANE_CPU, open_envelope};
}

static void
log_weakness(const struct cf_scep_job *job)
{
    const struct cf_log_fields fields = cf_scep_pki_fields(job, NULL);
    char weak[CF_SCEP_WEAK_SIZE];

    cf_scep_pki_weak(job->pki.message, weak);
    if (weak[0])
        cf_log(CF_EV_SCEP_WEAK_ALGORITHM, &fields, "%s uses %s, as the profile allows",
               type_name(job->pki.message), weak);
}

/* What is no PKCS#10 is told here already, so that the answer to a message that was spoiled does
 * not depend on how far its decryption went. */
static enum cf_rc
check_content(const struct cf_scep_message *message, const struct cf_secret *content,
              struct cf_err *err)
{
    const struct cf_bytes bytes = {cf_secret_data(content), cf_secret_len(content)};
    cf_own(cf_csr) csr = NULL;
    struct cf_bytes issuer;
    struct cf_bytes subject;
    char serial[CF_SERIAL_TEXT_SIZE];

    switch (cf_scep_message_type(message)) {
    case CF_SCEP_CERT_POLL:
        return cf_scep_parse_issuer_and_subject(bytes, &issuer, &subject, err);
    case CF_SCEP_GET_CERT:
    case CF_SCEP_GET_CRL:
        return cf_scep_parse_issuer_and_serial(bytes, &issuer, serial, err);
    default:
        return cf_csr_parse(bytes, &csr, err);
    }
}

static struct cf_scep_stage
open_envelope(struct cf_scep_job *job)
{
    struct cf_err err = {0};
    size_t n = 0;
    const struct cf_scep_ra *ras = cf_scep_keys_decrypters(job->keys, &n);

    switch (cf_scep_message_open(job->pki.message, ras, n, &job->pki.content, &err)) {
    case CF_OK:
        break;
    case CF_E_NOT_FOUND:
        if (job->pki.keys_were_reloaded)
            return refuse_recipient(job, &err);
        job->pki.keys_were_reloaded = true;
        return (struct cf_scep_stage){CF_LANE_IO, reload_keys};
    case CF_E_UNSUPPORTED:
        return cf_scep_pki_fail(job, CF_SCEP_BAD_ALG, &err);
    case CF_E_CRYPTO:
    case CF_E_ENCODING:
        return cf_scep_pki_fail(job, CF_SCEP_BAD_REQUEST, &err);
    default:
        return cf_scep_job_later(job, 0, &err);
    }
    if (check_content(job->pki.message, job->pki.content, &err) != CF_OK)
        return cf_scep_pki_fail(job, CF_SCEP_BAD_REQUEST, &err);
    log_weakness(job);
    return (struct cf_scep_stage){CF_LANE_IO, cf_scep_pki_ask};
}

static bool
is_request(const struct cf_scep_message *message)
{
    switch (cf_scep_message_type(message)) {
    case CF_SCEP_RENEWAL_REQ:
    case CF_SCEP_UPDATE_REQ:
    case CF_SCEP_PKCS_REQ:
    case CF_SCEP_CERT_POLL:
    case CF_SCEP_GET_CERT:
    case CF_SCEP_GET_CRL:
        return true;
    default:
        return false;
    }
}

/* How the answer is to be made, whichever it will be. */
static void
plan_reply(struct cf_scep_job *job, int64_t now_ms)
{
    const struct cf_scep_message *message = job->pki.message;
    enum cf_scep_cipher cipher = cf_scep_message_cipher(message);
    bool is_sha1 = cf_scep_message_digest(message) == CF_SCEP_SHA1 && job->profile->allow_sha1;

    job->pki.reply = (struct cf_scep_reply){
        .now_ms = now_ms,
        .floor = is_sha1 ? CF_SCEP_SHA1 : CF_SCEP_SHA256,
        .cipher = cipher == CF_SCEP_CIPHER_OTHER ? CF_SCEP_AES128 : cipher,
    };
}

static enum cf_rc
check_message(const struct cf_scep_job *job, int64_t now_ms, enum cf_scep_fail_info *ret_fail_info,
              struct cf_err *err)
{
    const struct cf_scep_message *message = job->pki.message;

    CF_TRY(cf_scep_pki_judge_signer(message, job->profile, ret_fail_info, err));
    CF_TRY(cf_scep_message_check(message, ret_fail_info, err));
    return cf_scep_pki_judge_seal(message, job->profile, now_ms, ret_fail_info, err);
}

struct cf_scep_stage
cf_scep_pki_operation(struct cf_scep_job *job)
{
    struct cf_scep_front *front = job->front;
    struct cf_bytes bytes = cf_buf_bytes(job->exchange->message);
    int64_t now_ms = cf_clock_now_ms(front->clock);
    enum cf_scep_fail_info fail_info = CF_SCEP_BAD_MESSAGE_CHECK;
    struct cf_err err = {0};

    if (cf_scep_message_parse(bytes, &job->pki.message, &err) != CF_OK) {
        const struct cf_log_fields fields = cf_scep_pki_fields(job, &err);
        cf_log(CF_EV_SCEP_REFUSED, &fields, "a request that is no SCEP message");
        cf_scep_respond_text(job->exchange, 400, "The request is no SCEP message.\n");
        return CF_SCEP_END;
    }
    job->exchange->message = cf_buf_free(job->exchange->message);
    if (cf_scep_keyring_keys(front->keyring, job->profile->ca->name, &job->keys, &err) != CF_OK)
        return cf_scep_job_later(job, 0, &err);
    plan_reply(job, now_ms);
    if (check_message(job, now_ms, &fail_info, &err) != CF_OK)
        return cf_scep_pki_fail(job, fail_info, &err);
    if (!is_request(job->pki.message)) {
        (void)cf_fail(&err, CF_E_UNSUPPORTED, "message type %d is no request",
                      cf_scep_message_type(job->pki.message));
        return cf_scep_pki_fail(job, CF_SCEP_BAD_REQUEST, &err);
    }
    return open_envelope(job);
}
