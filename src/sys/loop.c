/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/loop.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

/* sd-event takes 0 for a lazy 250 ms; ours are for back-off and long polls, not for animation. */
enum { TIMER_ACCURACY_US = 1000 };

struct cf_loop_source {
    struct cf_loop *loop;
    struct cf_loop_source *prev;
    struct cf_loop_source *next;
    sd_event_source *event_source;
    union {
        cf_loop_fn *timer;
        cf_loop_signal_fn *signal;
        cf_loop_fd_fn *fd;
    } fn;
    void *arg;
};

struct post {
    struct post *next;
    cf_loop_fn *fn;
    void *arg;
};

struct cf_loop {
    sd_event *event;
    struct cf_loop_source *sources;
    int exit_code;

    int post_fd; /* an eventfd, readable while posts wait */
    sd_event_source *post_source;
    pthread_mutex_t post_lock; /* guards the members below */
    struct post *posts;
    struct post **posts_tail;
    bool is_closed;
};

/* The list of posts as it stands; the queue is empty afterwards, and shut if `close_queue`. */
static struct post *
take_posts(struct cf_loop *loop, bool close_queue)
{
    pthread_mutex_lock(&loop->post_lock);
    struct post *posts = loop->posts;
    loop->posts = NULL;
    loop->posts_tail = &loop->posts;
    loop->is_closed = loop->is_closed || close_queue;
    pthread_mutex_unlock(&loop->post_lock);
    return posts;
}

static void
run_posts(struct post *posts)
{
    while (posts) {
        struct post *post = posts;
        posts = post->next;
        post->fn(post->arg);
        free(post);
    }
}

static int
on_posts(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    struct cf_loop *loop = userdata;
    uint64_t count;

    (void)source;
    (void)events;
    /* Emptied before the list is taken: a post that comes between the two wakes us once more. */
    while (read(fd, &count, sizeof count) < 0 && errno == EINTR)
        ;
    run_posts(take_posts(loop, false));
    return 0;
}

enum cf_rc
cf_loop_new(struct cf_loop **ret_loop, struct cf_err *err)
{
    cf_own(cf_loop) loop = calloc(1, sizeof *loop);
    if (!loop)
        return cf_fail_oom(err);
    loop->post_fd = -1;
    loop->posts_tail = &loop->posts;
    pthread_mutex_init(&loop->post_lock, NULL);

    int rc = sd_event_new(&loop->event);
    if (rc < 0)
        return cf_fail_errno(err, CF_E_BUG, -rc, "event loop cannot be made");
    loop->post_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->post_fd < 0)
        return cf_fail_errno(err, CF_E_IO, errno, "eventfd for messages to the event loop");
    rc = sd_event_add_io(loop->event, &loop->post_source, loop->post_fd, EPOLLIN, on_posts, loop);
    if (rc < 0)
        return cf_fail_errno(err, CF_E_BUG, -rc, "event loop does not take its message queue");

    *ret_loop = cf_give(loop);
    return CF_OK;
}

struct cf_loop *
cf_loop_free(struct cf_loop *loop)
{
    if (!loop)
        return NULL;
    for (struct cf_loop_source *source = loop->sources, *next; source; source = next) {
        next = source->next;
        cf_loop_source_free(source);
    }
    for (struct post *post = take_posts(loop, true), *next; post; post = next) {
        next = post->next;
        free(post);
    }
    sd_event_source_disable_unref(loop->post_source);
    sd_event_unref(loop->event);
    if (loop->post_fd >= 0)
        close(loop->post_fd);
    pthread_mutex_destroy(&loop->post_lock);
    free(loop);
    return NULL;
}

enum cf_rc
cf_loop_run(struct cf_loop *loop, int *ret_code, struct cf_err *err)
{
    int rc = sd_event_loop(loop->event);

    /* Posts that were accepted are run, so that whoever passed memory with one can rely on it. */
    run_posts(take_posts(loop, true));
    if (rc < 0)
        return cf_fail_errno(err, CF_E_BUG, -rc, "event loop failed");
    *ret_code = loop->exit_code;
    return CF_OK;
}

void
cf_loop_exit(struct cf_loop *loop, int code)
{
    /* Kept here because sd_event_loop cannot tell a negative code from its own failure. */
    loop->exit_code = code;
    (void)sd_event_exit(loop->event, 0);
}

enum cf_rc
cf_loop_post(struct cf_loop *loop, cf_loop_fn *fn, void *arg, struct cf_err *err)
{
    struct post *post = malloc(sizeof *post);
    if (!post)
        return cf_fail_oom(err);
    *post = (struct post){.fn = fn, .arg = arg};

    pthread_mutex_lock(&loop->post_lock);
    bool is_closed = loop->is_closed;
    if (!is_closed) {
        *loop->posts_tail = post;
        loop->posts_tail = &post->next;
        /* Under the lock, so that the loop cannot end and close the eventfd in between. The only
         * failure, a counter at its limit, means that the loop is awake anyway. */
        uint64_t one = 1;
        while (write(loop->post_fd, &one, sizeof one) < 0 && errno == EINTR)
            ;
    }
    pthread_mutex_unlock(&loop->post_lock);

    if (is_closed) {
        free(post);
        return cf_fail(err, CF_E_STOPPED, "the event loop has ended");
    }
    return CF_OK;
}

static struct cf_loop_source *
new_source(struct cf_loop *loop, void *arg)
{
    struct cf_loop_source *source = calloc(1, sizeof *source);
    if (!source)
        return NULL;
    source->loop = loop;
    source->arg = arg;
    source->next = loop->sources;
    if (source->next)
        source->next->prev = source;
    loop->sources = source;
    return source;
}

