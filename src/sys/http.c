/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/stop.h"
#include "file_internal.h"
#include "http_internal.h"

enum cf_rc
cf_http_global_init(struct cf_err *err)
{
    /* The library would write the session keys of every connection to the file this names. */
    (void)unsetenv("SSLKEYLOGFILE"); /* NOLINT(concurrency-mt-unsafe): no thread runs yet */
    /* A peer that closes early raises it, and the library leaves it to us (CURLOPT_NOSIGNAL). */
    (void)signal(SIGPIPE, SIG_IGN);
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK)
        return cf_fail(err, CF_E_BUG, "HTTP library cannot start: %s", curl_easy_strerror(code));
    return CF_OK;
}

void
cf_http_global_done(void)
{
    curl_global_cleanup();
}

static enum cf_rc
copy_text(const char *text, char **ret_copy, struct cf_err *err)
{
    if (!text)
        return CF_OK;
    char *copy = strdup(text);
    if (!copy)
        return cf_fail_oom(err);
    *ret_copy = copy;
    return CF_OK;
}

static enum cf_rc
check_proxy(const char *proxy, struct cf_err *err)
{
    char *user = NULL, *path = NULL;
    CURLU *url = curl_url();
    if (!url)
        return cf_fail_oom(err);
    enum cf_rc rc = CF_OK;
    if (strncmp(proxy, "http://", 7) != 0 ||
        curl_url_set(url, CURLUPART_URL, proxy, 0) != CURLUE_OK)
        rc = cf_fail(err, CF_E_CONFIG, "proxy: use http://HOST:PORT");
    else if (curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK)
        rc = cf_fail(err, CF_E_CONFIG, "proxy with a user name in its URL: use the option for it");
    else if (curl_url_get(url, CURLUPART_PATH, &path, 0) == CURLUE_OK && strcmp(path, "/") != 0)
        rc = cf_fail(err, CF_E_CONFIG, "proxy with a path in its URL: use http://HOST:PORT");
    curl_free(user);
    curl_free(path);
    curl_url_cleanup(url);
    return rc;
}

static enum cf_rc
check_options(const struct cf_http_options *options, struct cf_err *err)
{
    if (options->connect_timeout_ms == 0 || options->response_max == 0)
        return cf_fail(err, CF_E_BUG, "HTTP client without connect timeout or response limit");
    if (!options->client_cert_file != !options->client_key_file)
        return cf_fail(err, CF_E_CONFIG, "client certificate and its key: give both or neither");
    if (options->client_key_file)
        CF_TRY(cf_file_check_private_path(options->client_key_file, err));
    if (options->proxy)
        CF_TRY(check_proxy(options->proxy, err));
    const struct cf_secret *password = options->proxy_password;
    if (password && memchr(cf_secret_data(password), '\0', cf_secret_len(password)))
        return cf_fail(err, CF_E_CONFIG, "proxy password with a NUL byte in it");
    return CF_OK;
}

/* Closes those there are. */
static enum cf_rc
open_connections(struct cf_http *http, struct cf_err *err)
{
    CURLM *multi = curl_multi_init();

    if (!multi)
        return cf_fail_oom(err);
    (void)curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)CF_HTTP_CONNECTIONS_KEPT);
    curl_multi_cleanup(http->multi);
    http->multi = multi;
    return CF_OK;
}

enum cf_rc
cf_http_new(const struct cf_http_options *options, struct cf_http **ret_http, struct cf_err *err)
{
    CF_TRY(check_options(options, err));
    cf_own(cf_http) http = calloc(1, sizeof *http);
    if (!http)
        return cf_fail_oom(err);
    http->connect_timeout_ms = options->connect_timeout_ms;
    http->response_max = options->response_max;
    http->stop_flag = options->stop_flag;
    CF_TRY(copy_text(options->ca_file, &http->ca_file, err));
    CF_TRY(copy_text(options->client_cert_file, &http->client_cert_file, err));
    CF_TRY(copy_text(options->client_key_file, &http->client_key_file, err));
    CF_TRY(copy_text(options->proxy, &http->proxy, err));
    CF_TRY(copy_text(options->proxy_user, &http->proxy_user, err));
    if (options->proxy_password)
        CF_TRY(cf_secret_copy(cf_secret_data(options->proxy_password),
                              cf_secret_len(options->proxy_password), &http->proxy_password, err));
    CF_TRY(open_connections(http, err));
    *ret_http = cf_give(http);
    return CF_OK;
}

struct cf_http *
cf_http_free(struct cf_http *http)
{
    if (!http)
        return NULL;
    curl_multi_cleanup(http->multi);
    free(http->ca_file);
    free(http->client_cert_file);
    free(http->client_key_file);
    free(http->proxy);
    free(http->proxy_user);
    cf_secret_free(http->proxy_password);
    for (size_t i = 0; i < CF_COUNT(http->shown); i++)
        cf_buf_free(http->shown[i].cert);
    free(http);
    return NULL;
}

