/* SPDX-License-Identifier: Apache-2.0 */
/* scep_rules - key, hash and usages of a CSR against its profile. */
#include <string.h>

#include "certferry/text.h"
#include "scep.h"

static enum cf_rc
check_hash(const struct cf_scep_profile_settings *profile, const struct cf_csr *csr,
           struct cf_err *err)
{
    unsigned sha = cf_csr_signature_sha(csr);

    if (sha == 0)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "CSR: the hash of its signature is not SHA-256, SHA-384 or SHA-512");
    if (sha == 1 && !profile->allow_sha1)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "CSR: signed with SHA-1, which [scep-profile %.64s] allow_sha1 = no "
                       "forbids; choose SHA-2 in the device's profile",
                       profile->name);
    return CF_OK;
}

static enum cf_rc
check_key(const struct cf_scep_profile_settings *profile, const struct cf_csr *csr,
          struct cf_err *err)
{
    bool is_rsa = false;
    unsigned bits = cf_csr_key_bits(csr, &is_rsa);
    enum cf_key_kind kind;

    if (is_rsa && bits < profile->min_rsa_bits)
        return cf_fail(err, CF_E_POLICY,
                       "CSR: key: RSA of %u bits is below [scep-profile %.64s] min_rsa = %llu",
                       bits, profile->name, (unsigned long long)profile->min_rsa_bits);
    if (profile->keys && cf_csr_key_kind(csr, &kind) &&
        !cf_text_is_listed(profile->keys, cf_key_kind_name(kind)))
        return cf_fail(err, CF_E_POLICY, "CSR: key: %s is not among [scep-profile %.64s] keys",
                       cf_key_kind_name(kind), profile->name);
    return CF_OK;
}

/* A CSR that names no usage gets those of the template. */
static enum cf_rc
check_key_usage(const struct cf_work *work, const struct cf_csr *csr, struct cf_err *err)
{
    const struct cf_scep_profile_settings *profile = work->scep->profile;
    const struct cf_template_settings *template_settings = work->ask.grant.template_settings;
    unsigned asked = cf_csr_key_usage(csr);

    if (profile->key_usage != 0 && asked != profile->key_usage)
        return cf_fail(err, CF_E_POLICY,
                       "CSR: key usage: asks for bits 0x%02x, and [scep-profile %.64s] key_usage "
                       "wants 0x%02x; both have to say the same",
                       asked, profile->name, profile->key_usage);
    if (asked & (CF_KU_KEY_CERT_SIGN | CF_KU_CRL_SIGN))
        return cf_fail(err, CF_E_POLICY, "CSR: key usage: asks for what only a CA may do");
    if (template_settings->key_usage != 0 && (asked & ~template_settings->key_usage) != 0)
        return cf_fail(err, CF_E_POLICY,
                       "CSR: key usage: asks for bits 0x%02x beyond the 0x%02x of template %.64s; "
                       "change the device's profile or the template",
                       asked & ~template_settings->key_usage, template_settings->key_usage,
                       template_settings->name);
    return CF_OK;
}

static enum cf_rc
check_eku(const struct cf_scep_profile_settings *profile, const struct cf_csr *csr,
          struct cf_err *err)
{
    for (size_t i = 0; profile->eku && i < cf_csr_n_eku(csr); i++) {
        bool is_allowed = false;

        for (size_t k = 0; k < profile->n_eku && !is_allowed; k++)
            is_allowed = strcmp(profile->eku[k], cf_csr_eku(csr, i)) == 0;
        if (!is_allowed)
            return cf_fail(err, CF_E_POLICY,
                           "CSR: extended key usage: %.64s is not among [scep-profile %.64s] eku",
                           cf_csr_eku(csr, i), profile->name);
    }
    return CF_OK;
}

/* It would tell the CA another template than the one that was judged. */
static enum cf_rc
check_template(const struct cf_work *work, const struct cf_csr *csr, struct cf_err *err)
{
    const struct cf_template_settings *template_settings = work->ask.grant.template_settings;
    const char *name = cf_csr_template_name(csr);
    const char *oid = cf_csr_template_oid(csr);

    if (name && !cf_text_equal_nocase(name, template_settings->name))
        return cf_fail(err, CF_E_POLICY,
                       "CSR: names template %.64s, and [scep-profile %.64s] has %.64s", name,
                       work->scep->profile->name, template_settings->name);
    if (oid && (!template_settings->oid || strcmp(oid, template_settings->oid) != 0))
        return cf_fail(err, CF_E_POLICY,
                       "CSR: names template %.64s, which is not that of [scep-profile %.64s]", oid,
                       work->scep->profile->name);
    return CF_OK;
}

enum cf_rc
cf_scep_check_profile(const struct cf_work *work, struct cf_err *err)
{
    const struct cf_scep_profile_settings *profile = work->scep->profile;
    const struct cf_csr *csr = work->scep->csr;

    if (cf_dn_count(cf_csr_subject(csr)) == 0 && cf_san_count(cf_csr_san(csr)) == 0)
        return cf_fail(err, CF_E_POLICY, "CSR: neither a subject nor an alternative name");
    CF_TRY(check_hash(profile, csr, err));
    CF_TRY(check_key(profile, csr, err));
    if (cf_csr_check_plain(csr, err) != CF_OK)
        return cf_err_prefix(err, "CSR");
    CF_TRY(check_template(work, csr, err));
    CF_TRY(check_key_usage(work, csr, err));
    return check_eku(profile, csr, err);
}
