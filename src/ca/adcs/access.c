/* SPDX-License-Identifier: Apache-2.0 */
/* access - who may do what by a DACL (MS-DTYP 2.4.4 to 2.4.6, MS-ADTS 5.1.3). */
#include <string.h>

#include "certferry/sid.h"
#include "certferry/text.h"

#include "cursor.h"
#include "preflight.h"

enum {
    HEADER_LEN = 20,
    CONTROL_DACL_PRESENT = 0x0004,
    CONTROL_SELF_RELATIVE = 0x8000,
    ACL_HEADER_LEN = 8,
    ACE_HEADER_LEN = 4,
    SID_HEADER_LEN = 8
};
enum {
    ACE_ALLOWED = 0,
    ACE_DENIED = 1,
    ACE_ALLOWED_OBJECT = 5,
    ACE_DENIED_OBJECT = 6,
    ACE_DENIED_CALLBACK = 10,
    ACE_DENIED_CALLBACK_OBJECT = 12
};
enum { ACE_INHERIT_ONLY = 0x08 };
enum { OBJECT_TYPE_PRESENT = 1, INHERITED_TYPE_PRESENT = 2 };

static const uint32_t CONTROL_ACCESS = 0x00000100;
static const uint32_t READ_PROPERTY = 0x00000010;
static const uint32_t WRITE_PROPERTY = 0x00000020;
static const uint32_t WRITE_DACL = 0x00040000;
static const uint32_t WRITE_OWNER = 0x00080000;
static const uint32_t GENERIC_ALL = 0x10000000;
static const uint32_t GENERIC_WRITE = 0x40000000;
static const uint32_t GENERIC_READ = 0x80000000;

/* Certificate-Enrollment (MS-CRTD 2.5.1.1) */
static const struct cf_guid ENROLLMENT =
    CF_GUID(0x0e10c968, 0x78fb, 0x11d2, 0x90, 0xd4, 0x00, 0xc0, 0x4f, 0x79, 0xdc, 0x55);

struct ace {
    uint8_t type;
    uint8_t flags;
    uint32_t mask;
    bool has_object_type;
    struct cf_guid object_type;
    struct cf_bytes sid;
};

/* The generic rights as what they stand for on an object of the directory (MS-ADTS 5.1.3.2). */
static uint32_t
specific_rights(uint32_t mask)
{
    if (mask & GENERIC_ALL)
        mask |= CONTROL_ACCESS | READ_PROPERTY | WRITE_PROPERTY | WRITE_DACL | WRITE_OWNER;
    if (mask & GENERIC_READ)
        mask |= READ_PROPERTY;
    if (mask & GENERIC_WRITE)
        mask |= WRITE_PROPERTY;
    return mask;
}

/* A right to one property, or another extended right, is no right to the whole. */
static uint32_t
rights_of(const struct ace *ace)
{
    uint32_t rights = specific_rights(ace->mask);

    if (!ace->has_object_type)
        return rights;
    return cf_guid_equal(&ace->object_type, &ENROLLMENT) ? rights & CONTROL_ACCESS : 0;
}

static bool
is_sid(const char *sid, const char *wanted)
{
    size_t len = strlen(sid);
    size_t end_len = strlen(wanted) - 1;

    if (wanted[0] != '*')
        return strcmp(sid, wanted) == 0;
    return cf_text_starts_with(sid, "S-1-5-21-") && len > end_len &&
           strcmp(sid + len - end_len, wanted + 1) == 0;
}

static bool
is_ours(struct cf_bytes sid, const char *const *sids, size_t n_sids)
{
    char text[CF_SID_TEXT_SIZE];

    if (cf_sid_from_bytes(sid, text, NULL) != CF_OK)
        return false;
    for (size_t i = 0; i < n_sids; i++) {
        if (is_sid(text, sids[i]))
            return true;
    }
    return false;
}

/* The identifier says itself how long it is; what follows it belongs to the entry (callbacks). */
static struct cf_bytes
read_sid(struct cf_reader *reader)
{
    struct cf_reader ahead = *reader;

    (void)cf_read_u8(&ahead);
    size_t n_subs = cf_read_u8(&ahead);
    return cf_read_bytes(reader, SID_HEADER_LEN + n_subs * sizeof(uint32_t));
}

static void
read_body(struct cf_reader *body, struct ace *ace)
{
    ace->mask = cf_read_u32(body);
    if (ace->type == ACE_ALLOWED_OBJECT || ace->type == ACE_DENIED_OBJECT ||
        ace->type == ACE_DENIED_CALLBACK_OBJECT) {
        uint32_t present = cf_read_u32(body);
        ace->has_object_type = present & OBJECT_TYPE_PRESENT;
        if (ace->has_object_type)
            ace->object_type = cf_read_guid(body);
        if (present & INHERITED_TYPE_PRESENT)
            (void)cf_read_guid(body);
    }
    ace->sid = read_sid(body);
}

/* A condition is not judged here: what it denies counts, what it allows does not. */
static bool
is_denying(uint8_t type)
{
    return type == ACE_DENIED || type == ACE_DENIED_OBJECT || type == ACE_DENIED_CALLBACK ||
           type == ACE_DENIED_CALLBACK_OBJECT;
}

static bool
is_known(uint8_t type)
{
    return type == ACE_ALLOWED || type == ACE_ALLOWED_OBJECT || is_denying(type);
}

/* The next entry; false for one of another kind, and after a failure. */
static bool
read_ace(struct cf_reader *acl, struct ace *ace)
{
    *ace = (struct ace){.type = cf_read_u8(acl), .flags = cf_read_u8(acl)};
    size_t len = cf_read_u16(acl);
    if (len < ACE_HEADER_LEN) {
        cf_read_fail(acl);
        return false;
    }
    struct cf_reader body = cf_reader_of(cf_read_bytes(acl, len - ACE_HEADER_LEN));
    if (!cf_reader_ok(acl) || !is_known(ace->type))
        return false;
    read_body(&body, ace);
    if (!cf_reader_ok(&body))
        cf_read_fail(acl);
    return cf_reader_ok(acl);
}

