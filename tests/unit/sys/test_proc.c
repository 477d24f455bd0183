/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "certferry/clock.h"
#include "certferry/proc.h"

static struct cf_err err;
static struct cf_proc_result result;

static int
teardown(void **state)
{
    (void)state;
    cf_proc_result_done(&result);
    result = (struct cf_proc_result){0};
    return 0;
}

/* Runs a shell script with what `base` says. */
static enum cf_rc
run_script(const char *script, struct cf_proc_request base)
{
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    base.argv = argv;
    if (!base.timeout_ms)
        base.timeout_ms = 10000;
    if (!base.output_max)
        base.output_max = 1 << 20;
    if (!base.errors_max)
        base.errors_max = 4096;
    return cf_proc_run(&base, &result, &err);
}

static void
assert_output(const char *expected)
{
    assert_string_equal(cf_buf_str(result.output), expected);
}

static int64_t
now_ms(void)
{
    return cf_clock_monotonic_ms(cf_clock_real());
}

static void
passes_input_and_collects_both_outputs(void **state)
{
    (void)state;
    struct cf_proc_request request = {.input = cf_bytes_of("hello", 5)};
    assert_int_equal(run_script("cat; echo oops >&2", request), CF_OK);
    assert_int_equal(result.exit_status, 0);
    assert_output("hello");
    assert_string_equal(cf_buf_str(result.errors), "oops\n");
}

static void
carries_a_megabyte_through_both_pipes_at_once(void **state)
{
    (void)state;
    static char data[1 << 20];
    memset(data, 'x', sizeof data);
    struct cf_proc_request request = {.input = cf_bytes_of(data, sizeof data)};
    assert_int_equal(run_script("exec cat", request), CF_OK);
    assert_int_equal(cf_buf_len(result.output), sizeof data);
    assert_memory_equal(cf_buf_bytes(result.output).data, data, sizeof data);
}

static void
does_not_mind_a_program_that_ignores_its_input(void **state)
{
    (void)state;
    static char data[1 << 20];
    struct cf_proc_request request = {.input = cf_bytes_of(data, sizeof data)};
    struct sigaction old, act = {.sa_handler = SIG_DFL};
    sigaction(SIGPIPE, &act, &old);
    assert_int_equal(run_script("exec 0<&-; sleep 0.1; echo done", request), CF_OK);
    assert_output("done\n");
    sigaction(SIGPIPE, &old, NULL);
}

static void
reports_exit_status_and_signal(void **state)
{
    (void)state;
    assert_int_equal(run_script("exit 41", (struct cf_proc_request){0}), CF_OK);
    assert_int_equal(result.exit_status, 41);
    teardown(NULL);
    assert_int_equal(run_script("kill -9 $$", (struct cf_proc_request){0}), CF_OK);
    assert_int_equal(result.exit_status, -SIGKILL);
}

