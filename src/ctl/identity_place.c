/* SPDX-License-Identifier: Apache-2.0 */
#include "identity_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "certferry/text.h"

enum { PEM_MAX = 32 * 1024, TEMPORARY_SIZE = CF_UUID_SIZE + 16 };

struct cf_identity_place {
    int dir;
    char *path;
    const char *name; /* last part of path */
    uid_t uid;
    gid_t gid;
};

struct cf_identity_place *
cf_identity_place_free(struct cf_identity_place *place)
{
    if (!place)
        return NULL;
    if (place->dir >= 0)
        close(place->dir);
    free(place->path);
    free(place);
    return NULL;
}

static enum cf_rc
fail_step(const char *path, size_t len, struct cf_err *err)
{
    if (errno == ELOOP || errno == ENOTDIR)
        return cf_fail(err, CF_E_CONFIG,
                       "[cloud] assertion_file: %.*s is no directory (a symbolic link is not "
                       "followed); name the directory itself",
                       (int)len, path);
    if (errno == ENOENT)
        return cf_fail(err, CF_E_CONFIG,
                       "[cloud] assertion_file: %.*s does not exist; `systemd-tmpfiles --create` "
                       "makes the service's directories",
                       (int)len, path);
    return cf_fail_errno(err, CF_E_IO, errno, "%.*s", (int)len, path);
}

/* Opens the directory of path part by part. */
static enum cf_rc
walk(const char *path, int *ret_dir, const char **ret_name, struct cf_err *err)
{
    enum { FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
    cf_own_fd dir = open(path[0] == '/' ? "/" : ".", FLAGS);
    const char *at = path + strspn(path, "/");

    if (dir < 0)
        return fail_step(path, 1, err);
    for (const char *slash = strchr(at, '/'); slash; slash = strchr(at, '/')) {
        cf_own_str part = strndup(at, (size_t)(slash - at));
        if (!part)
            return cf_fail_oom(err);
        /* Directories on the way may be closed for reading. */
        bool is_last = !strchr(slash + strspn(slash, "/"), '/');
        int next =
            openat(dir, part, is_last ? FLAGS : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next < 0)
            return fail_step(path, (size_t)(slash - path), err);
        close(dir);
        dir = next;
        at = slash + strspn(slash, "/");
    }
    if (!*at)
        return cf_fail(err, CF_E_CONFIG, "[cloud] assertion_file: %s names no file", path);
    *ret_dir = dir;
    dir = -1;
    *ret_name = at;
    return CF_OK;
}

static enum cf_rc
find_owner(struct cf_identity_place *place, const char *state_dir, struct cf_err *err)
{
    struct stat st, dir;

    if (stat(state_dir, &st) < 0)
        return errno == ENOENT
                   ? cf_fail(err, CF_E_CONFIG,
                             "[connector] state_dir: %s does not exist; `systemd-tmpfiles "
                             "--create` makes it",
                             state_dir)
                   : cf_fail_errno(err, CF_E_IO, errno, "%s", state_dir);
    if (fstat(place->dir, &dir) < 0)
        return cf_fail_errno(err, CF_E_IO, errno, "%s", place->path);
    bool is_trusted = dir.st_uid == 0 || dir.st_uid == geteuid() || dir.st_uid == st.st_uid;
    if (!is_trusted || (dir.st_mode & (S_IWGRP | S_IWOTH)))
        return cf_fail(err, CF_E_PERMISSION,
                       "[cloud] assertion_file: others may write in the directory of %s; give it "
                       "to root or the service's user, and chmod go-w",
                       place->path);
    place->uid = st.st_uid;
    place->gid = st.st_gid;
    return CF_OK;
}

enum cf_rc
cf_identity_place_open(const char *path, const char *state_dir,
                       struct cf_identity_place **ret_place, struct cf_err *err)
{
    cf_own(cf_identity_place) place = calloc(1, sizeof *place);

    if (!place)
        return cf_fail_oom(err);
    place->dir = -1;
    place->path = strdup(path);
    if (!place->path)
        return cf_fail_oom(err);
    CF_TRY(walk(place->path, &place->dir, &place->name, err));
    CF_TRY(find_owner(place, state_dir, err));
    *ret_place = cf_give(place);
    return CF_OK;
}

static int64_t
expiry_of(int fd, size_t len)
{
    cf_own(cf_secret) pem = NULL;
    cf_own(cf_identity) identity = NULL;

    if (cf_secret_new(len, &pem, NULL) != CF_OK ||
        read(fd, cf_secret_edit(pem), len) != (ssize_t)len ||
        cf_identity_parse(pem, &identity, NULL) != CF_OK)
        return 0;
    return cf_cert_not_after_ms(cf_identity_cert(identity));
}

enum cf_rc
cf_identity_place_look(const struct cf_identity_place *place, bool *ret_exists,
                       int64_t *ret_not_after_ms, struct cf_err *err)
{
    struct stat st;
    int64_t not_after_ms = 0;

    if (fstatat(place->dir, place->name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno != ENOENT)
            return cf_fail_errno(err, CF_E_IO, errno, "%s", place->path);
        *ret_exists = false;
        *ret_not_after_ms = 0;
        return CF_OK;
    }
    if (!S_ISREG(st.st_mode))
        return cf_fail(err, CF_E_CONFIG,
                       "[cloud] assertion_file: %s is no regular file; move it away", place->path);

    cf_own_fd fd = openat(place->dir, place->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return cf_fail_errno(err, CF_E_IO, errno, "%s", place->path);
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= PEM_MAX)
        not_after_ms = expiry_of(fd, (size_t)st.st_size);
    *ret_exists = true;
    *ret_not_after_ms = not_after_ms;
    return CF_OK;
}

static enum cf_rc
fill(const struct cf_identity_place *place, int fd, const struct cf_secret *pem, struct cf_err *err)
{
    const uint8_t *data = cf_secret_data(pem);
    size_t len = cf_secret_len(pem);

    if (geteuid() == 0 && fchown(fd, place->uid, place->gid) < 0)
        return cf_fail_errno(err, CF_E_PERMISSION, errno, "%s cannot be given to its user",
                             place->path);
    if (fchmod(fd, 0600) < 0)
        return cf_fail_errno(err, CF_E_IO, errno, "%s", place->path);
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cf_fail_errno(err, CF_E_IO, errno, "%s cannot be written", place->path);
        data += n;
        len -= (size_t)n;
    }
    return fsync(fd) == 0 ? CF_OK : cf_fail_errno(err, CF_E_IO, errno, "%s", place->path);
}

