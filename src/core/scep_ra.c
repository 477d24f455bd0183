/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_ra - certificates for the registration authority itself.
 *
 * No [policy] is asked: the configuration names CA, templates and subject, and nothing else is
 * served.
 */
#include <string.h>

#include "scep.h"

static enum cf_rc
template_name(const struct cf_scep_settings *scep, enum cf_scep_ra_role role, const char **ret,
              struct cf_err *err)
{
    const char *sign = scep->ra_sign_template;
    const char *encryption = scep->ra_encryption_template;

    *ret = role == CF_SCEP_RA_ENCRYPTION ? encryption : sign;
    if (!*ret)
        return cf_fail(err, CF_E_CONFIG, "[scep] ra_%s_template is not set",
                       role == CF_SCEP_RA_ENCRYPTION ? "encryption" : "sign");
    if (role == CF_SCEP_RA_BOTH && (!encryption || strcmp(sign, encryption) != 0))
        return cf_fail(err, CF_E_POLICY,
                       "one certificate for both uses needs the same template in [scep] "
                       "ra_sign_template and ra_encryption_template");
    return CF_OK;
}

static enum cf_rc
check_subject(const struct cf_scep_settings *scep, const struct cf_csr *csr, struct cf_err *err)
{
    cf_own(cf_dn) wanted = NULL;

    if (!scep->ra_subject)
        return cf_fail(err, CF_E_CONFIG, "[scep] ra_subject is not set");
    if (cf_dn_parse_text(scep->ra_subject, &wanted, err) != CF_OK) {
        (void)cf_err_prefix(err, "[scep] ra_subject");
        return cf_fail(err, CF_E_CONFIG, "[scep] ra_subject: '%.100s' is not a distinguished name",
                       scep->ra_subject);
    }
    bool is_same = cf_dn_equal(wanted, cf_csr_subject(csr));
    /* Whichever end it is written from. */
    cf_dn_reverse(wanted);
    is_same = is_same || cf_dn_equal(wanted, cf_csr_subject(csr));
    if (!is_same || cf_san_count(cf_csr_san(csr)) > 0 || cf_csr_sid(csr))
        return cf_fail(err, CF_E_POLICY,
                       "the registration authority's subject has to be [scep] ra_subject = %.100s, "
                       "without other names",
                       scep->ra_subject);
    return CF_OK;
}

static enum cf_rc
check_csr(const struct cf_template_settings *template_settings, const struct cf_csr *csr,
          struct cf_err *err)
{
    enum { RSA_BITS_MIN = 2048 };
    bool is_rsa = false;
    unsigned bits = cf_csr_key_bits(csr, &is_rsa);
    unsigned more = cf_csr_key_usage(csr) & ~template_settings->key_usage;

    if (!is_rsa || bits < RSA_BITS_MIN)
        return cf_fail(err, CF_E_POLICY,
                       "the registration authority's key has to be RSA of at least %d bits: "
                       "devices understand no other",
                       RSA_BITS_MIN);
    if (template_settings->key_usage != 0 && more != 0)
        return cf_fail(err, CF_E_POLICY, "key usage bits 0x%02x are beyond those of template %.64s",
                       more, template_settings->name);
    for (size_t i = 0; i < cf_csr_n_eku(csr); i++) {
        bool is_allowed = false;

        for (size_t k = 0; k < template_settings->n_eku && !is_allowed; k++)
            is_allowed = strcmp(template_settings->eku[k], cf_csr_eku(csr, i)) == 0;
        if (!is_allowed)
            return cf_fail(err, CF_E_POLICY, "extended key usage %.64s is not in template %.64s",
                           cf_csr_eku(csr, i), template_settings->name);
    }
    return cf_csr_check_plain(csr, err);
}

static enum cf_rc
find_template(struct cf_site *site, struct cf_grant *grant, const char *name, struct cf_err *err)
{
    const struct cf_policy_completer completer = cf_site_completer(site);

    grant->template_settings = cf_ca_settings_template(grant->ca, name);
    if (!grant->template_settings)
        return cf_fail(err, CF_E_CONFIG,
                       "[ca %.64s] templates does not list %.64s, which [scep] names for the "
                       "registration authority",
                       grant->ca->name, name);
    grant->completed = cf_template_settings_copy(grant->template_settings);
    if (!grant->completed)
        return cf_fail_oom(err);
    CF_TRY(completer.complete(completer.arg, grant->ca, grant->completed, err));
    grant->template_settings = grant->completed;
    return CF_OK;
}

/* A CA that no profile names has no registration authority. */
static bool
is_for_scep(const struct cf_settings *settings, const char *ca)
{
    for (size_t i = 0; i < settings->n_scep_profiles; i++) {
        if (strcmp(settings->scep_profiles[i]->ca, ca) == 0)
            return true;
    }
    return false;
}

static enum cf_rc
grant(struct cf_work *work, struct cf_grant *grant, struct cf_err *err)
{
    const struct cf_scep_ask *ask = work->scep;
    const struct cf_settings *settings = work->site->settings;
    struct cf_ca_slot *slot = cf_site_ca(work->site, ask->body.ca);
    const char *name = NULL;

    if (!slot || !is_for_scep(settings, ask->body.ca))
        return cf_fail(err, CF_E_POLICY, "no [scep-profile] names the CA %.64s", ask->body.ca);
    grant->ca = slot->settings;
    CF_TRY(template_name(&settings->scep, ask->body.role, &name, err));
    CF_TRY(find_template(work->site, grant, name, err));
    CF_TRY(check_subject(&settings->scep, ask->csr, err));
    CF_TRY(check_csr(grant->template_settings, ask->csr, err));
    grant->eku = (const char *const *)grant->template_settings->eku;
    grant->n_eku = grant->template_settings->n_eku;
    return CF_OK;
}

enum cf_rc
cf_scep_ra_grant(struct cf_work *work, struct cf_err *err)
{
    struct cf_ask *ask = &work->ask;
    struct cf_grant made = {0};

    enum cf_rc rc = grant(work, &made, err);
    if (rc != CF_OK) {
        cf_grant_done(&made);
        return rc;
    }
    cf_request_free(ask->request);
    ask->request = calloc(1, sizeof *ask->request);
    if (!ask->request) {
        cf_grant_done(&made);
        return cf_fail_oom(err);
    }
    ask->request->context = work->item->context;
    ask->request->type = CF_REQUEST_ISSUE;
    ask->request->ca_section = work->scep->body.ca;
    ask->request->template_name = made.template_settings->name;
    ask->request->profile.is_device = true;
    ask->request->device.platform = "";
    ask->request->device.os_version = "";
    cf_grant_done(&ask->grant);
    ask->grant = made;
    return CF_OK;
}
