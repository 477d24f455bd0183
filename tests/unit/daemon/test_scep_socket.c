/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/scep_socket.h"
#include "unit/daemon/daemon_kit.h"
#include "unit/daemon/scep_fakes.h"

enum { ANSWER_SIZE = 64 * 1024, BLOCK = 4096, LIMIT_S = 20 };

#define ENROLL(wait)                                                                               \
    "{\"command\":\"enroll\",\"profile\":\"p\",\"type\":\"PKCSReq\",\"transactionId\":\"t\","      \
    "\"csr\":\"AAAA\",\"signer\":\"AAAA\",\"waitSeconds\":" #wait "}\n"
#define LOOK "{\"command\":\"look\",\"context\":\"p/0123/4567\"}\n"

static struct daemon_kit kit;
static pthread_t loop_thread;
static struct cf_scep_socket *scep;
static char path[64];
static char user[64];

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

static enum cf_rc
open_socket(const char *socket_user, struct cf_scep_socket **ret, struct cf_err *err)
{
    char name[64];
    struct cf_settings settings = {0};

    (void)snprintf(name, sizeof name, "%s", socket_user);
    settings.scep.is_on = true;
    settings.scep.socket = path;
    settings.scep.socket_user = name;
    return cf_scep_socket_open(&kit.daemon, &settings, ret, err);
}

static int
set_up(void **state)
{
    struct cf_err err = {0};

    (void)state;
    daemon_kit_open(&kit);
    scep_fakes_reset();
    (void)snprintf(path, sizeof path, "%s/scep", kit.dir);
    const struct passwd *self = getpwuid(geteuid());
    (void)snprintf(user, sizeof user, "%s", self ? self->pw_name : "root");
    if (open_socket(user, &scep, &err) != CF_OK)
        fail_msg("%s", err.text);
    return pthread_create(&loop_thread, NULL, run_loop, NULL);
}

static int
tear_down(void **state)
{
    (void)state;
    assert_int_equal(cf_loop_post(kit.daemon.loop, end_loop, NULL, NULL), CF_OK);
    pthread_join(loop_thread, NULL);
    cf_pool_stop(kit.daemon.pool);
    cf_scep_socket_close(scep);
    assert_int_equal(scep_fakes_watchers(), 0);
    daemon_kit_close(&kit);
    return 0;
}