/* A successor of the identity that goes would otherwise take the place of the one that comes. */
static void
drop_successor(const struct cf_identity_place *place)
{
    static const char *const suffixes[] = {".next", ".next.crt", ".next.registered"};

    for (size_t i = 0; i < CF_COUNT(suffixes); i++) {
        cf_own_str name = NULL;

        if (asprintf(&name, "%s%s", place->name, suffixes[i]) < 0) {
            name = NULL;
            return;
        }
        (void)unlinkat(place->dir, name, 0);
    }
}

enum cf_rc
cf_identity_place_write(const struct cf_identity_place *place, const struct cf_identity *identity,
                        struct cf_err *err)
{
    cf_own(cf_secret) pem = NULL;
    char temporary[TEMPORARY_SIZE], uuid[CF_UUID_SIZE];

    CF_TRY(cf_identity_pem(identity, &pem, err));
    cf_text_uuid(uuid);
    snprintf(temporary, sizeof temporary, ".certferry-%s", uuid);
    cf_own_fd fd =
        openat(place->dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return cf_fail_errno(err, CF_E_IO, errno, "%s cannot be written", place->path);

    drop_successor(place);
    enum cf_rc rc = fill(place, fd, pem, err);
    if (rc == CF_OK && renameat(place->dir, temporary, place->dir, place->name) < 0)
        rc = cf_fail_errno(err, CF_E_IO, errno, "%s cannot be replaced", place->path);
    if (rc != CF_OK) {
        (void)unlinkat(place->dir, temporary, 0);
        return rc;
    }
    return fsync(place->dir) == 0 ? CF_OK : cf_fail_errno(err, CF_E_IO, errno, "%s", place->path);
}
