/* SPDX-License-Identifier: Apache-2.0 */
/* session - OpenSSL's client with our transport below it and our judgement of what it got. */
#include <openssl/cmperr.h>
#include <openssl/err.h>
#include <string.h>

#include "certferry/stop.h"
#include "cmp.h"

static OSSL_CMP_MSG *
parse(struct cf_bytes der)
{
    const unsigned char *at = der.data;
    OSSL_CMP_MSG *message = d2i_OSSL_CMP_MSG(NULL, &at, (long)der.len);

    if (message && at != der.data + der.len) {
        OSSL_CMP_MSG_free(message);
        return NULL;
    }
    return message;
}

/* The nonce that the CA answered to back then is that of the request made now. */
static OSSL_CMP_MSG *
play(OSSL_CMP_CTX *ctx, struct cf_bytes der)
{
    OSSL_CMP_MSG *message = parse(der);
    const ASN1_OCTET_STRING *nonce =
        message ? OSSL_CMP_HDR_get0_recipNonce(OSSL_CMP_MSG_get0_header(message)) : NULL;

    if (nonce && OSSL_CMP_CTX_set1_senderNonce(ctx, nonce) == 1)
        return message;
    OSSL_CMP_MSG_free(message);
    return NULL;
}

/* Some servers tell failures with an HTTP status and say more in the message. */
static enum cf_rc
check_response(const struct cf_http_response *response, struct cf_err *err)
{
    if (strcmp(response->content_type, "application/pkixcmp") == 0)
        return CF_OK;
    CF_TRY(cf_http_check_status(response, err));
    return cf_fail(err, CF_E_CA_CONFIG,
                   "answered with content type \"%.60s\" where CMP has application/pkixcmp: check "
                   "url",
                   response->content_type);
}

static enum cf_rc
keep(struct cmp_session *session, struct cf_bytes der, struct cf_err *err)
{
    struct cf_buf **place = session->n_exchanges == 0 ? &session->first : &session->last;

    cf_buf_free(*place);
    *place = cf_buf_copy(der);
    return *place ? CF_OK : cf_fail_oom(err);
}

static enum cf_rc
exchange(struct cmp_session *session, struct cf_bytes body, OSSL_CMP_MSG **ret_answer,
         struct cf_err *err)
{
    static const char *const HEADERS[] = {"Content-Type: application/pkixcmp", NULL};
    const struct cf_ca_settings *settings = session->ca->settings;
    __attribute__((cleanup(cf_http_response_done))) struct cf_http_response response = {0};
    bool was_sent = false;
    const struct cf_http_request request = {
        .method = "POST",
        .url = settings->url,
        .allow_plain = true,
        .headers = HEADERS,
        .body = body,
        .timeout_ms = settings->timeout_ms,
        .ret_was_sent = &was_sent,
    };

    enum cf_rc rc = cf_http_send(session->http, &request, &response, err);
    bool is_refused = rc == CF_OK && cf_http_is_refusal(response.status);
    session->was_sent = session->was_sent || (was_sent && !is_refused);
    if (rc == CF_E_LIMIT)
        return cf_fail(err, CF_E_PROTOCOL, "%s", err->text);
    if (rc != CF_OK)
        return rc;
    CF_TRY(check_response(&response, err));
    struct cf_bytes der = cf_buf_bytes(response.body);
    CF_TRY(keep(session, der, err));
    *ret_answer = parse(der);
    return *ret_answer ? CF_OK
                       : cf_fail_openssl(err, CF_E_PROTOCOL, "the answer is no CMP message");
}

/* OSSL_CMP_transfer_cb_t */
static OSSL_CMP_MSG *
transfer(OSSL_CMP_CTX *ctx, const OSSL_CMP_MSG *request)
{
    struct cmp_session *session = OSSL_CMP_CTX_get_transfer_cb_arg(ctx);
    OSSL_CMP_MSG *answer = NULL;
    unsigned char *der = NULL;

    if (session->n_exchanges < session->n_replay) {
        answer = play(ctx, session->replay[session->n_exchanges++]);
        if (!answer)
            (void)cf_fail_openssl(&session->failure, CF_E_FIELD,
                                  "what was kept to ask the CA again is no CMP message");
        return answer;
    }
    int len = i2d_OSSL_CMP_MSG(request, &der);
    if (len <= 0) {
        (void)cf_fail_openssl(&session->failure, CF_E_CRYPTO, "the message cannot be encoded");
        return NULL;
    }
    (void)exchange(session, cf_bytes_of(der, (size_t)len), &answer, &session->failure);
    OPENSSL_free(der);
    session->n_exchanges++;
    return answer;
}

