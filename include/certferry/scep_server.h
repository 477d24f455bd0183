/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_server - the SCEP front door (RFC 8894): HTTP in, certferryd's socket out.
 *
 * It owns the listeners, the connection to certferryd, the snapshot of the profiles and the
 * registration authority's keys. HTTP runs on threads of its own, which never block; requests run
 * on the pool: RSA on the cpu lane, what waits for certferryd on the io lane. A request that waits
 * keeps a worker of the io lane busy, so there should be as many of them as settings->max_waiting.
 */
#pragma once

#include "certferry/clock.h"
#include "certferry/pool.h"
#include "certferry/secret.h"
#include "certferry/settings.h"

enum { CF_SCEP_LISTENERS_MAX = 16, CF_SCEP_IO_WORKERS_MAX = 256 };

/* A listening stream socket. */
struct cf_scep_listener {
    int fd;
    bool is_tls;
};
struct cf_scep_listeners {
    struct cf_scep_listener listener[CF_SCEP_LISTENERS_MAX];
    size_t n;
};
/* Opens what settings->listen and ->tls_listen name; neither where a listener of that kind is in
 * there already. CF_E_CONFIG for an address that is none or cannot be listened on, naming it;
 * CF_E_LIMIT. */
CF_MUST_USE enum cf_rc cf_scep_listen(const struct cf_scep_settings *settings,
                                      struct cf_scep_listeners *listeners, struct cf_err *err);
void cf_scep_listeners_done(struct cf_scep_listeners *listeners); /* closes the sockets */

struct cf_scep_server;
struct cf_scep_server_options { /* all borrowed until the server is freed */
    const struct cf_scep_settings *settings;
    const struct cf_scep_listeners *listeners;
    const struct cf_secret *ra_key; /* of settings->ra_key_file; NULL: the keys are in ra_token */
    const struct cf_secret *ra_pin; /* of ra_token; may be NULL */
    struct cf_pool *pool;
    const struct cf_clock *clock;
};

/* Ready to accept when it returns; certferryd need not be there yet. CF_E_CONFIG, CF_E_MISMATCH,
 * CF_E_PERMISSION for the TLS files; CF_E_NET when HTTP cannot be started. After an error the pool
 * is stopped. */
CF_MUST_USE enum cf_rc cf_scep_server_new(const struct cf_scep_server_options *options,
                                          struct cf_scep_server **ret_server, struct cf_err *err);
/* Reads the TLS files again: new connections get the new certificate, old ones go on. With an error
 * the old one stays. Blocks for the files; one thread at a time. */
CF_MUST_USE enum cf_rc cf_scep_server_reload(struct cf_scep_server *server, struct cf_err *err);
/* No new connections, and new requests get 503; returns when those under way are answered, or at
 * grace_ms. Before cf_pool_stop. */
void cf_scep_server_drain(struct cf_scep_server *server, uint64_t grace_ms);
/* Ends all calls and connections. After cf_pool_stop: no job may be under way. */
struct cf_scep_server *cf_scep_server_free(struct cf_scep_server *server);
CF_DEFINE_OWN(cf_scep_server);

/* For one line of status. Thread-safe. */
struct cf_scep_server_status {
    unsigned n_connections;
    unsigned n_waiting;     /* requests under way */
    uint64_t n_answered;    /* CertReps since the start */
    uint64_t n_turned_away; /* 503 */
    int64_t away_since_ms;  /* monotonic: certferryd does not answer; 0: it does */
};
void cf_scep_server_status(struct cf_scep_server *server, struct cf_scep_server_status *ret_status);