static int
connect_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval limit = {.tv_sec = LIMIT_S};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    memcpy(address.sun_path, path, strlen(path));
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void
send_text(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* One line without its end; false: the daemon has closed. */
static bool
read_line(int fd, char answer[ANSWER_SIZE])
{
    for (size_t len = 0; len < ANSWER_SIZE - 1; len++) {
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

static void
expect_answer(int fd, const char *part)
{
    char answer[ANSWER_SIZE];

    assert_true(read_line(fd, answer));
    if (!strstr(answer, part))
        fail_msg("\"%s\" is not in %s", part, answer);
}

static void
wait_for_watchers(unsigned n)
{
    for (int i = 0; i < LIMIT_S * 100 && scep_fakes_watchers() != n; i++)
        usleep(10 * 1000);
    assert_int_equal(scep_fakes_watchers(), n);
}

static void
a_connection_carries_many_requests_in_their_order(void **state)
{
    int fd = connect_socket();

    (void)state;
    scep_fakes_set_state(CF_SCEP_ANSWER_PENDING);
    send_text(fd, LOOK);
    expect_answer(fd, "\"state\":\"pending\"");
    send_text(fd, LOOK "{\"command\":\"nothing\"}\n" ENROLL(0) "{\"comm");
    expect_answer(fd, "\"retryAfterSeconds\":2");
    expect_answer(fd, "CF_E_UNSUPPORTED");
    expect_answer(fd, "\"state\":\"pending\"");
    send_text(fd, "and\":\"look\",\"context\":\"p/0123/4567\"}\n");
    expect_answer(fd, "\"state\":\"pending\"");
    assert_int_equal(cf_scep_socket_connections(scep), 1);
    close(fd);
}

static void
every_state_has_its_members(void **state)
{
    int fd = connect_socket();

    (void)state;
    scep_fakes_set_state(CF_SCEP_ANSWER_ISSUED);
    send_text(fd, ENROLL(5));
    expect_answer(fd, "{\"ok\":true,\"result\":{\"state\":\"issued\",\"context\":\"p/0123/4567\","
                      "\"certificate\":\"Y2VydA==\",\"chain\":\"Y2hhaW4=\"}}");
    send_text(fd, "{\"command\":\"get-crl\",\"profile\":\"p\",\"issuer\":\"MAA=\"}\n");
    expect_answer(fd, "\"crl\":\"Y3Js\"}}");
    scep_fakes_set_state(CF_SCEP_ANSWER_FAILED);
    send_text(
        fd, "{\"command\":\"get-cert\",\"profile\":\"p\",\"issuer\":\"MAA=\",\"serial\":\"01\"}\n");
    expect_answer(fd, "\"state\":\"failed\",\"context\":\"p/0123/4567\","
                      "\"failInfo\":\"badRequest\",\"text\":\"because\"}}");
    scep_fakes_set_state(CF_SCEP_ANSWER_LATER);
    send_text(fd, "{\"command\":\"poll\",\"profile\":\"p\",\"transactionId\":\"t\",\"signer\":"
                  "\"AAAA\"}\n");
    expect_answer(fd, "\"state\":\"later\",\"context\":\"p/0123/4567\",\"retryAfterSeconds\":2,"
                      "\"text\":\"because\"}}");
    scep_fakes_set_state(CF_SCEP_ANSWER_WORKING);
    send_text(fd,
              "{\"command\":\"ra-request\",\"ca\":\"corp\",\"role\":\"both\",\"csr\":\"AAAA\"}\n");
    expect_answer(fd, "{\"state\":\"working\",\"context\":\"p/0123/4567\"}}");
    close(fd);
}

static void
what_is_being_worked_on_is_answered_when_it_rests(void **state)
{
    int fd = connect_socket();

    (void)state;
    send_text(fd, ENROLL(60));
    wait_for_watchers(1);
    scep_fakes_set_state(CF_SCEP_ANSWER_ISSUED);
    scep_fakes_rest();
    expect_answer(fd, "\"state\":\"issued\"");
    assert_int_equal(scep_fakes_enrolls(), 1);
    assert_int_equal(scep_fakes_looks(), 1);
    send_text(fd, LOOK);
    expect_answer(fd, "\"state\":\"issued\"");
    close(fd);
}

static void
an_item_that_rests_between_two_steps_is_watched_again(void **state)
{
    int fd = connect_socket();

    (void)state;
    send_text(fd, ENROLL(60));
    wait_for_watchers(1);
    usleep(50 * 1000);
    scep_fakes_rest();
    wait_for_watchers(1);
    scep_fakes_set_state(CF_SCEP_ANSWER_FAILED);
    scep_fakes_rest();
    expect_answer(fd, "\"failInfo\":\"badRequest\"");
    close(fd);
}

static void
held_answers_occupy_no_worker(void **state)
{
    enum { HELD = 20 };
    int fd[HELD];
    int one_more = connect_socket();

    (void)state;
    for (size_t i = 0; i < HELD; i++) {
        fd[i] = connect_socket();
        send_text(fd[i], ENROLL(60));
    }
    wait_for_watchers(HELD);
    send_text(one_more, LOOK);
    expect_answer(one_more, "\"state\":\"working\"");
    scep_fakes_set_state(CF_SCEP_ANSWER_ISSUED);
    scep_fakes_rest();
    for (size_t i = 0; i < HELD; i++) {
        expect_answer(fd[i], "\"state\":\"issued\"");
        close(fd[i]);
    }
    close(one_more);
}

static void
when_the_time_is_over_the_answer_says_working(void **state)
{
    int fd = connect_socket();

    (void)state;
    send_text(fd, ENROLL(1));
    expect_answer(fd, "{\"state\":\"working\",\"context\":\"p/0123/4567\"}}");
    assert_int_equal(scep_fakes_watchers(), 0);
    send_text(fd, LOOK);
    expect_answer(fd, "\"state\":\"working\"");
    close(fd);
}

static void
work_on_another_node_is_not_asked_for_in_a_busy_loop(void **state)
{
    int fd = connect_socket();

    (void)state;
    scep_fakes_rest_at_once(true);
    send_text(fd, ENROLL(2));
    expect_answer(fd, "\"state\":\"working\"");
    assert_true(scep_fakes_looks() > 2);
    assert_true(scep_fakes_looks() < 60);
    close(fd);
}

static void
a_peer_that_leaves_takes_its_watch_with_it(void **state)
{
    int fd = connect_socket();

    (void)state;
    send_text(fd, ENROLL(60));
    wait_for_watchers(1);
    close(fd);
    wait_for_watchers(0);
    for (int i = 0; i < LIMIT_S * 100 && cf_scep_socket_connections(scep) != 0; i++)
        usleep(10 * 1000);
    assert_int_equal(cf_scep_socket_connections(scep), 0);
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
        int fd = connect_socket();

        send_text(fd, ENROLL(60));
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
    int fd = connect_socket();

    (void)state;
    send_text(fd, ENROLL(60));
    wait_for_watchers(1);
    close(connect_socket());
    /* The rest is tear_down's. */
    (void)fd;
}

static void
a_line_that_is_too_long_ends_the_connection_and_nothing_else(void **state)
{
    char block[BLOCK], answer[ANSWER_SIZE];
    int fd = connect_socket();

    (void)state;
    memset(block, 'x', sizeof block);
    for (size_t sent = 0; sent < 2 * CF_SCEP_LINE_MAX; sent += BLOCK) {
        if (send(fd, block, sizeof block, MSG_NOSIGNAL) < 0)
            break;
    }
    assert_false(read_line(fd, answer));
    close(fd);
    fd = connect_socket();
    send_text(fd, LOOK);
    expect_answer(fd, "\"state\":\"working\"");
    close(fd);
}

static void
members_are_checked_before_anything_is_taken_in(void **state)
{
    static const struct {
        const char *request;
        const char *part;
    } cases[] = {
        {ENROLL(61), "waitSeconds: must be from 0 to 60"},
        {ENROLL(-1), "waitSeconds"},
        {"{\"command\":\"enroll\",\"profile\":\"p\",\"type\":\"CertPoll\",\"transactionId\":\"t\","
         "\"csr\":\"AAAA\",\"signer\":\"AAAA\"}\n",
         "type: must be PKCSReq or RenewalReq"},
        {"{\"command\":\"enroll\",\"profile\":\"p\",\"type\":\"PKCSReq\",\"transactionId\":\"\","
         "\"csr\":\"AAAA\",\"signer\":\"AAAA\"}\n",
         "transactionId"},
        {"{\"command\":\"enroll\",\"profile\":\"p\",\"type\":\"PKCSReq\",\"transactionId\":\"t\","
         "\"csr\":\"AA A\",\"signer\":\"AAAA\"}\n",
         "csr: "},
        {"{\"command\":\"poll\",\"profile\":\"p\",\"transactionId\":\"t\"}\n",
         "signer: is missing"},
        {"{\"command\":\"look\",\"context\":7}\n", "context: must be a string"},
        {"{\"command\":\"ra-request\",\"ca\":\"corp\",\"role\":\"none\",\"csr\":\"AAAA\"}\n",
         "role: must be sign, encryption or both"},
        {"{\"command\":\"ra-put\",\"ca\":\"nowhere\",\"version\":0,\"document\":{}}\n",
         "there is no [ca nowhere]"},
        {"{\"command\":\"ra-put\",\"ca\":\"corp\",\"version\":-1,\"document\":{}}\n", "version"},
        {"{\"command\":\"ra-put\",\"ca\":\"corp\",\"version\":0,\"document\":\"x\"}\n",
         "document: must be an object"},
        {"{\"command\":\"status\"}\n", "CF_E_UNSUPPORTED"},
        {"\x00\xff garbage\n", "CF_E_ENCODING"},
        {"[]\n", "CF_E_FIELD"},
    };
    int fd = connect_socket();

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        if (cases[i].request[0] == '\0')
            assert_int_equal(send(fd, cases[i].request, 11, MSG_NOSIGNAL), 11);
        else
            send_text(fd, cases[i].request);
        expect_answer(fd, cases[i].part);
    }
    assert_int_equal(scep_fakes_enrolls(), 0);
    close(fd);
}

static void
the_socket_is_closed_to_others(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(stat(path, &st), 0);
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
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(chmod(kit.dir, 0755), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        char byte;

        memcpy(address.sun_path, path, strlen(path));
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
    assert_int_equal(open_socket("no-such-user", &second, &err), CF_E_CONFIG);
    assert_non_null(strstr(err.text, "[scep] socket_user: there is no user 'no-such-user'"));
    assert_int_equal(open_socket(user, &second, &err), CF_E_CONFIG);
    assert_non_null(strstr(err.text, "another certferryd listens"));
    assert_null(second);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
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
        TEST(members_are_checked_before_anything_is_taken_in),
        TEST(the_socket_is_closed_to_others),
        TEST(a_member_of_the_group_who_is_not_the_user_is_refused),
        TEST(a_user_that_does_not_exist_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
