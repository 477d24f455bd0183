/* SPDX-License-Identifier: Apache-2.0 */
/* access - who may do what by a DACL (MS-DTYP 2.4.4 to 2.4.6, MS-ADTS 5.1.3). */
#include <string.h>

#include "certferry/sid.h"

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
enum { ACE_ALLOWED = 0, ACE_DENIED = 1, ACE_ALLOWED_OBJECT = 5, ACE_DENIED_OBJECT = 6 };
enum { ACE_INHERIT_ONLY = 0x08 };
enum { OBJECT_TYPE_PRESENT = 1, INHERITED_TYPE_PRESENT = 2 };

static const uint32_t CONTROL_ACCESS = 0x00000100;
static const uint32_t READ_PROPERTY = 0x00000010;
static const uint32_t WRITE_ANY = 0x00000020 | 0x00040000 | 0x00080000; /* property, DACL, owner */
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

/* A right to one property, or another extended right, is no right to the whole. */
static unsigned
rights_of(const struct ace *ace)
{
    unsigned rights = 0;

    if (ace->has_object_type)
        return (ace->mask & CONTROL_ACCESS) && cf_guid_equal(&ace->object_type, &ENROLLMENT)
                   ? ADCS_ACCESS_ENROLL
                   : 0;
    if (ace->mask & (CONTROL_ACCESS | GENERIC_ALL))
        rights |= ADCS_ACCESS_ENROLL;
    if (ace->mask & (READ_PROPERTY | GENERIC_READ | GENERIC_ALL))
        rights |= ADCS_ACCESS_READ;
    if (ace->mask & (WRITE_ANY | GENERIC_WRITE | GENERIC_ALL))
        rights |= ADCS_ACCESS_WRITE;
    return rights;
}

static bool
is_ours(struct cf_bytes sid, const char *const *sids, size_t n_sids)
{
    char text[CF_SID_TEXT_SIZE];

    if (cf_sid_from_bytes(sid, text, NULL) != CF_OK)
        return false;
    for (size_t i = 0; i < n_sids; i++) {
        if (strcmp(sids[i], text) == 0)
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
    if (ace->type == ACE_ALLOWED_OBJECT || ace->type == ACE_DENIED_OBJECT) {
        uint32_t present = cf_read_u32(body);
        ace->has_object_type = present & OBJECT_TYPE_PRESENT;
        if (ace->has_object_type)
            ace->object_type = cf_read_guid(body);
        if (present & INHERITED_TYPE_PRESENT)
            (void)cf_read_guid(body);
    }
    ace->sid = read_sid(body);
}

static bool
is_known(uint8_t type)
{
    return type == ACE_ALLOWED || type == ACE_DENIED || type == ACE_ALLOWED_OBJECT ||
           type == ACE_DENIED_OBJECT;
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

/* What the DACL's entries give, in their order. */
static unsigned
judge(struct cf_reader *acl, unsigned n_aces, const char *const *sids, size_t n_sids)
{
    unsigned allowed = 0;
    unsigned denied = 0;

    for (unsigned i = 0; i < n_aces && cf_reader_ok(acl); i++) {
        struct ace ace;
        if (!read_ace(acl, &ace) || ace.flags & ACE_INHERIT_ONLY || !is_ours(ace.sid, sids, n_sids))
            continue;
        if (ace.type == ACE_DENIED || ace.type == ACE_DENIED_OBJECT)
            denied |= rights_of(&ace) & ~allowed;
        else
            allowed |= rights_of(&ace) & ~denied;
    }
    return allowed;
}

/* The view of the DACL; *ret_has_dacl is false where there is none. */
static bool
find_dacl(struct cf_bytes descriptor, struct cf_bytes *ret_dacl, bool *ret_has_dacl)
{
    struct cf_reader reader = cf_reader_of(descriptor);

    uint8_t revision = cf_read_u8(&reader);
    (void)cf_read_u8(&reader);
    uint16_t control = cf_read_u16(&reader);
    (void)cf_read_bytes(&reader, 3 * sizeof(uint32_t)); /* owner, group, SACL */
    uint32_t offset = cf_read_u32(&reader);
    if (!cf_reader_ok(&reader) || revision != 1 || !(control & CONTROL_SELF_RELATIVE))
        return false;
    *ret_has_dacl = (control & CONTROL_DACL_PRESENT) && offset != 0;
    if (!*ret_has_dacl)
        return true;
    if (offset < HEADER_LEN || offset > descriptor.len)
        return false;
    *ret_dacl = cf_bytes_of(descriptor.data + offset, descriptor.len - offset);
    return true;
}

enum cf_rc
adcs_access(struct cf_bytes security_descriptor, const char *const *sids, size_t n_sids,
            unsigned *ret_access, struct cf_err *err)
{
    struct cf_bytes dacl = {0};
    bool has_dacl = false;

    if (!find_dacl(security_descriptor, &dacl, &has_dacl))
        return cf_fail(err, CF_E_ENCODING, "a security descriptor without a valid header");
    if (!has_dacl) {
        *ret_access = ADCS_ACCESS_READ | ADCS_ACCESS_ENROLL | ADCS_ACCESS_WRITE;
        return CF_OK;
    }
    struct cf_reader header = cf_reader_of(dacl);
    uint8_t revision = cf_read_u8(&header);
    (void)cf_read_u8(&header);
    size_t len = cf_read_u16(&header);
    unsigned n_aces = cf_read_u16(&header);
    (void)cf_read_u16(&header);
    if (!cf_reader_ok(&header) || (revision != 2 && revision != 4) || len < ACL_HEADER_LEN ||
        len > dacl.len)
        return cf_fail(err, CF_E_ENCODING, "a security descriptor whose DACL is cut off");
    struct cf_reader acl =
        cf_reader_of(cf_bytes_of(dacl.data + ACL_HEADER_LEN, len - ACL_HEADER_LEN));
    unsigned access = judge(&acl, n_aces, sids, n_sids);
    if (!cf_reader_ok(&acl))
        return cf_fail(err, CF_E_ENCODING, "a DACL with an entry that cannot be read");
    *ret_access = access;
    return CF_OK;
}
