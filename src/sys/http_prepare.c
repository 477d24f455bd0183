/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "certferry/text.h"
#include "http_internal.h"

static size_t
on_head(char *data, size_t size, size_t n, void *arg)
{
    struct cf_http_transfer *transfer = arg;
    transfer->callback_rc =
        cf_http_head_take(&transfer->head, data, size * n, &transfer->callback_err);
    return transfer->callback_rc == CF_OK ? size * n : 0;
}

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
    struct cf_http_transfer *transfer = arg;
    transfer->callback_rc = cf_buf_append(transfer->body, data, size * n, &transfer->callback_err);
    return transfer->callback_rc == CF_OK ? size * n : 0;
}

/* The library sends a request anew when a kept connection ended without an answer to it. */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct cf_http_transfer *transfer = arg;

    (void)purpose;
    if (!transfer->request->is_once || !cf_http_was_sent(transfer))
        return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    transfer->callback_rc =
        cf_fail(&transfer->callback_err, CF_E_NET,
                "the connection ended before an answer came; the request may have been heard");
    return CURL_SOCKET_BAD;
}

static long
to_long(uint64_t ms)
{
    return ms < LONG_MAX / 2000 ? (long)ms : LONG_MAX / 2000;
}

/* Method, host and path: the query may say more than a log should hold. */
static enum cf_rc
parse_url(struct cf_http_transfer *transfer, struct cf_err *err)
{
    const struct cf_http_request *request = transfer->request;
    char *scheme = NULL, *host = NULL, *path = NULL, *user = NULL;
    char target[CF_HTTP_TARGET_SIZE];

    transfer->url = curl_url();
    if (!transfer->url)
        return cf_fail_oom(err);
    /* The text itself is not quoted: a password may be the very thing that is wrong with it. */
    CURLUcode code = curl_url_set(transfer->url, CURLUPART_URL, request->url, 0);
    if (code != CURLUE_OK)
        return cf_fail(err, CF_E_CONFIG, "bad URL (%s): use https://HOST/PATH",
                       curl_url_strerror(code));

    enum cf_rc rc = CF_OK;
    if (curl_url_get(transfer->url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(transfer->url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        curl_url_get(transfer->url, CURLUPART_PATH, &path, 0) != CURLUE_OK) {
        rc = cf_fail(err, CF_E_CONFIG, "URL without scheme or host: use https://HOST/PATH");
        goto out;
    }
    snprintf(target, sizeof target, "%s %s%s", request->method, host, path);
    cf_text_sanitize(target, strlen(target), transfer->target, sizeof transfer->target);

    transfer->is_tls = strcmp(scheme, "https") == 0;
    if (!transfer->is_tls && strcmp(scheme, "http") != 0)
        rc = cf_fail(err, CF_E_CONFIG, "%s: scheme %s: use https", transfer->target, scheme);
    else if (!transfer->is_tls && !request->allow_plain)
        rc = cf_fail(err, CF_E_CONFIG, "%s: http is not encrypted: use https", transfer->target);
    else if (curl_url_get(transfer->url, CURLUPART_USER, &user, 0) == CURLUE_OK)
        rc = cf_fail(err, CF_E_CONFIG, "%s: URL with a user name in it: remove it",
                     transfer->target);
out:
    curl_free(scheme);
    curl_free(host);
    curl_free(path);
    curl_free(user);
    return rc;
}

static enum cf_rc
add_header(struct cf_http_transfer *transfer, const char *line, struct cf_err *err)
{
    struct curl_slist *list = curl_slist_append(transfer->headers, line);
    if (!list)
        return cf_fail_oom(err);
    transfer->headers = list;
    return CF_OK;
}

static enum cf_rc
make_headers(struct cf_http_transfer *transfer, struct cf_err *err)
{
    const struct cf_http_request *request = transfer->request;

    /* No waiting for "100 Continue" before a large body. */
    CF_TRY(add_header(transfer, "Expect:", err));
    for (size_t i = 0; request->headers && request->headers[i]; i++) {
        CF_TRY(cf_http_check_header(request->headers[i], err));
        if ((request->bearer || request->authorization) &&
            strncasecmp(request->headers[i], "Authorization:", 14) == 0)
            return cf_fail(err, CF_E_BUG, "%s: Authorization given twice", transfer->target);
        CF_TRY(add_header(transfer, request->headers[i], err));
    }
    if (!request->bearer && !request->authorization)
        return CF_OK;
    /*
     * curl_slist_append would copy the token into ordinary memory, so the node is ours and points
     * at locked memory. The library still copies the line into its request buffer; the handle
     * that owns the buffer is freed after each request, and the executables wipe whatever is
     * freed.
     */
    if (request->bearer)
        CF_TRY(cf_http_bearer_line(request->bearer, &transfer->auth_line, err));
    else
        CF_TRY(cf_http_authorization_line(request->authorization, &transfer->auth_line, err));
    transfer->auth_node.data = (char *)cf_secret_edit(transfer->auth_line);
    transfer->auth_node.next = transfer->headers;
    return CF_OK;
}

/* All return whether every option was taken. */

static bool
set_request(struct cf_http_transfer *transfer, bool is_post)
{
    const struct cf_http_request *request = transfer->request;
    CURL *easy = transfer->easy;
    bool ok = true;

    ok &= curl_easy_setopt(easy, CURLOPT_CURLU, transfer->url) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, transfer->is_tls ? "https" : "http") ==
          CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_HTTPHEADER,
                           transfer->auth_line ? &transfer->auth_node : transfer->headers) ==
          CURLE_OK;
    if (!is_post)
        return ok && curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;

    struct cf_bytes body = request->body;
    if (request->secret_body)
        body =
            cf_bytes_of(cf_secret_data(request->secret_body), cf_secret_len(request->secret_body));
    ok &= curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len) == CURLE_OK;
    /* Read from our own buffer: POSTFIELDS does not copy. */
    ok &= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data ? (const char *)body.data : "") ==
          CURLE_OK;
    return ok;
}

