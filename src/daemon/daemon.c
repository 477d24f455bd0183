/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "certferry/config.h"
#include "certferry/harden.h"
#include "certferry/http.h"
#include "certferry/log.h"
#include "certferry/metrics.h"
#include "control.h"
#include "process.h"
#include "scep_socket.h"
#include "site_open.h"

enum { STATUS_EVERY_MS = 5000, QUEUE_MAX = 1024, CONNECTIONS_MAX = 16 };
/* Below the unit's TimeoutStartSec=, and so long that StartLimitBurst= is never reached. */
enum { POSTGRES_WAIT_MS = 30000, POSTGRES_TURN_US = 500000 };

static void
tick(void *arg)
{
    struct cf_daemon *daemon = arg;
    uint64_t delay_ms = 0;

    cf_scheduler_tick(daemon->scheduler, &delay_ms);
    cf_loop_timer_arm(daemon->tick_timer, delay_ms);
}

/* From any worker. A post that finds no memory is made up for by the timer. */
static void
wake(void *arg)
{
    struct cf_daemon *daemon = arg;

    (void)!cf_loop_post(daemon->loop, tick, daemon, NULL);
}

static void
format_status(struct cf_daemon *daemon, char *text, size_t size)
{
    snprintf(text, size,
             "cloud %s; %u in work, %" PRIu64 " issued, %" PRIu64 " failed, %" PRIu64 " revoked",
             cf_scheduler_cloud_is_up(daemon->scheduler) ? "connected" : "not reached",
             cf_scheduler_in_flight(daemon->scheduler), cf_metric_get(CF_M_CERTIFICATES_ISSUED),
             cf_metric_get(CF_M_REQUESTS_FAILED) + cf_metric_get(CF_M_REQUESTS_REFUSED),
             cf_metric_get(CF_M_REVOCATIONS_DONE));
}

static void
show_status(void *arg)
{
    struct cf_daemon *daemon = arg;
    char text[256];

    format_status(daemon, text, sizeof text);
    cf_loop_notify_status(daemon->loop, text);
    cf_loop_timer_arm(daemon->status_timer, STATUS_EVERY_MS);
}

static void
on_signal(void *arg, int signal_number)
{
    struct cf_daemon *daemon = arg;

    if (signal_number == SIGHUP) {
        cf_daemon_reload(daemon);
        return;
    }
    cf_log(CF_EV_DAEMON_STOPPING, NULL, "stopping");
    cf_loop_notify_stopping(daemon->loop, "stopping; work in progress goes on at the next start");
    cf_loop_exit(daemon->loop, CF_EXIT_OK);
}

static enum cf_rc
open_loop(struct cf_daemon *daemon, struct cf_err *err)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};

    CF_TRY(cf_loop_new(&daemon->loop, err));
    for (size_t i = 0; i < CF_COUNT(signals); i++)
        CF_TRY(cf_loop_on_signal(daemon->loop, signals[i], on_signal, daemon, err));
    CF_TRY(cf_loop_new_timer(daemon->loop, tick, daemon, &daemon->tick_timer, err));
    CF_TRY(cf_loop_new_timer(daemon->loop, show_status, daemon, &daemon->status_timer, err));
    return cf_loop_enable_watchdog(daemon->loop, err);
}

static unsigned
count_cpu_workers(const struct cf_settings *settings)
{
    long n_cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (settings->cpu_workers > 0)
        return (unsigned)settings->cpu_workers;
    return n_cores > 0 ? (unsigned)n_cores : 1;
}

static enum cf_rc
open_pool(struct cf_daemon *daemon, const struct cf_settings *settings, struct cf_err *err)
{
    const struct cf_pool_options options = {
        .n_cpu = count_cpu_workers(settings),
        .n_io = (unsigned)settings->io_workers,
        .queue_max = QUEUE_MAX,
    };

    return cf_pool_new(&options, &daemon->pool, err);
}

/* One for each worker is of no use: they spend their time elsewhere. */
static unsigned
count_connections(const struct cf_settings *settings)
{
    unsigned n = count_cpu_workers(settings) + (unsigned)settings->io_workers;

    return n < CONNECTIONS_MAX ? n : CONNECTIONS_MAX;
}

static bool
is_told_to_stop(void)
{
    sigset_t pending;

    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}

/* The database may start later than this host, be used by an older version until the last node is
 * new, or take a moment to see that this node had failed. */
static enum cf_rc
open_postgres(struct cf_daemon *daemon, const struct cf_store_options *options, struct cf_err *err)
{
    int64_t until_ms = cf_clock_monotonic_ms(options->clock) + POSTGRES_WAIT_MS;

    for (;;) {
        enum cf_rc rc = cf_store_postgres.open(options, &daemon->store, err);
        if (rc != CF_E_STORE_BUSY || is_told_to_stop() ||
            cf_clock_monotonic_ms(options->clock) >= until_ms)
            return rc;
        cf_loop_notify_status(daemon->loop, err->text);
        (void)usleep(POSTGRES_TURN_US);
    }
}

static enum cf_rc
open_store(struct cf_daemon *daemon, const struct cf_settings *settings, struct cf_err *err)
{
    const struct cf_store_options options = {
        .path = settings->store_path,
        .connection = settings->store_connection,
        .password_file = settings->store_password_file,
        .connections = count_connections(settings),
        .owner = settings->connector_id,
        .clock = cf_clock_real(),
        .stop_flag = cf_pool_stop_flag(daemon->pool),
    };

    if (settings->store_backend == CF_STORE_POSTGRES)
        return open_postgres(daemon, &options, err);
    /* Claims tell workers apart, not two daemons that go by one name. Before the store is opened:
     * a newer daemon must not change the schema under an older one. */
    CF_TRY(cf_process_lock(settings->store_path, &daemon->store_lock, err));
    return cf_store_sqlite.open(&options, &daemon->store, err);
}

