/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ces_negotiate - Kerberos in HTTP (RFC 4559), with the channel binding that the HTTP library does
 * not have.
 */
#include <string.h>

#include "ces_parts.h"

enum { LEGS_MAX = 4, TOKEN_MAX = 64 * 1024 };

static void
forget_cert(struct ces_endpoint *endpoint)
{
    (void)pthread_mutex_lock(&endpoint->lock);
    endpoint->cert = cf_buf_free(endpoint->cert);
    endpoint->binding = cf_buf_free(endpoint->binding);
    (void)pthread_mutex_unlock(&endpoint->lock);
}

static enum cf_rc
judge_probe(struct ces_endpoint *endpoint, const struct cf_http_response *response,
            struct cf_err *err)
{
    long status = response->status;
    bool is_kerberos = endpoint->ca->settings->auth == CF_ADCS_KERBEROS;

    if (status == 401 && is_kerberos && !response->offers_negotiate)
        return cf_fail(err, CF_E_AUTH,
                       "%s: Kerberos is not offered there: is this the URL for it (..._Kerberos), "
                       "with the provider Negotiate?",
                       endpoint->option);
    if (status / 100 != 3 && status != 404 && status != 410 && status != 429 && status < 501)
        return CF_OK; /* it is there; what it says of an empty message does not count */
    enum cf_rc rc = ces_judge(endpoint, response, err);
    return err->fault == CF_FAULT_TRANSIENT ? ces_rename(err, CF_E_CA_DOWN) : rc;
}

static enum cf_rc
copy_of(const struct cf_buf *buf, struct cf_buf **ret_copy, struct cf_err *err)
{
    *ret_copy = cf_buf_copy(cf_buf_bytes(buf));
    return *ret_copy ? CF_OK : cf_fail_oom(err);
}

enum cf_rc
ces_learn_cert(struct ces_endpoint *endpoint, struct cf_http *http, struct cf_buf **ret_cert,
               struct cf_buf **ret_binding, struct cf_err *err)
{
    __attribute__((cleanup(cf_http_response_done))) struct cf_http_response response = {0};
    cf_own(cf_buf) binding = NULL;
    cf_own(cf_buf) cert = NULL;

    CF_TRY(ces_send(endpoint, http, NULL, NULL, true, &response, err));
    CF_TRY(judge_probe(endpoint, &response, err));
    if (!response.peer_cert)
        return cf_fail(err, CF_E_BUG, "%s: a server without a certificate", endpoint->option);
    CF_TRY(cf_cert_endpoint_binding(cf_buf_bytes(response.peer_cert), &binding, err));
    CF_TRY(copy_of(response.peer_cert, &cert, err));
    CF_TRY(copy_of(binding, ret_binding, err));
    (void)pthread_mutex_lock(&endpoint->lock);
    cf_buf_free(endpoint->cert);
    cf_buf_free(endpoint->binding);
    endpoint->cert = cf_give(cert);
    endpoint->binding = cf_give(binding);
    (void)pthread_mutex_unlock(&endpoint->lock);
    *ret_cert = cf_give(response.peer_cert);
    return CF_OK;
}

static enum cf_rc
find_binding(struct ces_endpoint *endpoint, struct cf_http *http, struct cf_buf **ret_cert,
             struct cf_buf **ret_binding, struct cf_err *err)
{
    enum cf_rc rc = CF_OK;

    (void)pthread_mutex_lock(&endpoint->lock);
    bool is_known = endpoint->cert != NULL;
    if (is_known) {
        rc = copy_of(endpoint->cert, ret_cert, err);
        if (rc == CF_OK)
            rc = copy_of(endpoint->binding, ret_binding, err);
    }
    (void)pthread_mutex_unlock(&endpoint->lock);
    return is_known ? rc : ces_learn_cert(endpoint, http, ret_cert, ret_binding, err);
}

static enum cf_rc
header_of(const struct cf_buf *token, struct cf_secret **ret_header, struct cf_err *err)
{
    static const char SCHEME[] = "Negotiate ";
    cf_own_str base64 = NULL;

    CF_TRY(cf_text_base64(cf_buf_bytes(token), &base64, err));
    struct cf_bytes text = cf_bytes_of(base64, strlen(base64));
    enum cf_rc rc = cf_secret_new(sizeof SCHEME - 1 + text.len, ret_header, err);
    if (rc == CF_OK) {
        uint8_t *out = cf_secret_edit(*ret_header);
        memcpy(out, SCHEME, sizeof SCHEME - 1);
        memcpy(out + sizeof SCHEME - 1, text.data, text.len);
    }
    cf_wipe(base64, text.len);
    return rc;
}

/* One attempt, and how it went. */
struct attempt {
    struct ces_endpoint *endpoint;
    struct cf_http *http;
    struct soap_message *message;
    struct cf_gss *gss;    /* owned */
    struct cf_buf *cert;   /* owned; what the binding is of; NULL: not bound */
    struct cf_buf *answer; /* owned: the server's token; NULL: none */
    bool is_complete;
    bool is_refused;
};

static void
attempt_done(struct attempt *attempt)
{
    cf_gss_free(attempt->gss);
    cf_buf_free(attempt->cert);
    cf_buf_free(attempt->answer);
}

