/* SPDX-License-Identifier: Apache-2.0 */
/* ca_certs - the CA certificates that the forest hands to its members. */
#include "certferry/text.h"

#include "public_key_services.h"
#include "template_values.h"

static const char *const ATTRIBUTES[] = {"cACertificate", NULL};

const char *
cf_ldap_certs_place(enum cf_ad_certs which)
{
    switch (which) {
    case CF_AD_NTAUTH:
        return "NTAuthCertificates";
    case CF_AD_ROOTS:
        return "Certification Authorities";
    default:
        return "AIA";
    }
}

static enum cf_rc
take(void *object, const char *attribute, const struct cf_bytes *values, size_t n,
     struct cf_err *err)
{
    if (!cf_text_equal_nocase(attribute, ATTRIBUTES[0]))
        return CF_OK;
    return cf_certs_take(object, values, n, err);
}

static enum cf_rc
take_certs(void *arg, LDAP *ld, LDAPMessage *entry, struct cf_err *err)
{
    return cf_ldap_take_attributes(ld, entry, ATTRIBUTES, take, arg, err);
}

enum cf_rc
cf_ldap_read_certs(struct cf_ldap_conn *conn, const char *place, void **ret, struct cf_err *err)
{
    cf_own_str dn = NULL;
    struct cf_der_list certs = {0};

    CF_TRY(cf_ldap_pki_place(conn, place, &dn, err));
    struct cf_der_list *kept = calloc(1, sizeof *kept);
    if (!kept)
        return cf_fail_oom(err);
    /* NTAuthCertificates is an entry itself, the others hold one for each CA. */
    enum cf_rc rc =
        cf_ldap_search(conn, dn, LDAP_SCOPE_SUBTREE, "(objectClass=certificationAuthority)",
                       ATTRIBUTES, take_certs, &certs, err);
    if (rc == CF_OK || rc == CF_E_NOT_FOUND) {
        *kept = certs;
        *ret = kept;
        return CF_OK;
    }
    cf_der_list_done(&certs);
    free(kept);
    return rc;
}
