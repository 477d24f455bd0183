/* SPDX-License-Identifier: Apache-2.0 */
/* request - a certificate asked for, and asked for again while the CA wants time. */
#include <stdio.h>
#include <string.h>

#include <openssl/crmf.h>

#include "cmp.h"

enum { DAY_MS = 24 * 60 * 60 * 1000, DAYS_MAX = 100 * 366 };

static const int BODY[] = {
    [CF_CMP_P10CR] = OSSL_CMP_P10CR, [CF_CMP_CR] = OSSL_CMP_CR, [CF_CMP_IR] = OSSL_CMP_IR};

/* With cr and ir OpenSSL takes key, subject and extensions out of the CSR, whose signature has been
 * verified when it was made; what proves possession cannot be carried over. */
static enum cf_rc
set_csr(struct cmp_session *session, enum cf_cmp_request kind, struct cf_bytes der,
        struct cf_err *err)
{
    const unsigned char *at = der.data;
    cf_own_ossl(X509_REQ) csr = d2i_X509_REQ(NULL, &at, (long)der.len);
    OSSL_CMP_CTX *ctx = session->ctx;

    if (!csr || X509_REQ_verify(csr, X509_REQ_get0_pubkey(csr)) != 1)
        return cf_fail_openssl(err, CF_E_ENCODING, "the CSR cannot be read");
    if (OSSL_CMP_CTX_set1_p10CSR(ctx, csr) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "the CSR cannot be used");
    if (kind != CF_CMP_P10CR &&
        (OSSL_CMP_CTX_set_option(ctx, OSSL_CMP_OPT_POPO_METHOD, OSSL_CRMF_POPO_RAVERIFIED) != 1 ||
         OSSL_CMP_CTX_set1_subjectName(ctx, X509_REQ_get_subject_name(csr)) != 1 ||
         OSSL_CMP_CTX_set1_issuer(ctx, X509_get_subject_name(session->ca->issuer)) != 1))
        return cf_fail_openssl(err, CF_E_CRYPTO, "the request cannot be made");
    return CF_OK;
}

/* A PKCS#10 has no place for it. */
static enum cf_rc
set_validity(struct cmp_session *session, const struct cf_ca_submission *submission,
             struct cf_err *err)
{
    uint64_t days =
        cf_template_validity_ms(submission->template_settings, submission->validity_ms) / DAY_MS;

    if (session->ca->settings->cmp_request == CF_CMP_P10CR || days == 0 || days > DAYS_MAX)
        return CF_OK;
    if (OSSL_CMP_CTX_set_option(session->ctx, OSSL_CMP_OPT_VALIDITY_DAYS, (int)days) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "the validity cannot be asked for");
    return CF_OK;
}

static enum cf_rc
take_issued(struct cmp_session *session, struct cf_ca_answer *answer, struct cf_err *err)
{
    unsigned char *der = NULL;
    int len = i2d_X509(OSSL_CMP_CTX_get0_newCert(session->ctx), &der);

    if (len <= 0)
        return cf_fail_openssl(err, CF_E_PROTOCOL, "the CA's certificate cannot be encoded");
    answer->cert = cf_buf_copy(cf_bytes_of(der, (size_t)len));
    OPENSSL_free(der);
    if (!answer->cert)
        return cf_fail_oom(err);
    answer->disposition = CF_CA_ANSWER_ISSUED;
    return cf_chain_der(session->ca->chain, &answer->chain, err);
}

static enum cf_rc
take_pending(const struct cmp_cookie *cookie, int check_after, struct cf_ca_answer *answer,
             struct cf_err *err)
{
    CF_TRY(cf_cmp_cookie_write(cookie, &answer->cookie, err));
    answer->disposition = CF_CA_ANSWER_PENDING;
    answer->retry_after_ms = check_after > 0 ? (uint64_t)check_after * 1000 : 0;
    return CF_OK;
}

static enum cf_rc
take_failure(struct cmp_session *session, struct cf_ca_answer *answer, struct cf_err *err)
{
    struct cf_err own = {0};
    bool is_refused = session->failure.rc == CF_OK && session->refusal.rc == CF_OK &&
                      session->n_exchanges == 1 &&
                      OSSL_CMP_CTX_get_status(session->ctx) == OSSL_CMP_PKISTATUS_rejection;
    enum cf_rc rc = cf_cmp_session_fail(session, false, &own);

    if (rc == CF_E_REJECTED) {
        answer->disposition = CF_CA_ANSWER_REJECTED;
        (void)snprintf(answer->reason, sizeof answer->reason, "%s", own.text);
        return CF_OK;
    }
    /* What only the protocol ran into (systemFailure) may have come after the fact. */
    answer->nothing_issued = !session->was_sent || (is_refused && rc != CF_E_PROTOCOL);
    if (err)
        *err = own;
    return rc;
}

