/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf - bytes: a growable buffer with a hard maximum, a borrowed view.
 *
 * Whatever comes from outside is collected in a cf_buf whose maximum was set when it was made. Not
 * for secrets.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "certferry/err.h"

/* A borrowed view. */
struct cf_bytes {
    const uint8_t *data;
    size_t len;
};

struct cf_buf;

struct cf_buf *cf_buf_new(size_t max_len); /* NULL when out of memory */
struct cf_buf *cf_buf_free(struct cf_buf *buf);
CF_DEFINE_OWN(cf_buf);

/* CF_E_LIMIT when the buffer would pass its maximum (nothing is added then); CF_E_OOM. */
CF_MUST_USE enum cf_rc cf_buf_append(struct cf_buf *buf, const void *data, size_t len,
                                     struct cf_err *err);
CF_MUST_USE enum cf_rc cf_buf_append_str(struct cf_buf *buf, const char *text, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_buf_appendf(struct cf_buf *buf, struct cf_err *err, const char *format,
                                      ...) CF_PRINTF(3, 4);

struct cf_bytes cf_buf_bytes(const struct cf_buf *buf); /* until the next append */
/* The content with a terminating NUL that is not part of its length; until the next append. */
const char *cf_buf_str(const struct cf_buf *buf);
size_t cf_buf_len(const struct cf_buf *buf);
void cf_buf_clear(struct cf_buf *buf); /* wipes and empties, keeps the memory */

/* A new buffer that holds a copy and may not grow; NULL when out of memory. */
struct cf_buf *cf_buf_copy(struct cf_bytes bytes);

static inline struct cf_bytes
cf_bytes_of(const void *data, size_t len)
{
    return (struct cf_bytes){.data = data, .len = len};
}
bool cf_bytes_equal(struct cf_bytes a, struct cf_bytes b); /* not constant time */
