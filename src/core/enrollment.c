/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/enrollment.h"

#include <stdlib.h>
#include <string.h>

#include "certferry/text.h"

void
cf_der_list_done(struct cf_der_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        cf_buf_free(list->der[i]);
    free(list->der);
    *list = (struct cf_der_list){0};
}

enum cf_rc
cf_der_list_add(struct cf_der_list *list, struct cf_bytes der, struct cf_err *err)
{
    if (list->n == CF_ENROLLMENT_CERTS_MAX)
        return cf_fail(err, CF_E_LIMIT, "more than the %d certificates that are taken",
                       CF_ENROLLMENT_CERTS_MAX);
    struct cf_buf **more = realloc(list->der, (list->n + 1) * sizeof *list->der);
    if (!more)
        return cf_fail_oom(err);
    list->der = more;
    list->der[list->n] = cf_buf_copy(der);
    if (!list->der[list->n])
        return cf_fail_oom(err);
    list->n++;
    return CF_OK;
}

enum cf_rc
cf_der_list_copy(const struct cf_der_list *list, struct cf_der_list *ret_copy, struct cf_err *err)
{
    struct cf_der_list copy = {0};

    for (size_t i = 0; i < list->n; i++) {
        enum cf_rc rc = cf_der_list_add(&copy, cf_buf_bytes(list->der[i]), err);
        if (rc != CF_OK) {
            cf_der_list_done(&copy);
            return rc;
        }
    }
    *ret_copy = copy;
    return CF_OK;
}

static void
free_texts(char **texts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(texts[i]);
    free(texts);
}

static bool
copy_text(char **to, const char *from)
{
    *to = from ? strdup(from) : NULL;
    return !from || *to;
}

/* *ret_n grows with the copies, so that what was made can be freed after a failure. */
static bool
copy_texts(char *const *from, size_t n, char ***ret_texts, size_t *ret_n)
{
    if (n == 0)
        return true;
    *ret_texts = calloc(n, sizeof **ret_texts);
    if (!*ret_texts)
        return false;
    for (*ret_n = 0; *ret_n < n; (*ret_n)++) {
        if (!copy_text(&(*ret_texts)[*ret_n], from[*ret_n]))
            return false;
    }
    return true;
}

static void
service_done(struct cf_enrollment_service *service)
{
    free(service->name);
    free(service->display_name);
    free(service->host);
    free(service->dn);
    free_texts(service->templates, service->n_templates);
    cf_der_list_done(&service->certs);
    for (size_t i = 0; i < service->n_urls; i++)
        free(service->urls[i].url);
    free(service->urls);
}

void
cf_enrollment_services_done(struct cf_enrollment_services *services)
{
    for (size_t i = 0; i < services->n; i++)
        service_done(&services->service[i]);
    free(services->service);
    free(services->fault);
    *services = (struct cf_enrollment_services){0};
}

static bool
copy_urls(const struct cf_enrollment_service *from, struct cf_enrollment_service *to)
{
    if (from->n_urls == 0)
        return true;
    to->urls = calloc(from->n_urls, sizeof *to->urls);
    if (!to->urls)
        return false;
    for (; to->n_urls < from->n_urls; to->n_urls++) {
        struct cf_ces_url *url = &to->urls[to->n_urls];
        *url = from->urls[to->n_urls];
        if (!copy_text(&url->url, from->urls[to->n_urls].url))
            return false;
    }
    return true;
}

static bool
copy_service(const struct cf_enrollment_service *from, struct cf_enrollment_service *to)
{
    return copy_text(&to->name, from->name) && copy_text(&to->display_name, from->display_name) &&
           copy_text(&to->host, from->host) && copy_text(&to->dn, from->dn) &&
           copy_texts(from->templates, from->n_templates, &to->templates, &to->n_templates) &&
           cf_der_list_copy(&from->certs, &to->certs, NULL) == CF_OK && copy_urls(from, to);
}

enum cf_rc
cf_enrollment_services_copy(const struct cf_enrollment_services *services,
                            struct cf_enrollment_services *ret_copy, struct cf_err *err)
{
    struct cf_enrollment_services copy = {0};

    if (services->n > 0) {
        copy.service = calloc(services->n, sizeof *copy.service);
        if (!copy.service)
            return cf_fail_oom(err);
    }
    while (copy.n < services->n) {
        size_t at = copy.n++;
        if (!copy_service(&services->service[at], &copy.service[at])) {
            cf_enrollment_services_done(&copy);
            return cf_fail_oom(err);
        }
    }
    if (!copy_text(&copy.fault, services->fault)) {
        cf_enrollment_services_done(&copy);
        return cf_fail_oom(err);
    }
    *ret_copy = copy;
    return CF_OK;
}

const struct cf_enrollment_service *
cf_enrollment_service_find(const struct cf_enrollment_services *services, const char *host,
                           const char *name)
{
    for (size_t i = 0; i < services->n; i++) {
        const struct cf_enrollment_service *service = &services->service[i];
        if (cf_text_equal_nocase(service->name, name) &&
            (!host || cf_text_equal_nocase(service->host, host)))
            return service;
    }
    return NULL;
}

struct cf_ad_template *
cf_ad_template_free(struct cf_ad_template *ad_template)
{
    if (!ad_template)
        return NULL;

    free(ad_template->name);
    free(ad_template->display_name);
    free(ad_template->dn);
    free(ad_template->oid);
    free(ad_template->key_algorithm);
    free_texts(ad_template->eku, ad_template->n_eku);
    cf_buf_free(ad_template->security_descriptor);
    free(ad_template);
    return NULL;
}

struct cf_ad_template *
cf_ad_template_clone(const struct cf_ad_template *ad_template)
{
    cf_own(cf_ad_template) copy = calloc(1, sizeof *copy);

    if (!copy)
        return NULL;
    *copy = *ad_template;
    copy->name = copy->display_name = copy->dn = copy->oid = copy->key_algorithm = NULL;
    copy->eku = NULL;
    copy->n_eku = 0;
    copy->security_descriptor = NULL;
    if (!copy_text(&copy->name, ad_template->name) ||
        !copy_text(&copy->display_name, ad_template->display_name) ||
        !copy_text(&copy->dn, ad_template->dn) || !copy_text(&copy->oid, ad_template->oid) ||
        !copy_text(&copy->key_algorithm, ad_template->key_algorithm) ||
        !copy_texts(ad_template->eku, ad_template->n_eku, &copy->eku, &copy->n_eku))
        return NULL;
    if (ad_template->security_descriptor) {
        copy->security_descriptor = cf_buf_copy(cf_buf_bytes(ad_template->security_descriptor));
        if (!copy->security_descriptor)
            return NULL;
    }
    return cf_give(copy);
}
