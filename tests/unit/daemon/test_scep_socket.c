/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/daemon/scep_fakes.h"
#include "unit/daemon/scep_lab.h"

enum { BLOCK = 4096 };

#define LOOK "{\"command\":\"look\",\"context\":\"p/0123/4567\"}\n"

static void
wait_for_watchers(unsigned n)
{
    for (int i = 0; i < SCEP_LAB_LIMIT_S * 100 && scep_fakes_watchers() != n; i++)
        usleep(10 * 1000);
    assert_int_equal(scep_fakes_watchers(), n);
}

static void
a_connection_carries_many_requests_in_their_order(void **state)
{
    int fd = scep_lab_connect();

    (void)state;
    scep_fakes_set_state(CF_SCEP_ANSWER_PENDING);
    scep_lab_send(fd, LOOK);
    scep_lab_expect(fd, "\"state\":\"pending\"");
    scep_lab_send(fd, LOOK "{\"command\":\"nothing\"}\n" SCEP_LAB_ENROLL(0) "{\"comm");
    scep_lab_expect(fd, "\"retryAfterSeconds\":2");
    scep_lab_expect(fd, "CF_E_UNSUPPORTED");
    scep_lab_expect(fd, "\"state\":\"pending\"");
    scep_lab_send(fd, "and\":\"look\",\"context\":\"p/0123/4567\"}\n");
    scep_lab_expect(fd, "\"state\":\"pending\"");
    assert_int_equal(cf_scep_socket_connections(scep_lab.socket), 1);
    close(fd);
}

static void
every_state_has_its_members(void **state)
{
    int fd = scep_lab_connect();

    (void)state;
    scep_fakes_set_state(CF_SCEP_ANSWER_ISSUED);
    scep_lab_send(fd, SCEP_LAB_ENROLL(5));
    scep_lab_expect(fd, "{\"ok\":true,\"result\":{\"state\":\"issued\",\"context\":\"p/0123/4567\","
                        "\"certificate\":\"Y2VydA==\",\"chain\":\"Y2hhaW4=\"}}");
    scep_lab_send(fd, "{\"command\":\"get-crl\",\"profile\":\"p\",\"issuer\":\"MAA=\"}\n");
    scep_lab_expect(fd, "\"crl\":\"Y3Js\"}}");
    scep_fakes_set_state(CF_SCEP_ANSWER_FAILED);
    scep_lab_send(
        fd, "{\"command\":\"get-cert\",\"profile\":\"p\",\"issuer\":\"MAA=\",\"serial\":\"01\"}\n");
    scep_lab_expect(fd, "\"state\":\"failed\",\"context\":\"p/0123/4567\","
                        "\"failInfo\":\"badRequest\",\"text\":\"because\"}}");
    scep_fakes_set_state(CF_SCEP_ANSWER_LATER);
    scep_lab_send(fd, "{\"command\":\"poll\",\"profile\":\"p\",\"transactionId\":\"t\",\"signer\":"
                      "\"AAAA\"}\n");
    scep_lab_expect(fd, "\"state\":\"later\",\"context\":\"p/0123/4567\",\"retryAfterSeconds\":2,"
                        "\"text\":\"because\"}}");
    scep_fakes_set_state(CF_SCEP_ANSWER_WORKING);
    scep_lab_send(
        fd, "{\"command\":\"ra-request\",\"ca\":\"corp\",\"role\":\"both\",\"csr\":\"AAAA\"}\n");
    scep_lab_expect(fd, "{\"state\":\"working\",\"context\":\"p/0123/4567\"}}");
    close(fd);
}

static void
what_is_being_worked_on_is_answered_when_it_rests(void **state)
{
    int fd = scep_lab_connect();

    (void)state;
    scep_lab_send(fd, SCEP_LAB_ENROLL(60));
    wait_for_watchers(1);
    scep_fakes_set_state(CF_SCEP_ANSWER_ISSUED);
    scep_fakes_rest();
    scep_lab_expect(fd, "\"state\":\"issued\"");
    assert_int_equal(scep_fakes_enrolls(), 1);
    assert_int_equal(scep_fakes_looks(), 1);
    scep_lab_send(fd, LOOK);
    scep_lab_expect(fd, "\"state\":\"issued\"");
    close(fd);
}

static void
an_item_that_rests_between_two_steps_is_watched_again(void **state)
{
    int fd = scep_lab_connect();

    (void)state;
    scep_lab_send(fd, SCEP_LAB_ENROLL(60));
    wait_for_watchers(1);
    usleep(50 * 1000);
    scep_fakes_rest();
    wait_for_watchers(1);
    scep_fakes_set_state(CF_SCEP_ANSWER_FAILED);
    scep_fakes_rest();
    scep_lab_expect(fd, "\"failInfo\":\"badRequest\"");
    close(fd);
}

static void
held_answers_occupy_no_worker(void **state)
{
    enum { HELD = 20 };
    int fd[HELD];
    int one_more = scep_lab_connect();

    (void)state;
    for (size_t i = 0; i < HELD; i++) {
        fd[i] = scep_lab_connect();
        scep_lab_send(fd[i], SCEP_LAB_ENROLL(60));
    }
    wait_for_watchers(HELD);
    scep_lab_send(one_more, LOOK);
    scep_lab_expect(one_more, "\"state\":\"working\"");
    scep_fakes_set_state(CF_SCEP_ANSWER_ISSUED);
    scep_fakes_rest();
    for (size_t i = 0; i < HELD; i++) {
        scep_lab_expect(fd[i], "\"state\":\"issued\"");
        close(fd[i]);
    }
    close(one_more);
}

