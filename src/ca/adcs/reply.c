/* SPDX-License-Identifier: Apache-2.0 */
/* reply - what the CA said about a request, as the one answer that is made of it. */
#include <stdio.h>
#include <string.h>

#include "adcs.h"
#include "certferry/text.h"
#include "chain.h"

enum { NAME_SIZE = 64, UNKNOWN_ISSUER_MS = 60 * 1000 };
static const uint32_t UNKNOWN_REQUEST = 0x80094004; /* CERTSRV_E_PROPERTY_EMPTY */
static const uint32_t FIRST_HRESULT = 0x80000000;

void
adcs_reply_done(struct adcs_reply *reply)
{
    cf_buf_free(reply->cert);
    cf_buf_free(reply->response);
    *reply = (struct adcs_reply){0};
}

static enum cf_rc
reject(struct cf_ca_answer *ret_answer, const char *reason)
{
    *ret_answer = (struct cf_ca_answer){.disposition = CF_CA_ANSWER_REJECTED};
    cf_words_cut(reason, ret_answer->reason, sizeof ret_answer->reason);
    return CF_OK;
}

static void
name_request(const struct adcs_ca *ca, const struct adcs_reply *reply, char ret[NAME_SIZE])
{
    if (reply->request_id != 0)
        (void)snprintf(ret, NAME_SIZE, "request %u", reply->request_id);
    else
        (void)snprintf(ret, NAME_SIZE, "request to %.40s", ca->settings->ca_name);
}

static enum cf_rc
reject_with(const struct adcs_ca *ca, const struct adcs_reply *reply, const char *why,
            struct cf_ca_answer *ret_answer)
{
    char reason[CF_ERR_TEXT_MAX + ADCS_MESSAGE_SIZE];
    char what[NAME_SIZE];

    name_request(ca, reply, what);
    (void)snprintf(reason, sizeof reason, "%s: %s%s%s", what, why,
                   reply->message[0] ? "; the CA says: " : "", reply->message);
    return reject(ret_answer, reason);
}

/* About a call on the way to the CA (RPC, RPC_S_..., a timeout), and not of the CA: what became of
 * the request is not known then. */
static bool
is_of_a_call(uint32_t hresult)
{
    enum {
        WIN32 = 0x8007,
        RPC = 0x8001,
        SEM_TIMEOUT = 121,
        TIMEOUT = 1460,
        NET_FIRST = 1200, /* ERROR_BAD_DEVICE to ERROR_CONNECTION_ABORTED and the like */
        NET_LAST = 1239,
        RPC_FIRST = 1700, /* RPC_S_INVALID_STRING_BINDING to RPC_X_..., RPC_S_... */
        RPC_LAST = 1940
    };
    uint32_t code = hresult & 0xffff;

    return hresult >> 16 == RPC ||
           (hresult >> 16 == WIN32 &&
            (code == SEM_TIMEOUT || code == TIMEOUT || (code >= NET_FIRST && code <= NET_LAST) ||
             (code >= RPC_FIRST && code <= RPC_LAST)));
}

/* An HRESULT in place of a disposition, or of the whole call. */
static enum cf_rc
refused(const struct adcs_ca *ca, const struct adcs_reply *reply, uint32_t hresult, bool is_poll,
        struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    struct cf_err local = {0};
    char what[NAME_SIZE];

    if (is_poll && hresult == UNKNOWN_REQUEST)
        return reject_with(ca, reply, "the CA has no such request (any more)", ret_answer);
    name_request(ca, reply, what);
    enum cf_rc rc = cf_hresult_fail(&local, hresult, reply->message, what);
    if (rc == CF_E_REJECTED)
        return reject(ret_answer, local.text);
    ret_answer->nothing_issued = !is_of_a_call(hresult);
    if (err)
        *err = local;
    return rc;
}

static enum cf_rc
pending(const struct adcs_ca *ca, const struct adcs_reply *reply, struct cf_ca_answer *ret_answer,
        struct cf_err *err)
{
    char *cookie = NULL;

    CF_TRY(adcs_cookie_write(ca->settings, reply->request_id, &cookie, err));
    *ret_answer = (struct cf_ca_answer){.disposition = CF_CA_ANSWER_PENDING, .cookie = cookie};
    (void)snprintf(ret_answer->reason, sizeof ret_answer->reason, "request %u", reply->request_id);
    return CF_OK;
}

/* The certificate itself, or the one that the response is about. One that cannot be read came so
 * from the CA: another submission would only bring another. */
