/* SPDX-License-Identifier: Apache-2.0 */
#include "line_listen.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static enum cf_rc
bind_socket(const struct cf_line_server_options *options, int fd, struct cf_err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(options->path) >= sizeof address.sun_path)
        return cf_fail(err, CF_E_CONFIG, "%s socket: %s is too long (107 bytes at most)",
                       options->section, options->path);
    memcpy(address.sun_path, options->path, strlen(options->path));

    cf_own_fd probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe >= 0 && connect(probe, (struct sockaddr *)&address, sizeof address) == 0)
        return cf_fail(err, CF_E_CONFIG, "%s socket: another certferryd listens on %s",
                       options->section, options->path);
    if (unlink(options->path) < 0 && errno != ENOENT)
        return cf_fail_errno(err, CF_E_IO, errno, "%s socket: cannot replace %s", options->section,
                             options->path);

    /* Closed to everybody until group and mode are right. */
    mode_t mask = umask(0177);
    int bound = bind(fd, (struct sockaddr *)&address, sizeof address);
    int number = errno;
    umask(mask);
    if (bound < 0)
        return cf_fail_errno(err, CF_E_IO, number, "%s socket: %s", options->section,
                             options->path);
    return CF_OK;
}

static enum cf_rc
grant_access(const struct cf_line_server_options *options, struct cf_err *err)
{
    struct stat st;

    if (stat(options->path, &st) < 0)
        return cf_fail_errno(err, CF_E_IO, errno, "%s socket: %s", options->section, options->path);
    /* A sandbox may forbid chown(2); the service's own group needs none. */
    if (st.st_gid != options->gid && chown(options->path, (uid_t)-1, options->gid) < 0)
        return cf_fail_errno(err, CF_E_PERMISSION, errno,
                             "%s %s: %s cannot be given to group %u, of which certferryd's user "
                             "has to be a member",
                             options->section, options->access, options->path, options->gid);
    if (chmod(options->path, 0660) < 0)
        return cf_fail_errno(err, CF_E_PERMISSION, errno, "%s socket: %s", options->section,
                             options->path);
    return CF_OK;
}

enum cf_rc
cf_line_listen(const struct cf_line_server_options *options, int *ret_fd, struct cf_err *err)
{
    cf_own_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return cf_fail_errno(err, CF_E_IO, errno, "socket");
    CF_TRY(bind_socket(options, fd, err));
    CF_TRY(grant_access(options, err));
    if (listen(fd, (int)options->max_connections) < 0)
        return cf_fail_errno(err, CF_E_IO, errno, "%s socket: %s", options->section, options->path);

    *ret_fd = fd;
    fd = -1;
    return CF_OK;
}

uid_t
cf_line_peer(int fd, char who[CF_LINE_USER_SIZE])
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t len = sizeof peer;
    struct passwd entry, *found = NULL;
    char strings[4096];

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        peer.uid = (uid_t)-1;
    if (getpwuid_r(peer.uid, &entry, strings, sizeof strings, &found) == 0 && found)
        snprintf(who, CF_LINE_USER_SIZE, "%s", entry.pw_name);
    else
        snprintf(who, CF_LINE_USER_SIZE, "uid %u", peer.uid);
    return peer.uid;
}
