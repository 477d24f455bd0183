/* SPDX-License-Identifier: Apache-2.0 */
/* descriptor - builds security descriptors for tests, entry by entry. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "certferry/buf.h"

struct descriptor {
    uint8_t data[1024];
    size_t len;
};

/* Certificate-Enrollment, and Certificate-AutoEnrollment as another right. */
static const uint8_t DESCRIPTOR_ENROLL[16] = {0x68, 0xc9, 0x10, 0x0e, 0xfb, 0x78, 0xd2, 0x11,
                                              0x90, 0xd4, 0x00, 0xc0, 0x4f, 0x79, 0xdc, 0x55};
static const uint8_t DESCRIPTOR_OTHER[16] = {0xb6, 0x3b, 0x5b, 0xa0, 0x11, 0xde, 0xd0, 0x11,
                                             0xbc, 0x11, 0x00, 0x60, 0xb0, 0xc0, 0x93, 0xee};

enum { ALLOW = 0, DENY = 1, ALLOW_OBJECT = 5, DENY_OBJECT = 6, DENY_CALLBACK_OBJECT = 12 };
enum { MASK_ENROLL = 0x100, MASK_READ = 0x20094, MASK_WRITE_DACL = 0x40000 };

static inline void
descriptor_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static inline void
descriptor_begin(struct descriptor *descriptor)
{
    static const uint8_t HEADER[] = {1, 0, 4,  0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                     0, 0, 20, 0,    0, 0, 4, 0, 8, 0, 0, 0, 0, 0};

    memcpy(descriptor->data, HEADER, sizeof HEADER);
    descriptor->len = sizeof HEADER;
}

/* The SID is S-1-5-21-1-2-3-RID, or for these numbers of their own S-1-5-11, S-1-1-0, S-1-5-2,
 * S-1-5-32-545 and S-1-3-4. */
enum {
    RID_EVERYONE = 0,
    RID_NETWORK = 2,
    RID_OWNER_RIGHTS = 4,
    RID_AUTHENTICATED = 11,
    RID_USERS = 545
};

static inline size_t
descriptor_sid(uint8_t *at, uint32_t rid)
{
    bool is_alone = rid <= RID_AUTHENTICATED;
    bool is_builtin = rid == RID_USERS;
    const uint32_t of_domain[] = {21, 1, 2, 3, rid};
    const uint32_t builtin[] = {32, rid};
    const uint32_t *subs = is_alone ? &rid : is_builtin ? builtin : of_domain;
    size_t n = is_alone ? 1 : is_builtin ? 2 : 5;

    memset(at, 0, 8);
    at[0] = 1;
    at[1] = (uint8_t)n;
    at[7] = rid == RID_EVERYONE ? 1 : rid == RID_OWNER_RIGHTS ? 3 : 5;
    for (size_t i = 0; i < n; i++)
        descriptor_u32(at + 8 + 4 * i, subs[i]);
    return 8 + 4 * n;
}

/* Puts the owner behind everything else: the last thing to be done. */
static inline void
descriptor_own(struct descriptor *descriptor, uint32_t rid)
{
    descriptor_u32(descriptor->data + 4, (uint32_t)descriptor->len);
    descriptor->len += descriptor_sid(descriptor->data + descriptor->len, rid);
}

static inline void
descriptor_add(struct descriptor *descriptor, uint8_t type, uint8_t flags, uint32_t mask,
               const uint8_t *object_type, uint32_t rid)
{
    uint8_t *ace = descriptor->data + descriptor->len;
    size_t len = 8;

    ace[0] = type;
    ace[1] = flags;
    descriptor_u32(ace + 4, mask);
    if (type == ALLOW_OBJECT || type == DENY_OBJECT || type == DENY_CALLBACK_OBJECT) {
        descriptor_u32(ace + len, object_type ? 1 : 0);
        len += 4;
        if (object_type) {
            memcpy(ace + len, object_type, 16);
            len += 16;
        }
    }
    len += descriptor_sid(ace + len, rid);
    ace[2] = (uint8_t)len;
    ace[3] = 0;
    descriptor->len += len;
    size_t acl_len = descriptor->len - 20;
    descriptor->data[22] = (uint8_t)acl_len;
    descriptor->data[23] = (uint8_t)(acl_len >> 8);
    descriptor->data[24]++;
}

static inline struct cf_bytes
descriptor_bytes(const struct descriptor *descriptor)
{
    return cf_bytes_of(descriptor->data, descriptor->len);
}
