/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/policy.h"

#include <string.h>

static enum cf_rc
choose_key(const struct cf_template_settings *template_settings, unsigned key_size,
           enum cf_key_kind *ret_key, struct cf_err *err)
{
    enum cf_key_kind key = template_settings->key;

    if (key_size > 0) {
        bool is_known = false;
        for (unsigned kind = 0; kind < CF_KEY_KIND_MAX_; kind++) {
            if (cf_key_kind_bits((enum cf_key_kind)kind) == key_size) {
                key = (enum cf_key_kind)kind;
                is_known = true;
            }
        }
        if (!is_known)
            return cf_fail(err, CF_E_UNSUPPORTED,
                           "profile.keySize: %u is not one of 2048, 3072, 4096, 256, 384",
                           key_size);
    }
    if (cf_key_kind_is_rsa(key) && cf_key_kind_bits(key) < template_settings->min_rsa_bits)
        return cf_fail(err, CF_E_POLICY,
                       "profile.keySize: %u is below the %llu bits that [template %s] min_key asks "
                       "for; raise the key size in the profile",
                       cf_key_kind_bits(key), (unsigned long long)template_settings->min_rsa_bits,
                       template_settings->name);
    /* The floor that the embedded CA has, for those that have none. */
    if (!cf_key_kind_is_rsa(key) && !cf_key_kind_is_rsa(template_settings->key) &&
        cf_key_kind_bits(key) < cf_key_kind_bits(template_settings->key))
        return cf_fail(err, CF_E_POLICY,
                       "profile.keySize: %u is below the %u bits of [template %s] key; raise the "
                       "key size in the profile",
                       cf_key_kind_bits(key), cf_key_kind_bits(template_settings->key),
                       template_settings->name);
    *ret_key = key;
    return CF_OK;
}

static enum cf_rc
check_eku(const struct cf_template_settings *template_settings, const struct cf_request *request,
          struct cf_err *err)
{
    for (size_t i = 0; i < request->profile.n_eku; i++) {
        bool is_allowed = false;
        for (size_t j = 0; j < template_settings->n_eku; j++)
            is_allowed |= strcmp(request->profile.eku[i], template_settings->eku[j]) == 0;
        if (!is_allowed)
            return cf_fail(
                err, CF_E_POLICY,
                "profile.extendedKeyUsages: %s is not among the usages of [template %s]; "
                "take it out of the profile or add it to eku",
                request->profile.eku[i], template_settings->name);
    }
    return CF_OK;
}

enum cf_rc
cf_policy_judge(const struct cf_settings *settings, const struct cf_request *request,
                cf_policy_rule_fn *explain, void *arg, struct cf_grant *ret_grant,
                struct cf_err *err)
{
    (void)explain;
    (void)arg;
    const struct cf_ca_settings *ca =
        cf_settings_find_ca(settings, request->ca_host, request->ca_name);
    if (!ca)
        return cf_fail(err, CF_E_POLICY,
                       "certificationAuthority: no [ca] section has host = %.80s and name = %.80s",
                       request->ca_host, request->ca_name);

    const struct cf_template_settings *template_settings =
        cf_ca_settings_template(ca, request->template_name);
    if (!template_settings)
        return cf_fail(
            err, CF_E_POLICY,
            "certificateTemplateName: '%.80s' is not allowed; [ca %s] templates does not "
            "list it",
            request->template_name, ca->name);

    struct cf_grant grant = {
        .ca = ca,
        .template_settings = template_settings,
        .validity_ms = request->profile.validity_ms,
    };
    CF_TRY(choose_key(template_settings, request->profile.key_size, &grant.key, err));
    CF_TRY(check_eku(template_settings, request, err));

    *ret_grant = grant;
    return CF_OK;
}