static void
when_the_time_is_over_the_answer_says_working(void **state)
{
    int fd = scep_lab_connect();

    (void)state;
    scep_lab_send(fd, SCEP_LAB_ENROLL(1));
    scep_lab_expect(fd, "{\"state\":\"working\",\"context\":\"p/0123/4567\"}}");
    assert_int_equal(scep_fakes_watchers(), 0);
    scep_lab_send(fd, LOOK);
    scep_lab_expect(fd, "\"state\":\"working\"");
    close(fd);
}

static void
work_on_another_node_is_not_asked_for_in_a_busy_loop(void **state)
{
    int fd = scep_lab_connect();

    (void)state;
    scep_fakes_rest_at_once(true);
    scep_lab_send(fd, SCEP_LAB_ENROLL(2));
    scep_lab_expect(fd, "\"state\":\"working\"");
    assert_true(scep_fakes_looks() > 2);
    assert_true(scep_fakes_looks() < 60);
    close(fd);
}

static void
a_peer_that_leaves_takes_its_watch_with_it(void **state)
{
    int fd = scep_lab_connect();

    (void)state;
    scep_lab_send(fd, SCEP_LAB_ENROLL(60));
    wait_for_watchers(1);
    close(fd);
    wait_for_watchers(0);
    for (int i = 0; i < SCEP_LAB_LIMIT_S * 100 && cf_scep_socket_connections(scep_lab.socket) != 0;
         i++)
        usleep(10 * 1000);
    assert_int_equal(cf_scep_socket_connections(scep_lab.socket), 0);
}

static void *
rest_often(void *arg)
{
    const bool *is_over = arg;

    while (!__atomic_load_n(is_over, __ATOMIC_ACQUIRE))
        scep_fakes_rest();
    return NULL;
}

static void
a_peer_may_leave_at_any_moment(void **state)
{
    bool is_over = false;
    pthread_t rester;

    (void)state;
    assert_int_equal(pthread_create(&rester, NULL, rest_often, &is_over), 0);
    for (unsigned i = 0; i < 300; i++) {
        int fd = scep_lab_connect();

        scep_lab_send(fd, SCEP_LAB_ENROLL(60));
        if (i % 3 > 0)
            usleep(100 * (i % 17));
        close(fd);
    }
    __atomic_store_n(&is_over, true, __ATOMIC_RELEASE);
    pthread_join(rester, NULL);
    wait_for_watchers(0);
}

static void
answers_that_are_held_when_the_daemon_stops_are_dropped(void **state)
{
    int fd = scep_lab_connect();

    (void)state;
    scep_lab_send(fd, SCEP_LAB_ENROLL(60));
    wait_for_watchers(1);
    close(scep_lab_connect());
    /* The rest is scep_lab_tear_down's. */
    (void)fd;
}

static void
a_line_that_is_too_long_ends_the_connection_and_nothing_else(void **state)
{
    char block[BLOCK], answer[SCEP_LAB_ANSWER_SIZE];
    int fd = scep_lab_connect();

    (void)state;
    memset(block, 'x', sizeof block);
    for (size_t sent = 0; sent < 2 * CF_SCEP_LINE_MAX; sent += BLOCK) {
        if (send(fd, block, sizeof block, MSG_NOSIGNAL) < 0)
            break;
    }
    assert_false(scep_lab_read(fd, answer));
    close(fd);
    fd = scep_lab_connect();
    scep_lab_send(fd, LOOK);
    scep_lab_expect(fd, "\"state\":\"working\"");
    close(fd);
}

static void
the_socket_is_closed_to_others(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(stat(scep_lab.path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);
}

/* The group may open the socket; only the user that is named may speak. */
static void
a_member_of_the_group_who_is_not_the_user_is_refused(void **state)
{
    const struct passwd *nobody = getpwnam("nobody");
    struct stat st;
    int status = 0;

    (void)state;
    if (geteuid() != 0 || !nobody)
        skip();
    assert_int_equal(stat(scep_lab.path, &st), 0);
    assert_int_equal(chmod(scep_lab.kit.dir, 0755), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        char byte;

        memcpy(address.sun_path, scep_lab.path, strlen(scep_lab.path));
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || setgid(st.st_gid) < 0 || setuid(nobody->pw_uid) < 0 ||
            connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
            _exit(2);
        _exit(recv(fd, &byte, 1, 0) <= 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void
a_user_that_does_not_exist_is_named(void **state)
{
    struct cf_scep_socket *second = NULL;
    struct cf_err err = {0};

    (void)state;
    assert_int_equal(scep_lab_open("no-such-user", &second, &err), CF_E_CONFIG);
    assert_non_null(strstr(err.text, "[scep] socket_user: there is no user 'no-such-user'"));
    assert_int_equal(scep_lab_open(scep_lab.user, &second, &err), CF_E_CONFIG);
    assert_non_null(strstr(err.text, "another certferryd listens"));
    assert_null(second);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, scep_lab_set_up, scep_lab_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_connection_carries_many_requests_in_their_order),
        TEST(every_state_has_its_members),
        TEST(what_is_being_worked_on_is_answered_when_it_rests),
        TEST(an_item_that_rests_between_two_steps_is_watched_again),
        TEST(held_answers_occupy_no_worker),
        TEST(when_the_time_is_over_the_answer_says_working),
        TEST(work_on_another_node_is_not_asked_for_in_a_busy_loop),
        TEST(a_peer_that_leaves_takes_its_watch_with_it),
        TEST(a_peer_may_leave_at_any_moment),
        TEST(answers_that_are_held_when_the_daemon_stops_are_dropped),
        TEST(a_line_that_is_too_long_ends_the_connection_and_nothing_else),
        TEST(the_socket_is_closed_to_others),
        TEST(a_member_of_the_group_who_is_not_the_user_is_refused),
        TEST(a_user_that_does_not_exist_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
