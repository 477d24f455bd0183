/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_internal - one client, one transfer.
 */
#pragma once

#include <curl/curl.h>

#include "certferry/http.h"
#include "http_headers.h"

enum {
    CF_HTTP_TARGET_SIZE = 128,
    CF_HTTP_CONNECTIONS_KEPT = 4,
    CF_HTTP_CONNECTION_SIZE = 128,
};

/* The certificate that was shown on a connection. */
struct cf_http_shown {
    char connection[CF_HTTP_CONNECTION_SIZE]; /* its addresses; empty: none yet */
    struct cf_buf *cert;                      /* DER */
};

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
    bool keeps_certs; /* somebody wanted one */
    struct cf_http_shown shown[2 * CF_HTTP_CONNECTIONS_KEPT];
};

/* One request under way. Lives on the stack of cf_http_send. */
struct cf_http_transfer {
    struct cf_http *http;
    const struct cf_http_request *request;
    CURL *easy;
    CURLU *url;
    struct curl_slist *headers;  /* owned; copies of what is no secret */
    struct curl_slist auth_node; /* first in the list when there is a token */
    struct cf_secret *auth_line; /* what that node points at; NULL: no token */
    bool is_tls;
    char target[CF_HTTP_TARGET_SIZE]; /* method, host and path, for error texts */
    char error_text[CURL_ERROR_SIZE];

    struct cf_http_head head;
    struct cf_buf *body;
    struct cf_buf *peer_cert;
    enum cf_rc callback_rc; /* why a callback ended the transfer */
    struct cf_err callback_err;
};

/* Sets everything of the request and the client on transfer->easy. */
CF_MUST_USE enum cf_rc cf_http_prepare(struct cf_http_transfer *transfer, struct cf_err *err);
/* Whether the peer may have got something of the request. */
bool cf_http_was_sent(const struct cf_http_transfer *transfer);
/* After a transfer that arrived: keeps the certificate of its connection in mind, and fills
 * transfer->peer_cert when it is wanted. */
CF_MUST_USE enum cf_rc cf_http_take_cert(struct cf_http_transfer *transfer, struct cf_err *err);
/* The library's way to close a socket: its connection's certificate is forgotten. */
int cf_http_close_socket(void *arg, curl_socket_t fd);
/* Turns the library's failure into ours. */
enum cf_rc cf_http_explain(const struct cf_http_transfer *transfer, CURLcode code,
                           struct cf_err *err);