static bool
set_limits(struct cf_http_transfer *transfer)
{
    const struct cf_http *http = transfer->http;
    CURL *easy = transfer->easy;
    bool ok = true;

    /* HTTP/2 would keep the token in its header compression tables for as long as the connection
     * lives, and brings nothing to one request at a time. */
    ok &= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    /* A name server that does not answer must not hold up the end of the transfer. */
    ok &= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, to_long(http->connect_timeout_ms)) ==
          CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, to_long(transfer->request->timeout_ms)) ==
          CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)http->response_max) ==
          CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error_text) == CURLE_OK;
    return ok;
}

static bool
set_tls(struct cf_http *http, CURL *easy)
{
    bool ok = true;

    if (http->keeps_certs) {
        ok &= curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L) == CURLE_OK;
        ok &= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, cf_http_close_socket) == CURLE_OK;
        ok &= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, http) == CURLE_OK;
    }

    ok &= curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK;
    if (http->ca_file) {
        ok &= curl_easy_setopt(easy, CURLOPT_CAINFO, http->ca_file) == CURLE_OK;
        /* The directory built into the library would be trusted beside it. */
        ok &= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK;
    }
    if (http->client_cert_file) {
        ok &= curl_easy_setopt(easy, CURLOPT_SSLCERT, http->client_cert_file) == CURLE_OK;
        ok &= curl_easy_setopt(easy, CURLOPT_SSLKEY, http->client_key_file) == CURLE_OK;
    }
    return ok;
}

static bool
set_proxy(const struct cf_http *http, CURL *easy)
{
    bool ok = true;

    /* Both are always set: unset, the library asks http_proxy, https_proxy and no_proxy. */
    ok &= curl_easy_setopt(easy, CURLOPT_PROXY, http->proxy ? http->proxy : "") == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_NOPROXY, "") == CURLE_OK;
    if (http->proxy_user) {
        ok &= curl_easy_setopt(easy, CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC) == CURLE_OK;
        ok &= curl_easy_setopt(easy, CURLOPT_PROXYUSERNAME, http->proxy_user) == CURLE_OK;
        ok &= curl_easy_setopt(easy, CURLOPT_PROXYPASSWORD,
                               http->proxy_password
                                   ? (const char *)cf_secret_data(http->proxy_password)
                                   : "") == CURLE_OK;
    }
    return ok;
}

enum cf_rc
cf_http_prepare(struct cf_http_transfer *transfer, struct cf_err *err)
{
    const struct cf_http_request *request = transfer->request;
    bool is_post = strcmp(request->method, "POST") == 0;

    if (!is_post && strcmp(request->method, "GET") != 0)
        return cf_fail(err, CF_E_BUG, "HTTP method %s", request->method);
    if (request->timeout_ms == 0)
        return cf_fail(err, CF_E_BUG, "HTTP request without a timeout");
    if ((request->secret_body && request->body.len > 0) ||
        (!is_post && (request->secret_body || request->body.len > 0)))
        return cf_fail(err, CF_E_BUG, "HTTP %s with two bodies, or with one it cannot have",
                       request->method);
    if (request->bearer && request->authorization)
        return cf_fail(err, CF_E_BUG, "HTTP request with two authorizations");
    CF_TRY(parse_url(transfer, err));
    CF_TRY(make_headers(transfer, err));

    transfer->easy = curl_easy_init();
    if (!transfer->easy)
        return cf_fail_oom(err);
    if (!set_request(transfer, is_post) || !set_limits(transfer) ||
        !set_tls(transfer->http, transfer->easy) || !set_proxy(transfer->http, transfer->easy))
        return cf_fail(err, CF_E_OOM, "%s: an option of the transfer was not taken",
                       transfer->target);
    return CF_OK;
}
