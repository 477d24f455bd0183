/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "certferry/ctl.h"
#include "command.h"

enum { CONNECTIONS_MAX = 16, CONNECTION_TIMEOUT_MS = 10 * 1000, USER_NAME_SIZE = 64 };

struct connection {
    struct cf_control *control;
    struct connection *next;
    int fd;
    struct cf_loop_source *source;
    struct cf_loop_source *timer;
    struct cf_buf *request;
    struct cf_buf *answer;
    size_t sent;
    char who[USER_NAME_SIZE];
};

struct cf_control {
    struct cf_daemon *daemon;
    int fd;
    char *path;
    struct cf_loop_source *source;
    struct connection *connections;
    unsigned n_connections;
};

static void
free_connection(struct connection *connection)
{
    cf_loop_source_free(connection->source);
    cf_loop_source_free(connection->timer);
    if (connection->fd >= 0)
        close(connection->fd);
    cf_buf_free(connection->request);
    cf_buf_free(connection->answer);
    free(connection);
}

static void
end_connection(void *arg)
{
    struct connection *connection = arg;
    struct cf_control *control = connection->control;

    for (struct connection **at = &control->connections; *at; at = &(*at)->next) {
        if (*at == connection) {
            *at = connection->next;
            control->n_connections--;
            break;
        }
    }
    free_connection(connection);
}

static void on_ready(void *arg, int fd, uint32_t events);

static bool
wait_writable(struct connection *connection)
{
    return connection->source ||
           cf_loop_on_fd(connection->control->daemon->loop, connection->fd, EPOLLOUT, on_ready,
                         connection, &connection->source, NULL) == CF_OK;
}

static void
send_answer(struct connection *connection)
{
    struct cf_bytes bytes = cf_buf_bytes(connection->answer);

    while (connection->sent < bytes.len) {
        ssize_t n = send(connection->fd, bytes.data + connection->sent,
                         bytes.len - connection->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN && wait_writable(connection))
            return;
        if (n < 0)
            break;
        connection->sent += (size_t)n;
    }
    end_connection(connection);
}

/* Back on the loop's thread with the worker's answer. */
static void
take_answer(void *arg)
{
    struct connection *connection = arg;

    if (!connection->answer) {
        end_connection(connection);
        return;
    }
    cf_loop_timer_arm(connection->timer, CONNECTION_TIMEOUT_MS);
    send_answer(connection);
}

static void
run_command(void *arg)
{
    struct connection *connection = arg;
    struct cf_daemon *daemon = connection->control->daemon;

    (void)!cf_command_answer(daemon, cf_buf_bytes(connection->request), connection->who,
                             &connection->answer, NULL);
    (void)!cf_loop_post(daemon->loop, take_answer, connection, NULL);
}

static void
start_command(struct connection *connection)
{
    struct cf_daemon *daemon = connection->control->daemon;

    /* While the worker has it the loop must not even hear of a hang-up. */
    cf_loop_timer_disarm(connection->timer);
    connection->source = cf_loop_source_free(connection->source);
    if (cf_pool_submit(daemon->pool, CF_LANE_IO, CF_PRIO_HIGH, run_command, connection, NULL) !=
        CF_OK)
        end_connection(connection);
}

/* One line is one request; what follows it is nobody's. */
static bool
take_line(struct connection *connection, const char *data, size_t len, bool *ret_is_whole)
{
    const char *end = memchr(data, '\n', len);

    *ret_is_whole = end != NULL;
    return cf_buf_append(connection->request, data, end ? (size_t)(end - data) : len, NULL) ==
           CF_OK;
}

static void
on_ready(void *arg, int fd, uint32_t events)
{
    struct connection *connection = arg;
    char data[4096];
    bool is_whole = false;

    if (connection->answer) {
        send_answer(connection);
        return;
    }
    if (!(events & EPOLLIN)) {
        end_connection(connection);
        return;
    }
    ssize_t n = recv(fd, data, sizeof data, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 || !take_line(connection, data, (size_t)n, &is_whole))
        end_connection(connection);
    else if (is_whole)
        start_command(connection);
}

static void
name_peer(int fd, char who[USER_NAME_SIZE])
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t len = sizeof peer;
    struct passwd entry, *found = NULL;
    char strings[4096];

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        peer.uid = (uid_t)-1;
    if (getpwuid_r(peer.uid, &entry, strings, sizeof strings, &found) == 0 && found)
        snprintf(who, USER_NAME_SIZE, "%s", entry.pw_name);
    else
        snprintf(who, USER_NAME_SIZE, "uid %u", peer.uid);
}

