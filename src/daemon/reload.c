/* SPDX-License-Identifier: Apache-2.0 */
/* SIGHUP: a new site is built on a worker; when anything is wrong the old one stays. */
#include <stdlib.h>

#include "certferry/config.h"
#include "certferry/log.h"
#include "daemon.h"
#include "site_open.h"

struct reload {
    struct cf_daemon *daemon;
    struct cf_site *site; /* NULL: rejected */
};

static void
log_fault(void *arg, const char *file, unsigned line, const char *text)
{
    (void)arg;
    cf_log(CF_EV_CONFIG_REJECTED, NULL, "%s:%u: %s", file, line, text);
}

static void
end(void *arg)
{
    struct reload *reload = arg;
    struct cf_daemon *daemon = reload->daemon;
    bool again = daemon->reload_again;

    if (reload->site) {
        const struct cf_keypool_options keypool =
            cf_site_keypool_options(reload->site->settings, reload->site->clock);

        cf_log_set_level(reload->site->settings->log_level);
        cf_keypool_configure(daemon->keypool, &keypool);
        cf_scheduler_use_site(daemon->scheduler, reload->site);
        cf_site_free(reload->site);
        cf_log(CF_EV_CONFIG_RELOADED, NULL, "configuration reloaded");
    }
    cf_loop_notify_ready(daemon->loop, reload->site ? "configuration reloaded"
                                                    : "new configuration refused, old one kept");
    free(reload);
    daemon->is_reloading = false;
    daemon->reload_again = false;
    if (again)
        cf_daemon_reload(daemon);
}

static void
warn_of_restart(struct cf_daemon *daemon, const struct cf_settings *fresh)
{
    enum { NAMES_MAX = 4096 };
    cf_own(cf_site) old = cf_scheduler_site(daemon->scheduler);
    cf_own(cf_buf) names = cf_buf_new(NAMES_MAX);

    if (names && cf_config_restart_needed(old->settings, fresh, names, NULL) == CF_OK &&
        cf_buf_len(names) > 0)
        cf_log(CF_EV_CONFIG_WARNING, NULL, "these take effect after a restart: %s",
               cf_buf_str(names));
}

static enum cf_rc
load_site(struct cf_daemon *daemon, struct cf_site **ret_site, struct cf_err *err)
{
    struct cf_settings *settings = NULL;
    const struct cf_site_parts parts = {
        .clock = cf_clock_real(),
        .stop_flag = cf_pool_stop_flag(daemon->pool),
        .store = daemon->store,
        .keypool = daemon->keypool,
    };

    CF_TRY(cf_config_load(daemon->config_path, log_fault, NULL, &settings, err));
    warn_of_restart(daemon, settings);
    return cf_site_open(settings, &parts, ret_site, err);
}

static void
run(void *arg)
{
    struct reload *reload = arg;
    struct cf_err err = {0};

    if (load_site(reload->daemon, &reload->site, &err) != CF_OK) {
        reload->site = NULL;
        cf_log(CF_EV_CONFIG_REJECTED, &(struct cf_log_fields){.err = &err},
               "new configuration refused, the old one stays in force");
    }
    if (cf_loop_post(reload->daemon->loop, end, reload, NULL) != CF_OK) {
        cf_site_free(reload->site);
        free(reload);
    }
}

void
cf_daemon_reload(struct cf_daemon *daemon)
{
    struct cf_err err = {0};

    if (daemon->is_reloading) {
        daemon->reload_again = true;
        return;
    }

    struct reload *reload = calloc(1, sizeof *reload);
    if (!reload)
        return;
    reload->daemon = daemon;
    cf_loop_notify_reloading(daemon->loop);
    if (cf_pool_submit(daemon->pool, CF_LANE_IO, CF_PRIO_HIGH, run, reload, &err) != CF_OK) {
        free(reload);
        cf_log(CF_EV_CONFIG_REJECTED, &(struct cf_log_fields){.err = &err},
               "cannot reload now, the old configuration stays in force");
        cf_loop_notify_ready(daemon->loop, "not reloaded");
        return;
    }
    daemon->is_reloading = true;
}
