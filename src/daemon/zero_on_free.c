/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zero_on_free - memory is wiped before it goes back to the allocator.
 *
 * Libraries that handle tokens and passwords (json-c, libcurl, parts of libcrypto) do not clean
 * their buffers. Defining free and realloc in the executable reaches all of them. Left out of
 * sanitizer builds, which bring an allocator of their own.
 */
#include <malloc.h>
#include <string.h>

void __libc_free(void *p);
void *__libc_malloc(size_t size);

void
free(void *p)
{
    if (!p)
        return;
    explicit_bzero(p, malloc_usable_size(p));
    __libc_free(p);
}

void *
realloc(void *p, size_t size)
{
    if (!p)
        return __libc_malloc(size);

    size_t usable = malloc_usable_size(p);
    if (size > 0 && size <= usable && size >= usable / 2)
        return p;
    if (size == 0) {
        free(p);
        return NULL;
    }

    void *fresh = __libc_malloc(size);
    if (!fresh)
        return NULL;
    memcpy(fresh, p, size < usable ? size : usable);
    free(p);
    return fresh;
}
