/* SPDX-License-Identifier: Apache-2.0 */
#include "account.h"

#include <string.h>

#include "certferry/sid.h"
#include "certferry/text.h"

#include "values.h"

enum { UAC_ACCOUNTDISABLE = 2 };

static enum cf_rc
take_control(struct cf_account *account, struct cf_bytes value, struct cf_err *err)
{
    uint32_t control = 0;

    CF_TRY(cf_value_bits("userAccountControl", value, &control, err));
    account->is_disabled = (control & UAC_ACCOUNTDISABLE) != 0;
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
            return cf_value_text(texts[i].name, value, texts[i].max_len, texts[i].field, err);
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
