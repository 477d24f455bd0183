/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http - HTTP/1.0 and 1.1, plain and over TLS, from listening sockets to exchanges.
 *
 * Each socket has one thread, which reads and writes and never waits for anything else: a request
 * that is complete is suspended until its exchange is done.
 */
#pragma once

#include "certferry/scep_server.h"
#include "connections.h"
#include "exchange.h"

/* What a request may be, in bytes. */
enum {
    CF_SCEP_HEAD_MAX = 192 * 1024,         /* request line and headers */
    CF_SCEP_DISCARD_MAX = 4 * 1024 * 1024, /* of a body that is too long, to be heard in the end */
};

struct cf_scep_http;
struct cf_scep_http_options { /* borrowed until it is freed */
    const struct cf_scep_settings *settings;
    const struct cf_scep_listeners *listeners;
    /* Takes up a request of ours: route, operation and method fit. Must not block; exchange->done
     * may be called before it returns. */
    void (*begin)(void *arg, struct cf_scep_exchange *exchange);
    void *arg;
};
/* CF_E_CONFIG, CF_E_MISMATCH, CF_E_PERMISSION for the TLS files; CF_E_NET. */
CF_MUST_USE enum cf_rc cf_scep_http_new(const struct cf_scep_http_options *options,
                                        struct cf_scep_http **ret_http, struct cf_err *err);
/* Every exchange has to be done; waits up to two seconds for clients to take their answers. */
struct cf_scep_http *cf_scep_http_free(struct cf_scep_http *http);
CF_DEFINE_OWN(cf_scep_http);

/* New TLS connections get what is in the files now; with an error nothing changes. CF_E_LIMIT:
 * connections from before the last reloads are still open. */
CF_MUST_USE enum cf_rc cf_scep_http_reload(struct cf_scep_http *http, struct cf_err *err);
/* Accepts no more connections. */
void cf_scep_http_quiesce(struct cf_scep_http *http);
/* Ends what a reload has left over and nobody uses; to be called now and then. */
void cf_scep_http_tidy(struct cf_scep_http *http);
unsigned cf_scep_http_n_connections(struct cf_scep_http *http);
