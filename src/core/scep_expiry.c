/* SPDX-License-Identifier: Apache-2.0 */
/* scep_expiry - the registration authority's certificates, which end in silence where nobody looks.
 */
#include <stdio.h>
#include <string.h>

#include "scep.h"

enum { WHAT_SIZE = 300 };

enum cf_rc
cf_scep_ra_load(struct cf_site *site, const char *ca,
                struct cf_scep_ra_generations *ret_generations, struct cf_err *err)
{
    cf_own(cf_buf) document = NULL;
    uint64_t version = 0;

    CF_TRY(site->store->ops->ra_get(site->store, ca, &version, &document, err));
    return cf_scep_ra_read(cf_buf_bytes(document), ret_generations, err);
}

const struct cf_scep_ra_generation *
cf_scep_ra_active(const struct cf_scep_ra_generations *generations, int64_t now_ms)
{
    const struct cf_scep_ra_generation *active = NULL;

    for (size_t i = 0; i < generations->n; i++) {
        if (generations->generation[i].active_from_ms <= now_ms)
            active = &generations->generation[i];
    }
    return active;
}

bool
cf_scep_is_first_of_ca(const struct cf_settings *settings, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(settings->scep_profiles[i]->ca, settings->scep_profiles[index]->ca) == 0)
            return false;
    }
    return true;
}

static void
tell(struct cf_site *site, const char *ca, cf_expiry_fn *fn, void *arg)
{
    struct cf_scep_ra_generations generations = {0};
    char what[WHAT_SIZE];

    if (cf_scep_ra_load(site, ca, &generations, NULL) != CF_OK)
        return;
    const struct cf_scep_ra_generation *active =
        cf_scep_ra_active(&generations, cf_clock_now_ms(site->clock));
    if (active) {
        (void)snprintf(what, sizeof what, "scep ca %.64s: signing certificate of the RA", ca);
        fn(arg, what, active->sign);
    }
    if (active && active->encryption != active->sign) {
        (void)snprintf(what, sizeof what, "scep ca %.64s: encryption certificate of the RA", ca);
        fn(arg, what, active->encryption);
    }
    cf_scep_ra_generations_done(&generations);
}

void
cf_scep_expiry_each(struct cf_site *site, cf_expiry_fn *fn, void *arg)
{
    const struct cf_settings *settings = site->settings;

    for (size_t i = 0; settings->scep.is_on && i < settings->n_scep_profiles; i++) {
        if (cf_scep_is_first_of_ca(settings, i))
            tell(site, settings->scep_profiles[i]->ca, fn, arg);
    }
}
