/* SPDX-License-Identifier: Apache-2.0 */
/* template - one certificate template, with who may use it. */
#include "filter.h"
#include "public_key_services.h"
#include "template_values.h"

/* msPKI-Certificate-Application-Policy has to come after pKIExtendedKeyUsage. */
static const char *const ATTRIBUTES[] = {"cn",
                                         "displayName",
                                         "revision",
                                         "pKIKeyUsage",
                                         "pKIExpirationPeriod",
                                         "pKIOverlapPeriod",
                                         "pKIExtendedKeyUsage",
                                         "msPKI-Certificate-Application-Policy",
                                         "msPKI-Certificate-Name-Flag",
                                         "msPKI-Enrollment-Flag",
                                         "msPKI-Private-Key-Flag",
                                         "msPKI-RA-Signature",
                                         "msPKI-RA-Application-Policies",
                                         "msPKI-Minimal-Key-Size",
                                         "msPKI-Template-Schema-Version",
                                         "msPKI-Template-Minor-Revision",
                                         "msPKI-Cert-Template-OID",
                                         "nTSecurityDescriptor",
                                         NULL};

static enum cf_rc
take(void *object, const char *attribute, const struct cf_bytes *values, size_t n,
     struct cf_err *err)
{
    return cf_template_take(object, attribute, values, n, err);
}

static enum cf_rc
take_template(void *arg, LDAP *ld, LDAPMessage *entry, struct cf_err *err)
{
    struct cf_ad_template **found = arg;

    if (*found)
        return cf_fail(err, CF_E_CONFLICT, "the directory has two templates called %s",
                       (*found)->name);
    cf_own(cf_ad_template) ad_template = calloc(1, sizeof *ad_template);
    if (!ad_template)
        return cf_fail_oom(err);
    CF_TRY(cf_ldap_take_attributes(ld, entry, ATTRIBUTES, take, ad_template, err));
    if (!ad_template->name)
        return cf_fail(err, CF_E_PROTOCOL, "%s: the directory shows no cn", ad_template->dn);
    *found = cf_give(ad_template);
    return CF_OK;
}

enum cf_rc
cf_ldap_read_template(struct cf_ldap_conn *conn, const char *name, void **ret, struct cf_err *err)
{
    cf_own_str place = NULL;
    cf_own_str filter = NULL;
    cf_own(cf_ad_template) found = NULL;

    CF_TRY(cf_ldap_filter("(&(objectClass=pKICertificateTemplate)(cn={}))", name, &filter, err));
    CF_TRY(cf_ldap_pki_place(conn, "Certificate Templates", &place, err));
    enum cf_rc rc = cf_ldap_search_dacl(conn, place, LDAP_SCOPE_ONELEVEL, filter, ATTRIBUTES,
                                        take_template, &found, err);
    if (rc != CF_OK && rc != CF_E_NOT_FOUND)
        return rc;
    if (!found)
        return cf_fail(err, CF_E_NOT_FOUND,
                       "the directory has no certificate template %s, or does not show it to the "
                       "connector's account; it is the template's name that counts, not its "
                       "display name",
                       name);
    *ret = cf_give(found);
    return CF_OK;
}
