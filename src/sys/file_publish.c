/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certferry/file.h"

static enum cf_rc
fail_io(struct cf_err *err, int number, const char *path)
{
    /* A user over quota is out of space just as the disk is. */
    enum cf_rc rc = number == EDQUOT ? CF_E_DISK_FULL : CF_E_IO;
    return cf_fail_errno(err, rc, number, "%s cannot be written", path);
}

/* The directory part of path, with its slash; "" when there is none. */
static size_t
directory_len(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

static enum cf_rc
write_all(int fd, struct cf_bytes content, mode_t mode, const char *path, struct cf_err *err)
{
    size_t done = 0;
    while (done < content.len) {
        ssize_t n = write(fd, content.data + done, content.len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_io(err, errno, path);
        done += (size_t)n;
    }
    if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
        return fail_io(err, errno, path);
    return CF_OK;
}

static enum cf_rc
sync_directory(const char *path, struct cf_err *err)
{
    size_t len = directory_len(path);
    cf_own_str directory = len > 0 ? strndup(path, len) : strdup(".");
    if (!directory)
        return cf_fail_oom(err);
    cf_own_fd fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        return fail_io(err, errno, directory);
    return CF_OK;
}

enum cf_rc
cf_file_publish(const char *path, struct cf_bytes content, mode_t mode, struct cf_err *err)
{
    cf_own_str temporary = NULL;
    size_t len = directory_len(path);
    if (asprintf(&temporary, "%.*s.%s.new", (int)len, path, path + len) < 0) {
        temporary = NULL;
        return cf_fail_oom(err);
    }
    /* What a killed predecessor left has this name too. Made with mode 0600; gets its own mode when
     * it is whole. */
    if (unlink(temporary) < 0 && errno != ENOENT)
        return fail_io(err, errno, path);
    cf_own_fd fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_io(err, errno, path);

    enum cf_rc rc = write_all(fd, content, mode, path, err);
    if (rc == CF_OK && rename(temporary, path) < 0)
        rc = fail_io(err, errno, path);
    if (rc != CF_OK) {
        (void)unlink(temporary);
        return rc;
    }
    return sync_directory(path, err);
}

enum cf_rc
cf_file_publish_secret(const char *path, const struct cf_secret *content, struct cf_err *err)
{
    return cf_file_publish(path, cf_bytes_of(cf_secret_data(content), cf_secret_len(content)), 0600,
                           err);
}
