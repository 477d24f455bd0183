/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http - one blocking HTTP(S) request at a time, with limits.
 *
 * TLS 1.2 or later, the server's certificate always verified, no redirects, no cookies, no
 * compression, HTTP/1.1. A client belongs to one thread at a time and keeps its connections for
 * reuse. It never retries by itself, with one exception that HTTP needs: a request on a kept
 * connection that the peer had closed, without one byte of an answer, is sent again on a new one.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "certferry/buf.h"
#include "certferry/err.h"
#include "certferry/secret.h"

struct cf_http;

struct cf_http_options {
    const char *ca_file;          /* only these roots are trusted; NULL: the system's */
    const char *client_cert_file; /* mutual TLS, PEM; NULL: none */
    const char *client_key_file;  /* PEM, not readable by others */
    const char *proxy;            /* "http://host:port"; NULL: none; the environment is ignored */
    const char *proxy_user;
    const struct cf_secret *proxy_password;
    uint64_t connect_timeout_ms;
    size_t response_max;           /* bytes of a body; more is CF_E_LIMIT */
    const volatile int *stop_flag; /* transfers end with CF_E_STOPPED when set; may be NULL */
};

struct cf_http_request {
    const char *method; /* "GET", "POST" */
    const char *url;    /* https:, or http: where the caller allows it */
    bool allow_plain;
    const char *const *headers;     /* "Name: value", NULL-terminated; may be NULL */
    const struct cf_secret *bearer; /* sent as Authorization: Bearer; may be NULL */
    /* The whole value of Authorization ("Negotiate ..."), in place of bearer; may be NULL. */
    const struct cf_secret *authorization;
    bool wants_peer_cert; /* fills the response's peer_cert */
    struct cf_bytes body;
    const struct cf_secret *secret_body; /* in place of body, for forms that hold a secret */
    uint64_t timeout_ms;                 /* the whole transfer */
    /* A kept connection that ends without an answer is an error. Else the request goes out anew on
     * another one, though the peer may have heard it on the first. */
    bool is_once;
    /* Filled in any case: false when the peer can have got none of it. May be NULL. */
    bool *ret_was_sent;
};

struct cf_http_response {
    long status;
    int64_t date_s;           /* from Date, seconds since 1970; 0 when absent or unreadable */
    long retry_after_s;       /* from Retry-After, seconds or date; 0 when absent or past */
    char content_type[128];   /* lower case, without parameters */
    struct cf_buf *body;      /* owned */
    struct cf_buf *peer_cert; /* the server's certificate in DER, owned; NULL: not wanted, or no
                                 TLS */
    bool offers_negotiate;    /* WWW-Authenticate: Negotiate, RFC 4559 */
    char *negotiate;          /* its token in base64, owned; NULL: none came */
};

/* Once per process before any thread, and once at the end. Ignores SIGPIPE for the process and
 * takes SSLKEYLOGFILE out of the environment. */
CF_MUST_USE enum cf_rc cf_http_global_init(struct cf_err *err);
void cf_http_global_done(void);

/* Options are copied, the proxy password too. CF_E_PERMISSION for a key file open to others. */
CF_MUST_USE enum cf_rc cf_http_new(const struct cf_http_options *options, struct cf_http **ret_http,
                                   struct cf_err *err);
struct cf_http *cf_http_free(struct cf_http *http);
CF_DEFINE_OWN(cf_http);

/*
 * Fills *ret_response for every answer that arrived whole, whatever its status. CF_E_NET (not
 * resolved, refused, reset, cut short, a 2xx answer without Content-Length or chunks, of which
 * nobody can tell whether it was), CF_E_TIMEOUT, CF_E_TLS (says which check failed and what to
 * do), CF_E_LIMIT, CF_E_STOPPED (within a second, also while waiting), CF_E_CONFIG (bad URL,
 * unreadable file), CF_E_AUTH (the proxy wants another password), CF_E_PROTOCOL (the answer is not
 * HTTP), CF_E_SYNTAX (a header or token with a line break or other character it cannot have, or a
 * header that is the client's own business, such as Host or Content-Length).
 */
CF_MUST_USE enum cf_rc cf_http_send(struct cf_http *http, const struct cf_http_request *request,
                                    struct cf_http_response *ret_response, struct cf_err *err);
void cf_http_response_done(struct cf_http_response *response);
/* Turns a status outside 2xx into an error: 408/429/5xx transient with retry_after_s (429:
 * CF_E_THROTTLED), 401/403 CF_E_AUTH, 3xx and other 4xx permanent (CF_E_HTTP with fault CONFIG).
 * The first 512 bytes of the body are quoted, made printable. 2xx: CF_OK. */
CF_MUST_USE enum cf_rc cf_http_check_status(const struct cf_http_response *response,
                                            struct cf_err *err);
/* By this status the server says that it did not do what it was asked for: 3xx, 4xx, 503. */
bool cf_http_is_refusal(long status);
