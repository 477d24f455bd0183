/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/site.h"

#include <stdlib.h>
#include <string.h>

struct cf_site *
cf_site_ref(struct cf_site *site)
{
    atomic_fetch_add(&site->refs, 1);
    return site;
}

struct cf_site *
cf_site_free(struct cf_site *site)
{
    if (!site || atomic_fetch_sub(&site->refs, 1) > 1)
        return NULL;

    for (size_t i = 0; i < site->n_cas; i++)
        cf_ca_slot_done(&site->cas[i]);
    free(site->cas);
    if (site->cloud)
        site->cloud->ops->close(site->cloud);
    if (site->directory)
        site->directory->ops->close(site->directory);
    for (size_t i = 0; i < site->n_import_keys; i++)
        cf_import_key_free(site->import_keys[i]);
    free(site->import_keys);
    for (size_t i = 0; i < site->n_scep_challenges; i++)
        cf_secret_free(site->scep_challenges[i]);
    free(site->scep_challenges);
    cf_identity_free(site->recovery);
    cf_trust_free(site->trust);
    cf_identity_free(site->signer);
    cf_secret_free(site->store_key);
    cf_settings_free(site->settings);
    free(site);
    return NULL;
}

struct cf_ca_slot *
cf_site_ca(struct cf_site *site, const char *name)
{
    for (size_t i = 0; i < site->n_cas; i++) {
        if (strcmp(site->cas[i].settings->name, name) == 0)
            return &site->cas[i];
    }
    return NULL;
}

enum cf_rc
cf_site_need_ca(struct cf_site *site, const char *name, struct cf_ca_slot **ret_slot,
                struct cf_err *err)
{
    struct cf_ca_slot *slot = cf_site_ca(site, name);

    if (!slot)
        return cf_fail(err, CF_E_CA_CONFIG,
                       "[ca %s] is not in the configuration any more; put it back or cancel what "
                       "still needs it",
                       name);
    *ret_slot = slot;
    return CF_OK;
}

static enum cf_rc
complete_template(void *arg, const struct cf_ca_settings *ca,
                  struct cf_template_settings *template_settings, struct cf_err *err)
{
    struct cf_ca_slot *slot = NULL;

    CF_TRY(cf_site_need_ca(arg, ca->name, &slot, err));
    if (!slot->ca->ops->complete_template)
        return CF_OK;
    struct cf_err reason = {0};
    if (slot->ca->ops->complete_template(slot->ca, template_settings, &reason) == CF_OK)
        return CF_OK;
    cf_ca_slot_note_error(slot, &reason);
    enum cf_rc rc = cf_err_prefix(&reason, "[ca %s]", ca->name);
    if (err)
        *err = reason;
    return rc;
}

struct cf_policy_completer
cf_site_completer(struct cf_site *site)
{
    return (struct cf_policy_completer){.complete = complete_template, .arg = site};
}