static void
gives_the_environment_that_was_passed_and_nothing_else(void **state)
{
    (void)state;
    setenv("LEAKED", "yes", 1);
    const char *const env[] = {"COLOUR=red", NULL};
    const char *argv[] = {"/usr/bin/env", NULL};
    struct cf_proc_request request = {
        .argv = argv, .env = env, .output_max = 4096, .timeout_ms = 10000};
    assert_int_equal(cf_proc_run(&request, &result, &err), CF_OK);
    assert_output("COLOUR=red\n"
                  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
    teardown(NULL);
    const char *const own_path[] = {"PATH=/nowhere", NULL};
    request.env = own_path;
    assert_int_equal(cf_proc_run(&request, &result, &err), CF_OK);
    assert_output("PATH=/nowhere\n");
}

static void
inherits_no_descriptor_no_mask_and_no_ignored_signal(void **state)
{
    (void)state;
    int leaky = fcntl(STDIN_FILENO, F_DUPFD, 57); /* on purpose without close-on-exec */
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, &old);
    signal(SIGHUP, SIG_IGN);
    /* Read after exec: a waiting shell blocks signals for a moment. The C library ignores its own
     * two signals, 32 and 33, so only the low ones are looked at. */
    assert_int_equal(
        run_script("ls /proc/$$/fd | grep -c 57; "
                   "exec sed -nE 's/^Sig(Blk|Ign).*(.{7})$/\\1 \\2/p' /proc/self/status",
                   (struct cf_proc_request){0}),
        CF_OK);
    signal(SIGHUP, SIG_DFL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    close(leaky);
    assert_output("0\nBlk 0000000\nIgn 0000000\n");
}

static void
works_without_standard_descriptors_of_our_own(void **state)
{
    (void)state;
    int saved = dup(STDIN_FILENO);
    close(STDIN_FILENO);
    struct cf_proc_request request = {.input = cf_bytes_of("abc", 3)};
    enum cf_rc rc = run_script("cat", request);
    dup2(saved, STDIN_FILENO);
    close(saved);
    assert_int_equal(rc, CF_OK);
    assert_output("abc");
}

static void
says_why_a_program_cannot_be_started(void **state)
{
    (void)state;
    const char *argv[] = {"/nonexistent/ca-helper", NULL};
    struct cf_proc_request request = {.argv = argv, .timeout_ms = 1000};
    assert_int_equal(cf_proc_run(&request, &result, &err), CF_E_CONFIG);
    assert_non_null(strstr(err.text, "/nonexistent/ca-helper"));
    assert_int_equal(err.native, ENOENT);
    argv[0] = "/etc/passwd";
    assert_int_equal(cf_proc_run(&request, &result, &err), CF_E_CONFIG);
    assert_non_null(strstr(err.text, "executable"));
    argv[0] = "sh";
    assert_int_equal(cf_proc_run(&request, &result, &err), CF_E_CONFIG);
    assert_non_null(strstr(err.text, "absolute"));
    assert_null(result.output);
}

static void
ends_the_program_at_its_deadline(void **state)
{
    (void)state;
    int64_t start = now_ms();
    struct cf_proc_request request = {.timeout_ms = 200};
    assert_int_equal(run_script("exec sleep 60", request), CF_E_TIMEOUT);
    assert_true(now_ms() - start < 3000);
    assert_null(result.output);
}

/* "SECONDS.PID": an argument of sleep that no other process on this host has. */
static const char *
mark(int seconds)
{
    static char text[32];
    snprintf(text, sizeof text, "%d.%d", seconds, (int)getpid());
    return text;
}

/* Whether a process with the mark stays alive: one that was killed may take a moment. */
static bool
is_running(const char *marker)
{
    char script[160];
    snprintf(script, sizeof script,
             "for i in 1 2 3 4 5 6 7 8 9; do"
             " grep -lsa 'slee[p].%s' /proc/[0-9]*/cmdline | grep -qv /$$/ || exit 1; sleep 0.2;"
             " done",
             marker);
    return run_script(script, (struct cf_proc_request){0}) == CF_OK && result.exit_status == 0;
}

static void
kills_grandchildren_and_those_that_ignore_sigterm(void **state)
{
    (void)state;
    char script[128];
    int64_t start = now_ms();
    struct cf_proc_request request = {.timeout_ms = 200};
    snprintf(script, sizeof script, "trap '' TERM; for i in 1 2; do sleep %s & done; wait",
             mark(61));
    assert_int_equal(run_script(script, request), CF_E_TIMEOUT);
    int64_t took = now_ms() - start;
    assert_true(took >= 1000 && took < 6000);
    assert_false(is_running(mark(61)));
}

static void
lets_nothing_of_the_group_outlive_a_program_that_ends(void **state)
{
    (void)state;
    char script[128];
    int64_t start = now_ms();
    snprintf(script, sizeof script, "sleep %s & echo early", mark(62));
    assert_int_equal(run_script(script, (struct cf_proc_request){0}), CF_OK);
    assert_true(now_ms() - start < 4000);
    assert_output("early\n");
    teardown(NULL);
    assert_false(is_running(mark(62)));
}

static void
does_not_wait_for_one_that_left_the_group_with_the_pipe(void **state)
{
    (void)state;
    int64_t start = now_ms();
    assert_int_equal(run_script("setsid sleep 3 & echo early", (struct cf_proc_request){0}), CF_OK);
    assert_true(now_ms() - start < 2000);
    assert_output("early\n");
}

static void
takes_output_up_to_the_limit_and_kills_above(void **state)
{
    (void)state;
    struct cf_proc_request request = {.output_max = 10};
    assert_int_equal(run_script("printf 0123456789", request), CF_OK);
    assert_output("0123456789");
    teardown(NULL);
    assert_int_equal(run_script("printf 0123456789x; sleep 60", request), CF_E_LIMIT);
    assert_int_equal(run_script("yes", request), CF_E_LIMIT);
    assert_null(result.output);
}

static void
keeps_the_first_errors_and_drops_the_rest(void **state)
{
    (void)state;
    struct cf_proc_request request = {.errors_max = 8};
    assert_int_equal(run_script("head -c 300000 /dev/zero | tr '\\0' e >&2; echo out", request),
                     CF_OK);
    assert_string_equal(cf_buf_str(result.errors), "eeeeeeee");
    assert_output("out\n");
}

static int stop_flag;

static void *
raise_stop(void *arg)
{
    usleep(200000);
    __atomic_store_n(&stop_flag, 1, __ATOMIC_RELEASE);
    return arg;
}

static void
ends_soon_after_the_stop_flag(void **state)
{
    (void)state;
    pthread_t thread;
    int64_t start = now_ms();
    struct cf_proc_request request = {.stop_flag = &stop_flag};
    pthread_create(&thread, NULL, raise_stop, NULL);
    assert_int_equal(run_script("exec sleep 60", request), CF_E_STOPPED);
    pthread_join(thread, NULL);
    assert_true(now_ms() - start < 2500);
    stop_flag = 0;
}

static void
leaves_no_zombie_and_no_descriptor_behind(void **state)
{
    (void)state;
    int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(before);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(run_script("exit 0", (struct cf_proc_request){0}), CF_OK);
        teardown(NULL);
        const char *argv[] = {"/nonexistent", NULL};
        struct cf_proc_request request = {.argv = argv, .timeout_ms = 1000};
        assert_int_equal(cf_proc_run(&request, &result, NULL), CF_E_CONFIG);
    }
    int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(after);
    assert_int_equal(before, after);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

#define PROC_TEST(name) cmocka_unit_test_teardown(name, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        PROC_TEST(passes_input_and_collects_both_outputs),
        PROC_TEST(carries_a_megabyte_through_both_pipes_at_once),
        PROC_TEST(does_not_mind_a_program_that_ignores_its_input),
        PROC_TEST(reports_exit_status_and_signal),
        PROC_TEST(gives_the_environment_that_was_passed_and_nothing_else),
        PROC_TEST(inherits_no_descriptor_no_mask_and_no_ignored_signal),
        PROC_TEST(works_without_standard_descriptors_of_our_own),
        PROC_TEST(says_why_a_program_cannot_be_started),
        PROC_TEST(ends_the_program_at_its_deadline),
        PROC_TEST(kills_grandchildren_and_those_that_ignore_sigterm),
        PROC_TEST(lets_nothing_of_the_group_outlive_a_program_that_ends),
        PROC_TEST(does_not_wait_for_one_that_left_the_group_with_the_pipe),
        PROC_TEST(takes_output_up_to_the_limit_and_kills_above),
        PROC_TEST(keeps_the_first_errors_and_drops_the_rest),
        PROC_TEST(ends_soon_after_the_stop_flag),
        PROC_TEST(leaves_no_zombie_and_no_descriptor_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
