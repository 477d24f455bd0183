/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/proc.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "certferry/clock.h"
#include "certferry/stop.h"
#include "proc_internal.h"

enum {
    READ_CHUNK = 16 * 1024,
    TERM_GRACE_MS = 1000, /* between SIGTERM and SIGKILL */
};

struct run {
    const struct cf_proc_request *request;
    struct cf_child child;
    size_t input_done;
    struct cf_buf *output;
    struct cf_buf *errors;
    bool is_discarding; /* the outcome is settled; pipes are only kept flowing */
};

static void
close_end(int *fd)
{
    close(*fd);
    *fd = -1;
}

static void
feed_input(struct run *run)
{
    struct cf_bytes input = run->request->input;
    while (run->input_done < input.len) {
        ssize_t n =
            write(run->child.input, input.data + run->input_done, input.len - run->input_done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0)
            break; /* it does not want the rest, which is its right */
        run->input_done += (size_t)n;
    }
    close_end(&run->child.input);
}

static enum cf_rc
take_output(struct run *run, const char *data, size_t len, struct cf_err *err)
{
    if (len > run->request->output_max - cf_buf_len(run->output))
        return cf_fail(err, CF_E_LIMIT, "%s wrote more than %zu bytes to its standard output",
                       run->request->argv[0], run->request->output_max);
    return cf_buf_append(run->output, data, len, err);
}

static enum cf_rc
take_errors(struct run *run, const char *data, size_t len, struct cf_err *err)
{
    size_t room = run->request->errors_max - cf_buf_len(run->errors);
    return cf_buf_append(run->errors, data, len < room ? len : room, err);
}

/* Reads until the pipe is empty or closed. A program that writes without pause does not hold us:
 * at most a pipe's worth is taken per turn. */
static enum cf_rc
drain(struct run *run, int *fd, struct cf_err *err)
{
    for (int turn = 0; *fd >= 0 && turn < 64; turn++) {
        char chunk[READ_CHUNK];
        ssize_t n = read(*fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n <= 0) {
            close_end(fd);
            break;
        }
        if (run->is_discarding)
            continue;
        CF_TRY(fd == &run->child.output ? take_output(run, chunk, (size_t)n, err)
                                        : take_errors(run, chunk, (size_t)n, err));
    }
    return CF_OK;
}

/* Waits for at most wait_ms and moves what can be moved. */
static enum cf_rc
turn(struct run *run, int64_t wait_ms, bool *ret_has_ended, struct cf_err *err)
{
    struct pollfd fds[] = {
        {.fd = run->child.pidfd, .events = POLLIN},
        {.fd = run->child.input, .events = POLLOUT},
        {.fd = run->child.output, .events = POLLIN},
        {.fd = run->child.errors, .events = POLLIN},
    };
    if (poll(fds, CF_COUNT(fds), (int)wait_ms) < 0 && errno != EINTR)
        return cf_fail_errno(err, CF_E_IO, errno, "poll");
    if (fds[1].revents)
        feed_input(run);
    if (fds[2].revents)
        CF_TRY(drain(run, &run->child.output, err));
    if (fds[3].revents)
        CF_TRY(drain(run, &run->child.errors, err));
    *ret_has_ended = fds[0].revents != 0;
    return CF_OK;
}

