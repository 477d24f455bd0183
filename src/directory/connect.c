/* SPDX-License-Identifier: Apache-2.0 */
/* connect - a bound connection to the first server that gives one. */
#include <string.h>

#include "account.h"
#include "parts.h"
#include "values.h"

struct context {
    const char *attribute;
    char *dn;
};

static enum cf_rc
take_context(void *arg, LDAP *ld, LDAPMessage *entry, struct cf_err *err)
{
    struct context *context = arg;
    struct berval **values = NULL;
    enum cf_rc rc = CF_OK;

    CF_TRY(cf_ldap_value(ld, entry, context->attribute, &values, err));
    if (values && values[0])
        rc = cf_value_text(context->attribute, cf_bytes_of(values[0]->bv_val, values[0]->bv_len),
                           CF_ACCOUNT_DN_MAX, &context->dn, err);
    ldap_value_free_len(values);
    return rc;
}

enum cf_rc
cf_ldap_find_context(struct cf_ldap_conn *conn, const char *attribute, char **ret_dn,
                     struct cf_err *err)
{
    const char *const attributes[] = {attribute, NULL};
    struct context context = {.attribute = attribute};

    enum cf_rc rc = cf_ldap_search(conn, "", LDAP_SCOPE_BASE, "(objectClass=*)", attributes,
                                   take_context, &context, err);
    if (rc != CF_OK)
        free(context.dn);
    else
        *ret_dn = context.dn;
    return rc;
}

enum cf_rc
cf_ldap_find_base(struct cf_ldap_conn *conn, struct cf_err *err)
{
    const char *configured = conn->ldap->settings->base;

    if (configured) {
        conn->base = strdup(configured);
        return conn->base ? CF_OK : cf_fail_oom(err);
    }
    CF_TRY(cf_ldap_find_context(conn, "defaultNamingContext", &conn->base, err));
    if (!conn->base)
        return cf_fail(err, CF_E_CONFIG,
                       "%s: the server names no defaultNamingContext; set [directory] base",
                       conn->uri);
    return CF_OK;
}

static enum cf_rc
connect_to(const struct cf_ldap *ldap, const char *uri, struct cf_ldap_conn **ret_conn,
           struct cf_err *err)
{
    cf_own(cf_ldap_conn) conn = NULL;

    CF_TRY(cf_ldap_dial(ldap, uri, &conn, err));
    CF_TRY(cf_ldap_secure(conn, err));
    CF_TRY(cf_ldap_bind(conn, err));
    CF_TRY(cf_ldap_find_base(conn, err));
    *ret_conn = cf_give(conn);
    return CF_OK;
}

/*
 * Every domain controller would count a wrong password, so a refusal ends the round. Of several
 * failures the one that somebody has to repair is told.
 */
enum cf_rc
cf_ldap_connect(struct cf_ldap *ldap, struct cf_ldap_conn **ret_conn, struct cf_err *err)
{
    size_t first = __atomic_load_n(&ldap->last_good_uri, __ATOMIC_RELAXED);
    struct cf_err worst = {0};

    for (size_t i = 0; i < ldap->n_uris; i++) {
        size_t at = (first + i) % ldap->n_uris;
        struct cf_err own = {0};
        enum cf_rc rc = connect_to(ldap, ldap->settings->uri[at], ret_conn, &own);
        if (rc == CF_OK) {
            __atomic_store_n(&ldap->last_good_uri, at, __ATOMIC_RELAXED);
            return CF_OK;
        }
        if (i == 0 || own.fault == CF_FAULT_CONFIG)
            worst = own;
        if (rc == CF_E_AUTH || rc == CF_E_STOPPED || rc == CF_E_OOM) {
            worst = own;
            break;
        }
    }
    if (err)
        *err = worst;
    return cf_never_ok_(worst.rc);
}
