/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/log.h"
#include "scepd.h"

static void
end(void *arg)
{
    struct cf_scepd *scepd = arg;

    scepd->is_reloading = false;
    cf_loop_notify_ready(scepd->loop, "serving");
}

static void
run(void *arg)
{
    struct cf_scepd *scepd = arg;
    struct cf_err err = {0};

    if (cf_scep_server_reload(scepd->server, &err) == CF_OK)
        cf_log(CF_EV_CONFIG_RELOADED, NULL,
               "profiles and TLS certificate are read again; other changes of [scep] take effect "
               "after a restart");
    else
        cf_log(CF_EV_CONFIG_REJECTED, &(struct cf_log_fields){.err = &err},
               "the former TLS certificate stays in use");
    (void)!cf_loop_post(scepd->loop, end, scepd, NULL);
}

void
cf_scepd_reload(struct cf_scepd *scepd)
{
    struct cf_err err = {0};

    if (scepd->is_reloading)
        return;
    cf_loop_notify_reloading(scepd->loop);
    scepd->is_reloading = true;
    if (cf_pool_submit(scepd->pool, CF_LANE_IO, CF_PRIO_HIGH, run, scepd, &err) == CF_OK)
        return;
    cf_log(CF_EV_CONFIG_REJECTED, &(struct cf_log_fields){.err = &err}, "cannot reload now");
    end(scepd);
}