struct judging {
    const char *const *sids;
    size_t n_sids;
    bool is_owner;
    bool owner_is_limited; /* an entry for OWNER RIGHTS takes the place of an owner's own */
};

static bool
concerns_us(struct judging *judging, const struct ace *ace)
{
    static const char *const OWNER_RIGHTS[] = {"S-1-3-4"};

    if (ace->flags & ACE_INHERIT_ONLY)
        return false;
    if (is_ours(ace->sid, judging->sids, judging->n_sids))
        return true;
    bool is_of_owner = is_ours(ace->sid, OWNER_RIGHTS, 1);
    judging->owner_is_limited |= is_of_owner;
    return is_of_owner && judging->is_owner;
}

/* What the DACL's entries give, in their order and right by right. */
static uint32_t
judge(struct cf_reader *acl, unsigned n_aces, struct judging *judging)
{
    uint32_t allowed = 0;
    uint32_t denied = 0;

    for (unsigned i = 0; i < n_aces && cf_reader_ok(acl); i++) {
        struct ace ace;
        if (!read_ace(acl, &ace) || !concerns_us(judging, &ace))
            continue;
        if (is_denying(ace.type))
            denied |= rights_of(&ace) & ~allowed;
        else
            allowed |= rights_of(&ace) & ~denied;
    }
    if (judging->is_owner && !judging->owner_is_limited)
        allowed |= WRITE_DACL;
    return allowed;
}

static unsigned
access_by(uint32_t rights)
{
    unsigned access = 0;

    if (rights & READ_PROPERTY)
        access |= ADCS_ACCESS_READ;
    if (rights & CONTROL_ACCESS)
        access |= ADCS_ACCESS_ENROLL;
    if (rights & (WRITE_PROPERTY | WRITE_DACL | WRITE_OWNER))
        access |= ADCS_ACCESS_WRITE;
    return access;
}

struct parts {
    struct cf_bytes owner; /* empty: not shown */
    struct cf_bytes dacl;
    bool has_dacl;
};

/* From an offset of the header to the end; false beyond it. */
static bool
part_at(struct cf_bytes descriptor, uint32_t offset, struct cf_bytes *ret_part)
{
    if (offset < HEADER_LEN || offset > descriptor.len)
        return false;
    *ret_part = cf_bytes_of(descriptor.data + offset, descriptor.len - offset);
    return true;
}

static bool
find_owner(struct cf_bytes descriptor, uint32_t offset, struct cf_bytes *ret_owner)
{
    struct cf_bytes part = {0};

    if (offset == 0)
        return true;
    if (!part_at(descriptor, offset, &part))
        return false;
    struct cf_reader reader = cf_reader_of(part);
    *ret_owner = read_sid(&reader);
    return cf_reader_ok(&reader);
}

static bool
find_parts(struct cf_bytes descriptor, struct parts *parts)
{
    struct cf_reader reader = cf_reader_of(descriptor);

    uint8_t revision = cf_read_u8(&reader);
    (void)cf_read_u8(&reader);
    uint16_t control = cf_read_u16(&reader);
    uint32_t owner_offset = cf_read_u32(&reader);
    (void)cf_read_bytes(&reader, 2 * sizeof(uint32_t)); /* group, SACL */
    uint32_t offset = cf_read_u32(&reader);
    if (!cf_reader_ok(&reader) || revision != 1 || !(control & CONTROL_SELF_RELATIVE))
        return false;
    if (!find_owner(descriptor, owner_offset, &parts->owner))
        return false;
    parts->has_dacl = (control & CONTROL_DACL_PRESENT) && offset != 0;
    return !parts->has_dacl || part_at(descriptor, offset, &parts->dacl);
}

enum cf_rc
adcs_access(struct cf_bytes security_descriptor, const char *const *sids, size_t n_sids,
            unsigned *ret_access, struct cf_err *err)
{
    struct parts parts = {0};

    if (!find_parts(security_descriptor, &parts))
        return cf_fail(err, CF_E_ENCODING, "a security descriptor without a valid header");
    if (!parts.has_dacl) {
        *ret_access = ADCS_ACCESS_READ | ADCS_ACCESS_ENROLL | ADCS_ACCESS_WRITE;
        return CF_OK;
    }
    struct cf_reader header = cf_reader_of(parts.dacl);
    uint8_t revision = cf_read_u8(&header);
    (void)cf_read_u8(&header);
    size_t len = cf_read_u16(&header);
    unsigned n_aces = cf_read_u16(&header);
    (void)cf_read_u16(&header);
    if (!cf_reader_ok(&header) || (revision != 2 && revision != 4) || len < ACL_HEADER_LEN ||
        len > parts.dacl.len)
        return cf_fail(err, CF_E_ENCODING, "a security descriptor whose DACL is cut off");
    struct cf_reader acl =
        cf_reader_of(cf_bytes_of(parts.dacl.data + ACL_HEADER_LEN, len - ACL_HEADER_LEN));
    struct judging judging = {.sids = sids,
                              .n_sids = n_sids,
                              .is_owner =
                                  parts.owner.len > 0 && is_ours(parts.owner, sids, n_sids)};
    uint32_t rights = judge(&acl, n_aces, &judging);
    if (!cf_reader_ok(&acl))
        return cf_fail(err, CF_E_ENCODING, "a DACL with an entry that cannot be read");
    *ret_access = access_by(rights);
    return CF_OK;
}
