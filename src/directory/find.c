/* SPDX-License-Identifier: Apache-2.0 */
#include "find.h"

#include <string.h>

#include "certferry/stop.h"

#include "parts.h"
#include "public_key_services.h"

struct wanted {
    enum cf_ldap_kind kind;
    const char *name;
    bool groups;
};

/* *ret_value is of the kind's type. */
static enum cf_rc
look_up(struct cf_ldap_conn *conn, const struct wanted *wanted, void **ret_value,
        struct cf_err *err)
{
    struct cf_account *account = NULL;

    switch (wanted->kind) {
    case CF_LDAP_SERVICES:
        return cf_ldap_read_services(conn, ret_value, err);
    case CF_LDAP_TEMPLATE:
        return cf_ldap_read_template(conn, wanted->name, ret_value, err);
    case CF_LDAP_CA_CERTS:
        return cf_ldap_read_certs(conn, wanted->name, ret_value, err);
    default:
        CF_TRY(cf_ldap_lookup(conn, wanted->kind, wanted->name, wanted->groups, &account, err));
        *ret_value = account;
        return CF_OK;
    }
}

static enum cf_rc
ask_once(struct cf_ldap *ldap, const struct wanted *wanted, bool *ret_was_idle, void **ret_value,
         struct cf_err *err)
{
    struct cf_ldap_conn *conn = NULL;

    CF_TRY(cf_ldap_pool_take(ldap, &conn, err));
    enum cf_rc rc = look_up(conn, wanted, ret_value, err);
    /* A server that fell silent is no better over a new connection. */
    *ret_was_idle = conn->was_idle && conn->is_lost && (!err || err->native != LDAP_TIMEOUT);
    cf_ldap_pool_give(ldap, conn);
    return rc;
}

/* A server drops idle connections when it likes: that costs one more try, not the request. */
static enum cf_rc
ask(struct cf_ldap *ldap, const struct wanted *wanted, void **ret_value, struct cf_err *err)
{
    bool was_dropped = false;

    enum cf_rc rc = ask_once(ldap, wanted, &was_dropped, ret_value, err);
    if (rc == CF_OK || rc == CF_E_STOPPED || !was_dropped)
        return rc;
    cf_ldap_pool_drain(&ldap->pool); /* the others are as old */
    return ask_once(ldap, wanted, &was_dropped, ret_value, err);
}

static enum cf_breaker_verdict
judge(enum cf_rc rc)
{
    switch (rc) {
    case CF_E_DIRECTORY_DOWN:
    case CF_E_AUTH:
    case CF_E_TLS:
        return CF_BREAKER_FAILS;
    case CF_E_STOPPED:
    case CF_E_OOM:
        return CF_BREAKER_UNKNOWN;
    default: /* all else is an answer of a directory that works */
        return CF_BREAKER_WORKS;
    }
}

static enum cf_rc
find(struct cf_directory *base, const struct wanted *wanted, void **ret_value, struct cf_err *err)
{
    struct cf_ldap *ldap = (struct cf_ldap *)base;
    struct cf_err own = {0};
    bool is_probe = false;

    if (cf_stop_is_set(ldap->env.stop_flag))
        return cf_fail(err, CF_E_STOPPED, "stopping");
    void *value = cf_ldap_cache_get(&ldap->cache, wanted->kind, wanted->name, wanted->groups);
    if (value) {
        *ret_value = value;
        return CF_OK;
    }
    CF_TRY(cf_breaker_enter(&ldap->breaker, &is_probe, err));
    enum cf_rc rc = ask(ldap, wanted, &value, &own);
    cf_breaker_leave(&ldap->breaker, is_probe, judge(rc), &own);
    if (rc != CF_OK) {
        if (err)
            *err = own;
        return rc;
    }
    cf_ldap_cache_put(&ldap->cache, wanted->kind, wanted->name, value);
    *ret_value = value;
    return CF_OK;
}

static enum cf_rc
find_account(struct cf_directory *base, enum cf_ldap_kind kind, const char *name, bool wants_groups,
             struct cf_account **ret_account, struct cf_err *err)
{
    struct wanted wanted = {.kind = kind, .name = name, .groups = wants_groups};
    void *account = NULL;

    CF_TRY(find(base, &wanted, &account, err));
    *ret_account = account;
    return CF_OK;
}

enum cf_rc
cf_ldap_find_user(struct cf_directory *base, const char *upn, bool wants_groups,
                  struct cf_account **ret_account, struct cf_err *err)
{
    return find_account(base, CF_LDAP_USER, upn, wants_groups, ret_account, err);
}

enum cf_rc
cf_ldap_find_computer(struct cf_directory *base, const char *dns_host_name, bool wants_groups,
                      struct cf_account **ret_account, struct cf_err *err)
{
    return find_account(base, CF_LDAP_COMPUTER, dns_host_name, wants_groups, ret_account, err);
}

enum cf_rc
cf_ldap_find_group(struct cf_directory *base, const char *name, char ret_sid[CF_SID_TEXT_SIZE],
                   struct cf_err *err)
{
    cf_own(cf_account) group = NULL;

    CF_TRY(find_account(base, CF_LDAP_GROUP, name, false, &group, err));
    if (!group->sid[0])
        return cf_fail(err, CF_E_PROTOCOL, "the directory shows no objectSid of the group %s",
                       name);
    memcpy(ret_sid, group->sid, CF_SID_TEXT_SIZE);
    return CF_OK;
}

enum cf_rc
cf_ldap_find_principal(struct cf_directory *base, const char *principal, bool wants_groups,
                       struct cf_account **ret_account, struct cf_err *err)
{
    const char *realm = strrchr(principal, '@');
    cf_own_str name = strndup(principal, realm ? (size_t)(realm - principal) : strlen(principal));

    if (!name)
        return cf_fail_oom(err);
    return find_account(base, CF_LDAP_PRINCIPAL, name, wants_groups, ret_account, err);
}

enum cf_rc
cf_ldap_find_enrollment_services(struct cf_directory *base,
                                 struct cf_enrollment_services *ret_services, struct cf_err *err)
{
    struct wanted wanted = {.kind = CF_LDAP_SERVICES, .name = "*"};
    void *services = NULL;

    CF_TRY(find(base, &wanted, &services, err));
    *ret_services = *(struct cf_enrollment_services *)services;
    free(services);
    return CF_OK;
}

enum cf_rc
cf_ldap_find_template(struct cf_directory *base, const char *name,
                      struct cf_ad_template **ret_template, struct cf_err *err)
{
    struct wanted wanted = {.kind = CF_LDAP_TEMPLATE, .name = name};
    void *ad_template = NULL;

    CF_TRY(find(base, &wanted, &ad_template, err));
    *ret_template = ad_template;
    return CF_OK;
}

enum cf_rc
cf_ldap_find_ca_certs(struct cf_directory *base, enum cf_ad_certs which,
                      struct cf_der_list *ret_certs, struct cf_err *err)
{
    struct wanted wanted = {.kind = CF_LDAP_CA_CERTS, .name = cf_ldap_certs_place(which)};
    void *certs = NULL;

    CF_TRY(find(base, &wanted, &certs, err));
    *ret_certs = *(struct cf_der_list *)certs;
    free(certs);
    return CF_OK;
}
