/* SPDX-License-Identifier: Apache-2.0 */
#include "templates.h"

#include <string.h>

#include "certferry/text.h"

#include "service.h"

enum { KEPT_MAX = 64, KEPT_MS = 10 * 60 * 1000 };

struct kept {
    struct cf_ad_template *ad_template; /* NULL: free */
    int64_t until_ms;                   /* monotonic */
};

struct adcs_templates {
    pthread_mutex_t lock;
    struct kept kept[KEPT_MAX];
    size_t next; /* is replaced next */
};

enum cf_rc
adcs_templates_new(struct adcs_templates **ret_templates, struct cf_err *err)
{
    struct adcs_templates *templates = calloc(1, sizeof *templates);

    if (!templates)
        return cf_fail_oom(err);
    pthread_mutex_init(&templates->lock, NULL);
    *ret_templates = templates;
    return CF_OK;
}

static void
drop_all(struct adcs_templates *templates)
{
    for (size_t i = 0; i < KEPT_MAX; i++)
        templates->kept[i].ad_template = cf_ad_template_free(templates->kept[i].ad_template);
}

void
adcs_templates_forget(struct adcs_templates *templates)
{
    pthread_mutex_lock(&templates->lock);
    drop_all(templates);
    pthread_mutex_unlock(&templates->lock);
}

struct adcs_templates *
adcs_templates_free(struct adcs_templates *templates)
{
    if (!templates)
        return NULL;
    drop_all(templates);
    pthread_mutex_destroy(&templates->lock);
    free(templates);
    return NULL;
}

static struct kept *
find_kept(struct adcs_templates *templates, const char *name)
{
    for (size_t i = 0; i < KEPT_MAX; i++) {
        const struct cf_ad_template *ad_template = templates->kept[i].ad_template;
        if (ad_template && cf_text_equal_nocase(ad_template->name, name))
            return &templates->kept[i];
    }
    return NULL;
}

static struct cf_ad_template *
recall(struct adcs_ca *ca, const char *name)
{
    struct adcs_templates *templates = ca->templates;
    struct cf_ad_template *copy = NULL;

    pthread_mutex_lock(&templates->lock);
    const struct kept *kept = find_kept(templates, name);
    if (kept && kept->until_ms > cf_clock_monotonic_ms(ca->env.clock))
        copy = cf_ad_template_clone(kept->ad_template);
    pthread_mutex_unlock(&templates->lock);
    return copy;
}

/* Out of memory: it is asked for again. */
static void
keep(struct adcs_ca *ca, const struct cf_ad_template *ad_template)
{
    struct adcs_templates *templates = ca->templates;
    struct cf_ad_template *copy = cf_ad_template_clone(ad_template);

    if (!copy)
        return;
    pthread_mutex_lock(&templates->lock);
    struct kept *kept = find_kept(templates, ad_template->name);
    if (!kept) {
        kept = &templates->kept[templates->next];
        templates->next = (templates->next + 1) % KEPT_MAX;
    }
    cf_ad_template_free(kept->ad_template);
    *kept = (struct kept){.ad_template = copy,
                          .until_ms = cf_clock_monotonic_ms(ca->env.clock) + KEPT_MS};
    pthread_mutex_unlock(&templates->lock);
}

static enum cf_rc
fail_unpublished(const struct adcs_ca *ca, const char *name, struct cf_err *err)
{
    return cf_fail(
        err, CF_E_CA_CONFIG,
        "CA %s does not issue by the template %s: in the Certification Authority console "
        "add it under Certificate Templates (New, Certificate Template to Issue), or "
        "correct the section's name",
        ca->settings->ca_name, name);
}

static bool
is_published(const struct cf_enrollment_service *service, const char *name)
{
    for (size_t i = 0; i < service->n_templates; i++) {
        if (cf_text_equal_nocase(service->templates[i], name))
            return true;
    }
    return false;
}

static enum cf_rc
check_published(struct adcs_ca *ca, const char *name, struct cf_err *err)
{
    const struct cf_ca_settings *settings = ca->settings;
    struct cf_enrollment_services services = {0};
    enum cf_rc rc = CF_OK;

    CF_TRY(ca->env.directory->ops->find_enrollment_services(ca->env.directory, &services, err));
    const struct cf_enrollment_service *service = adcs_service_find(ca, &services);
    if (!service)
        rc = cf_fail(err, CF_E_CA_CONFIG,
                     "the directory knows no CA %s on %s: correct name and host; `certferry adcs "
                     "discover` lists the CAs%s%s",
                     settings->ca_name, settings->host,
                     services.fault ? "; an entry is left out: " : "",
                     services.fault ? services.fault : "");
    else if (!is_published(service, name))
        rc = fail_unpublished(ca, name, err);
    cf_enrollment_services_done(&services);
    return rc;
}

static enum cf_rc
read_directory(struct adcs_ca *ca, const char *name, struct cf_ad_template **ret_template,
               struct cf_err *err)
{
    struct cf_err own = {0};

    CF_TRY(check_published(ca, name, err));
    enum cf_rc rc =
        ca->env.directory->ops->find_template(ca->env.directory, name, ret_template, &own);
    if (rc == CF_E_NOT_FOUND)
        return cf_fail(err, CF_E_CA_CONFIG, "%s", own.text);
    if (rc != CF_OK && err)
        *err = own;
    return rc;
}

static enum cf_rc
read_service(struct adcs_ca *ca, const char *name, struct cf_ad_template **ret_template,
             struct cf_err *err)
{
    bool may_enroll = false;
    struct cf_err own = {0};

    enum cf_rc rc = adcs_xcep_template(ca, name, ret_template, &may_enroll, &own);
    if (rc == CF_E_NOT_FOUND)
        return fail_unpublished(ca, name, err);
    if (rc != CF_OK && err)
        *err = own;
    return rc;
}

enum cf_rc
adcs_templates_get(struct adcs_ca *ca, const char *name, struct cf_ad_template **ret_template,
                   struct cf_err *err)
{
    cf_own(cf_ad_template) ad_template = recall(ca, name);

    if (!ad_template) {
        if (ca->env.directory)
            CF_TRY(read_directory(ca, name, &ad_template, err));
        else if (ca->settings->cep_url)
            CF_TRY(read_service(ca, name, &ad_template, err));
        else
            return cf_fail(err, CF_E_UNSUPPORTED,
                           "neither [directory] nor cep_url is set: nobody tells of templates");
        keep(ca, ad_template);
    }
    *ret_template = cf_give(ad_template);
    return CF_OK;
}

enum cf_rc
adcs_complete_template(struct cf_ca *base, struct cf_template_settings *template_settings,
                       struct cf_err *err)
{
    struct adcs_ca *ca = (struct adcs_ca *)base;
    cf_own(cf_ad_template) ad_template = NULL;

    enum cf_rc rc = adcs_templates_get(ca, template_settings->name, &ad_template, err);
    if (rc == CF_E_UNSUPPORTED)
        return CF_OK; /* the configuration alone has to do */
    return rc == CF_OK ? adcs_template_overlay(ad_template, template_settings, err) : rc;
}
