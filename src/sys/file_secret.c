/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certferry/file.h"
#include "certferry/text.h"
#include "file_internal.h"

static const char *
credentials_directory(void)
{
    const char *directory = secure_getenv("CREDENTIALS_DIRECTORY");
    return directory && directory[0] == '/' ? directory : NULL;
}

/* Asks the kernel where the open file is, so that "..", links and renames cannot pretend. */
static bool
is_credential(int fd)
{
    const char *directory = credentials_directory();
    char fd_link[64], path[PATH_MAX + 1];
    if (!directory)
        return false;

    (void)snprintf(fd_link, sizeof fd_link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(fd_link, path, sizeof path - 1);
    if (len < 0)
        return false;
    path[len] = '\0';

    cf_own_str resolved = realpath(directory, NULL);
    if (!resolved || strcmp(resolved, "/") == 0)
        return false;
    size_t resolved_len = strlen(resolved);
    return strncmp(path, resolved, resolved_len) == 0 && path[resolved_len] == '/';
}

enum cf_rc
cf_file_check_private(int fd, const char *path, const struct stat *st, struct cf_err *err)
{
    /* The service manager may grant a credential to its unit by an access list, which shows as
     * group permission; nobody else can enter the directory. */
    if (is_credential(fd))
        return CF_OK;
    /* Root looks at the service's files when it checks a configuration. */
    if (st->st_uid != 0 && st->st_uid != geteuid() && geteuid() != 0)
        return cf_fail(err, CF_E_PERMISSION,
                       "%s belongs to user %u: make it belong to root or to the user of this "
                       "service (chown)",
                       path, (unsigned)st->st_uid);
    if (st->st_mode & (S_IRWXG | S_IRWXO))
        return cf_fail(err, CF_E_PERMISSION, "%s is open to other users (mode %04o): chmod 0600 %s",
                       path, (unsigned)(st->st_mode & 07777), path);
    return CF_OK;
}

enum cf_rc
cf_file_check_private_path(const char *path, struct cf_err *err)
{
    cf_own_fd fd = -1;
    struct stat st;
    CF_TRY(cf_file_open(path, &fd, &st, err));
    return cf_file_check_private(fd, path, &st, err);
}

enum cf_rc
cf_file_read_secret(const char *path, size_t max_len, struct cf_secret **ret_secret,
                    struct cf_err *err)
{
    cf_own_fd fd = -1;
    struct stat st;
    CF_TRY(cf_file_open(path, &fd, &st, err));
    CF_TRY(cf_file_check_private(fd, path, &st, err));
    if (max_len > CF_SECRET_MAX)
        max_len = CF_SECRET_MAX;
    if (st.st_size <= 0)
        return cf_fail(err, CF_E_CONFIG, "%s is empty: write the secret into it", path);
    if ((uintmax_t)st.st_size > max_len)
        return cf_fail(err, CF_E_LIMIT, "%s is larger than %zu bytes", path, max_len);

    size_t len = (size_t)st.st_size, done = 0;
    cf_own(cf_secret) secret = NULL;
    CF_TRY(cf_secret_new(len, &secret, err));
    while (done < len) {
        ssize_t n = read(fd, cf_secret_edit(secret) + done, len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cf_fail_errno(err, CF_E_IO, errno, "%s", path);
        if (n == 0)
            break;
        done += (size_t)n;
    }
    char more;
    if (done < len || read(fd, &more, 1) != 0) {
        cf_wipe(&more, sizeof more);
        return cf_fail(err, CF_E_IO, "%s changed while it was read: try again", path);
    }
    *ret_secret = cf_give(secret);
    return CF_OK;
}

void
cf_file_trim_newline(struct cf_secret *secret)
{
    size_t len = cf_secret_len(secret);
    const uint8_t *data = cf_secret_data(secret);

    if (len == 0 || data[len - 1] != '\n')
        return;
    len--;
    if (len > 0 && data[len - 1] == '\r')
        len--;
    cf_secret_truncate(secret, len);
}

enum cf_rc
cf_file_credential_path(const char *name, char **ret_path, struct cf_err *err)
{
    if (!*name || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return cf_fail(err, CF_E_CONFIG, "\"%s\" is not a credential name: use a plain file name",
                       name);
    const char *directory = credentials_directory();
    if (!directory) {
        *ret_path = NULL;
        return CF_OK;
    }

    cf_own_str path = NULL;
    if (asprintf(&path, "%s/%s", directory, name) < 0) {
        path = NULL;
        return cf_fail_oom(err);
    }
    struct stat st;
    if (stat(path, &st) == 0) {
        *ret_path = cf_give(path);
        return CF_OK;
    }
    if (errno != ENOENT && errno != ENOTDIR)
        return cf_fail_errno(err, CF_E_IO, errno, "%s", path);
    *ret_path = NULL;
    return CF_OK;
}
