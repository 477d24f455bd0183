/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ces_parts - enrollment by HTTPS: one service behind one URL, and what asking it takes.
 */
#pragma once

#include "certferry/http_pool.h"

#include "adcs.h"
#include "soap.h"
#include "xcep.h"

enum {
    CES_ANSWER_MAX = 1024 * 1024,
    CEP_ANSWER_MAX = 4 * 1024 * 1024, /* some KiB for each template of the forest */
    CES_HOST_MAX = 255
};

/* A service. Thread-safe. */
struct ces_endpoint {
    const struct adcs_ca *ca;
    const char *option; /* where its URL is configured: "ces_url" */
    const char *url;
    char service[sizeof "HTTP@" + CES_HOST_MAX]; /* its name to Kerberos */
    size_t answer_max;
    struct cf_http_pool *pool;
    pthread_mutex_t lock; /* of what follows */
    struct cf_buf *cert;  /* the server's, as last seen; NULL: not yet */
    struct cf_buf *binding;
};
/* CF_E_CONFIG names the option. */
CF_MUST_USE enum cf_rc ces_endpoint_init(struct ces_endpoint *endpoint, const struct adcs_ca *ca,
                                         const char *option, const char *url, size_t answer_max,
                                         struct cf_err *err);
void ces_endpoint_done(struct ces_endpoint *endpoint); /* takes a zeroed one, too */

/*
 * Sends a message and gives back the SOAP answer to it, be it a fault. CF_E_CA_DOWN: it did not
 * reach the server. CF_E_AUTH: access is refused, or the server did not prove who it is.
 * CF_E_CA_CONFIG: behind the URL is something else. Other errors as cf_http_send's, of an answer
 * that is too large CF_E_PROTOCOL. err must not be NULL.
 */
CF_MUST_USE enum cf_rc ces_exchange(struct ces_endpoint *endpoint, struct soap_message *message,
                                    struct cf_buf **ret_answer, struct cf_err *err);

/* One request as it is. `authorization` may be NULL; a message of NULL is an empty one. */
CF_MUST_USE enum cf_rc ces_send(struct ces_endpoint *endpoint, struct cf_http *http,
                                struct soap_message *message, const struct cf_secret *authorization,
                                bool wants_peer_cert, struct cf_http_response *ret_response,
                                struct cf_err *err);
/* CF_OK when there is SOAP in the answer. */
CF_MUST_USE enum cf_rc ces_judge(const struct ces_endpoint *endpoint,
                                 const struct cf_http_response *response, struct cf_err *err);
/* Another rc for the same text. */
enum cf_rc ces_rename(struct cf_err *err, enum cf_rc rc);

/* ces_negotiate.c: by Kerberos (RFC 4559), tied to the TLS connection where that is configured. The
 * answer is the server's whose name is the URL's: it has proved that. */
CF_MUST_USE enum cf_rc ces_negotiate(struct ces_endpoint *endpoint, struct cf_http *http,
                                     struct soap_message *message,
                                     struct cf_http_response *ret_response, struct cf_err *err);
/* Asks for the certificate that the server shows and keeps it; *ret_cert and *ret_binding are
 * copies. CF_E_CA_DOWN, CF_E_AUTH (Kerberos is not offered), CF_E_TLS, CF_E_CA_CONFIG. */
CF_MUST_USE enum cf_rc ces_learn_cert(struct ces_endpoint *endpoint, struct cf_http *http,
                                      struct cf_buf **ret_cert, struct cf_buf **ret_binding,
                                      struct cf_err *err);

/* ces.c */
struct adcs_ces {
    struct adcs_ca *ca;
    struct ces_endpoint enroll;
    struct ces_endpoint policy;
    bool has_policy;            /* cep_url is configured */
    struct cf_secret *password; /* auth = password */
    pthread_mutex_t lock;       /* of what follows */
    struct xcep_policies policies;
    bool has_policies;
    int64_t policies_at_ms; /* monotonic */
};
struct soap_head ces_head(const struct adcs_ces *ces, const struct ces_endpoint *endpoint,
                          const char *action);
/* Asks anew. err must not be NULL. */
CF_MUST_USE enum cf_rc ces_get_policies(struct adcs_ces *ces, struct xcep_policies *ret_policies,
                                        struct cf_err *err);
CF_MUST_USE enum cf_rc ces_query(struct adcs_ces *ces, uint32_t request_id,
                                 struct adcs_reply *ret_reply, struct cf_err *err);
