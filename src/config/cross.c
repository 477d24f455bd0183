/* SPDX-License-Identifier: Apache-2.0 */
/* cross - what holds between options: what one needs of another, and who may not meet. */
#include <string.h>

#include "build.h"
#include "certferry/text.h"
#include "value.h"

static bool
is_written(const struct cf_build *build, const char *type, const char *key)
{
    return cf_build_value(build, type, "", key) != NULL;
}

static void
need_cloud(const struct cf_build *build, const char *key, const char *why)
{
    if (!is_written(build, "cloud", key))
        cf_build_fault(build, "cloud", "", key, "is missing: it is needed %s", why);
}

static enum cf_rc
use_url(struct cf_build *build, const char *key, const char *url, struct cf_err *err)
{
    const struct cf_option *option = cf_option_find("cloud", key);

    if (*cf_member(char *, option, build->settings))
        return CF_OK;
    return cf_value_parse(option, url, build->settings, err);
}

/* Without a service there are no requests of its own, either. */
static void
cross_no_cloud(const struct cf_build *build)
{
    struct cf_cloud_settings *cloud = &build->settings->cloud;
    const char *service = cf_build_value(build, "cloud", "", "service");

    cloud->is_off = service && strcmp(service, "none") == 0;
    if (!cloud->is_off)
        return;
    if (cloud->serves_pkcs && is_written(build, "cloud", "pkcs"))
        cf_build_fault(build, "cloud", "", "pkcs",
                       "there is no management service: remove it, or service = none");
    cloud->serves_pkcs = false;
}

static enum cf_rc
cross_service(struct cf_build *build, struct cf_err *err)
{
    struct cf_cloud_settings *cloud = &build->settings->cloud;
    const char *service = cf_build_value(build, "cloud", "", "service");
    const struct cf_preset_urls *urls = &cf_preset_urls[0];

    for (size_t i = 0; service && i < cf_n_preset_urls; i++) {
        if (strcmp(cf_preset_urls[i].service, service) == 0)
            urls = &cf_preset_urls[i];
    }
    if (!service || strcmp(service, "custom") != 0) {
        CF_TRY(use_url(build, "authority", urls->authority, err));
        CF_TRY(use_url(build, "graph", urls->graph, err));
        return use_url(build, "resource", urls->resource, err);
    }
    if (cloud->auth != CF_AUTH_TLS) {
        need_cloud(build, "authority", "with service = custom");
        need_cloud(build, "resource", "with service = custom");
    }
    bool asks_graph = !is_written(build, "cloud", "endpoint") && cloud->auth != CF_AUTH_TLS;
    if (asks_graph || (cloud->auth == CF_AUTH_CERTIFICATE && cloud->assertion_renew))
        need_cloud(build, "graph",
                   "with service = custom, unless endpoint is set and assertion_renew = no");
    return CF_OK;
}

static void
cross_auth(const struct cf_build *build)
{
    const struct cf_cloud_settings *cloud = &build->settings->cloud;

    if (cloud->auth == CF_AUTH_TLS) {
        need_cloud(build, "endpoint", "with auth = tls");
        need_cloud(build, "tls_cert_file", "with auth = tls");
        need_cloud(build, "tls_key_file", "with auth = tls");
    } else {
        need_cloud(build, "tenant", "to ask for a token");
        need_cloud(build, "client_id", "to ask for a token");
    }
    if (cloud->assertion_renew_before_ms >= cloud->assertion_lifetime_ms)
        cf_build_fault(build, "cloud", "", "assertion_renew_before",
                       "must be less than assertion_lifetime: a certificate would be renewed "
                       "again at once");
}

static enum cf_rc
cross_proxy(struct cf_build *build, struct cf_err *err)
{
    struct cf_cloud_settings *cloud = &build->settings->cloud;
    bool has_user = is_written(build, "cloud", "proxy_user");
    bool has_file = is_written(build, "cloud", "proxy_password_file");

    if (has_user && !is_written(build, "cloud", "proxy"))
        cf_build_fault(build, "cloud", "", "proxy_user", "there is no proxy: set proxy, too");
    if (has_file && !has_user)
        cf_build_fault(build, "cloud", "", "proxy_password_file",
                       "a password without a user: set proxy_user, too");
    if (!has_user || cloud->proxy_password_file)
        return CF_OK;
    return cf_value_parse(cf_option_find("cloud", "proxy_password_file"),
                          "credential:proxy-password", build->settings, err);
}

static void
cross_general(const struct cf_build *build)
{
    const struct cf_settings *settings = build->settings;

    if (settings->cloud.retry_min_ms > settings->cloud.retry_max_ms)
        cf_build_fault(build, "cloud", "", "retry_min", "must not be more than retry_max");
    if (settings->step_retry_min_ms > settings->step_retry_max_ms)
        cf_build_fault(build, "retry", "", "min", "must not be more than max");
    /* Keys are made and sealed to recipients for such requests only. */
    if (settings->cloud.serves_pkcs && settings->check_recipient &&
        !is_written(build, "recipient", "ca_file") && !is_written(build, "recipient", "pins_file"))
        cf_build_fault(build, "recipient", "", "check",
                       "nothing says which device certificates are good: set ca_file to the CA "
                       "that issues them, or pins_file");
}

