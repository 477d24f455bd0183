/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scepd - the running service: owns everything, in the order in which it is opened.
 */
#pragma once

#include "certferry/loop.h"
#include "certferry/scep_server.h"
#include "options.h"

struct cf_scepd {
    struct cf_settings *settings;
    struct cf_loop *loop;
    struct cf_loop_source *status_timer;
    struct cf_pool *pool;
    struct cf_secret *ra_key;
    struct cf_secret *ra_pin;
    struct cf_scep_listeners listeners;
    struct cf_scep_server *server;
    bool is_reloading;
};

/* Runs until a signal ends it; the exit status of the process. */
int cf_scepd_main(const struct cf_scepd_options *options);

/* SIGHUP: reads the TLS files and the profiles again, on a worker; loop's thread only. */
void cf_scepd_reload(struct cf_scepd *scepd);

/* The sockets that the service manager passed (sd_listen_fds(3)); those named "https" speak TLS.
 * They stand in place of tls_listen=, the others in place of listen=. CF_E_CONFIG. */
CF_MUST_USE enum cf_rc cf_scepd_take_sockets(struct cf_scep_listeners *listeners,
                                             struct cf_err *err);
/* What [scep] ra_key_file and ra_pin_file hold. CF_E_CONFIG, CF_E_IO, CF_E_PERMISSION. */
CF_MUST_USE enum cf_rc cf_scepd_read_secrets(struct cf_scepd *scepd, struct cf_err *err);
