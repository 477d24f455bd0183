/* SPDX-License-Identifier: Apache-2.0 */
/* enrollment_services - every CA that the forest knows. */
#include <string.h>

#include "public_key_services.h"
#include "template_values.h"

static const char *const ATTRIBUTES[] = {"cn",
                                         "displayName",
                                         "dNSHostName",
                                         "cACertificate",
                                         "certificateTemplates",
                                         "msPKI-Enrollment-Servers",
                                         NULL};

static enum cf_rc
take(void *object, const char *attribute, const struct cf_bytes *values, size_t n,
     struct cf_err *err)
{
    return cf_service_take(object, attribute, values, n, err);
}

static enum cf_rc
read_service(LDAP *ld, LDAPMessage *entry, struct cf_enrollment_service *service,
             struct cf_err *err)
{
    CF_TRY(cf_ldap_take_attributes(ld, entry, ATTRIBUTES, take, service, err));
    if (!service->name || !service->host)
        return cf_fail(err, CF_E_PROTOCOL,
                       "%s: the directory shows no %s; give the connector's account the right to "
                       "read it",
                       service->dn, service->name ? "dNSHostName" : "cn");
    return CF_OK;
}

/* A CA whose entry makes no sense is no reason to forget the others. */
static enum cf_rc
take_service(void *arg, LDAP *ld, LDAPMessage *entry, struct cf_err *err)
{
    struct cf_enrollment_services *services = arg;
    struct cf_enrollment_services one = {.n = 1};
    struct cf_err own = {0};

    if (services->n == CF_ENROLLMENT_SERVICES_MAX)
        return cf_fail(err, CF_E_PROTOCOL, "the directory has more than the %d CAs that are taken",
                       CF_ENROLLMENT_SERVICES_MAX);
    void *more = realloc(services->service, (services->n + 1) * sizeof *services->service);
    if (!more)
        return cf_fail_oom(err);
    services->service = more;
    one.service = calloc(1, sizeof *one.service);
    if (!one.service)
        return cf_fail_oom(err);
    enum cf_rc rc = read_service(ld, entry, one.service, &own);
    if (rc == CF_OK) {
        services->service[services->n++] = *one.service;
        free(one.service);
        return CF_OK;
    }
    cf_enrollment_services_done(&one);
    if (rc != CF_E_PROTOCOL)
        return cf_fail(err, rc, "%s", own.text);
    if (!services->fault)
        services->fault = strdup(own.text);
    return services->fault ? CF_OK : cf_fail_oom(err);
}

enum cf_rc
cf_ldap_read_services(struct cf_ldap_conn *conn, void **ret, struct cf_err *err)
{
    cf_own_str place = NULL;
    struct cf_enrollment_services services = {0};

    CF_TRY(cf_ldap_pki_place(conn, "Enrollment Services", &place, err));
    struct cf_enrollment_services *kept = calloc(1, sizeof *kept);
    if (!kept)
        return cf_fail_oom(err);
    enum cf_rc rc =
        cf_ldap_search(conn, place, LDAP_SCOPE_ONELEVEL, "(objectClass=pKIEnrollmentService)",
                       ATTRIBUTES, take_service, &services, err);
    if (rc == CF_OK ||
        rc == CF_E_NOT_FOUND) { /* a forest without CAs need not have the container */
        *kept = services;
        *ret = kept;
        return CF_OK;
    }
    cf_enrollment_services_done(&services);
    free(kept);
    return rc;
}
