/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kerberos_target - the account that a server has to prove to be: the one of the name that is
 * configured.
 *
 * libgssapi would ask the resolver for the host's true name first (dns_canonicalize_hostname and
 * rdns of krb5.conf are on by default), and DNS, which nobody signs, could put another account of
 * the domain in the place of the server's.
 */
#include <krb5.h>
#include <stdlib.h>
#include <string.h>

#include "kerberos_internal.h"

static krb5_error_code
name_principal(krb5_context context, const char *kind, const char *host, char **ret_name)
{
    krb5_principal principal = NULL;

    /* Of an unknown type: taken as it stands, with the realm of [domain_realm] or of referrals. */
    krb5_error_code code =
        krb5_sname_to_principal(context, host, kind, KRB5_NT_UNKNOWN, &principal);
    if (code == 0)
        code = krb5_unparse_name(context, principal, ret_name);
    krb5_free_principal(context, principal);
    return code;
}

static enum cf_rc
import(const char *service, char *name, gss_name_t *ret_target, struct cf_err *err)
{
    gss_buffer_desc text = {.length = strlen(name), .value = name};
    OM_uint32 minor = 0;

    OM_uint32 major = gss_import_name(&minor, &text, GSS_KRB5_NT_PRINCIPAL_NAME, ret_target);
    if (GSS_ERROR(major))
        return cf_kerberos_explain(service, GSS_C_NO_OID, major, minor, NULL, err);
    return CF_OK;
}

enum cf_rc
cf_kerberos_import_target(const char *service, gss_name_t *ret_target, struct cf_err *err)
{
    const char *at = strchr(service, '@');
    krb5_context context = NULL;
    char *name = NULL;

    if (!at)
        return cf_fail(err, CF_E_BUG, "Kerberos: %s is no service of a host", service);
    cf_own_str kind = strndup(service, (size_t)(at - service));
    if (!kind)
        return cf_fail_oom(err);
    krb5_error_code code = krb5_init_context(&context);
    if (code != 0)
        return cf_fail(err, CF_E_CONFIG, "Kerberos: krb5.conf cannot be used (%ld); correct it",
                       (long)code);
    code = name_principal(context, kind, at + 1, &name);
    enum cf_rc rc = code == 0 ? import(service, name, ret_target, err)
                              : cf_fail(err, CF_E_AUTH, "Kerberos: %s is no service (%ld)", service,
                                        (long)code);
    krb5_free_unparsed_name(context, name);
    krb5_free_context(context);
    return rc;
}
