/* SPDX-License-Identifier: Apache-2.0 */
/* xcep - what was told, and finding in it. */
#include "xcep.h"

#include <stdlib.h>

void
xcep_policies_done(struct xcep_policies *policies)
{
    for (size_t i = 0; i < policies->n_templates; i++) {
        cf_ad_template_free(policies->templates[i].facts);
        free(policies->templates[i].cas);
    }
    free(policies->templates);
    for (size_t i = 0; i < policies->n_cas; i++) {
        struct xcep_ca *ca = &policies->cas[i];
        for (size_t k = 0; k < ca->n_urls; k++)
            free(ca->urls[k].url);
        free(ca->urls);
        cf_buf_free(ca->cert);
    }
    free(policies->cas);
    *policies = (struct xcep_policies){0};
}

static bool
has_url(const struct xcep_ca *ca, const char *url)
{
    for (size_t i = 0; i < ca->n_urls; i++) {
        if (cf_text_equal_nocase(ca->urls[i].url, url))
            return true;
    }
    return false;
}

static bool
refers_to(const struct xcep_template *entry, const struct xcep_ca *ca)
{
    for (size_t i = 0; i < entry->n_cas; i++) {
        if (entry->cas[i] == ca->reference)
            return true;
    }
    return false;
}

/* Is it issued by the CA that is meant, and may we there? */
static bool
is_offered(const struct xcep_policies *policies, const struct xcep_template *entry,
           const char *ces_url, bool *ret_may_enroll)
{
    bool is_known = false;
    bool is_offered_there = false;

    for (size_t i = 0; i < policies->n_cas; i++)
        is_known |= has_url(&policies->cas[i], ces_url);
    *ret_may_enroll = false;
    for (size_t i = 0; i < policies->n_cas; i++) {
        const struct xcep_ca *ca = &policies->cas[i];
        if (!refers_to(entry, ca) || (is_known && !has_url(ca, ces_url)))
            continue;
        is_offered_there = true;
        *ret_may_enroll |= entry->may_enroll && ca->may_enroll;
    }
    return is_offered_there;
}

const struct xcep_template *
xcep_find(const struct xcep_policies *policies, const char *name, const char *ces_url,
          bool *ret_may_enroll)
{
    for (size_t i = 0; i < policies->n_templates; i++) {
        const struct xcep_template *entry = &policies->templates[i];
        if (cf_text_equal_nocase(entry->facts->name, name))
            return is_offered(policies, entry, ces_url, ret_may_enroll) ? entry : NULL;
    }
    return NULL;
}
