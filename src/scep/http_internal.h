/* SPDX-License-Identifier: Apache-2.0 */
/* http_internal - what the files of the HTTP side share; the library's types end here. */
#pragma once

#include <microhttpd.h>
#include <pthread.h>

#include "http.h"

enum { CF_SCEP_RETIRED_MAX = 2 * CF_SCEP_LISTENERS_MAX };

/* A socket with its thread. The socket is a duplicate: quiescing one leaves the listener open. */
struct cf_scep_door {
    struct MHD_Daemon *daemon;
    int fd;
    bool is_tls;
    bool is_quiet;
};

struct cf_scep_http {
    struct cf_scep_http_options options;
    struct cf_scep_connections *connections;
    pthread_mutex_t lock; /* of the doors */
    struct cf_scep_door doors[CF_SCEP_LISTENERS_MAX];
    size_t n_doors;
    struct cf_scep_door retired[CF_SCEP_RETIRED_MAX];
    size_t n_retired;
};

/* The server's certificate with its issuers, and its key, in PEM. */
struct cf_scep_tls {
    struct cf_buf *chain;
    struct cf_secret *key;
};
/* Reads both and sees whether they belong together. CF_E_CONFIG, CF_E_MISMATCH, CF_E_PERMISSION. */
CF_MUST_USE enum cf_rc cf_scep_tls_read(const struct cf_scep_settings *settings,
                                        struct cf_scep_tls *ret_tls, struct cf_err *err);
void cf_scep_tls_done(struct cf_scep_tls *tls);

/* The library's callbacks; cls is the struct cf_scep_http. */
enum MHD_Result cf_scep_on_accept(void *cls, const struct sockaddr *address, socklen_t len);
void cf_scep_on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                           enum MHD_ConnectionNotificationCode what);
void *cf_scep_on_target(void *cls, const char *target, struct MHD_Connection *connection);
enum MHD_Result cf_scep_on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                   const char *method, const char *version, const char *data,
                                   size_t *data_len, void **request_context);
void cf_scep_on_completed(void *cls, struct MHD_Connection *connection, void **request_context,
                          enum MHD_RequestTerminationCode why);
