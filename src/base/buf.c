/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf - the growable buffer.
 *
 * The memory always has room for one byte more than the content, which is NUL. What is left
 * behind by growing is wiped: a buffer is not for secrets, but tokens pass through some.
 */
#include "certferry/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/secret.h"

enum { FIRST_SIZE = 256 };

struct cf_buf {
    uint8_t *data; /* NULL until the first append */
    size_t len;
    size_t size; /* of data, the NUL included */
    size_t max_len;
};

struct cf_buf *
cf_buf_new(size_t max_len)
{
    struct cf_buf *buf = calloc(1, sizeof *buf);

    if (buf)
        buf->max_len = max_len < SIZE_MAX / 2 ? max_len : SIZE_MAX / 2;
    return buf;
}

struct cf_buf *
cf_buf_free(struct cf_buf *buf)
{
    if (buf) {
        if (buf->data)
            cf_wipe(buf->data, buf->len);
        free(buf->data);
        free(buf);
    }
    return NULL;
}

/* Makes room for len more bytes and the NUL after them. */
static enum cf_rc
reserve(struct cf_buf *buf, size_t len, struct cf_err *err)
{
    if (len > buf->max_len - buf->len)
        return cf_fail(err, CF_E_LIMIT, "more than %zu bytes", buf->max_len);
    size_t need = buf->len + len + 1;
    if (buf->data && need <= buf->size)
        return CF_OK;

    size_t size = buf->size ? buf->size * 2 : FIRST_SIZE;
    if (size < need)
        size = need;
    if (size > buf->max_len + 1)
        size = buf->max_len + 1;
    uint8_t *data = malloc(size);
    if (!data)
        return cf_fail_oom(err);
    if (buf->data) {
        memcpy(data, buf->data, buf->len);
        cf_wipe(buf->data, buf->len);
        free(buf->data);
    }
    data[buf->len] = '\0';
    buf->data = data;
    buf->size = size;
    return CF_OK;
}

enum cf_rc
cf_buf_append(struct cf_buf *buf, const void *data, size_t len, struct cf_err *err)
{
    CF_TRY(reserve(buf, len, err));
    if (len > 0)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
    return CF_OK;
}

enum cf_rc
cf_buf_append_str(struct cf_buf *buf, const char *text, struct cf_err *err)
{
    return cf_buf_append(buf, text, strlen(text), err);
}

enum cf_rc
cf_buf_appendf(struct cf_buf *buf, struct cf_err *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        return cf_fail(err, CF_E_BUG, "text cannot be formatted");
    CF_TRY(reserve(buf, (size_t)len, err));

    va_start(args, format);
    (void)vsnprintf((char *)buf->data + buf->len, (size_t)len + 1, format, args);
    va_end(args);
    buf->len += (size_t)len;
    return CF_OK;
}

struct cf_bytes
cf_buf_bytes(const struct cf_buf *buf)
{
    return cf_bytes_of(buf->data, buf->len);
}

const char *
cf_buf_str(const struct cf_buf *buf)
{
    return buf->data ? (const char *)buf->data : "";
}

size_t
cf_buf_len(const struct cf_buf *buf)
{
    return buf->len;
}

void
cf_buf_clear(struct cf_buf *buf)
{
    if (buf->data) {
        cf_wipe(buf->data, buf->len);
        buf->data[0] = '\0';
    }
    buf->len = 0;
}

struct cf_buf *
cf_buf_copy(struct cf_bytes bytes)
{
    cf_own(cf_buf) buf = cf_buf_new(bytes.len);

    if (!buf || cf_buf_append(buf, bytes.data, bytes.len, NULL) != CF_OK)
        return NULL;
    return cf_give(buf);
}

bool
cf_bytes_equal(struct cf_bytes a, struct cf_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}
