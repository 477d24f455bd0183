/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "certferry/text.h"
#include "http_internal.h"

enum { QUOTE_MAX = 512 };

/* Results of certificate verification as the library reports them (X.509 verification codes). */
enum {
    VERIFY_OK = 0,
    VERIFY_NOT_YET_VALID = 9,
    VERIFY_EXPIRED = 10,
    VERIFY_SELF_SIGNED = 18,
    VERIFY_SELF_SIGNED_IN_CHAIN = 19,
    VERIFY_NO_ISSUER = 20,
    VERIFY_NO_LEAF_SIGNATURE = 21,
};

static const char *
verify_remedy(const struct cf_http_transfer *transfer)
{
    long result = VERIFY_OK;

    (void)curl_easy_getinfo(transfer->easy, CURLINFO_SSL_VERIFYRESULT, &result);
    switch (result) {
    case VERIFY_NOT_YET_VALID:
        return "check this host's clock, or wait until the certificate is valid";
    case VERIFY_EXPIRED:
        return "renew the server's certificate, or check this host's clock";
    case VERIFY_SELF_SIGNED:
    case VERIFY_SELF_SIGNED_IN_CHAIN:
    case VERIFY_NO_ISSUER:
    case VERIFY_NO_LEAF_SIGNATURE:
        return transfer->http->ca_file
                   ? "the root that issued it is not in the configured CA file"
                   : "the root that issued it is not among the system's; configure a CA file";
    case VERIFY_OK:
        return "use the host name that the server's certificate is made for";
    default:
        return "the server's certificate chain has to be corrected";
    }
}

/* A connection that broke while TLS was negotiated is the network's fault, not that of TLS. */
static bool
is_broken_connection(const char *text)
{
    return strstr(text, "unexpected eof") || strstr(text, "SSL_ERROR_SYSCALL") ||
           strstr(text, "Connection reset") || strstr(text, "Connection refused") ||
           strstr(text, "Broken pipe");
}

static enum cf_rc
explain_tls(const struct cf_http_transfer *transfer, CURLcode code, const char *text,
            struct cf_err *err)
{
    const char *target = transfer->target;

    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
        return cf_fail(err, CF_E_TLS, "%s: server not trusted (%s): %s", target, text,
                       verify_remedy(transfer));
    case CURLE_SSL_CACERT_BADFILE:
        return cf_fail(err, CF_E_CONFIG, "%s: CA file %s cannot be used: give certificates in PEM",
                       target, transfer->http->ca_file ? transfer->http->ca_file : "of the system");
    case CURLE_SSL_CERTPROBLEM:
        return cf_fail(err, CF_E_CONFIG,
                       "%s: client certificate %s or its key cannot be used (%s): give PEM files "
                       "that belong together",
                       target, transfer->http->client_cert_file, text);
    default:
        if (is_broken_connection(text))
            return cf_fail(err, CF_E_NET, "%s: connection lost during the TLS handshake", target);
        return cf_fail(err, CF_E_TLS,
                       "%s: no TLS with this server (%s): it has to offer TLS 1.2 or later%s",
                       target, text,
                       transfer->http->client_cert_file ? " and to accept the client certificate"
                                                        : "; it may want a client certificate");
    }
}

static enum cf_rc
explain_proxy(const struct cf_http_transfer *transfer, long status, struct cf_err *err)
{
    enum cf_rc rc;
    if (status == 407)
        rc = cf_fail(err, CF_E_AUTH,
                     "%s: proxy %s wants authentication: check its user and password",
                     transfer->target, transfer->http->proxy);
    else
        rc = cf_fail(err, CF_E_NET, "%s: proxy %s refused the connection with HTTP status %ld",
                     transfer->target, transfer->http->proxy, status);
    if (err)
        err->native = status;
    return rc;
}