static int64_t
shorter(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static enum cf_rc
watch(struct run *run, struct cf_err *err)
{
    const struct cf_proc_request *request = run->request;
    const struct cf_clock *clock = cf_clock_real();
    uint64_t timeout_ms = request->timeout_ms < INT64_MAX / 2 ? request->timeout_ms : INT64_MAX / 2;
    int64_t deadline = cf_clock_monotonic_ms(clock) + (int64_t)timeout_ms;

    for (bool has_ended = false; !has_ended;) {
        int64_t left = deadline - cf_clock_monotonic_ms(clock);
        if (cf_stop_is_set(request->stop_flag))
            return cf_fail(err, CF_E_STOPPED, "%s was ended: the service is stopping",
                           request->argv[0]);
        if (left <= 0)
            return cf_fail(err, CF_E_TIMEOUT, "%s did not end within %llu ms", request->argv[0],
                           (unsigned long long)request->timeout_ms);
        CF_TRY(turn(run, shorter(left, CF_STOP_POLL_MS), &has_ended, err));
    }

    /* It ended by itself. What it left behind in its group is ended too, and what is in the pipes
     * is taken, but nobody who kept one open is waited for. */
    (void)kill(-run->child.pid, SIGKILL);
    if (run->child.output >= 0)
        CF_TRY(drain(run, &run->child.output, err));
    if (run->child.errors >= 0)
        CF_TRY(drain(run, &run->child.errors, err));
    return CF_OK;
}

/* Asks the group to end and gives it a moment; cf_child_end does the rest. */
static void
ask_to_end(struct run *run)
{
    const struct cf_clock *clock = cf_clock_real();
    int64_t until = cf_clock_monotonic_ms(clock) + TERM_GRACE_MS;

    run->is_discarding = true;
    (void)kill(-run->child.pid, SIGTERM);
    /* A stopped process would not see it. */
    (void)kill(-run->child.pid, SIGCONT);
    for (bool has_ended = false; !has_ended;) {
        int64_t left = until - cf_clock_monotonic_ms(clock);
        if (left <= 0 || turn(run, left, &has_ended, NULL) != CF_OK)
            return;
    }
}

static enum cf_rc
check_request(const struct cf_proc_request *request, struct cf_err *err)
{
    if (!request->argv || !request->argv[0] || request->argv[0][0] != '/')
        return cf_fail(err, CF_E_CONFIG, "program \"%s\": give its absolute path",
                       request->argv && request->argv[0] ? request->argv[0] : "");
    if (request->timeout_ms == 0)
        return cf_fail(err, CF_E_BUG, "program %s without a deadline", request->argv[0]);
    return CF_OK;
}

static enum cf_rc
run_program(const struct cf_proc_request *request, struct cf_proc_result *ret_result,
            struct cf_err *err)
{
    cf_own(cf_buf) output = cf_buf_new(request->output_max);
    cf_own(cf_buf) errors = cf_buf_new(request->errors_max);
    if (!output || !errors)
        return cf_fail_oom(err);

    struct run run = {.request = request, .output = output, .errors = errors};
    CF_TRY(cf_child_start(request, &run.child, err));
    if (request->input.len == 0)
        close_end(&run.child.input);

    enum cf_rc rc = watch(&run, err);
    if (rc != CF_OK)
        ask_to_end(&run);
    int status = cf_child_end(&run.child);
    if (rc != CF_OK)
        return rc;

    ret_result->exit_status = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    ret_result->output = cf_give(output);
    ret_result->errors = cf_give(errors);
    return CF_OK;
}

enum cf_rc
cf_proc_run(const struct cf_proc_request *request, struct cf_proc_result *ret_result,
            struct cf_err *err)
{
    CF_TRY(check_request(request, err));

    /* Writing to a program that closed its input raises SIGPIPE at the thread that writes: hold it
     * back here and throw it away, whatever the process thinks of that signal elsewhere. */
    sigset_t pipe_set, saved, pending;
    sigemptyset(&pipe_set);
    sigaddset(&pipe_set, SIGPIPE);
    sigpending(&pending);
    bool was_pending = sigismember(&pending, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_set, &saved);

    enum cf_rc rc = run_program(request, ret_result, err);

    if (!was_pending) {
        const struct timespec now = {0};
        while (sigtimedwait(&pipe_set, NULL, &now) < 0 && errno == EINTR)
            ;
    }
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
    return rc;
}

void
cf_proc_result_done(struct cf_proc_result *result)
{
    result->output = cf_buf_free(result->output);
    result->errors = cf_buf_free(result->errors);
}
