/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "certferry/clock.h"
#include "certferry/loop.h"

enum { N_THREADS = 4, N_POSTS = 500 };

static struct cf_loop *loop;
static struct cf_err err;

static int
setup(void **state)
{
    (void)state;
    return cf_loop_new(&loop, &err) == CF_OK ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    loop = cf_loop_free(loop);
    return 0;
}

static void
exit_with_arg(void *arg)
{
    cf_loop_exit(loop, *(int *)arg);
}

static int
run_loop(void)
{
    int code = -99;
    assert_int_equal(cf_loop_run(loop, &code, &err), CF_OK);
    return code;
}

static void
returns_the_exit_code_even_a_negative_one(void **state)
{
    (void)state;
    int code = -7;
    assert_int_equal(cf_loop_post(loop, exit_with_arg, &code, &err), CF_OK);
    assert_int_equal(run_loop(), -7);
}

static void
fires_a_timer_once_and_not_before_its_time(void **state)
{
    (void)state;
    struct cf_loop_source *timer = NULL;
    int code = 3;
    assert_int_equal(cf_loop_new_timer(loop, exit_with_arg, &code, &timer, &err), CF_OK);
    int64_t start = cf_clock_monotonic_ms(cf_clock_real());
    cf_loop_timer_arm(timer, 10000000);
    cf_loop_timer_arm(timer, 60);
    assert_int_equal(run_loop(), 3);
    int64_t took = cf_clock_monotonic_ms(cf_clock_real()) - start;
    assert_true(took >= 59 && took < 5000);
}

static void
count_call(void *arg)
{
    ++*(int *)arg;
}

static void
keeps_quiet_when_a_timer_is_disarmed_or_centuries_away(void **state)
{
    (void)state;
    struct cf_loop_source *never = NULL, *far = NULL, *end = NULL;
    int n = 0, code = 0;
    assert_int_equal(cf_loop_new_timer(loop, count_call, &n, &never, &err), CF_OK);
    assert_int_equal(cf_loop_new_timer(loop, count_call, &n, &far, &err), CF_OK);
    assert_int_equal(cf_loop_new_timer(loop, exit_with_arg, &code, &end, &err), CF_OK);
    cf_loop_timer_arm(never, 1);
    cf_loop_timer_disarm(never);
    cf_loop_timer_arm(far, UINT64_MAX);
    cf_loop_timer_arm(end, 50);
    assert_int_equal(run_loop(), 0);
    assert_int_equal(n, 0);
}

struct suicide {
    struct cf_loop_source *source;
    int n_calls;
};

static void
free_own_source(void *arg)
{
    struct suicide *suicide = arg;
    suicide->source = cf_loop_source_free(suicide->source);
    suicide->n_calls++;
    cf_loop_exit(loop, 0);
}

static void
lets_a_callback_free_its_own_source(void **state)
{
    (void)state;
    struct suicide suicide = {0};
    assert_int_equal(cf_loop_new_timer(loop, free_own_source, &suicide, &suicide.source, &err),
                     CF_OK);
    cf_loop_timer_arm(suicide.source, 1);
    run_loop();
    assert_int_equal(suicide.n_calls, 1);
    assert_null(suicide.source);
}

static void
on_signal(void *arg, int number)
{
    *(int *)arg = number;
    cf_loop_exit(loop, 0);
}

static void
delivers_a_signal_to_the_callback(void **state)
{
    (void)state;
    int seen = 0;
    assert_int_equal(cf_loop_on_signal(loop, SIGUSR1, on_signal, &seen, &err), CF_OK);
    assert_int_equal(cf_loop_on_signal(loop, SIGUSR2, on_signal, &seen, &err), CF_OK);
    kill(getpid(), SIGUSR2);
    run_loop();
    assert_int_equal(seen, SIGUSR2);
    assert_int_equal(cf_loop_on_signal(loop, 4711, on_signal, &seen, &err), CF_E_BUG);
}

