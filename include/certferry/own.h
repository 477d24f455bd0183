/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own - locals that free what they own when their scope ends.
 *
 *     cf_own(cf_dn) dn = cf_dn_new();     freed on every way out of the scope
 *     *ret_dn = cf_give(dn);              ... unless it was handed over
 *
 * A type takes part by CF_DEFINE_OWN(cf_dn) after the declaration of
 * `struct cf_dn *cf_dn_free(struct cf_dn *)`, which takes NULL and returns NULL.
 */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#define CF_MUST_USE __attribute__((warn_unused_result))
#define CF_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

#define cf_own(type) __attribute__((cleanup(type##_freep))) struct type *
#define cf_give(p)                                                                                 \
    (__extension__({                                                                               \
        __typeof__(p) given_ = (p);                                                                \
        (p) = NULL;                                                                                \
        given_;                                                                                    \
    }))

#define CF_DEFINE_OWN(type)                                                                        \
    static inline void type##_freep(struct type **p)                                               \
    {                                                                                              \
        *p = type##_free(*p);                                                                      \
    }                                                                                              \
    struct type##_own_semicolon_

static inline void
cf_charp_free(char **p)
{
    free(*p);
    *p = NULL;
}

static inline void
cf_fdp_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

#define cf_own_str __attribute__((cleanup(cf_charp_free))) char *
#define cf_own_fd __attribute__((cleanup(cf_fdp_close))) int

#define CF_COUNT(array) (sizeof(array) / sizeof((array)[0]))