static void
open_connection(struct cf_control *control, int fd)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection) {
        close(fd);
        return;
    }

    connection->control = control;
    connection->fd = fd;
    connection->request = cf_buf_new(CF_CTL_REQUEST_MAX);
    name_peer(fd, connection->who);
    if (!connection->request ||
        cf_loop_on_fd(control->daemon->loop, fd, EPOLLIN, on_ready, connection, &connection->source,
                      NULL) != CF_OK ||
        cf_loop_new_timer(control->daemon->loop, end_connection, connection, &connection->timer,
                          NULL) != CF_OK) {
        free_connection(connection);
        return;
    }
    cf_loop_timer_arm(connection->timer, CONNECTION_TIMEOUT_MS);
    connection->next = control->connections;
    control->connections = connection;
    control->n_connections++;
}

static void
on_accept(void *arg, int listen_fd, uint32_t events)
{
    struct cf_control *control = arg;
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)events;
    if (fd < 0)
        return;
    if (control->n_connections >= CONNECTIONS_MAX)
        close(fd);
    else
        open_connection(control, fd);
}

static enum cf_rc
bind_socket(struct cf_control *control, struct cf_err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(control->path) >= sizeof address.sun_path)
        return cf_fail(err, CF_E_CONFIG, "[control] socket: %s is too long (107 bytes at most)",
                       control->path);
    memcpy(address.sun_path, control->path, strlen(control->path));
    control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (control->fd < 0)
        return cf_fail_errno(err, CF_E_IO, errno, "socket");

    cf_own_fd probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe >= 0 && connect(probe, (struct sockaddr *)&address, sizeof address) == 0)
        return cf_fail(err, CF_E_CONFIG, "[control] socket: another certferryd listens on %s",
                       control->path);
    if (unlink(control->path) < 0 && errno != ENOENT)
        return cf_fail_errno(err, CF_E_IO, errno, "[control] socket: cannot replace %s",
                             control->path);

    /* Closed to everybody until group and mode are right. */
    mode_t mask = umask(0177);
    int bound = bind(control->fd, (struct sockaddr *)&address, sizeof address);
    int number = errno;
    umask(mask);
    if (bound < 0)
        return cf_fail_errno(err, CF_E_IO, number, "[control] socket: %s", control->path);
    return CF_OK;
}

static enum cf_rc
grant_access(struct cf_control *control, const char *group_name, struct cf_err *err)
{
    /* Members may be many: no size is enough for getgrnam_r. No other thread runs commands yet. */
    const struct group *group = getgrnam(group_name); /* NOLINT(concurrency-mt-unsafe) */
    struct stat st;

    if (!group)
        return cf_fail(err, CF_E_CONFIG,
                       "[control] group: there is no group '%s'; systemd-sysusers makes it",
                       group_name);
    if (stat(control->path, &st) < 0)
        return cf_fail_errno(err, CF_E_IO, errno, "[control] socket: %s", control->path);
    /* A sandbox may forbid chown(2); the service's own group needs none. */
    if (st.st_gid != group->gr_gid && chown(control->path, (uid_t)-1, group->gr_gid) < 0)
        return cf_fail_errno(err, CF_E_PERMISSION, errno, "[control] group: %s", group_name);
    if (chmod(control->path, 0660) < 0)
        return cf_fail_errno(err, CF_E_PERMISSION, errno, "[control] socket: %s", control->path);
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
    control->fd = -1;
    control->path = strdup(settings->control_socket);
    enum cf_rc rc = control->path ? bind_socket(control, err) : cf_fail_oom(err);
    if (rc == CF_OK)
        rc = grant_access(control, settings->control_group, err);
    if (rc == CF_OK && listen(control->fd, CONNECTIONS_MAX) < 0)
        rc = cf_fail_errno(err, CF_E_IO, errno, "[control] socket: %s", control->path);
    if (rc == CF_OK)
        rc = cf_loop_on_fd(daemon->loop, control->fd, EPOLLIN, on_accept, control, &control->source,
                           err);
    if (rc != CF_OK) {
        if (control->fd >= 0)
            close(control->fd);
        free(control->path);
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

    while (control->connections)
        end_connection(control->connections);
    cf_loop_source_free(control->source);
    close(control->fd);
    unlink(control->path);
    free(control->path);
    free(control);
}
