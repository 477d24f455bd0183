/* SPDX-License-Identifier: Apache-2.0 */
/* ces_http - a SOAP message by HTTPS, and what the status of the answer means. */
#include <string.h>

#include "ces_parts.h"

static enum cf_rc
new_client(const void *arg, struct cf_http **ret_http, struct cf_err *err)
{
    const struct ces_endpoint *endpoint = arg;
    const struct cf_ca_settings *settings = endpoint->ca->settings;
    bool uses_certificate = settings->auth == CF_ADCS_CERTIFICATE;
    struct cf_http_options options = {
        .ca_file = settings->tls_ca_file,
        .client_cert_file = uses_certificate ? settings->tls_cert_file : NULL,
        .client_key_file = uses_certificate ? settings->tls_key_file : NULL,
        .proxy = settings->proxy,
        .connect_timeout_ms = settings->connect_timeout_ms,
        .response_max = endpoint->answer_max,
        .stop_flag = endpoint->ca->env.stop_flag,
    };
    return cf_http_new(&options, ret_http, err);
}

/* "https://host:port/path" */
static enum cf_rc
read_host(struct ces_endpoint *endpoint, struct cf_err *err)
{
    static const char SCHEME[] = "https://";
    const char *host = endpoint->url + sizeof SCHEME - 1;

    if (!cf_text_starts_with(endpoint->url, SCHEME))
        return cf_fail(err, CF_E_CONFIG, "%s: begin it with https://", endpoint->option);
    size_t len = strcspn(host, ":/?#");
    if (len == 0 || len > CES_HOST_MAX || host[len] == '?' || host[len] == '#' ||
        memchr(host, '@', strcspn(host, "/?#")) || host[0] == '[')
        return cf_fail(err, CF_E_CONFIG, "%s: give https://HOST/..., without a user",
                       endpoint->option);
    memcpy(endpoint->service, "HTTP@", sizeof "HTTP@" - 1);
    memcpy(endpoint->service + sizeof "HTTP@" - 1, host, len);
    return CF_OK;
}

enum cf_rc
ces_endpoint_init(struct ces_endpoint *endpoint, const struct adcs_ca *ca, const char *option,
                  const char *url, size_t answer_max, struct cf_err *err)
{
    *endpoint =
        (struct ces_endpoint){.ca = ca, .option = option, .url = url, .answer_max = answer_max};
    CF_TRY(read_host(endpoint, err));
    if (pthread_mutex_init(&endpoint->lock, NULL) != 0)
        return cf_fail_oom(err);
    enum cf_rc rc = cf_http_pool_new(new_client, endpoint, &endpoint->pool, err);
    if (rc != CF_OK)
        (void)pthread_mutex_destroy(&endpoint->lock);
    return rc;
}

void
ces_endpoint_done(struct ces_endpoint *endpoint)
{
    if (!endpoint->pool)
        return;
    cf_http_pool_free(endpoint->pool);
    cf_buf_free(endpoint->cert);
    cf_buf_free(endpoint->binding);
    (void)pthread_mutex_destroy(&endpoint->lock);
    *endpoint = (struct ces_endpoint){0};
}

enum cf_rc
ces_rename(struct cf_err *err, enum cf_rc rc)
{
    err->rc = rc;
    err->fault = cf_rc_fault(rc);
    return rc;
}

enum cf_rc
ces_send(struct ces_endpoint *endpoint, struct cf_http *http, struct soap_message *message,
         const struct cf_secret *authorization, bool wants_peer_cert,
         struct cf_http_response *ret_response, struct cf_err *err)
{
    static const char *const HEADERS[] = {"Content-Type: application/soap+xml; charset=utf-8",
                                          NULL};
    bool was_sent = false;
    struct cf_http_request request = {
        .method = "POST",
        .url = endpoint->url,
        .headers = HEADERS,
        .authorization = authorization,
        .wants_peer_cert = wants_peer_cert,
        .is_once = message != NULL, /* who hears it twice issues twice */
        .timeout_ms = endpoint->ca->settings->timeout_ms,
        .ret_was_sent = &was_sent,
    };
    if (message && message->body)
        request.body = cf_buf_bytes(message->body);
    else if (message)
        request.secret_body = message->secret_body;
    enum cf_rc rc = cf_http_send(http, &request, ret_response, err);
    if (message)
        message->was_heard = was_sent && !(rc == CF_OK && cf_http_is_refusal(ret_response->status));
    /* Without a message there is nothing that could have reached anybody. */
    if ((rc == CF_E_NET || rc == CF_E_TIMEOUT) && (!was_sent || !message))
        return ces_rename(err, CF_E_CA_DOWN);
    return rc == CF_E_LIMIT ? ces_rename(err, CF_E_PROTOCOL) : rc;
}

static const char *
refusal_remedy(const struct ces_endpoint *endpoint)
{
    const struct cf_ca_settings *settings = endpoint->ca->settings;

    if (settings->auth == CF_ADCS_PASSWORD)
        return "is this the URL for user names and passwords (..._UsernamePassword)?";
    if (settings->auth == CF_ADCS_CERTIFICATE)
        return "is this the URL for client certificates, and does tls_cert_file's map to an "
               "account?";
    return settings->channel_binding
               ? "the SPN HTTP/<this host> has to be of the account that runs the service and of "
                 "no other"
               : "Extended Protection (EPA) wants channel_binding = yes; else see to the SPN "
                 "HTTP/<this host>";
}

enum cf_rc
ces_judge(const struct ces_endpoint *endpoint, const struct cf_http_response *response,
          struct cf_err *err)
{
    long status = response->status;
    bool is_soap = strcmp(response->content_type, "application/soap+xml") == 0;
    enum cf_rc rc;

    if ((status == 200 || status == 500) && is_soap)
        return CF_OK;
    if (status == 401 || status == 403)
        rc = cf_fail(err, CF_E_AUTH, "HTTP status %ld, access refused: %s", status,
                     refusal_remedy(endpoint));
    else if (status / 100 == 2)
        rc = cf_fail(err, CF_E_CA_CONFIG, "answers with %s, not SOAP 1.2: is this the service?",
                     response->content_type[0] ? response->content_type : "something");
    else {
        struct cf_http_response said = *response;
        if (endpoint->ca->settings->auth == CF_ADCS_PASSWORD)
            said.body = NULL; /* it is quoted, and may repeat what was sent */
        /* What would be asked again and again in vain is for the administrator. */
        rc = cf_http_check_status(&said, err);
        if (err->fault == CF_FAULT_CONFIG)
            rc = ces_rename(err, CF_E_CA_CONFIG);
    }
    err->native = status;
    (void)cf_err_prefix(err, "%s", endpoint->option);
    return rc;
}

enum cf_rc
ces_exchange(struct ces_endpoint *endpoint, struct soap_message *message,
             struct cf_buf **ret_answer, struct cf_err *err)
{
    __attribute__((cleanup(cf_http_response_done))) struct cf_http_response response = {0};
    cf_own(cf_http) http = NULL;

    CF_TRY(cf_http_pool_take(endpoint->pool, &http, err));
    if (endpoint->ca->settings->auth == CF_ADCS_KERBEROS)
        CF_TRY(ces_negotiate(endpoint, http, message, &response, err));
    else
        CF_TRY(ces_send(endpoint, http, message, NULL, false, &response, err));
    CF_TRY(ces_judge(endpoint, &response, err));
    cf_http_pool_give(endpoint->pool, &http);
    *ret_answer = cf_give(response.body);
    return CF_OK;
}