static void
read_one(void *arg, int fd, uint32_t events)
{
    assert_true(events & EPOLLIN);
    assert_int_equal(read(fd, arg, 1), 1);
    cf_loop_exit(loop, 0);
}

static void
watches_a_descriptor_and_honours_changed_events(void **state)
{
    (void)state;
    int pair[2];
    char byte = 0;
    struct cf_loop_source *source = NULL;
    assert_int_equal(pipe(pair), 0);
    assert_int_equal(write(pair[1], "x", 1), 1);
    assert_int_equal(cf_loop_on_fd(loop, pair[0], 0, read_one, &byte, &source, &err), CF_OK);
    cf_loop_fd_set_events(source, EPOLLIN);
    run_loop();
    assert_int_equal(byte, 'x');
    assert_int_equal(cf_loop_on_fd(loop, -1, EPOLLIN, read_one, &byte, &source, &err), CF_E_BUG);
    close(pair[0]);
    close(pair[1]);
}

struct poster {
    pthread_t thread;
    int last; /* touched by the loop's thread only */
    int n_started;
    struct message {
        struct poster *poster;
        int number;
    } messages[N_POSTS];
};

static int n_posters_done;

static void
take_message(void *arg)
{
    struct message *message = arg;
    assert_int_equal(message->number, message->poster->last + 1);
    message->poster->last = message->number;
    if (message->number == N_POSTS && ++n_posters_done == N_THREADS)
        cf_loop_exit(loop, 0);
}

static void *
post_all(void *arg)
{
    struct poster *poster = arg;
    for (int i = 0; i < N_POSTS; i++) {
        poster->messages[i] = (struct message){poster, i + 1};
        if (cf_loop_post(loop, take_message, &poster->messages[i], NULL) != CF_OK)
            abort();
    }
    return NULL;
}

static void
runs_the_posts_of_many_threads_each_in_its_order(void **state)
{
    (void)state;
    static struct poster posters[N_THREADS];
    for (int i = 0; i < N_THREADS; i++)
        pthread_create(&posters[i].thread, NULL, post_all, &posters[i]);
    run_loop();
    for (int i = 0; i < N_THREADS; i++) {
        pthread_join(posters[i].thread, NULL);
        assert_int_equal(posters[i].last, N_POSTS);
    }
}

static void
runs_accepted_posts_before_it_ends_and_refuses_later_ones(void **state)
{
    (void)state;
    int n = 0, code = 0;
    assert_int_equal(cf_loop_post(loop, exit_with_arg, &code, &err), CF_OK);
    assert_int_equal(cf_loop_post(loop, count_call, &n, &err), CF_OK);
    run_loop();
    assert_int_equal(n, 1);
    assert_int_equal(cf_loop_post(loop, count_call, &n, &err), CF_E_STOPPED);
    assert_int_equal(n, 1);
}

struct late {
    struct cf_loop_source *timer, *source;
    int n_armed, n_fired;
};

static void
arm_late(void *arg)
{
    struct late *late = arg;

    cf_loop_timer_arm(late->timer, 0);
    cf_loop_fd_set_events(late->source, EPOLLIN | EPOLLOUT);
    late->n_armed++;
}

/* What is posted from here comes too late for this turn of the loop, which is the last. */
static void
exit_and_post(void *arg)
{
    cf_loop_exit(loop, 0);
    assert_int_equal(cf_loop_post(loop, arm_late, arg, &err), CF_OK);
}

static void
ignore_fd(void *arg, int fd, uint32_t events)
{
    (void)arg;
    (void)fd;
    (void)events;
}

