/* SPDX-License-Identifier: Apache-2.0 */
#include "scep_socket.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "certferry/log.h"
#include "certferry/scep.h"
#include "line_server.h"
#include "scep_hold.h"

enum { CONNECTIONS_MAX = 256, TRANSFER_MS = 10 * 1000, IDLE_MS = 5 * 60 * 1000 };

struct cf_scep_socket {
    struct cf_daemon *daemon;
    struct cf_line_server *server;
    uid_t user; /* [scep] socket_user */
};

static bool
admit(void *arg, uid_t uid, const char *who)
{
    const struct cf_scep_socket *socket = arg;

    if (uid == socket->user || uid == geteuid() || uid == 0)
        return true;
    cf_log(CF_EV_SCEP_PEER_REFUSED, NULL, "the SCEP socket was tried by user %s", who);
    return false;
}

static void
on_request(void *arg, struct cf_line_call *call)
{
    struct cf_scep_socket *socket = arg;

    cf_scep_hold_start(socket->daemon, call);
}

static enum cf_rc
find_user(const char *name, uid_t *ret_uid, gid_t *ret_gid, struct cf_err *err)
{
    struct passwd entry, *found = NULL;
    char strings[4096];

    if (getpwnam_r(name, &entry, strings, sizeof strings, &found) != 0 || !found)
        return cf_fail(err, CF_E_CONFIG,
                       "[scep] socket_user: there is no user '%s'; systemd-sysusers makes it",
                       name);
    *ret_uid = found->pw_uid;
    *ret_gid = found->pw_gid;
    return CF_OK;
}

enum cf_rc
cf_scep_socket_open(struct cf_daemon *daemon, const struct cf_settings *settings,
                    struct cf_scep_socket **ret_socket, struct cf_err *err)
{
    struct cf_scep_socket *socket = calloc(1, sizeof *socket);
    if (!socket)
        return cf_fail_oom(err);

    socket->daemon = daemon;
    struct cf_line_server_options options = {
        .loop = daemon->loop,
        .section = "[scep]",
        .access = "socket_user",
        .path = settings->scep.socket,
        .max_connections = CONNECTIONS_MAX,
        .request_max = CF_SCEP_LINE_MAX,
        .transfer_ms = TRANSFER_MS,
        .idle_ms = IDLE_MS,
        .admit = admit,
        .handle = on_request,
        .arg = socket,
    };
    enum cf_rc rc = find_user(settings->scep.socket_user, &socket->user, &options.gid, err);
    if (rc == CF_OK)
        rc = cf_line_server_open(&options, &socket->server, err);
    if (rc != CF_OK) {
        free(socket);
        return rc;
    }
    *ret_socket = socket;
    return CF_OK;
}

void
cf_scep_socket_close(struct cf_scep_socket *socket)
{
    if (!socket)
        return;

    cf_line_server_close(socket->server);
    free(socket);
}

unsigned
cf_scep_socket_connections(const struct cf_scep_socket *socket)
{
    return socket ? cf_line_server_connections(socket->server) : 0;
}

int64_t
cf_scep_socket_since_ms(const struct cf_scep_socket *socket)
{
    return socket ? cf_line_server_since_ms(socket->server) : 0;
}
