/* SPDX-License-Identifier: Apache-2.0 */
/* lookup - from a name to an account: one search by name, one for the account's groups. */
#include <stdio.h>
#include <string.h>

#include "account.h"
#include "filter.h"
#include "parts.h"

static const char *const FILTERS[] = {
    /* A computer is a user, too. */
    [CF_LDAP_USER] = "(&(objectClass=user)(!(objectClass=computer))(userPrincipalName={}))",
    [CF_LDAP_COMPUTER] = "(&(objectClass=computer)(dNSHostName={}))",
    [CF_LDAP_GROUP] = "(&(objectClass=group)(|(sAMAccountName={})(cn={})))",
    [CF_LDAP_PRINCIPAL] = "(&(objectClass=user)(sAMAccountName={}))",
};
static const char *const WHAT[] = {
    [CF_LDAP_USER] = "user with the userPrincipalName",
    [CF_LDAP_COMPUTER] = "computer with the dNSHostName",
    [CF_LDAP_GROUP] = "group with the name or DN",
    [CF_LDAP_PRINCIPAL] = "account with the sAMAccountName",
};
static const char *const ATTRIBUTES[] = {
    "userPrincipalName", "sAMAccountName",     "mail", "dNSHostName",
    "objectSid",         "userAccountControl", NULL};

struct found {
    enum cf_ldap_kind kind;
    const char *name;
    struct cf_account *account;
};

static enum cf_rc
take_dn(struct cf_account *account, LDAP *ld, LDAPMessage *entry, struct cf_err *err)
{
    char *dn = ldap_get_dn(ld, entry);

    if (!dn)
        return cf_fail(err, CF_E_PROTOCOL, "an entry without a name");
    enum cf_rc rc = cf_account_take(account, "distinguishedName", cf_bytes_of(dn, strlen(dn)), err);
    ldap_memfree(dn);
    return rc;
}

static enum cf_rc
take_attribute(struct cf_account *account, LDAP *ld, LDAPMessage *entry, const char *attribute,
               struct cf_err *err)
{
    struct berval **values = NULL;
    enum cf_rc rc = CF_OK;

    CF_TRY(cf_ldap_value(ld, entry, attribute, &values, err));
    if (values && values[0])
        rc = cf_account_take(account, attribute, cf_bytes_of(values[0]->bv_val, values[0]->bv_len),
                             err);
    ldap_value_free_len(values);
    return rc;
}

static enum cf_rc
take_account(void *arg, LDAP *ld, LDAPMessage *entry, struct cf_err *err)
{
    struct found *found = arg;

    if (found->account)
        return cf_fail(err, CF_E_CONFLICT,
                       "the directory has more than one %s %s; make it one of a kind",
                       WHAT[found->kind], found->name);
    cf_own(cf_account) account = calloc(1, sizeof *account);
    if (!account)
        return cf_fail_oom(err);
    CF_TRY(take_dn(account, ld, entry, err));
    for (size_t i = 0; ATTRIBUTES[i]; i++) {
        if (take_attribute(account, ld, entry, ATTRIBUTES[i], err) != CF_OK)
            return cf_err_prefix(err, "%s", account->dn);
    }
    found->account = cf_give(account);
    return CF_OK;
}

static enum cf_rc
take_groups(void *arg, LDAP *ld, LDAPMessage *entry, struct cf_err *err)
{
    struct cf_account *account = arg;
    struct berval **values = ldap_get_values_len(ld, entry, "tokenGroups");
    enum cf_rc rc = CF_OK;

    for (size_t i = 0; rc == CF_OK && values && values[i]; i++)
        rc = cf_account_add_group(account, cf_bytes_of(values[i]->bv_val, values[i]->bv_len), err);
    ldap_value_free_len(values);
    return rc == CF_OK ? CF_OK : cf_err_prefix(err, "%s", account->dn);
}

