/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "certferry/text.h"
#include "proc_internal.h"

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct pipes {
    int child[3];  /* standard input, output, errors of the program */
    int parent[3]; /* the other ends */
};

static void
close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void
close_pipes(struct pipes *pipes)
{
    for (int i = 0; i < 3; i++) {
        close_fd(&pipes->child[i]);
        close_fd(&pipes->parent[i]);
    }
}

/* Moves *fd out of the way of 0..2, which the program's own descriptors are put on. */
static bool
move_above_standard(int *fd)
{
    if (*fd > STDERR_FILENO)
        return true;
    int moved = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (moved < 0)
        return false;
    close(*fd);
    *fd = moved;
    return true;
}

static enum cf_rc
open_pipes(struct pipes *pipes, struct cf_err *err)
{
    for (int i = 0; i < 3; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) < 0)
            return cf_fail_errno(err, CF_E_IO, errno, "pipe to a program");
        bool is_input = i == STDIN_FILENO;
        pipes->child[i] = is_input ? ends[0] : ends[1];
        pipes->parent[i] = is_input ? ends[1] : ends[0];
        if (!move_above_standard(&pipes->child[i]) || !move_above_standard(&pipes->parent[i]) ||
            fcntl(pipes->parent[i], F_SETFL, O_NONBLOCK) < 0)
            return cf_fail_errno(err, CF_E_IO, errno, "pipe to a program");
    }
    return CF_OK;
}

/* The passed environment with PATH added when it is missing; the array is malloc'd, its texts are
 * borrowed. */
static char **
make_environment(const char *const *env)
{
    size_t n = 0;
    bool has_path = false;
    while (env && env[n]) {
        has_path = has_path || cf_text_starts_with(env[n], "PATH=");
        n++;
    }
    char **result = calloc(n + 2, sizeof *result);
    if (!result)
        return NULL;
    if (n > 0)
        memcpy(result, env, n * sizeof *result);
    if (!has_path)
        result[n] = (char *)(uintptr_t)DEFAULT_PATH;
    return result;
}

static int
add_actions(posix_spawn_file_actions_t *actions, const struct pipes *pipes)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < 3; i++)
        rc = posix_spawn_file_actions_adddup2(actions, pipes->child[i], i);
    /* Not left to close-on-exec: a library may have opened one without it. */
    return rc != 0 ? rc : posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
}

static int
set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    int rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                                      POSIX_SPAWN_SETSIGMASK);
    if (rc == 0)
        rc = posix_spawnattr_setpgroup(attributes, 0);
    if (rc == 0)
        rc = posix_spawnattr_setsigdefault(attributes, &all);
    if (rc == 0)
        rc = posix_spawnattr_setsigmask(attributes, &none);
    return rc;
}

static int
spawn(const struct cf_proc_request *request, const struct pipes *pipes, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char **env = make_environment(request->env);
    if (!env)
        return ENOMEM;
    int rc = posix_spawn_file_actions_init(&actions);
    if (rc != 0)
        goto out_env;
    rc = posix_spawnattr_init(&attributes);
    if (rc != 0)
        goto out_actions;
    rc = add_actions(&actions, pipes);
    if (rc == 0)
        rc = set_attributes(&attributes);
    if (rc == 0) {
        /* posix_spawn changes neither the array nor the texts; its prototype predates const. */
        char *const *argv = (char *const *)(uintptr_t)request->argv;
        rc = posix_spawn(ret_pid, request->argv[0], &actions, &attributes, argv, env);
    }
    posix_spawnattr_destroy(&attributes);
out_actions:
    posix_spawn_file_actions_destroy(&actions);
out_env:
    free(env);
    return rc;
}

static enum cf_rc
fail_spawn(struct cf_err *err, int number, const char *program)
{
    if (number == EAGAIN || number == ENOMEM || number == EMFILE || number == ENFILE)
        return cf_fail_errno(err, CF_E_IO, number, "%s cannot be started now", program);
    const char *remedy = "check the path";
    if (number == EACCES)
        remedy = "make it executable for the service (chmod, mount options)";
    else if (number == ENOEXEC)
        remedy = "a script needs a #! line";
    enum cf_rc rc = cf_fail(err, CF_E_CONFIG, "%s cannot be started: %s; %s", program,
                            strerrordesc_np(number), remedy);
    if (err)
        err->native = number;
    return rc;
}

enum cf_rc
cf_child_start(const struct cf_proc_request *request, struct cf_child *ret_child,
               struct cf_err *err)
{
    struct pipes pipes = {.child = {-1, -1, -1}, .parent = {-1, -1, -1}};
    pid_t pid = 0;

    enum cf_rc rc = open_pipes(&pipes, err);
    if (rc == CF_OK) {
        int number = spawn(request, &pipes, &pid);
        if (number != 0)
            rc = fail_spawn(err, number, request->argv[0]);
    }
    if (rc != CF_OK) {
        close_pipes(&pipes);
        return rc;
    }
    for (int i = 0; i < 3; i++)
        close_fd(&pipes.child[i]);

    struct cf_child child = {.pid = pid,
                             .input = pipes.parent[STDIN_FILENO],
                             .output = pipes.parent[STDOUT_FILENO],
                             .errors = pipes.parent[STDERR_FILENO]};
    /* The number cannot have been given to another process: nobody but us collects this child. */
    child.pidfd = pidfd_open(pid, 0);
    if (child.pidfd < 0) {
        int number = errno;
        (void)cf_child_end(&child);
        return cf_fail_errno(err, CF_E_IO, number, "pidfd of %s", request->argv[0]);
    }
    *ret_child = child;
    return CF_OK;
}

int
cf_child_end(struct cf_child *child)
{
    int status = 0;
    if (child->pid > 0) {
        /* Until it is collected, the program's number, and so that of its group, stays its own. */
        (void)kill(-child->pid, SIGKILL);
        while (waitpid(child->pid, &status, 0) < 0) {
            if (errno != EINTR) {
                status = 0;
                break;
            }
        }
    }
    child->pid = 0;
    close_fd(&child->pidfd);
    close_fd(&child->input);
    close_fd(&child->output);
    close_fd(&child->errors);
    return status;
}
