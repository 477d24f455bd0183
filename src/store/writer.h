/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer - group commit: writes of several threads share one transaction and one sync.
 *
 * A caller queues its operation. The first one there leads: it takes all that is queued, runs each
 * in a savepoint of its own inside one transaction, commits, and wakes the others with
 * their results. What is queued meanwhile is the next group. An operation that fails is undone
 * alone; a commit that fails fails all of them.
 */
#pragma once

#include <pthread.h>
#include <stdint.h>

#include "sqlite_conn.h"

struct cf_write;
struct cf_writer {
    struct cf_sqlite_conn conn;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct cf_write *first; /* queued */
    struct cf_write **last;
    bool is_led;
    uint64_t n_operations; /* both for tests */
    uint64_t n_commits;
};

void cf_writer_init(struct cf_writer *writer); /* conn is opened by the caller */
void cf_writer_done(struct cf_writer *writer);
/* Moves the write-ahead log into the file and cuts it to nothing; in part, or not at all, while
 * another process reads. */
CF_MUST_USE enum cf_rc cf_writer_empty_log(struct cf_writer *writer, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_writer_run(struct cf_writer *writer, cf_write_fn *fn, void *arg,
                                     struct cf_err *err);
