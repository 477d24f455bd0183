/* SPDX-License-Identifier: Apache-2.0 */
/* cross_scep - the SCEP front door, its profiles, and the CAs, templates and policies behind. */
#include <string.h>
#include <sys/un.h>

#include "build.h"
#include "certferry/csr.h"
#include "certferry/text.h"
#include "value.h"

static bool
is_written(const struct cf_build *build, const char *key)
{
    return cf_build_value(build, "scep", "", key) != NULL;
}

static void
scep_fault(const struct cf_build *build, const char *key, const char *text)
{
    cf_build_fault(build, "scep", "", key, "%s", text);
}

static void
cross_listeners(const struct cf_build *build)
{
    static const char *const KEY[] = {"tls_cert_file", "tls_key_file"};
    bool has_tls = is_written(build, "tls_listen");

    if (!is_written(build, "listen") && !has_tls)
        scep_fault(build, "listen", "is missing: set it, or tls_listen for HTTPS");
    for (size_t i = 0; i < CF_COUNT(KEY); i++) {
        if (has_tls && !is_written(build, KEY[i]))
            scep_fault(build, KEY[i], "is missing: it is needed with tls_listen");
        else if (!has_tls && is_written(build, KEY[i]))
            scep_fault(build, KEY[i], "there is no HTTPS: set tls_listen, too");
    }
}

static void
cross_socket(const struct cf_build *build)
{
    const struct cf_settings *settings = build->settings;
    const char *path = settings->scep.socket;

    if (path && strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path)
        scep_fault(build, "socket", "a socket's path has at most 107 bytes: choose a shorter one");
    if (path && settings->control_socket && strcmp(path, settings->control_socket) == 0)
        scep_fault(build, "socket", "is that of [control], too: each needs its own");
}

static enum cf_rc
cross_ra_keys(struct cf_build *build, struct cf_err *err)
{
    bool has_file = is_written(build, "ra_key_file");
    bool has_token = is_written(build, "ra_token");

    if (has_file && has_token)
        scep_fault(build, "ra_token", "ra_key_file is set, too: remove one");
    if (is_written(build, "ra_pin_file") && !has_token)
        scep_fault(build, "ra_pin_file", "belongs to ra_token, which is not set: remove it");
    if (has_file || has_token)
        return CF_OK;
    return cf_value_parse(cf_option_find("scep", "ra_key_file"), "credential:scep-ra-key",
                          build->settings, err);
}

/* What a template leaves open is the CA's to know. */
static void
cross_ra_template(const struct cf_build *build, const char *key, unsigned usage,
                  const char *usage_name, const struct cf_template_settings *tmpl)
{
    const struct cf_scep_settings *scep = &build->settings->scep;

    if (tmpl->given & CF_TEMPLATE_KEY_USAGE && !(tmpl->key_usage & usage))
        cf_build_fault(build, "scep", "", key, "key_usage of [template %s] has no %s: add it",
                       tmpl->name, usage_name);
    if (tmpl->given & CF_TEMPLATE_KEY && !cf_key_kind_is_rsa(tmpl->key))
        cf_build_fault(build, "scep", "", key,
                       "key of [template %s] is %s: SCEP needs RSA keys; write another template",
                       tmpl->name, cf_key_kind_name(tmpl->key));
    if (tmpl->given & CF_TEMPLATE_MIN_KEY && cf_key_kind_bits(scep->ra_key) < tmpl->min_rsa_bits)
        cf_build_fault(build, "scep", "", "ra_key", "is less than min_key of [template %s]",
                       tmpl->name);
    if (tmpl->given & CF_TEMPLATE_VALIDITY && tmpl->validity_ms <= scep->ra_renew_before_ms)
        cf_build_fault(build, "scep", "", "ra_renew_before",
                       "must be less than validity of [template %s]: a certificate would be "
                       "renewed again at once",
                       tmpl->name);
}

static enum cf_rc
cross_ra(struct cf_build *build, const char *key, char **name, unsigned usage,
         const char *usage_name, struct cf_err *err)
{
    const struct cf_settings *settings = build->settings;

    if (!*name) {
        if (!is_written(build, key))
            cf_build_fault(build, "scep", "", key, "is missing: %s",
                           cf_option_find("scep", key)->help);
        return CF_OK;
    }
    const struct cf_template_settings *tmpl = cf_cross_find_template(settings, *name);
    if (!tmpl) {
        cf_cross_unknown(build, "scep", "", key, "template", *name);
        return CF_OK;
    }
    CF_TRY(cf_cross_respell(name, tmpl->name, err));
    cross_ra_template(build, key, usage, usage_name, tmpl);
    for (size_t i = 0; i < settings->n_scep_profiles; i++) {
        const struct cf_scep_profile_settings *profile = settings->scep_profiles[i];
        const struct cf_ca_settings *ca =
            profile->ca ? cf_cross_find_ca(settings, profile->ca) : NULL;
        if (!ca || cf_ca_settings_template(ca, tmpl->name))
            continue;
        cf_build_fault(build, "scep", "", key,
                       "[ca %s], which [scep-profile %s] names, does not issue by %s: add it to "
                       "its templates",
                       ca->name, profile->name, tmpl->name);
        break;
    }
    return CF_OK;
}