enum cf_rc
cf_http_explain(const struct cf_http_transfer *transfer, CURLcode code, struct cf_err *err)
{
    const char *target = transfer->target;
    char text[CURL_ERROR_SIZE];
    const char *raw = transfer->error_text[0] ? transfer->error_text : curl_easy_strerror(code);
    long connect_status = 0;

    if (transfer->callback_rc != CF_OK) {
        if (err)
            *err = transfer->callback_err;
        (void)cf_err_prefix(err, "%s", target);
        return transfer->callback_rc;
    }
    cf_text_sanitize(raw, strlen(raw), text, sizeof text);
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &connect_status);

    switch (code) {
    case CURLE_OUT_OF_MEMORY:
        return cf_fail_oom(err);
    case CURLE_OPERATION_TIMEDOUT:
        return cf_fail(err, CF_E_TIMEOUT, "%s: %s", target, text);
    case CURLE_FILESIZE_EXCEEDED:
        return cf_fail(err, CF_E_LIMIT, "%s: answer larger than %zu bytes", target,
                       transfer->http->response_max);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
        return explain_tls(transfer, code, text, err);
    case CURLE_UNSUPPORTED_PROTOCOL: /* the URL was checked: it is the answer that is not HTTP */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
        return cf_fail(err, CF_E_PROTOCOL, "%s: not an HTTP answer (%s)", target, text);
    case CURLE_PARTIAL_FILE:
        return cf_fail(err, CF_E_NET, "%s: answer cut short (%s)", target, text);
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        if (connect_status != 0 && connect_status / 100 != 2)
            return explain_proxy(transfer, connect_status, err);
        /* TLS 1.3 refuses a client certificate only after the handshake. */
        if (strstr(text, "alert"))
            return explain_tls(transfer, CURLE_SSL_CONNECT_ERROR, text, err);
        /* ... and when the connection is reset in the same moment, the refusal itself is lost. */
        return cf_fail(err, CF_E_NET, "%s: %s%s", target, text,
                       transfer->http->client_cert_file && transfer->head.len == 0
                           ? "; the server may have refused the client certificate"
                           : "");
    default:
        return cf_fail(err, CF_E_NET, "%s: %s", target, text);
    }
}

enum cf_rc
cf_http_check_status(const struct cf_http_response *response, struct cf_err *err)
{
    long status = response->status;
    char quote[QUOTE_MAX + 1];
    struct cf_bytes body = {0};
    enum cf_rc rc = CF_E_HTTP;
    bool is_permanent = false;

    if (status >= 200 && status < 300)
        return CF_OK;
    if (response->body)
        body = cf_buf_bytes(response->body);
    cf_text_sanitize(body.data ? (const char *)body.data : "",
                     body.len < QUOTE_MAX ? body.len : QUOTE_MAX, quote, sizeof quote);
    const char *separator = quote[0] ? ": " : "";

    if (status == 429)
        rc = cf_fail(err, CF_E_THROTTLED, "HTTP status 429, too many requests%s%s", separator,
                     quote);
    else if (status == 401 || status == 403)
        rc = cf_fail(err, CF_E_AUTH, "HTTP status %ld, access refused%s%s", status, separator,
                     quote);
    else if (status == 408 || status >= 500)
        rc = cf_fail(err, CF_E_HTTP, "HTTP status %ld%s%s", status, separator, quote);
    else {
        is_permanent = true;
        if (status >= 300 && status < 400)
            rc = cf_fail(err, CF_E_HTTP,
                         "HTTP status %ld, a redirect, which is not followed: configure the final "
                         "URL",
                         status);
        else
            rc = cf_fail(err, CF_E_HTTP, "HTTP status %ld%s%s", status, separator, quote);
    }
    if (err) {
        err->native = status;
        err->retry_after_s = response->retry_after_s;
        if (is_permanent)
            err->fault = CF_FAULT_CONFIG;
    }
    return rc;
}

bool
cf_http_is_refusal(long status)
{
    return status / 100 == 3 || status / 100 == 4 || status == 503;
}
