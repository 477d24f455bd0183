/* SPDX-License-Identifier: Apache-2.0 */
#include "scepd.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "certferry/config.h"
#include "certferry/harden.h"
#include "certferry/key.h"
#include "certferry/log.h"

enum { STATUS_EVERY_MS = 5000, DRAIN_MS = 5000, QUEUE_MAX = 65536, MS_PER_S = 1000 };

static void
show_status(void *arg)
{
    struct cf_scepd *scepd = arg;
    struct cf_scep_server_status status;
    char text[256];
    char away[64] = "";

    cf_scep_server_status(scepd->server, &status);
    if (status.away_since_ms > 0)
        snprintf(away, sizeof away, "; certferryd does not answer since %" PRId64 " s",
                 (cf_clock_monotonic_ms(cf_clock_real()) - status.away_since_ms) / MS_PER_S);
    snprintf(text, sizeof text,
             "%u connections, %u requests in work, %" PRIu64 " answered, %" PRIu64 " put off%s",
             status.n_connections, status.n_waiting, status.n_answered, status.n_turned_away, away);
    cf_loop_notify_status(scepd->loop, text);
    cf_loop_timer_arm(scepd->status_timer, STATUS_EVERY_MS);
}

static void
on_signal(void *arg, int signal_number)
{
    struct cf_scepd *scepd = arg;

    if (signal_number == SIGHUP) {
        cf_scepd_reload(scepd);
        return;
    }
    cf_log(CF_EV_DAEMON_STOPPING, NULL, "stopping");
    cf_loop_notify_stopping(scepd->loop, "stopping; requests under way are answered");
    cf_loop_exit(scepd->loop, CF_SCEPD_EXIT_OK);
}

static enum cf_rc
open_loop(struct cf_scepd *scepd, struct cf_err *err)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};

    CF_TRY(cf_loop_new(&scepd->loop, err));
    for (size_t i = 0; i < CF_COUNT(signals); i++)
        CF_TRY(cf_loop_on_signal(scepd->loop, signals[i], on_signal, scepd, err));
    CF_TRY(cf_loop_new_timer(scepd->loop, show_status, scepd, &scepd->status_timer, err));
    return cf_loop_enable_watchdog(scepd->loop, err);
}

/* One worker of the io lane per request that may wait for certferryd, and one for a reload. */
static enum cf_rc
open_pool(struct cf_scepd *scepd, struct cf_err *err)
{
    const struct cf_settings *settings = scepd->settings;
    uint64_t n_waiting = settings->scep.max_waiting;
    long n_cores = sysconf(_SC_NPROCESSORS_ONLN);
    const struct cf_pool_options options = {
        .n_cpu = settings->cpu_workers > 0 ? (unsigned)settings->cpu_workers
                                           : (unsigned)(n_cores > 0 ? n_cores : 1),
        .n_io =
            n_waiting < CF_SCEP_IO_WORKERS_MAX ? (unsigned)n_waiting + 1 : CF_SCEP_IO_WORKERS_MAX,
        .queue_max = n_waiting + 1 < QUEUE_MAX ? n_waiting + 1 : QUEUE_MAX,
    };

    return cf_pool_new(&options, &scepd->pool, err);
}

static enum cf_rc
open_listeners(struct cf_scepd *scepd, struct cf_err *err)
{
    CF_TRY(cf_scepd_take_sockets(&scepd->listeners, err));
    CF_TRY(cf_scep_listen(&scepd->settings->scep, &scepd->listeners, err));
    if (scepd->listeners.n == 0)
        return cf_fail(err, CF_E_CONFIG,
                       "[scep] names nothing to listen on; set listen or tls_listen, or enable "
                       "certferry-scepd.socket");
    return CF_OK;
}

/* Signals are blocked by the loop before the first thread starts. */
static enum cf_rc
open_all(struct cf_scepd *scepd, struct cf_err *err)
{
    CF_TRY(cf_pki_init((size_t)scepd->settings->secure_heap, err));
    CF_TRY(open_loop(scepd, err));
    CF_TRY(open_listeners(scepd, err));
    CF_TRY(cf_scepd_read_secrets(scepd, err));
    CF_TRY(open_pool(scepd, err));

    const struct cf_scep_server_options options = {
        .settings = &scepd->settings->scep,
        .listeners = &scepd->listeners,
        .ra_key = scepd->ra_key,
        .ra_pin = scepd->ra_pin,
        .pool = scepd->pool,
        .clock = cf_clock_real(),
    };
    return cf_scep_server_new(&options, &scepd->server, err);
}

/* Whoever waits gets an answer first; then workers end, for they use everything else. */
static void
close_all(struct cf_scepd *scepd)
{
    if (scepd->server)
        cf_scep_server_drain(scepd->server, DRAIN_MS);
    if (scepd->pool)
        cf_pool_stop(scepd->pool);
    cf_scep_server_free(scepd->server);
    cf_scep_listeners_done(&scepd->listeners);
    cf_pool_free(scepd->pool);
    cf_loop_free(scepd->loop);
    cf_secret_free(scepd->ra_key);
    cf_secret_free(scepd->ra_pin);
    cf_settings_free(scepd->settings);
    cf_pki_done();
}

static int
serve(struct cf_scepd *scepd)
{
    struct cf_err err = {0};
    int code = CF_SCEPD_EXIT_FAILURE;

    cf_log(CF_EV_SCEP_STARTED, NULL, "certferry-scepd " CERTFERRY_VERSION " started");
    cf_loop_notify_ready(scepd->loop, "serving");
    cf_loop_timer_arm(scepd->status_timer, STATUS_EVERY_MS);
    if (cf_loop_run(scepd->loop, &code, &err) != CF_OK)
        cf_log(CF_EV_INTERNAL_ERROR, &(struct cf_log_fields){.err = &err}, "event loop");
    return code;
}

static void
log_fault(void *arg, const char *file, unsigned line, const char *text)
{
    (void)arg;
    cf_log(CF_EV_CONFIG_REJECTED, NULL, "%s:%u: %s", file, line, text);
}

static enum cf_rc
load(const struct cf_scepd_options *options, struct cf_scepd *scepd, struct cf_err *err)
{
    CF_TRY(cf_process_harden(0077, err));
    CF_TRY(cf_config_load(options->config_path, log_fault, NULL, &scepd->settings, err));
    cf_log_set_level(scepd->settings->log_level);
    return cf_scepd_is_configured(scepd->settings, err);
}

int
cf_scepd_main(const struct cf_scepd_options *options)
{
    struct cf_scepd scepd = {0};
    struct cf_err err = {0};
    int code = CF_SCEPD_EXIT_CONFIG;
    enum cf_rc rc = load(options, &scepd, &err);

    if (rc == CF_OK) {
        rc = open_all(&scepd, &err);
        if (rc != CF_OK && (err.fault == CF_FAULT_TRANSIENT || err.fault == CF_FAULT_BUG))
            code = CF_SCEPD_EXIT_FAILURE;
    }
    if (rc == CF_OK)
        code = serve(&scepd);
    else
        cf_log(CF_EV_CONFIG_REJECTED, &(struct cf_log_fields){.err = &err}, "cannot start");
    close_all(&scepd);
    cf_log(CF_EV_SCEP_STOPPED, NULL, "stopped");
    return code;
}
