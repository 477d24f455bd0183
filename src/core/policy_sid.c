/* SPDX-License-Identifier: Apache-2.0 */
/* SIDs as numbers, and which of them are built in and powerful. */
#include "policy_internal.h"

enum { NT_AUTHORITY = 5, BUILTIN_DOMAIN = 32, NT_NON_UNIQUE = 21, DIGITS_MAX = 20 };

/* Reads "-NUMBER"; leading zeros count as nothing. */
static bool
read_part(const char **text, uint64_t max, uint64_t *ret)
{
    const char *digit = *text;
    uint64_t value = 0;

    if (*digit++ != '-' || *digit < '0' || *digit > '9')
        return false;
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        if (digit - *text > DIGITS_MAX)
            return false;
        value = value * 10 + (uint64_t)(*digit - '0');
        if (value > max)
            return false;
    }
    *ret = value;
    *text = digit;
    return true;
}

bool
cf_sid_read(const char *text, struct cf_sid *ret_sid)
{
    struct cf_sid sid = {0};
    uint64_t revision = 0;

    if (*text != 'S' && *text != 's')
        return false;
    text++;
    if (!read_part(&text, UINT32_MAX, &revision) || revision != 1 ||
        !read_part(&text, (UINT64_C(1) << 48) - 1, &sid.authority))
        return false;
    while (*text) {
        uint64_t sub = 0;

        if (sid.n_sub == CF_SID_SUBS_MAX || !read_part(&text, UINT32_MAX, &sub))
            return false;
        sid.sub[sid.n_sub++] = (uint32_t)sub;
    }
    if (sid.n_sub == 0)
        return false;
    *ret_sid = sid;
    return true;
}

bool
cf_sid_equal(const struct cf_sid *a, const struct cf_sid *b)
{
    if (a->authority != b->authority || a->n_sub != b->n_sub)
        return false;
    for (size_t i = 0; i < a->n_sub; i++) {
        if (a->sub[i] != b->sub[i])
            return false;
    }
    return true;
}

struct known {
    uint32_t rid;
    const char *name;
};

static const char *
find(const struct known *list, size_t n, uint32_t rid)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i].rid == rid)
            return list[i].name;
    }
    return NULL;
}

/* MS-DTYP 2.4.2.4. Those that own a domain controller, or may become its owner: what AdminSDHolder
 * protects, and groups that write keys, policies, certificates or trusts. */
const char *
cf_sid_privilege(const struct cf_sid *sid)
{
    static const struct known builtin[] = {
        {544, "Administrators"},
        {548, "Account Operators"},
        {549, "Server Operators"},
        {550, "Print Operators"},
        {551, "Backup Operators"},
        {552, "Replicators"},
        {557, "Incoming Forest Trust Builders"},
        {578, "Hyper-V Administrators"},
    };
    static const struct known domain[] = {
        {498, "Enterprise Read-only Domain Controllers"},
        {500, "Administrator"},
        {502, "krbtgt"},
        {512, "Domain Admins"},
        {516, "Domain Controllers"},
        {517, "Cert Publishers"},
        {518, "Schema Admins"},
        {519, "Enterprise Admins"},
        {520, "Group Policy Creator Owners"},
        {521, "Read-only Domain Controllers"},
        {526, "Key Admins"},
        {527, "Enterprise Key Admins"},
    };

    if (sid->authority != NT_AUTHORITY)
        return NULL;
    if (sid->n_sub == 2 && sid->sub[0] == BUILTIN_DOMAIN)
        return find(builtin, CF_COUNT(builtin), sid->sub[1]);
    if (sid->n_sub == 5 && sid->sub[0] == NT_NON_UNIQUE)
        return find(domain, CF_COUNT(domain), sid->sub[4]);
    return NULL;
}
