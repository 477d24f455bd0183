/* SPDX-License-Identifier: Apache-2.0 */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static enum cf_rc
directory_of(const char *path, char **ret_directory, struct cf_err *err)
{
    if (path[0] != '/' || path[strlen(path) - 1] == '/')
        return cf_fail(err, CF_E_CONFIG, "store '%s': give the absolute path of a file", path);

    const char *slash = strrchr(path, '/');
    cf_own_str directory = slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
    if (!directory)
        return cf_fail_oom(err);

    *ret_directory = cf_give(directory);
    return CF_OK;
}

static bool
is_trusted_owner(uid_t uid)
{
    return uid == 0 || uid == geteuid();
}

static enum cf_rc
check_directory(const char *directory, struct cf_err *err)
{
    struct stat st;

    if (stat(directory, &st) != 0)
        return cf_fail_errno(err, CF_E_CONFIG, errno,
                             "store directory %s: cannot be used; create it for the service user",
                             directory);
    if (!S_ISDIR(st.st_mode))
        return cf_fail(err, CF_E_CONFIG, "store directory %s: is not a directory", directory);
    if (!is_trusted_owner(st.st_uid))
        return cf_fail(err, CF_E_PERMISSION,
                       "store directory %s: belongs to user %u; chown it to the service user",
                       directory, (unsigned)st.st_uid);
    /* Who may write here could put another database in its place. */
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return cf_fail(err, CF_E_PERMISSION,
                       "store directory %s: others may write to it (mode %04o); chmod 700 it",
                       directory, (unsigned)st.st_mode & 07777u);
    return CF_OK;
}

enum cf_rc
cf_place_check(const char *path, struct cf_err *err)
{
    cf_own_str directory = NULL;
    struct stat st;

    CF_TRY(directory_of(path, &directory, err));
    CF_TRY(check_directory(directory, err));
    if (lstat(path, &st) != 0)
        return cf_fail_errno(err, errno == ENOENT ? CF_E_NOT_FOUND : CF_E_IO, errno, "store %s",
                             path);
    if (!S_ISREG(st.st_mode))
        return cf_fail(err, CF_E_CONFIG,
                       "store %s: is not a regular file; give the path of the file itself", path);
    if (!is_trusted_owner(st.st_uid))
        return cf_fail(err, CF_E_PERMISSION,
                       "store %s: belongs to user %u; chown it to the service user", path,
                       (unsigned)st.st_uid);
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return cf_fail(err, CF_E_PERMISSION,
                       "store %s: others may read or write it (mode %04o); chmod 600 it", path,
                       (unsigned)st.st_mode & 07777u);
    return CF_OK;
}

static enum cf_rc
make_file(const char *path, struct cf_err *err)
{
    cf_own_str directory = NULL;

    CF_TRY(directory_of(path, &directory, err));
    /* Only a file that is new is opened here: closing one that SQLite has open elsewhere in this
     * process would drop its locks. */
    cf_own_fd fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return CF_OK;
    if (fd < 0)
        return cf_fail_errno(err, CF_E_IO, errno, "store %s: cannot be created", path);

    cf_own_fd directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory_fd < 0 || fsync(directory_fd) != 0)
        return cf_fail_errno(err, CF_E_IO, errno, "store directory %s: cannot be synced",
                             directory);
    return CF_OK;
}

enum cf_rc
cf_place_prepare(const char *path, struct cf_err *err)
{
    enum cf_rc rc = cf_place_check(path, err);

    if (rc != CF_E_NOT_FOUND)
        return rc;
    CF_TRY(make_file(path, err));
    return cf_place_check(path, err);
}
