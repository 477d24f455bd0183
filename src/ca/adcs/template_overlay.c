/* SPDX-License-Identifier: Apache-2.0 */
/* template_overlay - from a template's facts to what a request has to be. */
#include <string.h>

#include "certferry/csr.h"
#include "certferry/text.h"

#include "templates.h"

/* Names of CNG's algorithms that our keys fit; the usage is in the name for elliptic curves. */
static bool
is_of_algorithm(enum cf_key_kind kind, const char *algorithm)
{
    if (!algorithm || cf_text_equal_nocase(algorithm, "RSA"))
        return cf_key_kind_is_rsa(kind);
    if (cf_text_equal_nocase(algorithm, "ECDH_P256") ||
        cf_text_equal_nocase(algorithm, "ECDSA_P256"))
        return kind == CF_KEY_P256;
    if (cf_text_equal_nocase(algorithm, "ECDH_P384") ||
        cf_text_equal_nocase(algorithm, "ECDSA_P384"))
        return kind == CF_KEY_P384;
    return false;
}

enum cf_rc
adcs_template_key(const struct cf_ad_template *ad_template, enum cf_key_kind *ret_kind,
                  struct cf_err *err)
{
    const char *algorithm = ad_template->key_algorithm ? ad_template->key_algorithm : "RSA";

    for (int i = 0; i < CF_KEY_KIND_MAX_; i++) {
        enum cf_key_kind kind = (enum cf_key_kind)i; /* the smaller ones first */
        if (is_of_algorithm(kind, algorithm) &&
            cf_key_kind_bits(kind) >= ad_template->min_key_bits) {
            *ret_kind = kind;
            return CF_OK;
        }
    }
    return cf_fail(err, CF_E_CA_CONFIG,
                   "the template %s wants a key of algorithm %s with %u bits or more, which is not "
                   "made here: change its Cryptography tab to RSA up to 4096, P-256 or P-384",
                   ad_template->name, algorithm, ad_template->min_key_bits);
}

static void
replace_eku(struct cf_template_settings *template_settings, char **take_eku, size_t n)
{
    for (size_t i = 0; i < template_settings->n_eku; i++)
        free(template_settings->eku[i]);
    free(template_settings->eku);
    template_settings->eku = take_eku;
    template_settings->n_eku = n;
}

/* A template may ask for more than we do, never for less. */
static void
raise_min_key(const struct cf_ad_template *ad_template,
              struct cf_template_settings *template_settings)
{
    if (!(template_settings->given & CF_TEMPLATE_MIN_KEY) &&
        is_of_algorithm(CF_KEY_RSA_2048, ad_template->key_algorithm) &&
        ad_template->min_key_bits > template_settings->min_rsa_bits)
        template_settings->min_rsa_bits = ad_template->min_key_bits;
}

/* By these nobody gets what was asked for: the CA is not even asked. */
static enum cf_rc
refuse_useless(const struct cf_ad_template *ad_template, struct cf_err *err)
{
    if (ad_template->key_usage & (CF_KU_KEY_CERT_SIGN | CF_KU_CRL_SIGN))
        return cf_fail(err, CF_E_CA_CONFIG,
                       "the template %s is one for CAs (its key usage has keyCertSign or cRLSign), "
                       "which no device gets: use another",
                       ad_template->name);
    if (!(ad_template->name_flags & CF_CT_ENROLLEE_SUPPLIES_SUBJECT))
        return cf_fail(
            err, CF_E_CA_CONFIG,
            "the template %s does not take the subject from the request: the CA would "
            "issue in the connector's own name. Choose Supply in the request (certtmpl.msc, "
            "tab Subject Name)",
            ad_template->name);
    return CF_OK;
}

enum cf_rc
adcs_template_overlay(const struct cf_ad_template *ad_template,
                      struct cf_template_settings *template_settings, struct cf_err *err)
{
    unsigned given = template_settings->given;
    enum cf_key_kind kind = template_settings->key;
    cf_own(cf_ad_template) copy = cf_ad_template_clone(ad_template);

    if (!copy)
        return cf_fail_oom(err);
    CF_TRY(refuse_useless(ad_template, err));
    if (!(given & CF_TEMPLATE_KEY))
        CF_TRY(adcs_template_key(ad_template, &kind, err));
    /* The CA puts the template's usages in, whatever the request says: what is compared with the
     * certificate later has to be them. */
    if (!(given & CF_TEMPLATE_EKU)) {
        replace_eku(template_settings, cf_give(copy->eku), copy->n_eku);
        copy->n_eku = 0;
    }
    template_settings->eku_is_fixed = true;
    template_settings->key = kind;
    raise_min_key(ad_template, template_settings);
    if (!(given & CF_TEMPLATE_KEY_USAGE) && ad_template->key_usage)
        template_settings->key_usage = ad_template->key_usage;
    if (!(given & CF_TEMPLATE_VALIDITY) && ad_template->validity_ms)
        template_settings->validity_ms = ad_template->validity_ms;
    if (copy->oid && copy->schema_version >= 2) {
        free(template_settings->oid);
        template_settings->oid = cf_give(copy->oid);
    }
    return CF_OK;
}
