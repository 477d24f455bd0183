/* SPDX-License-Identifier: Apache-2.0 */
/* call - one request to the service or the directory, with a token. */
#include <stdio.h>

#include "parts.h"
#include "wire.h"

static enum cf_rc
attempt(const struct cf_caller *caller, const struct cf_call *call, const struct cf_secret *token,
        struct cf_http_response *ret_response, char activity[CF_UUID_SIZE], struct cf_err *err)
{
    char request_id[sizeof "client-request-id: " + CF_UUID_SIZE];
    char api_version[64];
    const char *headers[7] = {CF_CLOUD_USER_AGENT, request_id, "Accept: application/json"};
    size_t n = 3;

    cf_text_uuid(activity);
    (void)snprintf(request_id, sizeof request_id, "client-request-id: %s", activity);
    if (call->body.data)
        headers[n++] = "Content-Type: application/json; charset=utf-8";
    if (call->api_version) {
        (void)snprintf(api_version, sizeof api_version, "api-version: %s", call->api_version);
        headers[n++] = api_version;
    }
    if (call->is_scep)
        headers[n++] = "UserAgent: " CF_CLOUD_AGENT; /* in one word: what it was published with */
    headers[n] = NULL;
    struct cf_http_request request = {.method = call->method,
                                      .url = call->url,
                                      .headers = headers,
                                      .bearer = token,
                                      .body = call->body,
                                      .timeout_ms = call->timeout_ms,
                                      .is_once = call->is_scep};
    return cf_transport_send(caller->http, &request, ret_response, err);
}

enum cf_rc
cf_call_send(const struct cf_caller *caller, const struct cf_call *call, struct cf_buf **ret_body,
             char activity[CF_UUID_SIZE], struct cf_err *err)
{
    for (bool is_repeated = false;; is_repeated = true) {
        cf_own(cf_secret) token = NULL;
        struct cf_http_response response = {0};
        uint64_t generation = 0;

        CF_TRY(cf_token_cache_get(caller->tokens, call->use, &token, &generation, err));
        CF_TRY(attempt(caller, call, token, &response, activity, err));
        if (response.status / 100 == 2) {
            *ret_body = cf_give(response.body);
            cf_http_response_done(&response);
            return CF_OK;
        }
        /* A token older than the administrator's consent lacks its role: 403 wants a new one,
         * too, but not before the back-off, unless a device waits. */
        if (response.status == 401 || response.status == 403)
            cf_token_cache_drop(caller->tokens, call->use, generation);
        bool again = (response.status == 401 || (response.status == 403 && call->is_scep)) &&
                     token && !is_repeated;
        enum cf_rc rc = cf_wire_status(&response, err);
        cf_http_response_done(&response);
        if (token)
            cf_secret_mask(token, err->text);
        if (!again)
            return rc;
    }
}
