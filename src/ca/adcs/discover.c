/* SPDX-License-Identifier: Apache-2.0 */
/* discover - the forest's CAs and templates, and what is known of them. */
#include "discover.h"

#include <string.h>

#include "certferry/csr.h"
#include "certferry/text.h"

#include "preflight.h"
#include "templates.h"

struct discovery {
    struct cf_directory *directory;
    const struct cf_directory_settings *settings;
    struct cf_json_writer *out;
    char *account_name;         /* owned; NULL: not known */
    struct cf_account *account; /* owned; NULL: not found */
    struct cf_enrollment_services services;
};

/* Whoever signs in at the directory signs in at the CA, too, unless told otherwise. */
static enum cf_rc
name_account(struct discovery *discovery, struct cf_err *err)
{
    const struct cf_directory_settings *settings = discovery->settings;
    const struct cf_kerberos_options options = {.keytab_file = settings->keytab_file,
                                                .principal = settings->principal,
                                                .section = "[directory]"};
    cf_own(cf_kerberos) kerberos = NULL;
    const char *name = settings->bind_dn;

    if (settings->auth == CF_DIRECTORY_GSSAPI && settings->keytab_file) {
        CF_TRY(cf_kerberos_new(&options, &kerberos, err));
        name = cf_kerberos_principal(kerberos);
    }
    if (!name)
        return CF_OK;
    discovery->account_name = strdup(name);
    return discovery->account_name ? CF_OK : cf_fail_oom(err);
}

static enum cf_rc
find_account(struct discovery *discovery, struct cf_err *err)
{
    struct cf_directory *directory = discovery->directory;
    const char *name = discovery->account_name;

    if (!name)
        return CF_OK;
    if (discovery->settings->auth == CF_DIRECTORY_GSSAPI)
        return directory->ops->find_principal(directory, name, true, &discovery->account, err);
    const char *domain = strchr(name, '\\');
    if (domain)
        return directory->ops->find_principal(directory, domain + 1, true, &discovery->account,
                                              err);
    if (strchr(name, '@') && !strchr(name, '='))
        return directory->ops->find_user(directory, name, true, &discovery->account, err);
    return CF_OK; /* a DN: the directory is not asked by it */
}

/* NULL: not known. */
static const char *
enroll_word(const struct discovery *discovery, const struct cf_ad_template *ad_template)
{
    unsigned access = 0;

    if (!discovery->account || !ad_template->security_descriptor ||
        adcs_account_access(ad_template, discovery->account, &access, NULL) != CF_OK)
        return NULL;
    return (access & ADCS_ACCESS_READ) && (access & ADCS_ACCESS_ENROLL) ? "yes" : "no";
}

/* Why requests by this template fail, for those who choose one; NULL: nothing is known. */
static const char *
obstacle_of(const struct cf_ad_template *ad_template, const char *enrolls)
{
    enum cf_key_kind kind;

    if (strpbrk(ad_template->name, "[],\"'\\") || strlen(ad_template->name) > ADCS_SECTION_NAME_MAX)
        return "its name cannot be written as that of a section";
    if (!(ad_template->name_flags & CF_CT_ENROLLEE_SUPPLIES_SUBJECT))
        return "the subject is not supplied in the request";
    if (ad_template->ra_signatures > 0)
        return "signatures of enrollment agents are needed";
    if (ad_template->private_key_flags & CF_CT_REQUIRE_PRIVATE_KEY_ARCHIVAL)
        return "the private key is archived";
    if (ad_template->private_key_flags & CF_CT_ATTEST_REQUIRED)
        return "the key has to be attested";
    if (ad_template->key_usage & (CF_KU_KEY_CERT_SIGN | CF_KU_CRL_SIGN))
        return "it is a template for CAs";
    if (ad_template->n_eku == 0)
        return "it names no usages";
    if (adcs_template_key(ad_template, &kind, NULL) != CF_OK)
        return "its kind of key is not made here";
    if (enrolls && strcmp(enrolls, "no") == 0)
        return "the account has no Read and Enroll";
    return NULL;
}

static void
put_facts(const struct discovery *discovery, const struct cf_ad_template *ad_template)
{
    struct cf_json_writer *out = discovery->out;
    const char *enrolls = enroll_word(discovery, ad_template);
    enum cf_key_kind kind;
    char validity[64];

    cf_text_from_duration(ad_template->validity_ms, validity, sizeof validity);
    cf_json_put_string(out, "displayName", ad_template->display_name);
    cf_json_put_string(out, "oid", ad_template->oid);
    cf_json_put_string(out, "key",
                       adcs_template_key(ad_template, &kind, NULL) == CF_OK ? cf_key_kind_name(kind)
                                                                            : NULL);
    cf_json_put_string(out, "algorithm",
                       ad_template->key_algorithm ? ad_template->key_algorithm : "RSA");
    cf_json_put_int(out, "minimumKeyBits", ad_template->min_key_bits);
    cf_json_put_string(out, "validity", validity);
    cf_json_put_array(out, "extendedKeyUsages");
    for (size_t i = 0; i < ad_template->n_eku; i++)
        cf_json_put_string(out, NULL, ad_template->eku[i]);
    cf_json_put_array_end(out);
    cf_json_put_bool(out, "approval",
                     (ad_template->enrollment_flags & CF_CT_PEND_ALL_REQUESTS) != 0);
    cf_json_put_string(out, "mayEnroll", enrolls);
    cf_json_put_string(out, "obstacle", obstacle_of(ad_template, enrolls));
}

