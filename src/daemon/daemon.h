/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon - the running service: owns everything, in the order in which it is opened.
 */
#pragma once

#include "certferry/keypool.h"
#include "certferry/loop.h"
#include "certferry/pool.h"
#include "certferry/scheduler.h"
#include "options.h"

struct cf_control;
struct cf_scep_socket;

struct cf_daemon {
    const char *config_path;
    struct cf_loop *loop;
    struct cf_pool *pool;
    struct cf_store *store;
    int store_lock; /* -1: none */
    struct cf_keypool *keypool;
    struct cf_scheduler *scheduler;
    struct cf_control *control;
    struct cf_scep_socket *scep_socket; /* NULL: no [scep] */
    struct cf_loop_source *tick_timer;
    struct cf_loop_source *status_timer;
    int64_t started_ms;
    bool is_reloading;
    bool reload_again;
};

/* Runs until a signal ends it; the exit status of the process. */
int cf_daemon_main(const struct cf_options *options);

/* Reads the configuration again on a worker and swaps the site; loop's thread only. */
void cf_daemon_reload(struct cf_daemon *daemon);