/* On failure what the answer holds is given back. */
static enum cf_rc
hand_over(enum cf_rc rc, struct cf_ca_answer *answer, struct cf_ca_answer *ret_answer)
{
    if (rc == CF_OK) {
        *ret_answer = *answer;
        return CF_OK;
    }
    ret_answer->nothing_issued = answer->nothing_issued;
    cf_ca_answer_done(answer);
    return rc;
}

enum cf_rc
cf_cmp_submit(struct cf_ca *base, const struct cf_ca_submission *submission,
              struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    const struct cmp_ca *ca = (const struct cmp_ca *)base;
    enum cf_cmp_request kind = ca->settings->cmp_request;
    cf_own_session session = {0};
    cf_own(cf_buf) csr = cf_buf_copy(submission->csr);
    cf_own(cf_buf) name = NULL;
    struct cf_ca_answer answer = {0};
    int check_after = 0;
    enum cf_rc rc;

    ret_answer->nothing_issued = true;
    if (!csr)
        return cf_fail_oom(err);
    CF_TRY(cf_cmp_cookie_ca(ca->settings, &name, err));
    CF_TRY(cf_cmp_session_init(&session, ca, err));
    CF_TRY(set_csr(&session, kind, submission->csr, err));
    CF_TRY(set_validity(&session, submission, err));
    int result = OSSL_CMP_try_certreq(session.ctx, BODY[kind], NULL, &check_after);
    /* The first poll, which OpenSSL makes at once, may fail: the request has arrived all the same.
     * The answer to it is not kept, for it was not good. */
    bool is_waiting = result == -1 || (result == 0 && OSSL_CMP_CTX_get_status(session.ctx) ==
                                                          OSSL_CMP_PKISTATUS_waiting);
    const struct cmp_cookie cookie = {.ca = name,
                                      .request = kind,
                                      .csr = csr,
                                      .first = session.first,
                                      .last = result == -1 ? session.last : NULL};
    if (result == 1)
        rc = take_issued(&session, &answer, err);
    else if (is_waiting)
        rc = take_pending(&cookie, check_after, &answer, err);
    else
        rc = take_failure(&session, &answer, err);
    return hand_over(rc, &answer, ret_answer);
}

static enum cf_rc
check_ca(const struct cmp_ca *ca, const struct cmp_cookie *cookie, struct cf_err *err)
{
    cf_own(cf_buf) name = NULL;

    CF_TRY(cf_cmp_cookie_ca(ca->settings, &name, err));
    if (cf_bytes_equal(cf_buf_bytes(name), cf_buf_bytes(cookie->ca)))
        return CF_OK;
    return cf_fail(
        err, CF_E_CA_CONFIG,
        "the request waits at another CA than \"%s\", which this section now names: name "
        "the former CA again until its requests are done",
        cf_buf_str(name));
}

static enum cf_rc
resume(struct cmp_session *session, const struct cmp_cookie *cookie, struct cf_err *err)
{
    const unsigned char *at = cf_buf_bytes(cookie->first).data;
    cf_own_ossl(OSSL_CMP_MSG) first = d2i_OSSL_CMP_MSG(NULL, &at, (long)cf_buf_len(cookie->first));
    const ASN1_OCTET_STRING *id =
        first ? OSSL_CMP_HDR_get0_transactionID(OSSL_CMP_MSG_get0_header(first)) : NULL;

    if (!id || OSSL_CMP_CTX_set1_transactionID(session->ctx, id) != 1)
        return cf_fail_openssl(err, CF_E_FIELD,
                               "what was kept to ask the CA again is no CMP message");
    session->replay[session->n_replay++] = cf_buf_bytes(cookie->first);
    if (cookie->last)
        session->replay[session->n_replay++] = cf_buf_bytes(cookie->last);
    return CF_OK;
}

enum cf_rc
cf_cmp_poll(struct cf_ca *base, const char *text, struct cf_ca_answer *ret_answer,
            struct cf_err *err)
{
    const struct cmp_ca *ca = (const struct cmp_ca *)base;
    cf_own_cookie cookie = {0};
    cf_own_session session = {0};
    struct cf_ca_answer answer = {0};
    int check_after = 0;
    int result = 0;
    enum cf_rc rc;

    CF_TRY(cf_cmp_session_init(&session, ca, err));
    CF_TRY(cf_cmp_cookie_read(text, &cookie, err));
    CF_TRY(check_ca(ca, &cookie, err));
    CF_TRY(set_csr(&session, cookie.request, cf_buf_bytes(cookie.csr), err));
    CF_TRY(resume(&session, &cookie, err));
    do {
        result = OSSL_CMP_try_certreq(session.ctx, BODY[cookie.request], NULL, &check_after);
    } while (result == -1 && session.n_exchanges <= session.n_replay);
    if (session.last) {
        cf_buf_free(cookie.last);
        cookie.last = cf_give(session.last);
    }
    if (result == 1)
        rc = take_issued(&session, &answer, err);
    else if (result == -1)
        rc = take_pending(&cookie, check_after, &answer, err);
    else
        rc = take_failure(&session, &answer, err);
    return hand_over(rc, &answer, ret_answer);
}