static enum cf_rc
begin(struct attempt *attempt, struct cf_err *err)
{
    const struct adcs_ca *ca = attempt->endpoint->ca;
    cf_own(cf_buf) binding = NULL;

    if (ca->settings->channel_binding)
        CF_TRY(find_binding(attempt->endpoint, attempt->http, &attempt->cert, &binding, err));
    struct cf_gss_options options = {
        .kerberos = ca->kerberos,
        .service = attempt->endpoint->service,
        .mech = CF_GSS_SPNEGO,
        .delegates = ca->settings->delegates,
        .timeout_ms = ca->settings->connect_timeout_ms,
        .stop_flag = ca->env.stop_flag,
        .channel_binding = binding ? cf_buf_bytes(binding) : cf_bytes_of(NULL, 0),
    };
    return cf_gss_new(&options, &attempt->gss, err);
}

static enum cf_rc
keep_token(struct attempt *attempt, const struct cf_http_response *response, struct cf_err *err)
{
    attempt->answer = cf_buf_free(attempt->answer);
    if (!response->negotiate)
        return CF_OK;
    if (cf_text_from_base64(response->negotiate, TOKEN_MAX, &attempt->answer, err) == CF_OK)
        return CF_OK;
    return err->rc == CF_E_OOM ? CF_E_OOM
                               : cf_fail(err, CF_E_PROTOCOL, "%s: a Negotiate token that is none",
                                         attempt->endpoint->option);
}

/* TLS verified both; but what was proved to hold for the one need not hold for the other. */
static enum cf_rc
check_cert(const struct attempt *attempt, const struct cf_http_response *response,
           struct cf_err *err)
{
    if (!attempt->cert ||
        (response->peer_cert &&
         cf_bytes_equal(cf_buf_bytes(attempt->cert), cf_buf_bytes(response->peer_cert))))
        return CF_OK;
    return cf_fail(err, CF_E_PROTOCOL,
                   "%s: the server shows another certificate than a moment ago; if several take "
                   "turns, give all the same one",
                   attempt->endpoint->option);
}

/* Sends the message with our next token; *ret_token is NULL when there is none to send. */
static enum cf_rc
leg(struct attempt *attempt, bool is_first, struct cf_http_response *ret_response,
    struct cf_err *err)
{
    cf_own(cf_buf) token = NULL;
    cf_own(cf_secret) header = NULL;
    struct cf_bytes theirs = attempt->answer ? cf_buf_bytes(attempt->answer) : cf_bytes_of(NULL, 0);

    attempt->is_refused = false; /* what was refused before is said again */
    enum cf_rc rc = cf_gss_step(attempt->gss, theirs, &token, &attempt->is_complete, err);
    if (rc != CF_OK && is_first && rc == CF_E_NET)
        return ces_rename(err, CF_E_CA_DOWN); /* no ticket: nothing was sent */
    if (rc != CF_OK || !token || cf_buf_len(token) == 0) {
        attempt->is_refused = !is_first;
        return rc != CF_OK ? rc
                           : cf_fail(err, CF_E_AUTH, "%s: Kerberos came to no end with the server",
                                     attempt->endpoint->option);
    }
    CF_TRY(header_of(token, &header, err));
    CF_TRY(ces_send(attempt->endpoint, attempt->http, attempt->message, header,
                    is_first && attempt->cert, ret_response, err));
    return keep_token(attempt, ret_response, err);
}

/* Only who has the key of the service's account can make this token (RFC 4120 section 5.5.2). */
static enum cf_rc
check_proof(struct attempt *attempt, struct cf_err *err)
{
    cf_own(cf_buf) token = NULL;

    if (!attempt->is_complete && attempt->answer)
        CF_TRY(cf_gss_step(attempt->gss, cf_buf_bytes(attempt->answer), &token,
                           &attempt->is_complete, err));
    if (attempt->is_complete && (!token || cf_buf_len(token) == 0))
        return CF_OK;
    return cf_fail(err, CF_E_AUTH,
                   "%s: the server did not prove by Kerberos that it is %s: its answer is not "
                   "believed",
                   attempt->endpoint->option, attempt->endpoint->service);
}

static enum cf_rc
try_once(struct attempt *attempt, struct cf_http_response *response, struct cf_err *err)
{
    CF_TRY(begin(attempt, err));
    for (int i = 0; i < LEGS_MAX; i++) {
        cf_http_response_done(response);
        CF_TRY(leg(attempt, i == 0, response, err));
        attempt->is_refused = response->status == 401;
        if (i == 0)
            CF_TRY(check_cert(attempt, response, err));
        if (!attempt->is_refused || !attempt->answer)
            break;
    }
    CF_TRY(ces_judge(attempt->endpoint, response, err));
    return check_proof(attempt, err);
}

enum cf_rc
ces_negotiate(struct ces_endpoint *endpoint, struct cf_http *http, struct soap_message *message,
              struct cf_http_response *ret_response, struct cf_err *err)
{
    for (int i = 0;; i++) {
        struct attempt attempt = {.endpoint = endpoint, .http = http, .message = message};
        struct cf_http_response response = {0};
        enum cf_rc rc = try_once(&attempt, &response, err);
        bool is_refused = attempt.is_refused;

        attempt_done(&attempt);
        if (rc == CF_OK) {
            *ret_response = response;
            return CF_OK;
        }
        cf_http_response_done(&response);
        /* The server may have got another certificate or another key since we last looked; what it
         * refused it did not look at. */
        forget_cert(endpoint);
        if (is_refused || rc == CF_E_AUTH)
            cf_kerberos_forget(endpoint->ca->kerberos);
        if (!is_refused || i > 0)
            return rc;
    }
}