/* OSSL_CMP_certConf_cb_t: a failure that is returned is told the CA, which can take the
 * certificate back. */
static int
judge(OSSL_CMP_CTX *ctx, X509 *cert, int fail_info, const char **ret_text)
{
    struct cmp_session *session = OSSL_CMP_CTX_get_certConf_cb_arg(ctx);
    EVP_PKEY *asked = OSSL_CMP_CTX_get0_newPkey(ctx, 0);
    EVP_PKEY *has = X509_get0_pubkey(cert);
    X509 *issuer = session->ca->issuer;

    if (!asked || !has || EVP_PKEY_eq(asked, has) != 1) {
        *ret_text = "another key than the one asked for";
        (void)cf_fail(&session->refusal, CF_E_MISMATCH,
                      "the CA's certificate has another key than the one asked for");
        return 1 << OSSL_CMP_PKIFAILUREINFO_incorrectData;
    }
    if (X509_check_issued(issuer, cert) != X509_V_OK ||
        X509_verify(cert, X509_get0_pubkey(issuer)) != 1) {
        ERR_clear_error();
        *ret_text = "not issued by the CA that was asked";
        (void)cf_fail(&session->refusal, CF_E_MISMATCH,
                      "the certificate was not issued by the first one in chain_file: put the "
                      "issuing CA's there");
        return 1 << OSSL_CMP_PKIFAILUREINFO_incorrectData;
    }
    return fail_info;
}

/* OSSL_CMP_log_cb_t: library folders do not log. */
static int
be_silent(const char *function, const char *file, int line, OSSL_CMP_severity level,
          const char *text)
{
    (void)function;
    (void)file;
    (void)line;
    (void)level;
    (void)text;
    return 1;
}

static bool
set_protection(OSSL_CMP_CTX *ctx, const struct cmp_ca *ca)
{
    const char *reference = ca->settings->reference;

    if (ca->server && OSSL_CMP_CTX_set1_srvCert(ctx, ca->server) != 1)
        return false;
    if (ca->signer)
        return OSSL_CMP_CTX_set1_cert(ctx, ca->signer) == 1 &&
               OSSL_CMP_CTX_set1_pkey(ctx, ca->signer_key) == 1;
    return OSSL_CMP_CTX_set1_referenceValue(ctx, (const unsigned char *)reference,
                                            (int)strlen(reference)) == 1 &&
           OSSL_CMP_CTX_set1_secretValue(ctx, cf_secret_data(ca->secret),
                                         (int)cf_secret_len(ca->secret)) == 1;
}

/* An error without protection is believed only where TLS says who sent it. Whose signature counts
 * is pinned, so that its key usage says no more: many CAs sign with their own certificate, which
 * has only that of a CA. */
static bool
set_options(OSSL_CMP_CTX *ctx, const struct cmp_ca *ca)
{
    return OSSL_CMP_CTX_set_option(ctx, OSSL_CMP_OPT_UNPROTECTED_ERRORS, ca->has_tls) == 1 &&
           OSSL_CMP_CTX_set_option(ctx, OSSL_CMP_OPT_IGNORE_KEYUSAGE, 1) == 1 &&
           OSSL_CMP_CTX_set_option(ctx, OSSL_CMP_OPT_SUBJECTALTNAME_NODEFAULT, 1) == 1 &&
           OSSL_CMP_CTX_set_option(ctx, OSSL_CMP_OPT_IMPLICIT_CONFIRM,
                                   ca->settings->implicit_confirm) == 1 &&
           OSSL_CMP_CTX_set1_recipient(ctx, ca->recipient) == 1;
}

/* A CA that gets an expired signature may refuse the request for good, and OpenSSL does not look at
 * the time of a certificate that is pinned. */
static enum cf_rc
check_time(const struct cmp_ca *ca, const X509 *cert, const char *option, struct cf_err *err)
{
    time_t now = (time_t)(cf_clock_now_ms(ca->env.clock) / 1000);

    if (!cert || (X509_cmp_time(X509_get0_notBefore(cert), &now) < 0 &&
                  X509_cmp_time(X509_get0_notAfter(cert), &now) > 0))
        return CF_OK;
    return cf_fail(err, CF_E_CA_CONFIG,
                   "%s: the certificate is not valid now: replace it, or check this host's clock",
                   option);
}

