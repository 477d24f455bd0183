/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "certferry/ctl.h"
#include "unit/daemon/daemon_kit.h"

enum { CONNECTIONS_MAX = 16, BLOCK = 4096 };

static struct daemon_kit kit;
static pthread_t loop_thread;

static void
end_loop(void *arg)
{
    (void)arg;
    cf_loop_exit(kit.daemon.loop, 0);
}

static void *
run_loop(void *arg)
{
    int code;

    (void)arg;
    (void)!cf_loop_run(kit.daemon.loop, &code, NULL);
    return NULL;
}

static int
set_up(void **state)
{
    struct cf_err err = {0};

    (void)state;
    daemon_kit_open(&kit);
    if (cf_control_open(&kit.daemon, kit.site->settings, &kit.daemon.control, &err) != CF_OK)
        fail_msg("%s", err.text);
    return pthread_create(&loop_thread, NULL, run_loop, NULL);
}

static int
tear_down(void **state)
{
    (void)state;
    assert_int_equal(cf_loop_post(kit.daemon.loop, end_loop, NULL, NULL), CF_OK);
    pthread_join(loop_thread, NULL);
    daemon_kit_close(&kit);
    return 0;
}

static int
connect_control(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = kit.site->settings->control_socket;
    const struct timeval limit = {.tv_sec = 5};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    memcpy(address.sun_path, path, strlen(path));
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* What the daemon says until it closes; a reset counts as closing. */
static size_t
read_all(int fd, char *text, size_t size)
{
    size_t len = 0;

    while (len < size - 1) {
        ssize_t n = recv(fd, text + len, size - 1 - len, 0);

        assert_true(n >= 0 || errno == ECONNRESET);
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    text[len] = '\0';
    close(fd);
    return len;
}

static void
expect_status(void)
{
    cf_own(cf_json) answer = NULL;
    struct cf_err err = {0};

    if (cf_ctl_call(kit.site->settings->control_socket, "{\"command\":\"status\"}", 5000, &answer,
                    &err) != CF_OK)
        fail_msg("%s", err.text);
}

static void
one_line_gets_one_answer(void **state)
{
    char answer[64 * 1024];
    int fd = connect_control();

    (void)state;
    expect_status();
    assert_true(send(fd, "{\"command\":", 11, MSG_NOSIGNAL) == 11);
    usleep(20 * 1000);
    assert_true(send(fd, "\"status\"}\n{\"command\"", 20, MSG_NOSIGNAL) == 20);
    size_t len = read_all(fd, answer, sizeof answer);
    assert_true(len > 0 && answer[len - 1] == '\n');
    assert_ptr_equal(strchr(answer, '\n'), answer + len - 1);
}

static void
the_socket_is_closed_to_others(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(stat(kit.site->settings->control_socket, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);
}

static void
an_oversize_line_ends_the_connection_and_nothing_else(void **state)
{
    char block[BLOCK], answer[BLOCK];
    int fd = connect_control();

    (void)state;
    memset(block, 'x', sizeof block);
    for (size_t sent = 0; sent < 2 * CF_CTL_REQUEST_MAX; sent += BLOCK) {
        if (send(fd, block, sizeof block, MSG_NOSIGNAL) < 0)
            break;
    }
    assert_int_equal(read_all(fd, answer, sizeof answer), 0);
    expect_status();
}

static void
a_line_that_never_ends_gets_no_answer(void **state)
{
    char answer[BLOCK];
    int fd = connect_control();

    (void)state;
    assert_true(send(fd, "{\"command\":\"status\"}", 20, MSG_NOSIGNAL) == 20);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_int_equal(read_all(fd, answer, sizeof answer), 0);
    expect_status();
}

static void
garbage_gets_an_error(void **state)
{
    char answer[BLOCK];
    int fd = connect_control();

    (void)state;
    assert_true(send(fd, "\x00\xff\x1b garbage\n", 12, MSG_NOSIGNAL) == 12);
    assert_true(read_all(fd, answer, sizeof answer) > 0);
    assert_non_null(strstr(answer, "{\"ok\":false,"));
    expect_status();
}

static void
a_peer_that_leaves_before_its_answer_harms_nobody(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        int fd = connect_control();

        assert_true(send(fd, "{\"command\":\"status\"}\n", 21, MSG_NOSIGNAL) == 21);
        close(fd);
    }
    for (int i = 0; i < 100; i++) {
        cf_own(cf_json) answer = NULL;

        if (cf_ctl_call(kit.site->settings->control_socket, "{\"command\":\"status\"}", 5000,
                        &answer, NULL) == CF_OK)
            return;
        usleep(20 * 1000);
    }
    fail_msg("no answer after peers that left");
}

static void
too_many_connections_are_turned_away_and_the_first_are_served(void **state)
{
    int fd[CONNECTIONS_MAX], one_more;
    char answer[64 * 1024];

    (void)state;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        fd[i] = connect_control();
    one_more = connect_control();
    assert_int_equal(read_all(one_more, answer, sizeof answer), 0);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        assert_true(send(fd[i], "{\"command\":\"status\"}\n", 21, MSG_NOSIGNAL) == 21);
        assert_true(read_all(fd[i], answer, sizeof answer) > 0);
    }
    expect_status();
}

static void
a_second_daemon_on_the_socket_is_refused(void **state)
{
    struct cf_control *second = NULL;
    struct cf_err err = {0};

    (void)state;
    assert_int_not_equal(cf_control_open(&kit.daemon, kit.site->settings, &second, &err), CF_OK);
    assert_non_null(strstr(err.text, "another certferryd"));
    assert_null(second);
    expect_status();
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(one_line_gets_one_answer),
        TEST(the_socket_is_closed_to_others),
        TEST(an_oversize_line_ends_the_connection_and_nothing_else),
        TEST(a_line_that_never_ends_gets_no_answer),
        TEST(garbage_gets_an_error),
        TEST(a_peer_that_leaves_before_its_answer_harms_nobody),
        TEST(too_many_connections_are_turned_away_and_the_first_are_served),
        TEST(a_second_daemon_on_the_socket_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
