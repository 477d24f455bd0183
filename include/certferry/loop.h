/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop - the main thread's event loop: signals, timers, sockets, and messages from workers.
 *
 * Built on sd-event. Everything here belongs to the thread that made the loop, except
 * cf_loop_post. Callbacks must not block; slow work goes to the pool.
 */
#pragma once

#include <stdint.h>

#include "certferry/err.h"

struct cf_loop;
struct cf_loop_source;

typedef void cf_loop_fn(void *arg);
typedef void cf_loop_signal_fn(void *arg, int signal_number);
typedef void cf_loop_fd_fn(void *arg, int fd, uint32_t epoll_events);

CF_MUST_USE enum cf_rc cf_loop_new(struct cf_loop **ret_loop, struct cf_err *err);
struct cf_loop *cf_loop_free(struct cf_loop *loop); /* frees its sources too */
CF_DEFINE_OWN(cf_loop);

/* Runs until cf_loop_exit; returns its code. A failure of the loop itself is CF_E_BUG. */
CF_MUST_USE enum cf_rc cf_loop_run(struct cf_loop *loop, int *ret_code, struct cf_err *err);
void cf_loop_exit(struct cf_loop *loop, int code);

/* Blocks the signal for the process and delivers it here. Call before the first thread starts. */
CF_MUST_USE enum cf_rc cf_loop_on_signal(struct cf_loop *loop, int signal_number,
                                         cf_loop_signal_fn *fn, void *arg, struct cf_err *err);
/* A one-shot timer on the monotonic clock, disarmed at first. To arm it when the loop has ended,
 * as the last posts may, does nothing. */
CF_MUST_USE enum cf_rc cf_loop_new_timer(struct cf_loop *loop, cf_loop_fn *fn, void *arg,
                                         struct cf_loop_source **ret_timer, struct cf_err *err);
void cf_loop_timer_arm(struct cf_loop_source *timer, uint64_t delay_ms); /* replaces the last */
void cf_loop_timer_disarm(struct cf_loop_source *timer);
/* Watches fd (not owned) for EPOLLIN and/or EPOLLOUT. */
CF_MUST_USE enum cf_rc cf_loop_on_fd(struct cf_loop *loop, int fd, uint32_t epoll_events,
                                     cf_loop_fd_fn *fn, void *arg,
                                     struct cf_loop_source **ret_source, struct cf_err *err);
void cf_loop_fd_set_events(struct cf_loop_source *source, uint32_t epoll_events);
struct cf_loop_source *cf_loop_source_free(struct cf_loop_source *source);

/* Thread-safe: fn(arg) runs on the loop's thread, in the order posted. When memory runs out the
 * caller gets CF_E_OOM. A post that was accepted is run, at the latest before cf_loop_run returns;
 * after that it is CF_E_STOPPED and arg stays the caller's. */
CF_MUST_USE enum cf_rc cf_loop_post(struct cf_loop *loop, cf_loop_fn *fn, void *arg,
                                    struct cf_err *err);

/* Service manager: no-ops outside systemd. The watchdog is pinged from the loop at half of
 * WATCHDOG_USEC, so a loop that hangs is noticed. */
CF_MUST_USE enum cf_rc cf_loop_enable_watchdog(struct cf_loop *loop, struct cf_err *err);
void cf_loop_notify_ready(struct cf_loop *loop, const char *status);
void cf_loop_notify_reloading(struct cf_loop *loop);
void cf_loop_notify_status(struct cf_loop *loop, const char *status);
void cf_loop_notify_stopping(struct cf_loop *loop, const char *status);