struct cf_loop_source *
cf_loop_source_free(struct cf_loop_source *source)
{
    if (!source)
        return NULL;
    if (source->prev)
        source->prev->next = source->next;
    else
        source->loop->sources = source->next;
    if (source->next)
        source->next->prev = source->prev;
    sd_event_source_disable_unref(source->event_source);
    free(source);
    return NULL;
}

/* The three trampolines do not touch `source` after the call: the callback may have freed it. */
static int
on_signal(sd_event_source *event_source, const struct signalfd_siginfo *info, void *userdata)
{
    struct cf_loop_source *source = userdata;

    (void)event_source;
    source->fn.signal(source->arg, (int)info->ssi_signo);
    return 0;
}

static int
on_time(sd_event_source *event_source, uint64_t usec, void *userdata)
{
    struct cf_loop_source *source = userdata;

    (void)event_source;
    (void)usec;
    source->fn.timer(source->arg);
    return 0;
}

static int
on_fd(sd_event_source *event_source, int fd, uint32_t events, void *userdata)
{
    struct cf_loop_source *source = userdata;

    (void)event_source;
    source->fn.fd(source->arg, fd, events);
    return 0;
}

enum cf_rc
cf_loop_on_signal(struct cf_loop *loop, int signal_number, cf_loop_signal_fn *fn, void *arg,
                  struct cf_err *err)
{
    sigset_t set;
    sigemptyset(&set);
    if (sigaddset(&set, signal_number) < 0)
        return cf_fail_errno(err, CF_E_BUG, errno, "signal %d", signal_number);
    /* Threads inherit the mask: none of them takes the signal away from the loop. */
    int rc = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (rc != 0)
        return cf_fail_errno(err, CF_E_BUG, rc, "signal %d cannot be blocked", signal_number);

    struct cf_loop_source *source = new_source(loop, arg);
    if (!source)
        return cf_fail_oom(err);
    source->fn.signal = fn;
    rc = sd_event_add_signal(loop->event, &source->event_source, signal_number, on_signal, source);
    if (rc < 0) {
        cf_loop_source_free(source);
        return cf_fail_errno(err, CF_E_BUG, -rc, "signal %d cannot be watched", signal_number);
    }
    return CF_OK;
}

enum cf_rc
cf_loop_new_timer(struct cf_loop *loop, cf_loop_fn *fn, void *arg,
                  struct cf_loop_source **ret_timer, struct cf_err *err)
{
    struct cf_loop_source *source = new_source(loop, arg);
    if (!source)
        return cf_fail_oom(err);
    source->fn.timer = fn;
    int rc = sd_event_add_time(loop->event, &source->event_source, CLOCK_MONOTONIC, UINT64_MAX,
                               TIMER_ACCURACY_US, on_time, source);
    if (rc >= 0)
        rc = sd_event_source_set_enabled(source->event_source, SD_EVENT_OFF);
    if (rc < 0) {
        cf_loop_source_free(source);
        return cf_fail_errno(err, CF_E_BUG, -rc, "timer cannot be made");
    }
    *ret_timer = source;
    return CF_OK;
}

void
cf_loop_timer_arm(struct cf_loop_source *timer, uint64_t delay_ms)
{
    /* From now, not from the start of this turn of the loop, which may be a while ago. */
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    uint64_t delay_max_ms = (UINT64_MAX - now_us) / 1000 - 1;
    if (delay_ms > delay_max_ms)
        delay_ms = delay_max_ms;

    int rc = sd_event_source_set_time(timer->event_source, now_us + delay_ms * 1000);
    if (rc >= 0)
        rc = sd_event_source_set_enabled(timer->event_source, SD_EVENT_ONESHOT);
    assert(rc >= 0 || rc == -ESTALE); /* the last posts run when the loop has ended */
    (void)rc;
}

void
cf_loop_timer_disarm(struct cf_loop_source *timer)
{
    (void)sd_event_source_set_enabled(timer->event_source, SD_EVENT_OFF);
}

enum cf_rc
cf_loop_on_fd(struct cf_loop *loop, int fd, uint32_t epoll_events, cf_loop_fd_fn *fn, void *arg,
              struct cf_loop_source **ret_source, struct cf_err *err)
{
    struct cf_loop_source *source = new_source(loop, arg);
    if (!source)
        return cf_fail_oom(err);
    source->fn.fd = fn;
    int rc = sd_event_add_io(loop->event, &source->event_source, fd, epoll_events, on_fd, source);
    if (rc < 0) {
        cf_loop_source_free(source);
        return cf_fail_errno(err, CF_E_BUG, -rc, "file descriptor %d cannot be watched", fd);
    }
    *ret_source = source;
    return CF_OK;
}

void
cf_loop_fd_set_events(struct cf_loop_source *source, uint32_t epoll_events)
{
    int rc = sd_event_source_set_io_events(source->event_source, epoll_events);
    assert(rc >= 0 || rc == -ESTALE);
    (void)rc;
}

enum cf_rc
cf_loop_enable_watchdog(struct cf_loop *loop, struct cf_err *err)
{
    /* sd-event pings between a half and three quarters of WATCHDOG_USEC while it turns. */
    int rc = sd_event_set_watchdog(loop->event, true);
    if (rc < 0)
        return cf_fail_errno(err, CF_E_CONFIG, -rc, "watchdog of the service manager");
    return CF_OK;
}
