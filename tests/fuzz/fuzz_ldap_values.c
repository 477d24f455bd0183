/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_ldap_values - values of a directory: the first byte picks the attribute. Covers
 * cf_account_take, cf_account_add_group, cf_sid_from_bytes and cf_ldap_escape: what is taken is
 * printable text, and what goes into a filter cannot end its value.
 */
#include <stdlib.h>
#include <string.h>

#include "certferry/text.h"
#include "directory/account.h"
#include "directory/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_text(const char *text)
{
    if (text && (!text[0] || !cf_text_is_printable(text, strlen(text))))
        abort();
}

static void
check_escape(struct cf_bytes bytes)
{
    char *name = strndup((const char *)bytes.data, bytes.len);
    char *text = NULL;

    if (name && cf_ldap_escape(name, &text, NULL) == CF_OK && strpbrk(text, "*() "))
        abort();
    free(name);
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {
        "distinguishedName", "userPrincipalName", "sAMAccountName",    "mail",
        "dNSHostName",       "objectSid",         "userAccountControl"};
    cf_own(cf_account) account = calloc(1, sizeof *account);

    if (!account || size == 0)
        return 0;
    struct cf_bytes value = cf_bytes_of(data + 1, size - 1);
    bool is_taken =
        cf_account_take(account, names[data[0] % CF_COUNT(names)], value, NULL) == CF_OK;
    bool is_group = cf_account_add_group(account, value, NULL) == CF_OK;
    if (is_group != (account->n_groups == 1) || (!is_taken && account->sid[0]))
        abort();
    check_text(account->dn);
    check_text(account->upn);
    check_text(account->sam_account_name);
    check_text(account->mail);
    check_text(account->dns_host_name);
    if (strlen(account->sid) >= CF_SID_TEXT_SIZE ||
        (account->n_groups > 0 && strncmp(account->group_sids[0], "S-1-", 4) != 0))
        abort();
    check_escape(value);
    return 0;
}
