/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity_files - the connector's key, its successor and its predecessor as files.
 *
 * Each change is one file published or renamed as a whole, in an order in which a crash between
 * two of them leaves a working key at FILE. The successor moves there only after it has got a
 * token.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>

#include "certferry/file.h"

#include "parts.h"
#include "wire.h"

enum { PEM_MAX = 32 * 1024, SHA256_LEN = 32, SHA256_TEXT_SIZE = 2 * SHA256_LEN + 1 };
static const int64_t POSTPONE_MS = 10LL * 60 * 1000;

struct cf_identity_files {
    pthread_mutex_t lock; /* of everything below and of the order of changes on disk */
    const struct cf_clock *clock;
    char *path[CF_IDENTITY_OLD + 1];
    char *next_cert_path;
    char *registered_path; /* holds the SHA-256 of the certificate that the tenant took in */
    int64_t not_before_ms; /* monotonic: the successor is not tried before */
    bool is_promoted;
};

static bool
derive(char **ret_path, const char *path, const char *suffix)
{
    if (asprintf(ret_path, "%s%s", path, suffix) >= 0)
        return true;
    *ret_path = NULL;
    return false;
}

enum cf_rc
cf_identity_files_new(const char *path, const struct cf_clock *clock,
                      struct cf_identity_files **ret_files, struct cf_err *err)
{
    struct cf_identity_files *files = calloc(1, sizeof *files);

    if (!files || pthread_mutex_init(&files->lock, NULL) != 0) {
        free(files);
        return cf_fail_oom(err);
    }
    files->clock = clock;
    files->not_before_ms = INT64_MIN;
    if (!derive(&files->path[CF_IDENTITY_CURRENT], path, "") ||
        !derive(&files->path[CF_IDENTITY_NEXT], path, ".next") ||
        !derive(&files->path[CF_IDENTITY_OLD], path, ".old") ||
        !derive(&files->next_cert_path, path, ".next.crt") ||
        !derive(&files->registered_path, path, ".next.registered")) {
        cf_identity_files_free(files);
        return cf_fail_oom(err);
    }
    *ret_files = files;
    return CF_OK;
}

struct cf_identity_files *
cf_identity_files_free(struct cf_identity_files *files)
{
    if (!files)
        return NULL;
    for (size_t i = 0; i < CF_COUNT(files->path); i++)
        free(files->path[i]);
    free(files->next_cert_path);
    free(files->registered_path);
    (void)pthread_mutex_destroy(&files->lock);
    free(files);
    return NULL;
}

const char *
cf_identity_files_path(const struct cf_identity_files *files, enum cf_identity_slot slot)
{
    return files->path[slot];
}

const char *
cf_identity_files_next_cert_path(const struct cf_identity_files *files)
{
    return files->next_cert_path;
}

enum cf_rc
cf_identity_files_load(struct cf_identity_files *files, enum cf_identity_slot slot,
                       struct cf_identity **ret_identity, struct cf_err *err)
{
    const char *path = files->path[slot];
    cf_own(cf_secret) pem = NULL;

    if (access(path, F_OK) != 0 && errno == ENOENT)
        return cf_fail(err, CF_E_NOT_FOUND,
                       "%s does not exist; make the connector's key with `certferry enroll`", path);
    if (cf_file_read_secret(path, PEM_MAX, &pem, err) != CF_OK ||
        cf_identity_parse(pem, ret_identity, err) != CF_OK) {
        (void)cf_wire_blame_settings(err);
        return cf_err_prefix(err, "%s", path);
    }
    return CF_OK;
}

struct cf_identity *
cf_identity_files_candidate(struct cf_identity_files *files)
{
    struct cf_identity *next = NULL;
    struct cf_err ignored;

    (void)pthread_mutex_lock(&files->lock);
    if (cf_clock_monotonic_ms(files->clock) >= files->not_before_ms &&
        cf_identity_files_load(files, CF_IDENTITY_NEXT, &next, &ignored) != CF_OK)
        next = NULL; /* upkeep tells of damage */
    (void)pthread_mutex_unlock(&files->lock);
    return next;
}

void
cf_identity_files_postpone(struct cf_identity_files *files)
{
    (void)pthread_mutex_lock(&files->lock);
    files->not_before_ms = cf_clock_monotonic_ms(files->clock) + POSTPONE_MS;
    (void)pthread_mutex_unlock(&files->lock);
}

enum cf_rc
cf_identity_files_publish_next(struct cf_identity_files *files, const struct cf_identity *next,
                               struct cf_err *err)
{
    cf_own(cf_secret) pem = NULL;

    CF_TRY(cf_identity_pem(next, &pem, err));
    (void)pthread_mutex_lock(&files->lock);
    enum cf_rc rc = cf_file_publish_secret(files->path[CF_IDENTITY_NEXT], pem, err);
    (void)pthread_mutex_unlock(&files->lock);
    return rc;
}

enum cf_rc
cf_identity_files_publish_next_cert(struct cf_identity_files *files, const struct cf_identity *next,
                                    struct cf_err *err)
{
    cf_own(cf_buf) pem = NULL;

