/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/daemon/scep_lab.h"

#include <errno.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit/daemon/scep_fakes.h"

struct scep_lab scep_lab;

static pthread_t loop_thread;

static void
end_loop(void *arg)
{
    (void)arg;
    cf_loop_exit(scep_lab.kit.daemon.loop, 0);
}

static void *
run_loop(void *arg)
{
    int code;

    (void)arg;
    (void)!cf_loop_run(scep_lab.kit.daemon.loop, &code, NULL);
    return NULL;
}

enum cf_rc
scep_lab_open(const char *socket_user, struct cf_scep_socket **ret, struct cf_err *err)
{
    char name[64];
    struct cf_settings settings = {0};

    (void)snprintf(name, sizeof name, "%s", socket_user);
    settings.scep.is_on = true;
    settings.scep.socket = scep_lab.path;
    settings.scep.socket_user = name;
    return cf_scep_socket_open(&scep_lab.kit.daemon, &settings, ret, err);
}

int
scep_lab_set_up(void **state)
{
    struct cf_err err = {0};

    (void)state;
    daemon_kit_open(&scep_lab.kit);
    scep_fakes_reset();
    (void)snprintf(scep_lab.path, sizeof scep_lab.path, "%s/scep", scep_lab.kit.dir);
    const struct passwd *self = getpwuid(geteuid());
    (void)snprintf(scep_lab.user, sizeof scep_lab.user, "%s", self ? self->pw_name : "root");
    if (scep_lab_open(scep_lab.user, &scep_lab.socket, &err) != CF_OK)
        fail_msg("%s", err.text);
    return pthread_create(&loop_thread, NULL, run_loop, NULL);
}

int
scep_lab_tear_down(void **state)
{
    (void)state;
    assert_int_equal(cf_loop_post(scep_lab.kit.daemon.loop, end_loop, NULL, NULL), CF_OK);
    pthread_join(loop_thread, NULL);
    cf_pool_stop(scep_lab.kit.daemon.pool);
    cf_scep_socket_close(scep_lab.socket);
    assert_int_equal(scep_fakes_watchers(), 0);
    daemon_kit_close(&scep_lab.kit);
    return 0;
}

int
scep_lab_connect(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval limit = {.tv_sec = SCEP_LAB_LIMIT_S};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    memcpy(address.sun_path, scep_lab.path, strlen(scep_lab.path));
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

void
scep_lab_send(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* One line without its end; false: the daemon has closed. */
bool
scep_lab_read(int fd, char answer[SCEP_LAB_ANSWER_SIZE])
{
    for (size_t len = 0; len < SCEP_LAB_ANSWER_SIZE - 1; len++) {
        ssize_t n = recv(fd, answer + len, 1, 0);

        assert_true(n >= 0 || errno == ECONNRESET);
        if (n <= 0)
            return false;
        if (answer[len] == '\n') {
            answer[len] = '\0';
            return true;
        }
    }
    fail_msg("a line without an end");
    return false;
}

void
scep_lab_expect(int fd, const char *part)
{
    char answer[SCEP_LAB_ANSWER_SIZE];

    assert_true(scep_lab_read(fd, answer));
    if (!strstr(answer, part))
        fail_msg("\"%s\" is not in %s", part, answer);
}