static enum cf_rc
open_site(struct cf_daemon *daemon, struct cf_settings *take_settings, struct cf_site **ret_site,
          struct cf_err *err)
{
    const struct cf_site_parts parts = {
        .clock = cf_clock_real(),
        .stop_flag = cf_pool_stop_flag(daemon->pool),
        .store = daemon->store,
        .keypool = daemon->keypool,
    };

    return cf_site_open(take_settings, &parts, ret_site, err);
}

static enum cf_rc
open_scheduler(struct cf_daemon *daemon, struct cf_site *site, struct cf_err *err)
{
    const struct cf_scheduler_options options = {
        .pool = daemon->pool,
        .clock = cf_clock_real(),
        .wake = wake,
        .wake_arg = daemon,
    };

    return cf_scheduler_new(&options, site, &daemon->scheduler, err);
}

/* Takes the settings. Signals are blocked by the loop before the first thread starts. */
static enum cf_rc
open_all(struct cf_daemon *daemon, struct cf_settings *take_settings, struct cf_err *err)
{
    cf_own(cf_settings) settings = take_settings;
    cf_own(cf_site) site = NULL;

    CF_TRY(cf_pki_init((size_t)settings->secure_heap, err));
    CF_TRY(cf_http_global_init(err));
    CF_TRY(open_loop(daemon, err));
    CF_TRY(open_pool(daemon, settings, err));
    CF_TRY(open_store(daemon, settings, err));

    const struct cf_keypool_options keypool = cf_site_keypool_options(settings, cf_clock_real());
    CF_TRY(cf_keypool_new(&keypool, &daemon->keypool, err));
    CF_TRY(open_site(daemon, cf_give(settings), &site, err));
    CF_TRY(open_scheduler(daemon, site, err));
    CF_TRY(cf_control_open(daemon, site->settings, &daemon->control, err));
    if (!site->settings->scep.is_on)
        return CF_OK;
    return cf_scep_socket_open(daemon, site->settings, &daemon->scep_socket, err);
}

/* Workers end first: they use everything else. Claims are given back so that the next start need
 * not wait for their end. */
static void
close_all(struct cf_daemon *daemon)
{
    if (daemon->pool)
        cf_pool_stop(daemon->pool);
    cf_scep_socket_close(daemon->scep_socket);
    cf_control_close(daemon->control);
    if (daemon->scheduler && daemon->store) {
        cf_own(cf_site) site = cf_scheduler_site(daemon->scheduler);
        (void)!daemon->store->ops->release(daemon->store, site->owner, NULL, 0, NULL);
    }
    cf_scheduler_free(daemon->scheduler);
    cf_keypool_free(daemon->keypool);
    if (daemon->store)
        daemon->store->ops->close(daemon->store);
    if (daemon->store_lock >= 0)
        close(daemon->store_lock);
    cf_pool_free(daemon->pool);
    cf_loop_free(daemon->loop);
    cf_http_global_done();
    cf_pki_done();
}

static int
serve(struct cf_daemon *daemon, struct cf_err *err)
{
    int code = CF_EXIT_FAILURE;
    char status[256];

    cf_log(CF_EV_DAEMON_STARTED, NULL, "certferryd " CERTFERRY_VERSION " started");
    format_status(daemon, status, sizeof status);
    cf_loop_notify_ready(daemon->loop, status);
    cf_loop_timer_arm(daemon->tick_timer, 0);
    cf_loop_timer_arm(daemon->status_timer, STATUS_EVERY_MS);
    if (cf_loop_run(daemon->loop, &code, err) != CF_OK)
        cf_log(CF_EV_INTERNAL_ERROR, &(struct cf_log_fields){.err = err}, "event loop");
    return code;
}

static void
log_fault(void *arg, const char *file, unsigned line, const char *text)
{
    (void)arg;
    cf_log(CF_EV_CONFIG_REJECTED, NULL, "%s:%u: %s", file, line, text);
}

int
cf_daemon_main(const struct cf_options *options)
{
    struct cf_daemon daemon = {.config_path = options->config_path, .store_lock = -1};
    struct cf_settings *settings = NULL;
    struct cf_err err = {0};
    int code = CF_EXIT_CONFIG;

    daemon.started_ms = cf_clock_now_ms(cf_clock_real());
    if (cf_process_harden(0027, &err) != CF_OK ||
        cf_config_load(options->config_path, log_fault, NULL, &settings, &err) != CF_OK) {
        cf_log(CF_EV_CONFIG_REJECTED, &(struct cf_log_fields){.err = &err}, "cannot start");
        return code;
    }
    cf_log_set_level(settings->log_level);
    if (open_all(&daemon, settings, &err) == CF_OK) {
        code = serve(&daemon, &err);
    } else {
        cf_log(CF_EV_CONFIG_REJECTED, &(struct cf_log_fields){.err = &err}, "cannot start");
        /* No request was looked at yet: what was found wrong is what the administrator gave. */
        code = err.fault == CF_FAULT_CONFIG || err.fault == CF_FAULT_REQUEST ? CF_EXIT_CONFIG
                                                                             : CF_EXIT_FAILURE;
    }
    close_all(&daemon);
    cf_log(CF_EV_DAEMON_STOPPED, NULL, "stopped");
    return code;
}
