/* SPDX-License-Identifier: Apache-2.0 */
/* The head of an answer, line by line: cf_http_head_take, Retry-After, Content-Type, Negotiate. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "../../src/sys/http_headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_http_head head = {0};
    const char *at = (const char *)data;

    while (size > 0) {
        const char *end = memchr(at, '\n', size);
        size_t len = end ? (size_t)(end - at) + 1 : size;
        if (cf_http_head_take(&head, at, len, NULL) != CF_OK)
            break;
        assert(head.retry_after_s >= 0 && head.retry_after_s <= CF_HTTP_RETRY_AFTER_MAX_S);
        assert(memchr(head.content_type, '\0', sizeof head.content_type));
        for (const char *c = head.content_type; *c; c++)
            assert(*c > ' ' && *c < 0x7f && (*c < 'A' || *c > 'Z'));
        assert(strlen(head.negotiate) % 4 == 0 && (head.offers_negotiate || !head.negotiate[0]));
        at += len;
        size -= len;
    }
    return 0;
}
