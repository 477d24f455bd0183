/* SPDX-License-Identifier: Apache-2.0 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* One that was killed takes a moment to be gone. */
enum { LOCK_TRIES = 30, LOCK_TURN_US = 100 * 1000 };

enum cf_rc
cf_process_lock(const char *path, int *ret_fd, struct cf_err *err)
{
    cf_own_str lock_path = NULL;

    if (asprintf(&lock_path, "%s.lock", path) < 0) {
        lock_path = NULL;
        return cf_fail_oom(err);
    }
    cf_own_fd fd = open(lock_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return cf_fail_errno(err, CF_E_CONFIG, errno,
                             "store %s: its lock %s cannot be made; its directory must be there "
                             "and belong to the service user",
                             path, lock_path);
    bool is_held = flock(fd, LOCK_EX | LOCK_NB) < 0;
    for (int i = 0; is_held && i < LOCK_TRIES; i++) {
        (void)usleep(LOCK_TURN_US);
        is_held = flock(fd, LOCK_EX | LOCK_NB) < 0;
    }
    if (is_held && errno != EWOULDBLOCK)
        return cf_fail_errno(err, CF_E_IO, errno, "%s", lock_path);
    if (is_held)
        return cf_fail(err, CF_E_CONFIG,
                       "store %s: another certferryd works with it; give each a store of its own",
                       path);
    *ret_fd = fd;
    fd = -1;
    return CF_OK;
}