/* *ret_is_usable: nothing is known that speaks against it. Read errors of one are told with it. */
static void
put_template(const struct discovery *discovery, const char *name, bool *ret_is_usable)
{
    struct cf_directory *directory = discovery->directory;
    cf_own(cf_ad_template) ad_template = NULL;
    struct cf_err why = {0};

    *ret_is_usable = false;
    cf_json_put_object(discovery->out, NULL);
    cf_json_put_string(discovery->out, "name", name);
    if (directory->ops->find_template(directory, name, &ad_template, &why) == CF_OK) {
        put_facts(discovery, ad_template);
        *ret_is_usable = !obstacle_of(ad_template, enroll_word(discovery, ad_template));
    } else {
        cf_json_put_string(discovery->out, "obstacle", why.text);
    }
    cf_json_put_object_end(discovery->out);
}

static const char *
auth_name(enum cf_ces_auth auth)
{
    switch (auth) {
    case CF_CES_ANONYMOUS:
        return "anonymous";
    case CF_CES_KERBEROS:
        return "kerberos";
    case CF_CES_PASSWORD:
        return "password";
    default:
        return "certificate";
    }
}

static void
put_urls(const struct discovery *discovery, const struct cf_enrollment_service *service)
{
    cf_json_put_array(discovery->out, "urls");
    for (size_t i = 0; i < service->n_urls; i++) {
        cf_json_put_object(discovery->out, NULL);
        cf_json_put_string(discovery->out, "url", service->urls[i].url);
        cf_json_put_string(discovery->out, "auth", auth_name(service->urls[i].auth));
        cf_json_put_int(discovery->out, "priority", service->urls[i].priority);
        cf_json_put_bool(discovery->out, "renewalOnly", service->urls[i].renewal_only);
        cf_json_put_object_end(discovery->out);
    }
    cf_json_put_array_end(discovery->out);
}

/* Of a renewed CA the certificate that ends last. */
static void
put_end(const struct discovery *discovery, const struct cf_enrollment_service *service)
{
    int64_t end_ms = 0;
    char text[CF_TEXT_TIME_SIZE];

    for (size_t i = 0; i < service->certs.n; i++) {
        cf_own(cf_cert) cert = NULL;
        if (cf_cert_parse(cf_buf_bytes(service->certs.der[i]), &cert, NULL) == CF_OK &&
            cf_cert_not_after_ms(cert) > end_ms)
            end_ms = cf_cert_not_after_ms(cert);
    }
    if (end_ms > 0)
        cf_text_from_time(end_ms, text);
    cf_json_put_string(discovery->out, "notAfterUtc", end_ms > 0 ? text : NULL);
}

static void
put_ca(const struct discovery *discovery, size_t at)
{
    const struct cf_enrollment_service *service = &discovery->services.service[at];
    bool is_usable[ADCS_DISCOVER_TEMPLATES_MAX] = {0};
    size_t n = service->n_templates < ADCS_DISCOVER_TEMPLATES_MAX ? service->n_templates
                                                                  : ADCS_DISCOVER_TEMPLATES_MAX;

    const struct adcs_sections sections = {.directory = discovery->settings,
                                           .services = &discovery->services,
                                           .at = at,
                                           .is_usable = is_usable,
                                           .n_templates = n,
                                           .out = discovery->out};

    cf_json_put_object(discovery->out, NULL);
    cf_json_put_string(discovery->out, "name", service->name);
    cf_json_put_string(discovery->out, "host", service->host);
    cf_json_put_string(discovery->out, "displayName", service->display_name);
    put_end(discovery, service);
    put_urls(discovery, service);
    cf_json_put_array(discovery->out, "templates");
    for (size_t i = 0; i < n; i++)
        put_template(discovery, service->templates[i], &is_usable[i]);
    cf_json_put_array_end(discovery->out);
    adcs_discover_sections(&sections);
    cf_json_put_object_end(discovery->out);
}

static enum cf_rc
discover(struct discovery *discovery, struct cf_err *err)
{
    struct cf_directory *directory = discovery->directory;
    struct cf_err why = {0};

    CF_TRY(name_account(discovery, err));
    directory->ops->forget(directory);
    CF_TRY(directory->ops->find_enrollment_services(directory, &discovery->services, err));
    /* Without the account the list is still of use. */
    (void)find_account(discovery, &why);
    cf_json_put_string(discovery->out, "account", discovery->account_name);
    cf_json_put_string(discovery->out, "accountProblem", why.text[0] ? why.text : NULL);
    cf_json_put_string(discovery->out, "directoryProblem", discovery->services.fault);
    cf_json_put_array(discovery->out, "cas");
    for (size_t i = 0; i < discovery->services.n; i++)
        put_ca(discovery, i);
    cf_json_put_array_end(discovery->out);
    return CF_OK;
}

enum cf_rc
adcs_discover(const struct cf_settings *settings, struct cf_directory *directory,
              struct cf_json_writer *out, struct cf_err *err)
{
    struct discovery discovery = {
        .directory = directory, .settings = &settings->directory, .out = out};

    enum cf_rc rc = discover(&discovery, err);
    cf_enrollment_services_done(&discovery.services);
    cf_account_free(discovery.account);
    free(discovery.account_name);
    return rc;
}
