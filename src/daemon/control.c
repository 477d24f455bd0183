/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include <grp.h>
#include <stdlib.h>

#include "certferry/ctl.h"
#include "command.h"
#include "line_server.h"

enum { CONNECTIONS_MAX = 16, TRANSFER_MS = 10 * 1000 };

struct cf_control {
    struct cf_daemon *daemon;
    struct cf_line_server *server;
};

struct job {
    struct cf_daemon *daemon;
    struct cf_line_call *call;
};

static void
run_command(void *arg)
{
    struct job *job = arg;
    cf_own(cf_buf) answer = NULL;

    (void)!cf_command_answer(job->daemon, &cf_control_commands, cf_line_request(job->call),
                             cf_line_who(job->call), NULL, &answer, NULL);
    cf_line_answer(job->call, cf_give(answer));
    free(job);
}

static void
on_request(void *arg, struct cf_line_call *call)
{
    struct cf_control *control = arg;
    struct job *job = malloc(sizeof *job);

    if (job) {
        *job = (struct job){.daemon = control->daemon, .call = call};
        if (cf_pool_submit(control->daemon->pool, CF_LANE_IO, CF_PRIO_HIGH, run_command, job,
                           NULL) == CF_OK)
            return;
    }
    free(job);
    cf_line_answer(call, NULL);
}

static enum cf_rc
find_group(const char *name, gid_t *ret_gid, struct cf_err *err)
{
    /* Members may be many: no size is enough for getgrnam_r. No other thread runs commands yet. */
    const struct group *group = getgrnam(name); /* NOLINT(concurrency-mt-unsafe) */

    if (!group)
        return cf_fail(err, CF_E_CONFIG,
                       "[control] group: there is no group '%s'; systemd-sysusers makes it", name);
    *ret_gid = group->gr_gid;
    return CF_OK;
}

enum cf_rc
cf_control_open(struct cf_daemon *daemon, const struct cf_settings *settings,
                struct cf_control **ret_control, struct cf_err *err)
{
    struct cf_control *control = calloc(1, sizeof *control);
    if (!control)
        return cf_fail_oom(err);

    control->daemon = daemon;
    struct cf_line_server_options options = {
        .loop = daemon->loop,
        .section = "[control]",
        .access = "group",
        .path = settings->control_socket,
        .max_connections = CONNECTIONS_MAX,
        .request_max = CF_CTL_REQUEST_MAX,
        .transfer_ms = TRANSFER_MS,
        .handle = on_request,
        .arg = control,
    };
    enum cf_rc rc = find_group(settings->control_group, &options.gid, err);
    if (rc == CF_OK)
        rc = cf_line_server_open(&options, &control->server, err);
    if (rc != CF_OK) {
        free(control);
        return rc;
    }
    *ret_control = control;
    return CF_OK;
}

void
cf_control_close(struct cf_control *control)
{
    if (!control)
        return;

    cf_line_server_close(control->server);
    free(control);
}
