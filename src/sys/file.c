/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "file_internal.h"

enum { READ_CHUNK = 16 * 1024 };

enum cf_rc
cf_file_open(const char *path, int *ret_fd, struct stat *ret_stat, struct cf_err *err)
{
    cf_own_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        int number = errno;
        enum cf_rc rc = cf_fail_errno(err, CF_E_IO, number, "%s", path);
        /* What is not there does not come by waiting: it is for the administrator to solve. */
        if (err && (number == ENOENT || number == ENOTDIR))
            err->fault = CF_FAULT_CONFIG;
        return rc;
    }
    if (fstat(fd, ret_stat) < 0)
        return cf_fail_errno(err, CF_E_IO, errno, "%s", path);
    if (!S_ISREG(ret_stat->st_mode))
        return cf_fail(err, CF_E_IO, "%s is not a regular file: name a regular file", path);
    *ret_fd = fd;
    fd = -1;
    return CF_OK;
}

enum cf_rc
cf_file_read(const char *path, size_t max_len, struct cf_buf **ret_content, struct cf_err *err)
{
    cf_own_fd fd = -1;
    struct stat st;
    CF_TRY(cf_file_open(path, &fd, &st, err));

    cf_own(cf_buf) content = cf_buf_new(max_len);
    if (!content)
        return cf_fail_oom(err);
    for (;;) {
        char chunk[READ_CHUNK];
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cf_fail_errno(err, CF_E_IO, errno, "%s", path);
        if (n == 0)
            break;
        /* Judged by what is read, not by the size the file claimed to have. */
        if ((size_t)n > max_len - cf_buf_len(content))
            return cf_fail(err, CF_E_LIMIT, "%s is larger than %zu bytes", path, max_len);
        CF_TRY(cf_buf_append(content, chunk, (size_t)n, err));
    }
    *ret_content = cf_give(content);
    return CF_OK;
}