/*
 * A private multi handle rather than curl_easy_perform: between its turns the stop flag is seen,
 * also while a name is resolved, a connection is made or a long poll is silent.
 */
static enum cf_rc
perform(struct cf_http_transfer *transfer, struct cf_err *err)
{
    CURLM *multi = transfer->http->multi;

    for (int running = 1; running > 0;) {
        if (cf_stop_is_set(transfer->http->stop_flag))
            return cf_fail(err, CF_E_STOPPED, "%s: the service is stopping", transfer->target);
        CURLMcode code = curl_multi_perform(multi, &running);
        if (code == CURLM_OK && running > 0)
            code = curl_multi_poll(multi, NULL, 0, CF_STOP_POLL_MS, NULL);
        if (code != CURLM_OK)
            return cf_fail(err, CF_E_NET, "%s: %s", transfer->target, curl_multi_strerror(code));
    }
    int left;
    const CURLMsg *message = curl_multi_info_read(multi, &left);
    if (!message || message->msg != CURLMSG_DONE)
        return cf_fail(err, CF_E_BUG, "%s: transfer without an outcome", transfer->target);
    if (message->data.result != CURLE_OK)
        return cf_http_explain(transfer, message->data.result, err);
    return CF_OK;
}

bool
cf_http_was_sent(const struct cf_http_transfer *transfer)
{
    curl_off_t pretransfer_us = 0;

    /* The library takes this time when a connection is there and the request is about to go out. */
    return curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &pretransfer_us) ==
               CURLE_OK &&
           pretransfer_us > 0;
}

static enum cf_rc
run(struct cf_http_transfer *transfer, long *ret_status, struct cf_err *err)
{
    if (transfer->request->wants_peer_cert && !transfer->http->keeps_certs) {
        /* Nobody noted what was shown on the connections that there are. */
        CF_TRY(open_connections(transfer->http, err));
        transfer->http->keeps_certs = true;
    }
    CF_TRY(cf_http_prepare(transfer, err));
    CURLMcode code = curl_multi_add_handle(transfer->http->multi, transfer->easy);
    if (code != CURLM_OK)
        return cf_fail(err, CF_E_BUG, "%s: %s", transfer->target, curl_multi_strerror(code));
    enum cf_rc rc = perform(transfer, err);
    if (transfer->request->ret_was_sent)
        *transfer->request->ret_was_sent = cf_http_was_sent(transfer);
    /* A transfer that is still under way is cut off here, together with its connection. */
    (void)curl_multi_remove_handle(transfer->http->multi, transfer->easy);
    if (rc != CF_OK)
        return rc;
    CF_TRY(cf_http_take_cert(transfer, err));

    long status = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    /* A length or chunks say when a body ended early. The end of the connection does not, under TLS
     * neither: the library lets it pass when the peer did not say goodbye. An error status is
     * taken without its text being sure. */
    if (!transfer->head.is_framed && status / 100 == 2 && status != 204)
        return cf_fail(err, CF_E_NET,
                       "%s: nothing tells whether the answer is whole (no Content-Length)",
                       transfer->target);
    *ret_status = status;
    return CF_OK;
}

enum cf_rc
cf_http_send(struct cf_http *http, const struct cf_http_request *request,
             struct cf_http_response *ret_response, struct cf_err *err)
{
    struct cf_http_transfer transfer = {.http = http, .request = request};
    long status = 0;

    if (request->ret_was_sent)
        *request->ret_was_sent = false;
    transfer.body = cf_buf_new(http->response_max);
    if (!transfer.body)
        return cf_fail_oom(err);
    enum cf_rc rc = run(&transfer, &status, err);
    char *negotiate = NULL;
    if (rc == CF_OK && transfer.head.negotiate[0])
        rc = copy_text(transfer.head.negotiate, &negotiate, err);
    if (rc == CF_OK) {
        struct cf_http_response response = {.status = status,
                                            .date_s = transfer.head.date_s,
                                            .retry_after_s = transfer.head.retry_after_s,
                                            .body = cf_give(transfer.body),
                                            .peer_cert = cf_give(transfer.peer_cert),
                                            .offers_negotiate = transfer.head.offers_negotiate,
                                            .negotiate = negotiate};
        memcpy(response.content_type, transfer.head.content_type, sizeof response.content_type);
        *ret_response = response;
    }
    /* The handle goes first: it points at everything else. */
    curl_easy_cleanup(transfer.easy);
    curl_url_cleanup(transfer.url);
    curl_slist_free_all(transfer.headers);
    cf_secret_free(transfer.auth_line);
    cf_buf_free(transfer.peer_cert);
    cf_buf_free(transfer.body);
    return rc;
}

void
cf_http_response_done(struct cf_http_response *response)
{
    response->body = cf_buf_free(response->body);
    response->peer_cert = cf_buf_free(response->peer_cert);
    free(response->negotiate);
    response->negotiate = NULL;
}