static void
the_last_posts_may_arm_timers_which_never_fire(void **state)
{
    (void)state;
    struct late late = {0};
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(cf_loop_new_timer(loop, count_call, &late.n_fired, &late.timer, &err), CF_OK);
    assert_int_equal(cf_loop_on_fd(loop, fds[0], EPOLLIN, ignore_fd, NULL, &late.source, &err),
                     CF_OK);
    assert_int_equal(cf_loop_post(loop, exit_and_post, &late, &err), CF_OK);
    run_loop();
    assert_int_equal(late.n_armed, 1);
    assert_int_equal(late.n_fired, 0);
    late.source = cf_loop_source_free(late.source);
    close(fds[0]);
    close(fds[1]);
}

/* A socket such as the service manager's. */
static int
open_notify_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "certferry-test-loop-%d",
             (int)getpid());
    socklen_t len =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(address.sun_path + 1));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    address.sun_path[0] = '@';
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    return fd;
}

static void
assert_notified(int fd, const char *expected)
{
    char text[1024] = {0};
    assert_true(recv(fd, text, sizeof text - 1, 0) > 0);
    assert_string_equal(text, expected);
}

static void
tells_the_service_manager_and_lets_no_status_add_an_assignment(void **state)
{
    (void)state;
    char text[1024] = {0};
    int fd = open_notify_socket();
    cf_loop_notify_ready(loop, "3 requests");
    assert_notified(fd, "READY=1\nSTATUS=3 requests");
    cf_loop_notify_status(loop, "evil\nMAINPID=1");
    assert_notified(fd, "STATUS=evil?MAINPID=1");
    cf_loop_notify_reloading(loop);
    assert_true(recv(fd, text, sizeof text - 1, 0) > 0);
    assert_memory_equal(text, "RELOADING=1\nMONOTONIC_USEC=", 27);
    cf_loop_notify_stopping(loop, "bye");
    assert_notified(fd, "STOPPING=1\nSTATUS=bye");
    unsetenv("NOTIFY_SOCKET");
    cf_loop_notify_ready(loop, "nobody listens");
    close(fd);
}

static void
pings_the_watchdog_while_it_turns(void **state)
{
    (void)state;
    struct cf_loop_source *timer = NULL;
    int n = 0, code = 0, fd = open_notify_socket();
    char text[256], pid[32];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("WATCHDOG_USEC", "100000", 1);
    setenv("WATCHDOG_PID", pid, 1);
    assert_int_equal(cf_loop_enable_watchdog(loop, &err), CF_OK);
    assert_int_equal(cf_loop_new_timer(loop, exit_with_arg, &code, &timer, &err), CF_OK);
    cf_loop_timer_arm(timer, 400);
    run_loop();
    for (ssize_t len; (len = recv(fd, text, sizeof text - 1, 0)) > 0; n++) {
        text[len] = '\0';
        assert_string_equal(text, "WATCHDOG=1");
    }
    assert_true(n >= 3);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    close(fd);
}

static void
enables_no_watchdog_that_nobody_asked_for(void **state)
{
    (void)state;
    assert_int_equal(cf_loop_enable_watchdog(loop, &err), CF_OK);
}

#define LOOP_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP_TEST(returns_the_exit_code_even_a_negative_one),
        LOOP_TEST(fires_a_timer_once_and_not_before_its_time),
        LOOP_TEST(keeps_quiet_when_a_timer_is_disarmed_or_centuries_away),
        LOOP_TEST(lets_a_callback_free_its_own_source),
        LOOP_TEST(delivers_a_signal_to_the_callback),
        LOOP_TEST(watches_a_descriptor_and_honours_changed_events),
        LOOP_TEST(runs_the_posts_of_many_threads_each_in_its_order),
        LOOP_TEST(runs_accepted_posts_before_it_ends_and_refuses_later_ones),
        LOOP_TEST(the_last_posts_may_arm_timers_which_never_fire),
        LOOP_TEST(tells_the_service_manager_and_lets_no_status_add_an_assignment),
        LOOP_TEST(pings_the_watchdog_while_it_turns),
        LOOP_TEST(enables_no_watchdog_that_nobody_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
