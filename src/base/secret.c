/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret - pages of their own: guard | locked pages, the secret at their end | guard.
 *
 * The secret ends as near to the upper guard as its alignment allows, so that a read or write
 * past its end meets the guard and not another secret.
 */
#include "certferry/secret.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

enum { ALIGNMENT = 16 };

struct cf_secret {
    uint8_t *map; /* the lower guard */
    size_t map_len;
    size_t page_len;
    uint8_t *data;
    size_t len;
};

void
cf_wipe(void *data, size_t len)
{
    if (len > 0)
        explicit_bzero(data, len);
}

static uint8_t *
locked_pages(const struct cf_secret *secret)
{
    return secret->map + secret->page_len;
}

static size_t
locked_len(const struct cf_secret *secret)
{
    return secret->map_len - 2 * secret->page_len;
}

struct cf_secret *
cf_secret_free(struct cf_secret *secret)
{
    if (!secret)
        return NULL;
    if (secret->map) {
        /* Whole pages: bytes before the secret may hold what a caller wrote too far down. */
        if (secret->data)
            cf_wipe(locked_pages(secret), locked_len(secret));
        munmap(secret->map, secret->map_len);
    }
    free(secret);
    return NULL;
}

static enum cf_rc
protect(struct cf_secret *secret, struct cf_err *err)
{
    void *pages = locked_pages(secret);
    size_t len = locked_len(secret);

    if (mprotect(pages, len, PROT_READ | PROT_WRITE) < 0)
        return cf_fail_errno(err, CF_E_OOM, errno, "memory for a secret");
    if (mlock(pages, len) < 0)
        return cf_fail(err, CF_E_PERMISSION,
                       "memory for a secret cannot be locked (%s): raise RLIMIT_MEMLOCK "
                       "(LimitMEMLOCK= in the unit, ulimit -l in a shell)",
                       strerrorname_np(errno));
    if (madvise(pages, len, MADV_DONTDUMP) < 0 || madvise(pages, len, MADV_WIPEONFORK) < 0)
        return cf_fail_errno(err, CF_E_UNSUPPORTED, errno,
                             "memory for a secret cannot be kept out of dumps and children");
    return CF_OK;
}

enum cf_rc
cf_secret_new(size_t len, struct cf_secret **ret_secret, struct cf_err *err)
{
    if (len == 0 || len > CF_SECRET_MAX)
        return cf_fail(err, CF_E_RANGE, "a secret of %zu bytes: it must have 1 to %d", len,
                       (int)CF_SECRET_MAX);

    cf_own(cf_secret) secret = calloc(1, sizeof *secret);
    if (!secret)
        return cf_fail_oom(err);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t inner = (len + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    size_t pages_len = (inner + page - 1) / page * page;

    secret->page_len = page;
    secret->map_len = pages_len + 2 * page;
    void *map = mmap(NULL, secret->map_len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return cf_fail_errno(err, CF_E_OOM, errno, "memory for a secret");
    secret->map = map;
    CF_TRY(protect(secret, err));

    secret->data = locked_pages(secret) + pages_len - inner;
    secret->len = len;
    *ret_secret = cf_give(secret);
    return CF_OK;
}

enum cf_rc
cf_secret_copy(const void *data, size_t len, struct cf_secret **ret_secret, struct cf_err *err)
{
    cf_own(cf_secret) secret = NULL;

    CF_TRY(cf_secret_new(len, &secret, err));
    memcpy(secret->data, data, len);
    *ret_secret = cf_give(secret);
    return CF_OK;
}

enum cf_rc
cf_secret_random(size_t len, struct cf_secret **ret_secret, struct cf_err *err)
{
    cf_own(cf_secret) secret = NULL;

    CF_TRY(cf_secret_new(len, &secret, err));
    for (size_t done = 0; done < len;) {
        ssize_t got = getrandom(secret->data + done, len - done, 0);
        if (got < 0 && errno != EINTR)
            return cf_fail_errno(err, CF_E_IO, errno, "random bytes from the kernel");
        if (got > 0)
            done += (size_t)got;
    }
    *ret_secret = cf_give(secret);
    return CF_OK;
}

const uint8_t *
cf_secret_data(const struct cf_secret *secret)
{
    return secret->data;
}

uint8_t *
cf_secret_edit(struct cf_secret *secret)
{
    return secret->data;
}

size_t
cf_secret_len(const struct cf_secret *secret)
{
    return secret->len;
}

void
cf_secret_truncate(struct cf_secret *secret, size_t len)
{
    assert(len <= secret->len);
    cf_wipe(secret->data + len, secret->len - len);
    secret->len = len;
}

bool
cf_secret_is(const struct cf_secret *secret, const void *data, size_t len)
{
    const uint8_t *other = data;

    if (secret->len != len)
        return false;
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < len; i++)
        difference = (uint8_t)(difference | (secret->data[i] ^ other[i]));
    return difference == 0;
}

bool
cf_secret_equal(const struct cf_secret *a, const struct cf_secret *b)
{
    return cf_secret_is(a, b->data, b->len);
}

void
cf_secret_mask(const struct cf_secret *secret, char *text)
{
    enum { TELLING_LEN = 8 };
    size_t least = secret->len < TELLING_LEN ? secret->len : TELLING_LEN;

    for (char *at = text; *at; at++) {
        size_t len = 0;
        while (len < secret->len && at[len] && (uint8_t)at[len] == secret->data[len])
            len++;
        if (len == 0 || len < least)
            continue;
        memset(at, '*', len);
        at += len - 1;
    }
}