static enum cf_rc
read_cert(const struct adcs_ca *ca, const struct adcs_reply *reply, struct cf_cert **ret_cert,
          struct cf_err *err)
{
    struct cf_err local = {0};
    enum cf_rc rc = reply->cert ? cf_cert_parse(cf_buf_bytes(reply->cert), ret_cert, &local)
                                : cf_cert_from_cms(cf_buf_bytes(reply->response), ret_cert, &local);

    if (rc == CF_OK || rc == CF_E_OOM)
        return rc == CF_OK ? rc : cf_fail_oom(err);
    return cf_fail(err, CF_E_ENCODING, "CA %s: the certificate of request %u cannot be read: %s",
                   ca->settings->ca_name, reply->request_id, local.text);
}

/* What the directory does not know now it may know later, as after a renewal of the CA when its
 * servers have not told each other yet: the certificate is asked for by its number until then, so
 * that no second one is made. */
static enum cf_rc
chain_unknown(const struct adcs_ca *ca, const struct adcs_reply *reply, bool is_poll,
              const struct cf_err *why, struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    bool may_pass = why->fault == CF_FAULT_TRANSIENT || (why->rc == CF_E_MISMATCH && !ca->chain);

    if (!is_poll && may_pass && reply->request_id != 0) {
        CF_TRY(pending(ca, reply, ret_answer, err));
        ret_answer->retry_after_ms = UNKNOWN_ISSUER_MS;
        return CF_OK;
    }
    if (is_poll && why->rc == CF_E_MISMATCH && !ca->chain)
        return cf_fail(err, CF_E_CA_CONFIG, "request %u is issued and waits: %s", reply->request_id,
                       why->text);
    if (err)
        *err = *why;
    return why->rc;
}

static enum cf_rc
issued(struct adcs_ca *ca, const struct adcs_reply *reply, bool is_poll,
       struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    cf_own(cf_cert) cert = NULL;
    cf_own(cf_chain) chain = NULL;
    cf_own(cf_buf) chain_der = NULL;
    struct cf_err why = {0};

    if (!reply->cert && !reply->response) {
        /* It is there and can be fetched by its number; a new submission would make a second. */
        if (!is_poll && reply->request_id != 0)
            return pending(ca, reply, ret_answer, err);
        return cf_fail(err, CF_E_PROTOCOL,
                       "CA %s: says that request %u is issued, and sends no certificate",
                       ca->settings->ca_name, reply->request_id);
    }
    CF_TRY(read_cert(ca, reply, &cert, err));
    enum cf_rc rc = cf_adcs_chain(ca, cert, reply->response, &chain, &why);
    if (rc != CF_OK)
        return chain_unknown(ca, reply, is_poll, &why, ret_answer, err);
    CF_TRY(cf_chain_der(chain, &chain_der, err));
    cf_own(cf_buf) der = cf_buf_copy(cf_cert_der(cert));
    if (!der)
        return cf_fail_oom(err);
    *ret_answer = (struct cf_ca_answer){
        .disposition = CF_CA_ANSWER_ISSUED, .cert = cf_give(der), .chain = cf_give(chain_der)};
    return CF_OK;
}

enum cf_rc
adcs_answer(struct adcs_ca *ca, const struct adcs_reply *reply, bool is_poll,
            struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    /* With these the return value only says the same once more. */
    if (reply->disposition == ADCS_DENIED)
        return reject_with(ca, reply, is_poll ? "it was denied by a certificate manager" : "denied",
                           ret_answer);
    if (reply->disposition == ADCS_REVOKED && is_poll)
        return reject_with(ca, reply, "the certificate has been revoked already", ret_answer);
    if (reply->disposition >= FIRST_HRESULT)
        return refused(ca, reply, reply->disposition, is_poll, ret_answer, err);
    if (reply->result != 0)
        return refused(ca, reply, reply->result, is_poll, ret_answer, err);

    switch (reply->disposition) {
    case ADCS_ISSUED:
        return issued(ca, reply, is_poll, ret_answer, err);
    case ADCS_PENDING:
        return pending(ca, reply, ret_answer, err);
    case ADCS_INCOMPLETE:
        if (is_poll)
            return reject_with(ca, reply, "the CA holds it for a certificate of another CA",
                               ret_answer);
        break;
    default:
        break;
    }
    return cf_fail(err, CF_E_PROTOCOL, "CA %s: disposition %u of request %u has no meaning here",
                   ca->settings->ca_name, reply->disposition, reply->request_id);
}