static enum cf_rc
resolve_templates(struct cf_build *build, struct cf_ca_settings *ca, struct cf_err *err)
{
    const char *text = cf_build_value(build, "ca", ca->name, "templates");
    cf_own_words words = {0};
    struct cf_err own = {0};

    if (!text) {
        cf_build_fault(build, "ca", ca->name, "templates", "is missing: %s",
                       cf_option_find("ca", "templates")->help);
        return CF_OK;
    }
    enum cf_rc rc = cf_words_split(text, true, &words, &own);
    if (rc == CF_E_OOM)
        return cf_fail_oom(err);
    if (rc != CF_OK || words.n == 0) {
        cf_build_fault(build, "ca", ca->name, "templates", "%s",
                       rc != CF_OK ? own.text : "has no value: name the allowed ones");
        return CF_OK;
    }
    ca->templates = calloc(words.n, sizeof *ca->templates);
    if (!ca->templates)
        return cf_fail_oom(err);
    for (size_t i = 0; i < words.n; i++) {
        struct cf_template_settings *tmpl = cf_cross_find_template(build->settings, words.word[i]);
        if (!tmpl)
            cf_cross_unknown(build, "ca", ca->name, "templates", "template", words.word[i]);
        else if (cf_ca_settings_template(ca, tmpl->name))
            cf_build_fault(build, "ca", ca->name, "templates", "%s is there twice: remove one",
                           tmpl->name);
        else
            ca->templates[ca->n_templates++] = tmpl;
    }
    return CF_OK;
}

static bool
is_same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static void
cross_ca_pair(const struct cf_build *build, const struct cf_ca_settings *ca,
              const struct cf_ca_settings *earlier)
{
    if (cf_text_equal_nocase(ca->host, earlier->host) &&
        cf_text_equal_nocase(ca->ca_name, earlier->ca_name))
        cf_build_fault(build, "ca", ca->name, "host",
                       "host and name are those of [ca %s], too: requests could not tell them "
                       "apart",
                       earlier->name);
    if (is_same(ca->crl_file, earlier->crl_file))
        cf_build_fault(build, "ca", ca->name, "crl_file",
                       "is that of [ca %s], too: each CA needs its own", earlier->name);
}

static enum cf_rc
cross_cas(struct cf_build *build, struct cf_err *err)
{
    struct cf_settings *settings = build->settings;

    for (size_t i = 0; i < settings->n_cas; i++) {
        struct cf_ca_settings *ca = settings->cas[i];

        CF_TRY(resolve_templates(build, ca, err));
        CF_TRY(cf_cross_ca(build, ca, err));
        for (size_t k = 0; k < i; k++)
            cross_ca_pair(build, ca, settings->cas[k]);
    }
    return CF_OK;
}

/* Taken as it stands nobody would be asked. */
static void
cross_approval(const struct cf_build *build, const struct cf_template_settings *tmpl)
{
    const struct cf_settings *settings = build->settings;

    for (size_t i = 0; tmpl->approval && i < settings->n_cas; i++) {
        const struct cf_ca_settings *ca = settings->cas[i];
        if (ca->backend && strcmp(ca->backend, "local") != 0 &&
            cf_ca_settings_template(ca, tmpl->name))
            cf_build_fault(
                build, "template", tmpl->name, "approval",
                "only a CA with backend = local waits for it, and [ca %s] issues by this "
                "template, too: have that CA itself ask somebody, and give it a template "
                "of its own",
                ca->name);
    }
}

static void
cross_templates(const struct cf_build *build)
{
    const struct cf_settings *settings = build->settings;

    for (size_t i = 0; i < settings->n_templates; i++) {
        struct cf_template_settings *tmpl = settings->templates[i];
        cf_cross_given(settings, tmpl);
        cross_approval(build, tmpl);
        /* A key that is left open is the CA's template's, whatever the preset says. */
        if (tmpl->given & CF_TEMPLATE_KEY && cf_key_kind_is_rsa(tmpl->key) &&
            cf_key_kind_bits(tmpl->key) < tmpl->min_rsa_bits)
            cf_build_fault(build, "template", tmpl->name, "min_key",
                           "is more than key = %s has: choose a larger key",
                           cf_key_kind_name(tmpl->key));
    }
}

enum cf_rc
cf_build_cross(struct cf_build *build, struct cf_err *err)
{
    cross_no_cloud(build);
    if (!build->settings->cloud.is_off) {
        CF_TRY(cross_service(build, err));
        cross_auth(build);
    }
    CF_TRY(cross_proxy(build, err));
    cross_general(build);
    CF_TRY(cross_cas(build, err));
    cross_templates(build);
    cf_cross_directory(build);
    CF_TRY(cf_cross_policies(build, err));
    cf_cross_import_keys(build);
    return cf_cross_scep(build, err);
}
