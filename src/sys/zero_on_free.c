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

/* glibc's own names, exported for exactly this. NOLINTBEGIN(bugprone-reserved-identifier) */
void __libc_free(void *ptr);
void *__libc_malloc(size_t size);
/* NOLINTEND(bugprone-reserved-identifier) */

void
free(void *ptr)
{
    if (!ptr)
        return;
    explicit_bzero(ptr, malloc_usable_size(ptr));
    __libc_free(ptr);
}

void *
realloc(void *ptr, size_t size)
{
    if (!ptr)
        return __libc_malloc(size);

    size_t usable = malloc_usable_size(ptr);
    if (size > 0 && size <= usable && size >= usable / 2)
        return ptr;
    if (size == 0) {
        free(ptr);
        return NULL;
    }

    void *fresh = __libc_malloc(size);
    if (!fresh)
        return NULL;
    memcpy(fresh, ptr, size < usable ? size : usable);
    free(ptr);
    return fresh;
}
