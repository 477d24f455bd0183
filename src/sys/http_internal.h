/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_internal - one client, one transfer.
 */
#pragma once

#include <curl/curl.h>

#include "certferry/http.h"
#include "http_headers.h"

enum { CF_HTTP_TARGET_SIZE = 128 };

struct cf_http {
    CURLM *multi; /* owns the connections; the easy handles come and go with the requests */
    char *ca_file;
    char *client_cert_file;
    char *client_key_file;
    char *proxy;
    char *proxy_user;
    struct cf_secret *proxy_password;
    uint64_t connect_timeout_ms;
    size_t response_max;
    const volatile int *stop_flag;
};

/* One request under way. Lives on the stack of cf_http_send. */
struct cf_http_transfer {
    struct cf_http *http;
    const struct cf_http_request *request;
    CURL *easy;
    CURLU *url;
    struct curl_slist *headers;    /* owned; copies of what is no secret */
    struct curl_slist bearer_node; /* first in the list when there is a token */
    struct cf_secret *bearer_line; /* what that node points at */
    bool is_tls;
    char target[CF_HTTP_TARGET_SIZE]; /* method, host and path, for error texts */
    char error_text[CURL_ERROR_SIZE];

    struct cf_http_head head;
    struct cf_buf *body;
    enum cf_rc callback_rc; /* why a callback ended the transfer */
    struct cf_err callback_err;
};

/* Sets everything of the request and the client on transfer->easy. */
CF_MUST_USE enum cf_rc cf_http_prepare(struct cf_http_transfer *transfer, struct cf_err *err);
/* Turns the library's failure into ours. */
enum cf_rc cf_http_explain(const struct cf_http_transfer *transfer, CURLcode code,
                           struct cf_err *err);