enum cf_rc
cf_cmp_session_init(struct cmp_session *session, const struct cmp_ca *ca, struct cf_err *err)
{
    session->ca = ca;
    if (cf_stop_is_set(ca->env.stop_flag))
        return cf_fail(err, CF_E_STOPPED, "the service is stopping");
    CF_TRY(check_time(ca, ca->signer, "signer_file", err));
    CF_TRY(check_time(ca, ca->server,
                      ca->settings->server_cert_file ? "server_cert_file" : "chain_file", err));
    CF_TRY(cf_http_pool_take(ca->pool, &session->http, err));
    OSSL_CMP_CTX *ctx = OSSL_CMP_CTX_new(NULL, NULL);
    session->ctx = ctx;
    if (!ctx || OSSL_CMP_CTX_set_log_cb(ctx, be_silent) != 1 ||
        OSSL_CMP_CTX_set_transfer_cb(ctx, transfer) != 1 ||
        OSSL_CMP_CTX_set_transfer_cb_arg(ctx, session) != 1 ||
        OSSL_CMP_CTX_set_certConf_cb(ctx, judge) != 1 ||
        OSSL_CMP_CTX_set_certConf_cb_arg(ctx, session) != 1 || !set_options(ctx, ca) ||
        !set_protection(ctx, ca))
        return cf_fail_openssl(err, CF_E_CRYPTO, "CMP cannot be set up");
    return CF_OK;
}

void
cf_cmp_session_done(struct cmp_session *session)
{
    OSSL_CMP_CTX_free(session->ctx);
    if (session->http && session->failure.rc == CF_OK)
        cf_http_pool_give(session->ca->pool, &session->http);
    cf_http_free(session->http);
    cf_buf_free(session->first);
    cf_buf_free(session->last);
    ERR_clear_error();
}

static bool
is_of_protection(unsigned long code)
{
    static const int REASON[] = {CMP_R_ERROR_VALIDATING_PROTECTION,
                                 CMP_R_ERROR_VALIDATING_SIGNATURE,
                                 CMP_R_MISSING_PROTECTION,
                                 CMP_R_WRONG_PBM_VALUE,
                                 CMP_R_MISSING_SECRET,
                                 CMP_R_MISSING_TRUST_ANCHOR,
                                 CMP_R_SRVCERT_DOES_NOT_VALIDATE_MSG,
                                 CMP_R_NO_SUITABLE_SENDER_CERT,
                                 CMP_R_UNKNOWN_ALGORITHM_ID,
                                 CMP_R_WRONG_ALGORITHM_OID,
                                 CMP_R_MISSING_KEY_USAGE_DIGITALSIGNATURE};

    for (size_t i = 0; ERR_GET_LIB(code) == ERR_LIB_CMP && i < CF_COUNT(REASON); i++) {
        if (ERR_GET_REASON(code) == REASON[i])
            return true;
    }
    return false;
}

/* The reason that says most: one of the protection, else the one nearest to the fault. */
static enum cf_rc
fail_answer(struct cf_err *err)
{
    unsigned long first = ERR_peek_error();
    unsigned long protection = 0;

    for (unsigned long code = ERR_get_error(); code; code = ERR_get_error()) {
        if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE) {
            ERR_clear_error();
            return cf_fail_oom(err);
        }
        if (!protection && is_of_protection(code))
            protection = code;
    }
    const char *reason = ERR_reason_error_string(protection ? protection : first);
    if (protection)
        return cf_fail(err, CF_E_CA_CONFIG,
                       "the CA's answer is not protected as configured (%s): check reference and "
                       "secret_file, or set server_cert_file to the certificate that signs the "
                       "CA's answers",
                       reason ? reason : "unknown");
    return cf_fail(err, CF_E_PROTOCOL, "the CA's answer is not as CMP has it: %s",
                   reason ? reason : "unknown");
}

enum cf_rc
cf_cmp_session_fail(struct cmp_session *session, bool is_revocation, struct cf_err *err)
{
    const struct cf_err *failure = &session->failure;

    if (failure->rc == CF_OK && session->refusal.rc != CF_OK)
        failure = &session->refusal;
    if (failure->rc != CF_OK) {
        ERR_clear_error();
        bool is_net = failure->rc == CF_E_NET || failure->rc == CF_E_TIMEOUT;
        if (is_net && !session->was_sent)
            return cf_fail(err, CF_E_CA_DOWN, "%s", failure->text);
        if (err)
            *err = *failure;
        return failure->rc;
    }
    if (OSSL_CMP_CTX_get_status(session->ctx) == OSSL_CMP_PKISTATUS_rejection) {
        ERR_clear_error();
        return cf_cmp_status_fail(session->ctx, is_revocation, err);
    }
    return fail_answer(err);
}
