/* SPDX-License-Identifier: Apache-2.0 */
/* cache_values - how each kind of answer is copied, measured and freed. */
#include <string.h>

#include "account.h"
#include "cache.h"

static size_t
text_size(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static size_t
texts_size(char *const *texts, size_t n)
{
    size_t size = n * sizeof *texts;

    for (size_t i = 0; i < n; i++)
        size += text_size(texts[i]);
    return size;
}

static size_t
der_size(const struct cf_der_list *list)
{
    size_t size = 0;

    for (size_t i = 0; i < list->n; i++)
        size += sizeof list->der[i] + cf_buf_len(list->der[i]);
    return size;
}

static void *
clone_account(const void *value)
{
    return cf_account_clone(value);
}

static size_t
account_size(const void *value)
{
    return cf_account_size(value);
}

static void
free_account(void *value)
{
    cf_account_free(value);
}

static bool
account_has_groups(const void *value)
{
    const struct cf_account *account = value;

    return account->has_groups;
}

static bool
has_none(const void *value)
{
    (void)value;
    return false;
}

static void *
clone_services(const void *value)
{
    struct cf_enrollment_services *copy = calloc(1, sizeof *copy);

    if (copy && cf_enrollment_services_copy(value, copy, NULL) != CF_OK) {
        free(copy);
        return NULL;
    }
    return copy;
}

static size_t
service_size(const struct cf_enrollment_service *service)
{
    size_t size = sizeof *service + text_size(service->name) + text_size(service->display_name) +
                  text_size(service->host) + text_size(service->dn) +
                  texts_size(service->templates, service->n_templates) + der_size(&service->certs);

    for (size_t i = 0; i < service->n_urls; i++)
        size += sizeof service->urls[i] + text_size(service->urls[i].url);
    return size;
}

static size_t
services_size(const void *value)
{
    const struct cf_enrollment_services *services = value;
    size_t size = sizeof *services + text_size(services->fault);

    for (size_t i = 0; i < services->n; i++)
        size += service_size(&services->service[i]);
    return size;
}

static void
free_services(void *value)
{
    if (value)
        cf_enrollment_services_done(value);
    free(value);
}

static void *
clone_template(const void *value)
{
    return cf_ad_template_clone(value);
}

static size_t
template_size(const void *value)
{
    const struct cf_ad_template *ad_template = value;
    const struct cf_buf *descriptor = ad_template->security_descriptor;

    return sizeof *ad_template + text_size(ad_template->name) +
           text_size(ad_template->display_name) + text_size(ad_template->dn) +
           text_size(ad_template->oid) + text_size(ad_template->key_algorithm) +
           texts_size(ad_template->eku, ad_template->n_eku) +
           (descriptor ? cf_buf_len(descriptor) : 0);
}

static void
free_template(void *value)
{
    cf_ad_template_free(value);
}

static void *
clone_certs(const void *value)
{
    struct cf_der_list *copy = calloc(1, sizeof *copy);

    if (copy && cf_der_list_copy(value, copy, NULL) != CF_OK) {
        free(copy);
        return NULL;
    }
    return copy;
}

static size_t
certs_size(const void *value)
{
    return sizeof(struct cf_der_list) + der_size(value);
}

static void
free_certs(void *value)
{
    if (value)
        cf_der_list_done(value);
    free(value);
}

const struct cf_ldap_value *
cf_ldap_value_of(enum cf_ldap_kind kind)
{
    static const struct cf_ldap_value ACCOUNT = {clone_account, account_size, free_account,
                                                 account_has_groups};
    static const struct cf_ldap_value SERVICES = {clone_services, services_size, free_services,
                                                  has_none};
    static const struct cf_ldap_value TEMPLATE = {clone_template, template_size, free_template,
                                                  has_none};
    static const struct cf_ldap_value CERTS = {clone_certs, certs_size, free_certs, has_none};

    switch (kind) {
    case CF_LDAP_SERVICES:
        return &SERVICES;
    case CF_LDAP_TEMPLATE:
        return &TEMPLATE;
    case CF_LDAP_CA_CERTS:
        return &CERTS;
    default:
        return &ACCOUNT;
    }
}