static void
cross_profile_template(const struct cf_build *build, const struct cf_scep_profile_settings *profile,
                       const struct cf_template_settings *tmpl)
{
    if (cf_scep_is_ra_template(&build->settings->scep, tmpl->name))
        cf_build_fault(build, "scep-profile", profile->name, "template",
                       "%s is that of the registration authority: a device could pass itself off "
                       "as it; write another one",
                       tmpl->name);
    if (tmpl->given & CF_TEMPLATE_VALIDITY && profile->validity_ms > tmpl->validity_ms)
        cf_build_fault(build, "scep-profile", profile->name, "validity",
                       "is more than that of [template %s]", tmpl->name);
    if (tmpl->given & CF_TEMPLATE_KEY_USAGE && profile->key_usage & ~tmpl->key_usage)
        cf_build_fault(build, "scep-profile", profile->name, "key_usage",
                       "has more than key_usage of [template %s]: no request could be served",
                       tmpl->name);
}

static enum cf_rc
cross_target(struct cf_build *build, struct cf_scep_profile_settings *profile, struct cf_err *err)
{
    const struct cf_settings *settings = build->settings;

    if (!profile->ca || !profile->template_name)
        return CF_OK;
    const struct cf_ca_settings *ca = cf_cross_find_ca(settings, profile->ca);
    const struct cf_template_settings *tmpl =
        cf_cross_find_template(settings, profile->template_name);
    if (!ca)
        cf_cross_unknown(build, "scep-profile", profile->name, "ca", "ca", profile->ca);
    if (!tmpl)
        cf_cross_unknown(build, "scep-profile", profile->name, "template", "template",
                         profile->template_name);
    if (!ca || !tmpl)
        return CF_OK;
    CF_TRY(cf_cross_respell(&profile->ca, ca->name, err));
    CF_TRY(cf_cross_respell(&profile->template_name, tmpl->name, err));
    cross_profile_template(build, profile, tmpl);
    if (!cf_ca_settings_template(ca, tmpl->name))
        cf_build_fault(build, "scep-profile", profile->name, "template",
                       "[ca %s] does not issue by %s: add it to its templates", ca->name,
                       tmpl->name);
    else if (settings->n_policies > 0 && profile->types &&
             !cf_settings_find_policy(settings, ca->name, tmpl->name, profile->types))
        cf_build_fault(build, "scep-profile", profile->name, "certificate_type",
                       "no [policy] allows %s of [ca %s] for it, so every request would be "
                       "refused: name all three in one",
                       tmpl->name, ca->name);
    return CF_OK;
}

static enum cf_rc
cross_profile(struct cf_build *build, struct cf_scep_profile_settings *profile,
              const char **default_name, struct cf_err *err)
{
    if (!build->settings->scep.is_on)
        cf_build_fault(build, "scep-profile", profile->name, "ca",
                       "there is no section [scep]: write it, or remove this one");
    if (profile->is_default && *default_name)
        cf_build_fault(build, "scep-profile", profile->name, "default",
                       "[scep-profile %s] is the default: only one can be", *default_name);
    else if (profile->is_default)
        *default_name = profile->name;
    if (profile->challenge == CF_SCEP_INTUNE && build->settings->cloud.is_off)
        cf_build_fault(build, "scep-profile", profile->name, "challenge",
                       "intune needs the management service: [cloud] service = none");
    if (profile->renewal_threshold_percent > profile->renewal_window_percent)
        cf_build_fault(build, "scep-profile", profile->name, "renewal_threshold",
                       "must not be more than renewal_window: certificates would be due before "
                       "they can be renewed");
    return cross_target(build, profile, err);
}

bool
cf_scep_is_ra_template(const struct cf_scep_settings *scep, const char *name)
{
    return scep->is_on &&
           ((scep->ra_sign_template && cf_text_equal_nocase(scep->ra_sign_template, name)) ||
            (scep->ra_encryption_template &&
             cf_text_equal_nocase(scep->ra_encryption_template, name)));
}

enum cf_rc
cf_cross_scep(struct cf_build *build, struct cf_err *err)
{
    struct cf_settings *settings = build->settings;
    const char *default_name = NULL;

    for (size_t i = 0; i < settings->n_scep_profiles; i++)
        CF_TRY(cross_profile(build, settings->scep_profiles[i], &default_name, err));
    if (!settings->scep.is_on)
        return CF_OK;
    if (settings->n_scep_profiles == 0)
        cf_build_fault(build, "scep", "", "listen",
                       "there is no [scep-profile], so every request would be refused: write one");
    cross_listeners(build);
    cross_socket(build);
    CF_TRY(cross_ra_keys(build, err));
    CF_TRY(cross_ra(build, "ra_sign_template", &settings->scep.ra_sign_template,
                    CF_KU_DIGITAL_SIGNATURE, "digitalSignature", err));
    return cross_ra(build, "ra_encryption_template", &settings->scep.ra_encryption_template,
                    CF_KU_KEY_ENCIPHERMENT, "keyEncipherment", err);
}
