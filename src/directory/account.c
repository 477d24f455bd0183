/* SPDX-License-Identifier: Apache-2.0 */
#include "account.h"

#include <string.h>

#include "certferry/text.h"

#include "sid_bytes.h"

enum { UAC_ACCOUNTDISABLE = 2, NUMBER_MAX = 11 };

static enum cf_rc
take_text(char **field, size_t max_len, const char *attribute, struct cf_bytes value,
          struct cf_err *err)
{
    const char *text = (const char *)value.data;

    if (value.len > max_len)
        return cf_fail(err, CF_E_PROTOCOL,
                       "the directory's %s has %zu bytes, more than the %zu that are taken",
                       attribute, value.len, max_len);
    if (!cf_text_is_printable(text, value.len))
        return cf_fail(err, CF_E_PROTOCOL,
                       "the directory's %s holds bytes that are no printable text; correct it in "
                       "the directory",
                       attribute);
    if (value.len == 0)
        return CF_OK;
    char *copy = strndup(text, value.len);
    if (!copy)
        return cf_fail_oom(err);
    free(*field);
    *field = copy;
    return CF_OK;
}

static enum cf_rc
take_control(struct cf_account *account, struct cf_bytes value, struct cf_err *err)
{
    char text[NUMBER_MAX + 1] = "";
    uint64_t number = 0;

    if (value.len <= NUMBER_MAX)
        memcpy(text, value.data, value.len);
    /* A signed 32-bit number on the wire; the high bit is of no use here. */
    if (strlen(text) != value.len ||
        cf_text_u64(text[0] == '-' ? text + 1 : text, 0, UINT64_C(1) << 31, &number, NULL) != CF_OK)
        return cf_fail(err, CF_E_PROTOCOL, "the directory's userAccountControl is no number");
    if (text[0] == '-')
        number = (UINT64_C(1) << 32) - number;
    account->is_disabled = (number & UAC_ACCOUNTDISABLE) != 0;
    return CF_OK;
}

static enum cf_rc
take_sid(struct cf_bytes value, char ret_sid[CF_SID_TEXT_SIZE], const char *attribute,
         struct cf_err *err)
{
    struct cf_err own = {0};

    if (cf_sid_from_bytes(value, ret_sid, &own) != CF_OK)
        return cf_fail(err, CF_E_PROTOCOL, "the directory's %s: %s", attribute, own.text);
    return CF_OK;
}

enum cf_rc
cf_account_take(struct cf_account *account, const char *attribute, struct cf_bytes value,
                struct cf_err *err)
{
    const struct {
        const char *name;
        char **field;
        size_t max_len;
    } texts[] = {
        {"distinguishedName", &account->dn, CF_ACCOUNT_DN_MAX},
        {"userPrincipalName", &account->upn, CF_ACCOUNT_TEXT_MAX},
        {"sAMAccountName", &account->sam_account_name, CF_ACCOUNT_TEXT_MAX},
        {"mail", &account->mail, CF_ACCOUNT_TEXT_MAX},
        {"dNSHostName", &account->dns_host_name, CF_ACCOUNT_TEXT_MAX},
    };

    for (size_t i = 0; i < CF_COUNT(texts); i++) {
        if (cf_text_equal_nocase(attribute, texts[i].name))
            return take_text(texts[i].field, texts[i].max_len, texts[i].name, value, err);
    }
    if (cf_text_equal_nocase(attribute, "objectSid"))
        return take_sid(value, account->sid, "objectSid", err);
    if (cf_text_equal_nocase(attribute, "userAccountControl"))
        return take_control(account, value, err);
    return CF_OK;
}

enum cf_rc
cf_account_add_group(struct cf_account *account, struct cf_bytes sid, struct cf_err *err)
{
    size_t n = account->n_groups;

    if (n == CF_ACCOUNT_GROUPS_MAX)
        return cf_fail(err, CF_E_PROTOCOL,
                       "the account is in more groups than the %d that are taken",
                       CF_ACCOUNT_GROUPS_MAX);
    if ((n & (n - 1)) == 0) { /* a power of two, or the first */
        size_t room = n == 0 ? 1 : 2 * n;
        void *more = realloc(account->group_sids, room * sizeof *account->group_sids);
        if (!more)
            return cf_fail_oom(err);
        account->group_sids = more;
    }
    CF_TRY(take_sid(sid, account->group_sids[n], "tokenGroups", err));
    account->n_groups++;
    return CF_OK;
}

static bool
copy_text(char **to, const char *from)
{
    *to = from ? strdup(from) : NULL;
    return !from || *to;
}

struct cf_account *
cf_account_clone(const struct cf_account *account)
{
    cf_own(cf_account) copy = calloc(1, sizeof *copy);

    if (!copy || !copy_text(&copy->dn, account->dn) || !copy_text(&copy->upn, account->upn) ||
        !copy_text(&copy->sam_account_name, account->sam_account_name) ||
        !copy_text(&copy->mail, account->mail) ||
        !copy_text(&copy->dns_host_name, account->dns_host_name))
        return NULL;
    memcpy(copy->sid, account->sid, sizeof copy->sid);
    copy->is_disabled = account->is_disabled;
    copy->has_groups = account->has_groups;
    if (account->n_groups > 0) {
        copy->group_sids = calloc(account->n_groups, sizeof *copy->group_sids);
        if (!copy->group_sids)
            return NULL;
        memcpy(copy->group_sids, account->group_sids, account->n_groups * sizeof *copy->group_sids);
        copy->n_groups = account->n_groups;
    }
    return cf_give(copy);
}

static size_t
text_size(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

size_t
cf_account_size(const struct cf_account *account)
{
    return sizeof *account + text_size(account->dn) + text_size(account->upn) +
           text_size(account->sam_account_name) + text_size(account->mail) +
           text_size(account->dns_host_name) + account->n_groups * sizeof *account->group_sids;
}