    CF_TRY(cf_identity_cert_pem(next, &pem, err));
    return cf_file_publish(files->next_cert_path, cf_buf_bytes(pem), 0644, err);
}

static bool
is_same(const struct cf_identity *a, const struct cf_identity *b)
{
    uint8_t hash_a[SHA256_LEN];
    uint8_t hash_b[SHA256_LEN];

    cf_cert_sha256(cf_identity_cert(a), hash_a);
    cf_cert_sha256(cf_identity_cert(b), hash_b);
    return memcmp(hash_a, hash_b, sizeof hash_a) == 0;
}

static enum cf_rc
sync_directory(const char *path, struct cf_err *err)
{
    cf_own_str copy = strdup(path);

    if (!copy)
        return cf_fail_oom(err);
    const char *directory = dirname(copy);
    cf_own_fd fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return cf_fail_errno(err, CF_E_IO, errno, "%s", directory);
    return CF_OK;
}

/* With the lock held. */
static enum cf_rc
keep_predecessor(struct cf_identity_files *files, struct cf_err *err)
{
    const char *current = files->path[CF_IDENTITY_CURRENT];
    cf_own(cf_secret) pem = NULL;

    if (access(current, F_OK) != 0 && errno == ENOENT)
        return CF_OK;
    CF_TRY(cf_file_read_secret(current, PEM_MAX, &pem, err));
    return cf_file_publish_secret(files->path[CF_IDENTITY_OLD], pem, err);
}

/* With the lock held. */
static enum cf_rc
replace_current(struct cf_identity_files *files, const struct cf_identity *next, struct cf_err *err)
{
    cf_own(cf_identity) on_disk = NULL;

    enum cf_rc rc = cf_identity_files_load(files, CF_IDENTITY_NEXT, &on_disk, err);
    if (rc == CF_E_NOT_FOUND || (rc == CF_OK && !is_same(on_disk, next)))
        return CF_OK; /* another thread was faster */
    CF_TRY(rc);
    CF_TRY(keep_predecessor(files, err));
    if (rename(files->path[CF_IDENTITY_NEXT], files->path[CF_IDENTITY_CURRENT]) != 0)
        return cf_fail_errno(err, CF_E_IO, errno, "renaming %s", files->path[CF_IDENTITY_NEXT]);
    files->is_promoted = true;
    (void)unlink(files->next_cert_path);
    (void)unlink(files->registered_path);
    return sync_directory(files->path[CF_IDENTITY_CURRENT], err);
}

enum cf_rc
cf_identity_files_promote(struct cf_identity_files *files, const struct cf_identity *next,
                          struct cf_err *err)
{
    (void)pthread_mutex_lock(&files->lock);
    enum cf_rc rc = replace_current(files, next, err);
    (void)pthread_mutex_unlock(&files->lock);
    return rc;
}

static void
name_of(const struct cf_identity *identity, char text[SHA256_TEXT_SIZE])
{
    uint8_t hash[SHA256_LEN];

    cf_cert_sha256(cf_identity_cert(identity), hash);
    cf_text_hex(cf_bytes_of(hash, sizeof hash), false, text, SHA256_TEXT_SIZE);
}

bool
cf_identity_files_is_registered(struct cf_identity_files *files, const struct cf_identity *next)
{
    char wanted[SHA256_TEXT_SIZE];
    cf_own(cf_buf) content = NULL;

    name_of(next, wanted);
    return cf_file_read(files->registered_path, SHA256_TEXT_SIZE, &content, NULL) == CF_OK &&
           strcmp(cf_buf_str(content), wanted) == 0;
}

enum cf_rc
cf_identity_files_set_registered(struct cf_identity_files *files, const struct cf_identity *next,
                                 struct cf_err *err)
{
    char text[SHA256_TEXT_SIZE];

    name_of(next, text);
    (void)pthread_mutex_lock(&files->lock);
    files->not_before_ms = INT64_MIN;
    (void)pthread_mutex_unlock(&files->lock);
    return cf_file_publish(files->registered_path, cf_bytes_of(text, strlen(text)), 0600, err);
}

bool
cf_identity_files_take_promoted(struct cf_identity_files *files)
{
    (void)pthread_mutex_lock(&files->lock);
    bool is_promoted = files->is_promoted;
    files->is_promoted = false;
    (void)pthread_mutex_unlock(&files->lock);
    return is_promoted;
}

void
cf_identity_files_tidy(struct cf_identity_files *files)
{
    cf_own(cf_identity) old = NULL;
    struct cf_err ignored;

    (void)pthread_mutex_lock(&files->lock);
    if (cf_identity_files_load(files, CF_IDENTITY_OLD, &old, &ignored) == CF_OK &&
        cf_cert_not_after_ms(cf_identity_cert(old)) <= cf_clock_now_ms(files->clock))
        (void)unlink(files->path[CF_IDENTITY_OLD]);
    if (access(files->path[CF_IDENTITY_NEXT], F_OK) != 0 && errno == ENOENT) {
        (void)unlink(files->next_cert_path);
        (void)unlink(files->registered_path);
    }
    (void)pthread_mutex_unlock(&files->lock);
}