static enum cf_rc
find_groups(struct cf_ldap_conn *conn, struct cf_account *account, struct cf_err *err)
{
    static const char *const TOKEN_GROUPS[] = {"tokenGroups", NULL};

    CF_TRY(cf_ldap_search(conn, account->dn, LDAP_SCOPE_BASE, "(objectClass=*)", TOKEN_GROUPS,
                          take_groups, account, err));
    /* Every account has its primary group, so none means: not shown. */
    if (account->n_groups == 0) {
        enum cf_rc rc =
            cf_fail(err, CF_E_UNSUPPORTED,
                    "%s: the directory shows no tokenGroups of %s; give the connector's "
                    "account the right to read them (only Active Directory has them)",
                    conn->uri, account->dn);
        if (err)
            err->fault = CF_FAULT_CONFIG;
        return rc;
    }
    account->has_groups = true;
    return CF_OK;
}

/* Only Active Directory finds by the attribute distinguishedName; the entry itself is found by all.
 */
static enum cf_rc
find_group_by_dn(struct cf_ldap_conn *conn, struct found *found, struct cf_err *err)
{
    struct cf_err own = {0};

    enum cf_rc rc = cf_ldap_search(conn, found->name, LDAP_SCOPE_BASE, "(objectClass=group)",
                                   ATTRIBUTES, take_account, found, &own);
    if (rc == CF_E_NOT_FOUND || own.native == LDAP_INVALID_DN_SYNTAX)
        return CF_OK;
    if (rc != CF_OK && err)
        *err = own;
    return rc;
}

static enum cf_rc
find_by_name(struct cf_ldap_conn *conn, struct found *found, struct cf_err *err)
{
    cf_own_str filter = NULL;

    CF_TRY(cf_ldap_filter(FILTERS[found->kind], found->name, &filter, err));
    enum cf_rc rc = cf_ldap_search(conn, conn->base, LDAP_SCOPE_SUBTREE, filter, ATTRIBUTES,
                                   take_account, found, err);
    if (rc == CF_E_NOT_FOUND)
        return cf_fail(err, CF_E_CONFIG, "%s: there is no %s to search in; check [directory] base",
                       conn->uri, conn->base);
    return rc;
}

static enum cf_rc
find(struct cf_ldap_conn *conn, struct found *found, bool wants_groups, struct cf_err *err)
{
    if (found->kind == CF_LDAP_GROUP && strchr(found->name, '='))
        CF_TRY(find_group_by_dn(conn, found, err));
    if (!found->account)
        CF_TRY(find_by_name(conn, found, err));
    if (!found->account)
        return cf_fail(err, CF_E_NOT_FOUND, "the directory has no %s %s below %s",
                       WHAT[found->kind], found->name, conn->base);
    return wants_groups ? find_groups(conn, found->account, err) : CF_OK;
}

enum cf_rc
cf_ldap_lookup(struct cf_ldap_conn *conn, enum cf_ldap_kind kind, const char *name,
               bool wants_groups, struct cf_account **ret_account, struct cf_err *err)
{
    struct found found = {.kind = kind, .name = name};

    enum cf_rc rc = find(conn, &found, wants_groups, err);
    if (rc == CF_OK)
        *ret_account = cf_give(found.account);
    else
        cf_account_free(found.account);
    return rc;
}

/* The first user that can be read ends the search. */
static enum cf_rc
take_any(void *arg, LDAP *ld, LDAPMessage *entry, struct cf_err *err)
{
    if (take_account(arg, ld, entry, NULL) != CF_OK)
        return CF_OK;
    return cf_fail(err, CF_E_CONFLICT, "a user was found; no more are needed");
}

enum cf_rc
cf_ldap_try_groups(struct cf_ldap_conn *conn, struct cf_err *err)
{
    static const char ANY[] = "(&(objectClass=user)(!(objectClass=computer))(userPrincipalName=*))";
    struct found found = {.kind = CF_LDAP_USER, .name = "*"};

    enum cf_rc rc = cf_ldap_search(conn, conn->base, LDAP_SCOPE_SUBTREE, ANY, ATTRIBUTES, take_any,
                                   &found, err);
    if (found.account)
        rc = find_groups(conn, found.account, err);
    else if (rc == CF_OK)
        rc = cf_fail(err, CF_E_NOT_FOUND, "%s: no user with a userPrincipalName is shown below %s",
                     conn->uri, conn->base);
    cf_account_free(found.account);
    return rc;
}
