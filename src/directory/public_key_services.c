/* SPDX-License-Identifier: Apache-2.0 */
#include "public_key_services.h"

#include <stdio.h>
#include <string.h>

enum { VALUES_MAX = 1500 }; /* Active Directory shows no more at once */

enum cf_rc
cf_ldap_pki_place(struct cf_ldap_conn *conn, const char *name, char **ret_dn, struct cf_err *err)
{
    static const char FORMAT[] = "CN=%s,CN=Public Key Services,CN=Services,%s";
    cf_own_str context = NULL;

    CF_TRY(cf_ldap_find_context(conn, "configurationNamingContext", &context, err));
    if (!context) {
        enum cf_rc rc = cf_fail(err, CF_E_UNSUPPORTED,
                                "%s: the server names no configurationNamingContext; CAs and "
                                "templates are found in Active Directory only",
                                conn->uri);
        if (err)
            err->fault = CF_FAULT_CONFIG;
        return rc;
    }
    size_t size = sizeof FORMAT + strlen(name) + strlen(context);
    char *dn = malloc(size);
    if (!dn)
        return cf_fail_oom(err);
    (void)snprintf(dn, size, FORMAT, name, context);
    *ret_dn = dn;
    return CF_OK;
}

static enum cf_rc
take_values(struct berval **values, const char *attribute, cf_ldap_take_fn *take, void *object,
            struct cf_err *err)
{
    size_t n = (size_t)ldap_count_values_len(values);

    if (n == 0)
        return CF_OK;
    if (n > VALUES_MAX)
        return cf_fail(err, CF_E_PROTOCOL, "the directory's %s has %zu values, more than %d",
                       attribute, n, VALUES_MAX);
    struct cf_bytes *bytes = calloc(n, sizeof *bytes);
    if (!bytes)
        return cf_fail_oom(err);
    for (size_t i = 0; i < n; i++)
        bytes[i] = cf_bytes_of(values[i]->bv_val, values[i]->bv_len);
    enum cf_rc rc = take(object, attribute, bytes, n, err);
    free(bytes);
    return rc;
}

static enum cf_rc
take_attribute(LDAP *ld, LDAPMessage *entry, const char *attribute, cf_ldap_take_fn *take,
               void *object, struct cf_err *err)
{
    struct berval **values = ldap_get_values_len(ld, entry, attribute);

    enum cf_rc rc = take_values(values, attribute, take, object, err);
    ldap_value_free_len(values);
    return rc;
}

enum cf_rc
cf_ldap_take_attributes(LDAP *ld, LDAPMessage *entry, const char *const *attributes,
                        cf_ldap_take_fn *take, void *object, struct cf_err *err)
{
    char *dn = ldap_get_dn(ld, entry);

    if (!dn)
        return cf_fail(err, CF_E_PROTOCOL, "an entry without a name");
    struct cf_bytes name = cf_bytes_of(dn, strlen(dn));
    enum cf_rc rc = take(object, "distinguishedName", &name, 1, err);
    for (size_t i = 0; rc == CF_OK && attributes[i]; i++) {
        rc = take_attribute(ld, entry, attributes[i], take, object, err);
        if (rc != CF_OK)
            (void)cf_err_prefix(err, "%s", dn);
    }
    ldap_memfree(dn);
    return rc;
}
